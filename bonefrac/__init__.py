"""Find and outline bone fractures in X-rays.

`load_model`, `list_models`, `build_model`, `list_presets`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bonefrac.inference.predictor import load_model
    from bonefrac.inference.shipped import names as list_models
    from bonefrac.models.presets import build_model, list_presets

__version__ = "0.1.0"
__all__ = ["__version__", "build_model", "list_models", "list_presets", "load_model"]

# Looked up on first use, so that `import bonefrac` costs no TensorFlow.
_HOMES = {
    "load_model": ("bonefrac.inference.predictor", "load_model"),
    "list_models": ("bonefrac.inference.shipped", "names"),
    "build_model": ("bonefrac.models.presets", "build_model"),
    "list_presets": ("bonefrac.models.presets", "list_presets"),
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        module, attribute = _HOMES[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'bonefrac' has no attribute {name!r}; it has {sorted(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
