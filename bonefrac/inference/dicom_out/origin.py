"""What every result of one finding shares: where it is from, its UIDs, its maker and its dates."""

import functools
import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import bonefrac
from bonefrac.inference.dicom_out.source import carry_on, laterality, reference

if TYPE_CHECKING:
    from pydicom import Dataset

    from bonefrac.inference.finding import Finding

MAKER = "bonefrac"
_LONGEST = 64  # characters of a long string (LO): PS3.5 6.2
# Of one run and not of what the model says; two runs must give one result.
_PASSING = ("image", "elapsed_ms")


@dataclass(frozen=True, eq=False)
class Origin:
    """A radiograph and what a model says of it.

    Attributes:
        source: the radiograph.
        finding: of it.
        made: when the results are made.
    """

    source: "Dataset"
    finding: "Finding"
    made: datetime

    @functools.cached_property
    def reference(self) -> "Dataset":
        """The radiograph, as highdicom is to see it."""
        return reference(self.source)

    @property
    def model(self) -> str:
        """Name of the model, fit for a long string of any character set."""
        return plain(self.finding.model)[:_LONGEST] or "unnamed"

    @functools.cached_property
    def content(self) -> str:
        """One name for what the finding says."""
        record = {k: v for k, v in self.finding.to_json().items() if k not in _PASSING}
        said = json.dumps(record, sort_keys=True).encode() + self.finding.mask.tobytes()
        return hashlib.sha256(said).hexdigest()

    def instance(self, *parts: str) -> str:
        """UID of something that this finding says, so named by `parts`."""
        return uid(str(self.source.SOPInstanceUID), bonefrac.__version__, self.content, *parts)

    def series(self, kind: str) -> str:
        """UID of the series of such results of this model, one to a series of radiographs.

        The side of the body is an attribute of a series, so two sides make two series.
        """
        series = str(self.source.SeriesInstanceUID)
        side = laterality(self.source)
        return uid(series, side, bonefrac.__version__, self.finding.model, kind)

    def identity(self, kind: str, *variant: str, number: int) -> dict[str, Any]:
        """What each constructor of highdicom is told about a result and its maker.

        Args:
            kind: of the result.
            variant: what else its content depends on.
            number: of its series.
        """
        return {
            "series_instance_uid": self.series(kind),
            "series_number": number,
            "sop_instance_uid": self.instance(kind, *variant),
            "instance_number": max(1, _whole(self.source.get("InstanceNumber"))),
            "manufacturer": MAKER,
            "manufacturer_model_name": self.model,
            "software_versions": bonefrac.__version__,
            "device_serial_number": "none",
            "series_description": f"{MAKER} {kind.upper()} - research use only",
        }

    def finish(self, made: "Dataset") -> None:
        """Give a result patient, study and dates; highdicom takes the clock for the latter."""
        carry_on(made, self.source)
        for keyword in ("InstanceCreation", "Content"):
            setattr(made, f"{keyword}Date", self.made.strftime("%Y%m%d"))
            setattr(made, f"{keyword}Time", self.made.strftime("%H%M%S.%f"))
        for equipment in made.ContributingEquipmentSequence:
            equipment.ContributionDateTime = self.made.strftime("%Y%m%d%H%M%S.%f")


def uid(*parts: str) -> str:
    """A UID that follows from its parts, below the root for UUIDs: PS3.5 B.2, RFC 9562 5.5."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([MAKER, *parts])).int}"


def plain(text: str) -> str:
    """A text in the letters that every DICOM character set has; a backslash would part values."""
    letters = text.encode("ascii", "replace").decode().replace("\\", "/")
    return " ".join("".join(c if c.isprintable() else " " for c in letters).split())


def _whole(number: Any) -> int:
    try:
        return int(number or 0)
    except ValueError:
        return 0
