"""Charts of an audit as inline SVG, which take the page's colours and width."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _FOOT = 480, 150, 22
_KINDS = ("negative", "positive", "unlabelled")  # as they are stacked, from below


def histogram(title: str, told: Mapping[str, Any]) -> str:
    """Stacked bars by label.

    Args:
        title: what is counted.
        told: `edges` [N + 1], and counts [N] of each label.
    """
    edges: Sequence[float] = told["edges"]
    counts = [told[kind] for kind in _KINDS]
    heights = [sum(column) for column in zip(*counts, strict=True)]
    tallest = max(max(heights), 1)
    step = _WIDTH / len(heights)
    bars = []
    for k, column in enumerate(zip(*counts, strict=True)):
        top = float(_HEIGHT)
        span = f"{edges[k]:.0f} to {edges[k + 1]:.0f}"
        for kind, count in zip(_KINDS, column, strict=True):
            if count:
                # A single radiograph is to be seen beside thousands.
                tall = max(1.5, (_HEIGHT - 14) * count / tallest)
                top -= tall
                bars.append(
                    f'<rect class="{kind}" x="{k * step + 0.75:.1f}" y="{top:.1f}" '
                    f'width="{step - 1.5:.1f}" height="{tall:.1f}">'
                    f"<title>{span}: {count} {kind}</title></rect>"
                )
    middle = edges[len(edges) // 2]
    marks = ((0, "start", edges[0]), (_WIDTH / 2, "middle", middle), (_WIDTH, "end", edges[-1]))
    axis = "".join(
        f'<text x="{x}" y="{_HEIGHT + 17}" text-anchor="{anchor}">{value:.0f}</text>'
        for x, anchor, value in marks
    )
    return (
        f'<figure class="chart"><figcaption>{escape(title)}'
        f"<small>tallest bar: {tallest}</small></figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img" aria-label="{escape(title)}">'
        f'{"".join(bars)}<line class="axis" x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f"{axis}</svg></figure>"
    )


def interval(auc: float, low: float, high: float) -> str:
    """An AUC as a dot with its interval, on an axis from 0.4 to 1 with chance marked."""

    def x(value: float) -> float:
        return 200 * (min(max(value, 0.4), 1.0) - 0.4) / 0.6

    return (
        '<svg class="interval" viewBox="-6 0 212 18" role="img" '
        f'aria-label="{auc:.2f}, from {low:.2f} to {high:.2f}">'
        f'<line class="axis" x1="0" x2="200" y1="9" y2="9"/>'
        f'<line class="chance" x1="{x(0.5):.1f}" x2="{x(0.5):.1f}" y1="1" y2="17"/>'
        f'<line class="range" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="9" y2="9"/>'
        f'<circle cx="{x(auc):.1f}" cy="9" r="5"/></svg>'
    )
