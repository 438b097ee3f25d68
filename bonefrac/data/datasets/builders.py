"""The tfds builders of the data sets that lie on disk, a class each."""

from bonefrac.data.datasets import fracatlas
from bonefrac.data.radiographs import RadiographBuilder


class FracAtlas(RadiographBuilder):
    """FracAtlas; takes what `RadiographBuilder` takes."""

    data_set = fracatlas.DATA_SET


BUILDERS: dict[str, type[RadiographBuilder]] = {
    builder.data_set.name: builder for builder in (FracAtlas,)
}
