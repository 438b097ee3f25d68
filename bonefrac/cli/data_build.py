"""`bonefrac-data build`: radiographs and annotations into a data folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bonefrac.cli.options import FOLDER, Command, Group, load_tensorflow, progress_bar

_out = click.option("--out", type=FOLDER, required=True, help="Data folder to create or replace.")
_folds = click.option(
    "--folds",
    type=click.IntRange(3, 100),
    default=5,
    show_default=True,
    help="How many folds.",
)
_split = click.option(
    "--split",
    metavar="folds|official|official-groups|random-images|FILE.csv",
    default="folds",
    show_default=True,
    help="Whole groups in folds, the authors' own parts, these and what shares a group with them, "
    "folds that ignore groups (their scores flatter), or a table of id (or group) and split, such "
    "as split.csv of a data folder.",
)


def _cores() -> int:
    from bonefrac.data.workers import cores

    return cores()


_jobs = click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=_cores,
    show_default="the processors it may use",
    help="Processes that read and draw; the folder is the same with any number.",
)


@click.group(cls=Group)
def build() -> None:
    """Turn radiographs and annotations into a data folder, whole or not at all."""


_max_side = click.option(
    "--max-side",
    type=click.IntRange(64),
    default=1024,
    show_default=True,
    help="Scale larger radiographs down to this many pixels.",
)


class DataSetCommand(Command):
    """A command whose help ends with what people must know before they use the data set."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write layout, labels, licence and how to get it."""
        from bonefrac.data.datasets.about import EVERY

        name = (self.name or "").replace("-", "_")
        (about,) = (about for about in EVERY if about.name == name)
        rows = [
            ("Labels", about.labels),
            ("Groups", about.groups),
            ("Layout", about.layout),
            ("Licence", about.licence),
            ("Get it", " ".join(filter(None, (about.download, about.homepage)))),
            ("Cite", about.citation),
        ]
        with formatter.section("About the data"):
            formatter.write_dl([row for row in rows if row[1]])


def _on_disk(command: Callable[..., None]) -> click.Command:
    """The options that every data set on disk takes."""
    source = click.option("--source", type=FOLDER, required=True, help="Folder of the data set.")
    for option in (_max_side, _jobs, _split, _folds, _out, source):
        command = option(command)
    return build.command(cls=DataSetCommand)(command)


@_on_disk
def fracatlas(source: Path, out: Path, **arguments: Any) -> None:
    """FracAtlas (Abedeen 2023): hand, leg, hip and shoulder, fractures outlined.

    \b
    bonefrac-data build fracatlas --source FracAtlas --out data/fracatlas
    """
    _build_data_set("fracatlas", out, source=source, **arguments)


@_on_disk
def mura(source: Path, out: Path, **arguments: Any) -> None:
    """MURA v1.1 (Rajpurkar 2017): studies of the upper limb, normal or abnormal.

    \b
    bonefrac-data build mura --source MURA-v1.1 --out data/mura
    """
    _build_data_set("mura", out, source=source, **arguments)


@_on_disk
def rsna_bone_age(source: Path, out: Path, **arguments: Any) -> None:
    """RSNA bone age (Halabi 2019): children's hands with their bone age.

    \b
    bonefrac-data build rsna-bone-age --source rsna --out data/rsna-bone-age
    """
    _build_data_set("rsna_bone_age", out, source=source, **arguments)


@_on_disk
def grazpedwri(source: Path, out: Path, **arguments: Any) -> None:
    """GRAZPEDWRI-DX (Nagy 2022): children's wrists, fractures in boxes.

    \b
    bonefrac-data build grazpedwri --source GRAZPEDWRI-DX --out data/grazpedwri
    """
    _build_data_set("grazpedwri", out, source=source, **arguments)


@_on_disk
@click.option(
    "--format",
    type=click.Choice(["masks", "coco", "yolo", "voc", "via", "labelme"]),
    help="Of the annotations; found out by default.",
)
@click.option(
    "--classes",
    default="",
    help="Which classes are fractures, with commas between. By default the only one, or those "
    "with fracture in their name.",
)
@click.option(
    "--table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Table with a column image and any of group, patient, fracture, body_part, view, "
    "hardware, split. By default labels.csv in the folder, if there is one.",
)
@click.option(
    "--unmarked",
    type=click.Choice(["unknown", "intact"]),
    default="unknown",
    show_default=True,
    help="What radiographs are that neither annotations nor table mention.",
)
@click.option(
    "--deidentify",
    "key",
    metavar="KEY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of a key (see bonefrac-data deidentify): ids and groups are its pseudonyms, and "
    "DICOM files whose pixels may name the patient are left out.",
)
def folder(
    source: Path,
    out: Path,
    format: str | None,
    classes: str,
    table: Path | None,
    unmarked: str,
    key: Path | None,
    **arguments: Any,
) -> None:
    """Your own radiographs, with masks, COCO, YOLO, VOC, VIA or labelme annotations, or a table.

    \b
    bonefrac-data build folder --source clinic --out data/clinic
    bonefrac-data build folder --source clinic --classes fracture,fissure --out data/clinic
    """
    chosen = tuple(name.strip() for name in classes.split(",") if name.strip())
    options = {"format": format, "classes": chosen, "table": table, "unmarked": unmarked}
    options["key"] = key
    _build_data_set("folder", out, source=source, options=options, **arguments)


def _build_data_set(name: str, out: Path, **arguments: Any) -> None:
    load_tensorflow()
    from bonefrac.data.datasets.builders import BUILDERS

    _build(BUILDERS[name], out, **arguments)


@build.command()
@click.option(
    "--count", type=click.IntRange(1), default=600, show_default=True, help="How many to draw."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the drawings."
)
@click.option(
    "--difficulty",
    type=click.Choice(["close", "easy", "medium", "hard"]),
    default="medium",
    show_default=True,
    help="Contrast, noise, displacement and distractors.",
)
@_out
@_folds
@_split
@_jobs
def phantom(out: Path, **arguments: Any) -> None:
    """Phantom radiographs: drawn limbs, half of them broken, with exact masks.

    \b
    bonefrac-data build phantom --count 600 --seed 0 --out data/phantom
    """
    load_tensorflow()
    from bonefrac.data.datasets.phantom import Phantom

    _build(Phantom, out, **arguments)


def _build(make: Callable[..., Any], out: Path, **arguments: Any) -> None:
    from functools import partial

    from bonefrac.data.store import build as build_folder
    from bonefrac.schema import REPORT_FILE

    with progress_bar() as progress:
        folder, builder = build_folder(partial(make, progress=progress, **arguments), out)
    click.echo(f"{folder.path}: {sum(folder.counts.values())} radiographs")
    for name, count in folder.counts.items():
        click.echo(f"  {name:<8} {count:>6}")
    left_out = builder.report.left_out
    for name, reason in sorted(left_out.items()):
        click.echo(f"  left out {name}: {reason}")
    for note, items in builder.report.notes.items():
        click.echo(f"  {len(items)} {note.replace('_', ' ')}")
    click.echo(f"  {len(left_out)} left out; all of it in {folder.path / REPORT_FILE}")
