"""The results of a finding as files beside its overlay, with or without its patient."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bonefrac.inference.dicom_out import results
from bonefrac.storage import write_aside

if TYPE_CHECKING:
    from pydicom import Dataset

    from bonefrac.inference.finding import Finding
    from bonefrac.radiograph.deidentify.key import Key

# Where a model runs on the day of the examination, the day of its results would tell that day.
_NO_DAY = datetime(1900, 1, 1)


@dataclass(frozen=True)
class DicomWriter:
    """Writes results to `<base>.seg.dcm` and so on; a `bonefrac.inference.batch.job.Writer`.

    Attributes:
        kinds: which of `bonefrac.inference.dicom_out.KINDS`.
        spatial: write the report as Comprehensive 3D SR.
        key: of the pseudonyms, for results without patient and dates; None for those with.
    """

    kinds: tuple[str, ...]
    spatial: bool = False
    key: "Key | None" = None

    def __call__(self, finding: "Finding", source: bytes, base: Path) -> dict[str, Any]:
        """Write the results; what an earlier run left of a kind that there is none of now goes.

        Returns:
            "seg_path" and so on, of what was written.

        Raises:
            BonefracError: the source is no DICOM image that results can refer to, or cannot be
                de-identified.
        """
        told = self._results(finding, source)
        paths = {kind: base.with_name(f"{base.name}.{kind}.dcm") for kind in self.kinds}
        for kind, path in paths.items():
            if kind in told:
                with write_aside(path) as aside:
                    told[kind].save_as(aside, enforce_file_format=True)
            else:
                path.unlink(missing_ok=True)
        return {f"{kind}_path": str(path) for kind, path in paths.items() if kind in told}

    def _results(self, finding: "Finding", source: bytes) -> "dict[str, Dataset]":
        if self.key is None:
            return results(finding, source, kinds=self.kinds, spatial=self.spatial)
        from bonefrac.radiograph.deidentify.dataset import deidentify

        # The radiograph first: cleaned afterwards, a report would lose its sentences.
        clean = deidentify(source, finding.image, key=self.key).data
        return results(finding, clean, kinds=self.kinds, spatial=self.spatial, made=_NO_DAY)
