"""The option of `bonefrac-predict` that says whether pictures must look like radiographs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import option_group

if TYPE_CHECKING:
    from bonefrac.inference.batch.job import Model
    from bonefrac.inference.predictor import Predictor


@dataclass(frozen=True)
class AssessChoice:
    """Whether pictures pass the gate first."""

    gate: bool

    def gated(self, model: "Model") -> "Model":
        """A model that asks the gate, or does not."""
        return model if self.gate else Ungated(model)


@dataclass(frozen=True)
class Ungated:
    """A model that answers about any picture, as `bonefrac.inference.batch.job.Model` wants it."""

    model: "Model"

    def load(self) -> "Predictor":
        """Load it, and take its gate away."""
        predictor = self.model.load()
        predictor.gate = None
        return predictor

    def key(self) -> str:
        """Not that of the model behind its gate."""
        return f"{self.model.key()} without gate"


assess_options = option_group(
    "assess",
    AssessChoice,
    click.option(
        "--no-gate",
        "gate",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Ask the model about what does not look like a radiograph of a limb, too.",
    ),
)
