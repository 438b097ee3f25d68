"""The trained models that come with the package, by name."""

from pathlib import Path

from bonefrac import schema

WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "weights"
DEFAULT = "unet_efficientnet_lite0.fracatlas"  # what answers where no model is named


def names() -> list[str]:
    """Every name that `load_model` takes besides paths, such as "unet_tiny.fracatlas"."""
    return sorted(path.parent.name for path in WEIGHTS.glob(f"*/{schema.CARD_FILE}"))


def shipped_folder(path: Path) -> Path | None:
    """The model folder behind a name; None for a path, and where something of that name lies."""
    return WEIGHTS / path if str(path) in names() and not path.exists() else None


def answering(path: Path) -> Path:
    """What answers for a path: the `.tflite` behind a name, any other path itself."""
    folder = shipped_folder(path)
    return path if folder is None else folder / schema.SHIPPED_TFLITE


def needs_tensorflow(path: Path) -> bool:
    """Whether TensorFlow answers for a path or a name."""
    return answering(path).suffix not in (".tflite", ".onnx")
