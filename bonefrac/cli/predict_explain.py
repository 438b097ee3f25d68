"""The option of `bonefrac-predict` that draws where the network looked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.options import load_tensorflow, option_group
from bonefrac.cli.predict_model import ModelChoice
from bonefrac.cli.predict_output import OutputChoice

if TYPE_CHECKING:
    from bonefrac.inference.batch.job import Model, Writer
    from bonefrac.inference.finding import Finding


@dataclass(frozen=True)
class ExplainWriter:
    """Writes `<base>.explain-<name>.png` for every map of the network.

    Attributes:
        model: left out of the `repr`, since the key of a finding names its files already.
    """

    model: "Model" = field(repr=False)

    def __call__(self, finding: "Finding", data: bytes, base: Path) -> dict[str, Any]:
        """Write them; `explain_<name>_path` of each."""
        from PIL import Image

        from bonefrac.inference.batch.job import ready
        from bonefrac.inference.explain import highest, title
        from bonefrac.inference.heatmap import draw_heat
        from bonefrac.storage import write_aside

        if finding.probability is None:  # no model was asked
            return {}
        load_tensorflow()  # a shipped model has answered without it
        written = {}
        for name, heat in ready(self.model).explain(finding.pixels).items():
            path = base.with_name(f"{base.name}.explain-{name}.png")
            scale = highest(name, heat)
            picture = draw_heat(
                finding.pixels, heat, title=title(name), highest=scale, model=finding.model
            )
            with write_aside(path) as aside:
                Image.fromarray(picture).save(aside)
            written[f"explain_{name.replace('-', '_')}_path"] = str(path)
        return written


@dataclass(frozen=True)
class ExplainChoice:
    """Whether to explain."""

    explain: bool

    def writers(
        self, model: ModelChoice, output: OutputChoice, *, asked: "Model"
    ) -> "tuple[Writer, ...]":
        """What writes the maps, if they are asked for.

        Args:
            model: as it was chosen.
            output: where to.
            asked: the same model as it answers, so that it is loaded once.
        """
        if not self.explain:
            return ()
        if output.output is None:
            raise click.UsageError("--explain writes pictures: add --output.")
        if len(model.models) > 1 or model.models[0].suffix == ".tflite":
            raise click.UsageError(
                "--explain reads the inside of one Keras network: give one run folder, model "
                "folder or .keras file as --model."
            )
        return (ExplainWriter(asked),)


explain_options = option_group(
    "explain",
    ExplainChoice,
    click.option(
        "--explain",
        is_flag=True,
        help="Also write where the network looked: Grad-CAM, and attention where it has any.",
    ),
)
