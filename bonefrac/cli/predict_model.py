"""The options of `bonefrac-predict` that say which model answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import load_tensorflow, option_group

if TYPE_CHECKING:
    from bonefrac.inference.predictor import Predictor


@dataclass(frozen=True)
class ModelChoice:
    """A model that is not loaded yet, as `bonefrac.inference.batch.job.Model` wants it."""

    model: Path

    def load(self) -> "Predictor":
        """Load it; without TensorFlow where it needs none."""
        from bonefrac.inference.predictor import load_model

        if self.model.suffix != ".tflite":
            load_tensorflow()
        return load_model(self.model)

    def key(self) -> str:
        """Changes with the files of the model, wherever they lie."""
        from bonefrac.inference.batch.kept import digest

        return digest(self.model)


model_options = option_group(
    "model",
    ModelChoice,
    click.option(
        "-m",
        "--model",
        required=True,
        type=click.Path(path_type=Path),
        help="Run folder, model folder, SavedModel folder, .tflite or .keras.",
    ),
)
