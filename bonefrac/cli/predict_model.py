"""The options of `bonefrac-predict` that say which models answer, and how often."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import load_tensorflow, option_group
from bonefrac.inference import shipped

if TYPE_CHECKING:
    from bonefrac.inference.predictor import Predictor


@dataclass(frozen=True)
class ModelChoice:
    """Models that are not loaded yet, as `bonefrac.inference.batch.job.Model` wants them."""

    models: tuple[Path, ...]
    tta: bool = False
    most_spread: float | None = None

    def __post_init__(self) -> None:
        if self.most_spread is not None and len(self.models) == 1 and not self.tta:
            raise click.UsageError("--max-spread compares answers: add --tta or another --model.")

    def load(self) -> "Predictor":
        """Load them; without TensorFlow where they need none."""
        from bonefrac.inference.predictor import load_model

        if any(map(shipped.needs_tensorflow, self.models)):
            load_tensorflow()
        return load_model(self.models, tta=self.tta, most_spread=self.most_spread)

    def key(self) -> str:
        """Changes with the files of the models, wherever they lie, and with how they are asked."""
        from bonefrac.inference.batch.kept import digest

        parts = [*map(digest, self.models)]
        if self.tta:
            parts.append("tta")
        if self.most_spread is not None:
            parts.append(f"spread {self.most_spread!r}")
        return " ".join(parts)


model_options = option_group(
    "model",
    ModelChoice,
    click.option(
        "-m",
        "--model",
        "models",
        default=[shipped.DEFAULT],
        show_default=True,
        multiple=True,
        type=click.Path(path_type=Path),
        help="Name of a model that comes with the package, run folder, model folder, SavedModel "
        "folder, .tflite, .onnx or .keras; several give their mean answer.",
    ),
    click.option(
        "--tta",
        is_flag=True,
        help="Ask eight times: mirrored or not, scaled, turned, shifted. The mean answers.",
    ),
    click.option(
        "--max-spread",
        "most_spread",
        type=click.FloatRange(0, 0.5),
        help="Verdict 'doubt' where the standard deviation of the answers is above this.",
    ),
)
