"""The tfds builders of the data sets that lie on disk, a class each."""

from collections.abc import Mapping
from typing import Any, ClassVar

from bonefrac.data.catalogue import Catalogue
from bonefrac.data.datasets import about, catalogue_of
from bonefrac.data.radiographs import RadiographBuilder


class OnDisk(RadiographBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A data set that `catalogue_of` reads; a subclass names its texts.

    Args:
        options: of the data set's `catalogue`.
        **kwargs: of `RadiographBuilder`.
    """

    about: ClassVar[about.About]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        for text in ("name", "description", "homepage", "citation", "licence", "download"):
            setattr(cls, text, getattr(cls.about, text))
        super().__init_subclass__(**kwargs)

    def __init__(self, *, options: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self.options = dict(options or {})
        super().__init__(**kwargs)

    def catalogue(self) -> Catalogue:
        """What the data set says about its radiographs."""
        return catalogue_of(self.source, self.name, **self.options)


class FracAtlas(OnDisk):
    """FracAtlas (Abedeen 2023)."""

    about = about.FRACATLAS


class Mura(OnDisk):
    """MURA v1.1 (Rajpurkar 2017)."""

    about = about.MURA


class RsnaBoneAge(OnDisk):
    """The RSNA pediatric bone age challenge (Halabi 2019)."""

    about = about.RSNA_BONE_AGE


class GrazPedWri(OnDisk):
    """GRAZPEDWRI-DX (Nagy 2022)."""

    about = about.GRAZPEDWRI


class Folder(OnDisk):
    """A user's own folder."""

    about = about.FOLDER


BUILDERS: dict[str, type[OnDisk]] = {
    builder.about.name: builder for builder in (FracAtlas, Mura, RsnaBoneAge, GrazPedWri, Folder)
}
