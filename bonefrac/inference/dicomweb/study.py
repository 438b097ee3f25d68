"""The radiographs of a study in an archive, and results that go back into it."""

import functools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
)

from bonefrac.errors import BonefracError
from bonefrac.inference.batch.sources import Source
from bonefrac.inference.dicomweb.archive import Archive, Instance, require_uid

if TYPE_CHECKING:
    from bonefrac.inference.finding import Finding

# By modality first, so that the thousand files of a CT beside it are not even listed; then by
# class, so that captures and segmentations, our own too, are never predicted on.
_MODALITIES = ("CR", "DX")
_CLASSES = (ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation)


def radiographs(
    archive: Archive, study: str, *, series: str | None = None
) -> tuple[list[Instance], list[str]]:
    """What of a study is to be predicted on.

    Args:
        study: Study Instance UID.
        series: Series Instance UID, if only that is meant.

    Returns:
        CR images and DX images for presentation, by number of series and instance; and a line
        for each series or kind of file that is left out.

    Raises:
        BonefracError: there is no such study or series, or no radiograph in it.
    """
    found: list[Instance] = []
    left_out: list[str] = []
    held = _meant(archive, study, series)
    for one in held:
        if one.modality not in _MODALITIES:
            left_out.append(f"Series {one.uid} is left out: {one.modality or 'of no modality'}")
            continue
        instances = archive.instances(one)
        found += (instance for instance in instances if instance.kind in _CLASSES)
        others = Counter(i.kind for i in instances if i.kind not in _CLASSES)
        left_out += (f"Series {one.uid}: {_counted(*other)} left out" for other in others.items())
    if not found:
        modalities = ", ".join(sorted({one.modality or "no modality" for one in held}))
        raise BonefracError(
            f"{f'Series {series}' if series else f'Study {study}'} holds no radiograph but "
            f"{modalities}",
            expected="CR images, or DX images for presentation",
            fix="Name another one",
        )
    return found, left_out


def sources(archive: Archive, instances: list[Instance]) -> list[Source]:
    """Radiographs for a batch, each fetched when its turn comes and named by its UID."""
    return [
        Source(one.uid, one.uid, fetch=functools.partial(archive.fetch, one)) for one in instances
    ]


@dataclass(frozen=True)
class Store:
    """Makes results of a finding and stores them beside its radiograph; for `Job.deliver`.

    Attributes:
        study: that the radiographs are of.
        kinds: some of `dicom_out.KINDS`.
    """

    archive: Archive
    study: str
    kinds: tuple[str, ...]

    def __call__(self, finding: "Finding", source: bytes) -> dict[str, Any]:
        """Store them; `stored` names the SOP Instance UID of each.

        Raises:
            BonefracError: they cannot be made of that radiograph, or the archive refuses.
        """
        from bonefrac.inference.dicom_out import results

        made = results(finding, source, kinds=self.kinds)
        self.archive.store(self.study, list(made.values()))
        return {"stored": {kind: str(one.SOPInstanceUID) for kind, one in made.items()}}


def _meant(archive: Archive, study: str, series: str | None) -> list[Any]:
    held = archive.series(study)
    where = archive.connection.url
    if not held:
        raise BonefracError(
            f"{where} holds no study {study}",
            expected="the Study Instance UID of one that it holds",
            fix="Check the UID, and what the credentials allow",
        )
    if series is None:
        return held
    meant = [one for one in held if one.uid == require_uid(series)]
    if not meant:
        raise BonefracError(
            f"Study {study} has no series {series}",
            expected=f"one of its {len(held)} series",
            fix="Check the UID",
        )
    return meant


def _counted(kind: str, count: int) -> str:
    name = UID(kind).name if kind else "files of no class"
    return f"{count} x {name}"
