"""The named networks: each a builder, its arguments, its size and its source."""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
        gmacs: multiply-accumulates for one image of 256x256, in 1e9, with both heads.
        reference: the paper.
        summary: what it is for.
    """

    builder: str
    kwargs: Mapping[str, Any]
    params: int
    gmacs: float
    reference: str
    summary: str


_UNET = "Ronneberger 2015, arXiv 1505.04597"
_R2UNET = "Alom 2018, arXiv 1802.06955"
_ATTENTION_UNET = "Oktay 2018, arXiv 1804.03999"
_VIT = "Dosovitskiy 2020, arXiv 2010.11929"
_EFFICIENT = "Tan 2019, arXiv 1905.11946"
_DEEPLAB = "Chen 2018, arXiv 1802.02611"
_SEGFORMER = "Xie 2021, arXiv 2105.15203"

_PHONE = "for phones"
_TWO_CORES = "for two CPU cores"
_PAPER = "the paper's width, for a GPU"
_LARGE = "half as wide again, for a large GPU"
_PRETRAINED = "an encoder trained on ImageNet"
_BASELINE = "to compare with; KerasCV's"

_TINY = (8, 16, 32, 64, 128)
_SMALL = (16, 32, 64, 128, 256)
_BASE = (64, 128, 256, 512, 1024)
_WIDE = (96, 192, 384, 768, 1536)


def _unet(filters: tuple[int, ...], params: int, gmacs: float, summary: str) -> Preset:
    return Preset(
        "unet:unet", MappingProxyType({"filters": filters}), params, gmacs, _UNET, summary
    )


def _r2unet(filters: tuple[int, ...], params: int, gmacs: float, summary: str) -> Preset:
    kwargs = MappingProxyType({"filters": filters})
    return Preset("r2unet:r2unet", kwargs, params, gmacs, _R2UNET, summary)


def _attention_unet(filters: tuple[int, ...], params: int, gmacs: float, summary: str) -> Preset:
    kwargs = MappingProxyType({"filters": filters})
    return Preset("attention_unet:attention_unet", kwargs, params, gmacs, _ATTENTION_UNET, summary)


def _vit(size: Mapping[str, Any], params: int, gmacs: float, summary: str) -> Preset:
    kwargs = MappingProxyType({"patch_size": 16, **size})
    return Preset("vit:vit", kwargs, params, gmacs, _VIT, summary)


def _efficient(encoder: str, params: int, gmacs: float) -> Preset:
    kwargs = MappingProxyType({"encoder": encoder})
    return Preset("efficient_unet:efficient_unet", kwargs, params, gmacs, _EFFICIENT, _PRETRAINED)


def _deeplab(backbone: str, params: int, gmacs: float) -> Preset:
    kwargs = MappingProxyType({"backbone": backbone})
    return Preset("baselines:deeplab_v3_plus", kwargs, params, gmacs, _DEEPLAB, _BASELINE)


def _segformer(params: int, gmacs: float) -> Preset:
    kwargs: Mapping[str, Any] = MappingProxyType({})
    return Preset("baselines:segformer", kwargs, params, gmacs, _SEGFORMER, _BASELINE)


# Small and base are S/16 (Touvron 2020, arXiv 2012.12877) and the paper's B/16; Ti/16 with its
# 5.5 M parameters is no phone's, so tiny is narrower and shallower.
_VIT_TINY = {
    "hidden_dim": 64,
    "num_layers": 8,
    "num_heads": 4,
    "mlp_dim": 256,
    "filters": (8, 16, 24, 32),
}
_VIT_SMALL = {
    "hidden_dim": 384,
    "num_layers": 12,
    "num_heads": 6,
    "mlp_dim": 1536,
    "filters": (8, 16, 32, 64),
}
_VIT_BASE = {
    "hidden_dim": 768,
    "num_layers": 12,
    "num_heads": 12,
    "mlp_dim": 3072,
    "filters": (16, 32, 64, 128),
}

_ANY_SIZE = ("unet", "r2unet", "attention_unet", "efficient_unet")

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "unet_tiny": _unet(_TINY, 541_917, 1.02, _PHONE),
        "unet_small": _unet(_SMALL, 2_162_101, 4.09, _TWO_CORES),
        "unet_base": _unet(_BASE, 34_526_917, 65.27, _PAPER),
        "unet_large": _unet(_WIDE, 77_668_901, 146.83, _LARGE),
        "r2unet_tiny": _r2unet(_TINY, 613_517, 2.38, _PHONE),
        "r2unet_small": _r2unet(_SMALL, 2_447_893, 9.53, _TWO_CORES),
        "r2unet_base": _r2unet(_BASE, 39_092_293, 152.48, _PAPER),
        "r2unet_large": _r2unet(_WIDE, 87_939_173, 343.07, _LARGE),
        "attention_unet_tiny": _attention_unet(_TINY, 596_880, 1.06, _PHONE),
        "attention_unet_small": _attention_unet(_SMALL, 2_380_056, 4.23, _TWO_CORES),
        "attention_unet_base": _attention_unet(_BASE, 37_991_496, 67.55, _PAPER),
        "attention_unet_large": _attention_unet(_WIDE, 85_458_536, 151.97, _LARGE),
        "vit_tiny_patch16": _vit(_VIT_TINY, 567_893, 0.82, _PHONE),
        "vit_small_patch16": _vit(_VIT_SMALL, 22_287_949, 7.52, _TWO_CORES),
        "vit_base_patch16": _vit(_VIT_BASE, 88_630_677, 28.81, _PAPER),
        "unet_efficientnet_lite0": _efficient("efficientnet_lite0", 3_979_141, 1.21),
        "deeplab_v3_plus_mobilenet_v3_small": _deeplab("mobilenet_v3_small", 1_997_589, 0.50),
        "deeplab_v3_plus_resnet18": _deeplab("resnet18", 15_394_229, 3.11),
        "segformer_b0": _segformer(3_718_533, 1.76),
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


def any_size(name: str) -> bool:
    """Whether one network of a preset takes every size that it can halve often enough.

    The others lay something out for the size that they are built for.
    """
    return get_preset(name).builder.partition(":")[0] in _ANY_SIZE


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
        BonefracError: unknown preset or argument, or a size that does not divide.
    """
    preset = get_preset(name)
    builder = _import(preset.builder)
    _check_overrides(name, builder, overrides)
    shape = (image_size, image_size, 1)
    return builder(shape, **{**preset.kwargs, "name": name, **overrides})


