"""The options of `bonefrac-predict` that take radiographs from an archive and store results."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.options import option_group
from bonefrac.inference.dicom_out import KINDS

if TYPE_CHECKING:
    from bonefrac.inference.batch.job import Delivery
    from bonefrac.inference.batch.sources import Source
    from bonefrac.inference.dicomweb.archive import Archive


@dataclass(frozen=True)
class ArchiveChoice:
    """An archive, a study in it, and what is stored; or none of it."""

    url: str | None
    study: str | None
    series: str | None
    store: tuple[str, ...]
    auth: Path | None
    timeout: float

    def __post_init__(self) -> None:
        alone = (self.study, self.series, self.auth, self.store or None)
        if self.url is None and any(value is not None for value in alone):
            raise click.UsageError("--study, --series, --store and --auth go with --dicomweb.")
        if self.url is not None and self.study is None:
            raise click.UsageError("--dicomweb needs --study.")

    def sources(self) -> "list[Source]":
        """The radiographs of the study; what is left out is told on stderr."""
        from bonefrac.inference.dicomweb.archive import require_uid
        from bonefrac.inference.dicomweb.study import radiographs, sources

        if self.series is not None:
            require_uid(self.series)
        archive = self._archive()
        if archive.connection.is_open:
            click.echo("Warning: http sends patients and passwords unencrypted", err=True)
        found, left_out = radiographs(archive, str(self.study), series=self.series)
        for line in left_out:
            click.echo(line, err=True)
        return sources(archive, found)

    def delivery(self) -> "Delivery | None":
        """What stores results, if any are to be stored."""
        if not self.store:
            return None
        from bonefrac.inference.dicom_out import require_highdicom
        from bonefrac.inference.dicomweb.study import Store

        require_highdicom()
        return Store(self._archive(), str(self.study), self.store)

    def _archive(self) -> "Archive":
        from bonefrac.inference.dicomweb.archive import Archive
        from bonefrac.inference.dicomweb.connection import Connection
        from bonefrac.inference.dicomweb.credentials import authorization

        secret = authorization(self.auth)
        return Archive(Connection(str(self.url), secret, seconds=self.timeout))


def _kinds(_context: click.Context, _option: click.Parameter, value: str | None) -> Any:
    """Kinds in one order, each once."""
    named = {kind.strip().lower() for kind in (value or "").split(",")} - {""}
    if unknown := sorted(named - set(KINDS)):
        raise click.BadParameter(f"{', '.join(unknown)}: some of {', '.join(KINDS)}.")
    return tuple(kind for kind in KINDS if kind in named)


archive_options = option_group(
    "archive",
    ArchiveChoice,
    click.option("--dicomweb", "url", metavar="URL", help="Archive to take radiographs from."),
    click.option("--study", metavar="UID", help="Study Instance UID in that archive."),
    click.option("--series", metavar="UID", help="Only this series of the study."),
    click.option(
        "--store",
        metavar="KINDS",
        callback=_kinds,
        help="Store results in the study: some of seg,sr,sc. Without it, none.",
    ),
    click.option(
        "--auth",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="One line, user:password or a token; else $BONEFRAC_DICOMWEB_AUTH, else ~/.netrc.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        default=60.0,
        show_default=True,
        type=click.FloatRange(0, min_open=True),
        help="That the archive may be silent.",
    ),
)
