"""The results of a finding as files beside its overlay."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bonefrac.inference.dicom_out import results
from bonefrac.storage import write_aside

if TYPE_CHECKING:
    from bonefrac.inference.finding import Finding


@dataclass(frozen=True)
class DicomWriter:
    """Writes results to `<base>.seg.dcm` and so on; a `bonefrac.inference.batch.job.Writer`.

    Attributes:
        kinds: which of `bonefrac.inference.dicom_out.KINDS`.
        spatial: write the report as Comprehensive 3D SR.
    """

    kinds: tuple[str, ...]
    spatial: bool = False

    def __call__(self, finding: "Finding", source: bytes, base: Path) -> dict[str, Any]:
        """Write the results; what an earlier run left of a kind that there is none of now goes.

        Returns:
            "seg_path" and so on, of what was written.

        Raises:
            BonefracError: the source is no DICOM image that results can refer to.
        """
        told = results(finding, source, kinds=self.kinds, spatial=self.spatial)
        paths = {kind: base.with_name(f"{base.name}.{kind}.dcm") for kind in self.kinds}
        for kind, path in paths.items():
            if kind in told:
                with write_aside(path) as aside:
                    told[kind].save_as(aside, enforce_file_format=True)
            else:
                path.unlink(missing_ok=True)
        return {f"{kind}_path": str(path) for kind, path in paths.items() if kind in told}