def _check_overrides(name: str, builder: Callable[..., Any], overrides: Mapping[str, Any]) -> None:
    """Whether the builder has such arguments, and of such a kind."""
    defaults = {key: p.default for key, p in inspect.signature(builder).parameters.items()}
    defaults.pop("input_shape")
    if unknown := sorted(overrides.keys() - defaults.keys()):
        raise BonefracError(
            f"{name} with {', '.join(unknown)}",
            expected=f"only {', '.join(defaults)}",
            fix="Leave it out or choose another preset",
        )
    for key, value in overrides.items():
        if not _alike(value, defaults[key]):
            raise BonefracError(
                f"{name} with {key}={value!r}",
                expected=f"something like {defaults[key]!r}",
                fix="Change it or leave it out",
            )


def _alike(value: Any, default: Any) -> bool:
    if default is None or value is None:
        return True
    if isinstance(default, tuple):
        inner = default[0]
        return isinstance(value, list | tuple) and all(_alike(each, inner) for each in value)
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build what is built inside under a Keras dtype policy, and put back the one before.

    Args:
        name: of the policy, such as "float32" or "mixed_bfloat16".
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _import(path: str) -> Callable[..., "keras.Model"]:
    from importlib import import_module

    module, _, function = path.partition(":")
    return getattr(import_module(f"bonefrac.models.{module}"), function)
