"""Charts of a report as inline SVG: sharp in print, and told apart without colour."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 360, 312
_LEFT, _RIGHT, _TOP, _FOOT = 46, 12, 10, 44
_TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DATA = tuple[float, float]

Scale = Callable[[float], float]


def roc(curve: Mapping[str, Any], points: Mapping[str, _DATA]) -> str:
    """Sensitivity over false positive rate, with its band, chance, and the two thresholds.

    Args:
        curve: `x`, `y` and `band`.
        points: threshold -> (false positive rate, sensitivity).
    """
    inside = [_band(curve["band"], _x, _y), _dashed((0, 0), (1, 1))]
    inside.append(_line(curve["x"], curve["y"], _x, _y))
    for name, (rate, sensitivity) in points.items():
        inside.append(_marked(name, rate, sensitivity))
    return _chart("ROC", "1 - specificity", "sensitivity", inside)


def precision_recall(curve: Mapping[str, Any], prevalence: float) -> str:
    """Precision over recall, with its band; the dashed line is the share of fractures."""
    inside = [
        _band(curve["band"], _x, _y),
        _dashed((0, prevalence), (1, prevalence)),
        _line(curve["x"], curve["y"], _x, _y),
    ]
    return _chart("Precision and recall", "recall (sensitivity)", "precision", inside)


def froc(curve: Mapping[str, Any]) -> str:
    """Lesions hit over false boxes a radiograph, on a logarithmic axis, with the band."""
    band = curve["band"]
    low, high = math.log2(band["x"][0]), math.log2(band["x"][-1])

    def x(rate: float) -> float:
        return _x((math.log2(rate) - low) / (high - low))

    marks = [(x(r), f"1/{round(1 / r)}" if r < 1 else f"{r:g}") for r in band["x"]]
    inside = [_band(band, x, _y), _line(band["x"], band["value"], x, _y)]
    inside += [
        f'<circle class="dot" cx="{x(r):.1f}" cy="{_y(v):.1f}" r="2.6"/>'
        for r, v in zip(band["x"], band["value"], strict=True)
        if v is not None
    ]
    return _chart("FROC", "false boxes a radiograph", "lesions hit", inside, marks)


def reliability(curve: Mapping[str, Any]) -> str:
    """Observed share of fractures over predicted probability; larger dots hold more."""
    inside = [_dashed((0, 0), (1, 1))]
    most = max(curve["count"], default=1) or 1
    columns = (curve[k] for k in ("predicted", "value", "low", "high", "count"))
    for predicted, value, low, high, count in zip(*columns, strict=True):
        if predicted is None or value is None:
            continue
        x = _x(predicted)
        if low is not None:
            inside.append(_segment("bar", (x, _y(low)), (x, _y(high))))
        radius = 2 + 5 * math.sqrt(count / most)
        place = f'cx="{x:.1f}" cy="{_y(value):.1f}" r="{radius:.1f}"'
        inside.append(f'<circle class="dot" {place}><title>{count} radiographs</title></circle>')
    return _chart("Calibration", "predicted probability", "observed share", inside)


def forest(told: Mapping[str, Any] | None, overall: float | None) -> str:
    """A score and its interval on an axis from 0 to 1; the dashed line is the whole."""
    if told is None or told["value"] is None:
        return '<svg class="forest" viewBox="-5 0 170 16" aria-hidden="true"></svg>'

    def x(value: float) -> float:
        return 160 * min(max(value, 0.0), 1.0)

    inside = ['<line class="axis" x1="0" x2="160" y1="8" y2="8"/>']
    if overall is not None:
        at = x(overall)
        inside.append(f'<line class="chance" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="16"/>')
    if told["low"] is not None:
        ends = f'x1="{x(told["low"]):.1f}" x2="{x(told["high"]):.1f}"'
        inside.append(f'<line class="bar" {ends} y1="8" y2="8"/>')
    inside.append(
        f'<rect class="dot" x="{x(told["value"]) - 3.2:.1f}" y="4.8" width="6.4" height="6.4"/>'
    )
    return f'<svg class="forest" viewBox="-5 0 170 16" aria-hidden="true">{"".join(inside)}</svg>'


def _chart(
    title: str,
    x_label: str,
    y_label: str,
    inside: Sequence[str],
    marks: Sequence[tuple[float, str]] | None = None,
) -> str:
    bottom, middle = _HEIGHT - _FOOT, (_TOP + _HEIGHT - _FOOT) / 2
    x_marks = marks or [(_x(value), f"{value:g}") for value in _TENTHS]
    grid = [_segment("grid", (at, _TOP), (at, bottom)) for at, _ in x_marks]
    grid += [_segment("grid", (_LEFT, _y(v)), (_WIDTH - _RIGHT, _y(v))) for v in _TENTHS]
    words = [_text(at, bottom + 15, text, "middle") for at, text in x_marks]
    words += [_text(_LEFT - 6, _y(v) + 4, f"{v:g}", "end") for v in _TENTHS]
    words.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, x_label, "middle"))
    turned = f'transform="rotate(-90 12 {middle:.0f})"'
    words.append(
        f'<text x="12" y="{middle:.0f}" text-anchor="middle" {turned}>{escape(y_label)}</text>'
    )
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(grid)}{"".join(inside)}'
        f"{_segment('axis', (_LEFT, bottom), (_WIDTH - _RIGHT, bottom))}"
        f"{_segment('axis', (_LEFT, _TOP), (_LEFT, bottom))}{''.join(words)}</svg>"
    )


def _x(value: float) -> float:
    return _LEFT + value * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return _HEIGHT - _FOOT - value * (_HEIGHT - _FOOT - _TOP)


def _line(xs: Sequence[Any], ys: Sequence[Any], x: Scale, y: Scale) -> str:
    pairs = [(a, b) for a, b in zip(xs, ys, strict=True) if a is not None and b is not None]
    return f'<polyline class="curve" points="{_places(pairs, x, y)}"/>'


def _band(band: Mapping[str, Any], x: Scale, y: Scale) -> str:
    columns = zip(band["x"], band["low"], band["high"], strict=True)
    known = [(a, low, high) for a, low, high in columns if low is not None]
    there = [(a, high) for a, _, high in known]
    back = [(a, low) for a, low, _ in reversed(known)]
    return f'<polygon class="band" points="{_places(there + back, x, y)}"/>'


def _places(pairs: Sequence[_DATA], x: Scale, y: Scale) -> str:
    return " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in pairs)


def _dashed(start: _DATA, end: _DATA) -> str:
    return _segment("chance", (_x(start[0]), _y(start[1])), (_x(end[0]), _y(end[1])))


def _marked(name: str, rate: float, sensitivity: float) -> str:
    at = _x(rate), _y(sensitivity)
    aside, below, anchor = (4, 24, "end") if rate > 0.8 else (9, 17, "start")
    place = f'x="{at[0] + aside:.1f}" y="{at[1] + below:.1f}" text-anchor="{anchor}"'
    text = f'<text class="name" {place}>{escape(name)}</text>'
    return f'{text}<circle class="dot" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4.5"/>'


def _segment(kind: str, start: _DATA, end: _DATA) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
