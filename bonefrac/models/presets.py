"""The named networks: each a builder, its arguments, its size and its source."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bonefrac.errors import BonefracError

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Preset:
    """A network under a name.

    Attributes:
        builder: "module:function" below `bonefrac.models`, imported when it is built.
        kwargs: arguments of the builder.
        params: trainable parameters with both heads.
        reference: the paper.
        summary: what it is for.
    """

    builder: str
    kwargs: Mapping[str, Any]
    params: int
    reference: str
    summary: str


_UNET = "Ronneberger 2015, arXiv 1505.04597"


def _unet(filters: tuple[int, ...], params: int, summary: str) -> Preset:
    return Preset("unet:unet", MappingProxyType({"filters": filters}), params, _UNET, summary)


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "unet_tiny": _unet((8, 16, 32, 64, 128), 541_917, "for phones"),
        "unet_small": _unet((16, 32, 64, 128, 256), 2_162_101, "for two CPU cores"),
        "unet_base": _unet((64, 128, 256, 512, 1024), 34_526_917, "the paper's width, for a GPU"),
    }
)


def list_presets() -> list[str]:
    """Names that `build_model` takes."""
    return list(PRESETS)


def get_preset(name: str) -> Preset:
    """The preset of a name.

    Raises:
        BonefracError: there is none; the nearest names are told.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        raise BonefracError(
            f"Unknown preset {name!r}",
            expected=f"one of {', '.join(PRESETS)}",
            fix=f"Did you mean {near[0]!r}?" if near else "Choose one of them",
        )
    return PRESETS[name]


def build_model(name: str, *, image_size: int | None = 256, **overrides: Any) -> "keras.Model":
    """Build a preset with fresh weights.

    Args:
        name: of the preset.
        image_size: side of the square input, pixels; None leaves it open.
        **overrides: arguments of the preset's builder to replace.

    Returns:
        A functional model from `image` float32 [B, S, S, 1] in 0..255 to a dict of logits:
        `mask` [B, S, S, 1] and `fracture` [B, 1].

    Raises:
        BonefracError: unknown preset, or a size that the network cannot halve often enough.
    """
    preset = get_preset(name)
    builder = _import(preset.builder)
    shape = (image_size, image_size, 1)
    return builder(shape, **{**preset.kwargs, "name": name, **overrides})


def _import(path: str) -> Callable[..., "keras.Model"]:
    from importlib import import_module

    module, _, function = path.partition(":")
    return getattr(import_module(f"bonefrac.models.{module}"), function)
