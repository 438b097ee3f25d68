"""Small data sets in their authors' layouts, drawn instead of photographed."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.phantom import draw
from bonefrac.data.store import build


@pytest.fixture(scope="session")
def write_picture():
    """Write phantom number `index` as a PNG; returns it."""

    def write(path, index, *, depth=8, **options):
        phantom = draw(seed=21, index=index, **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = phantom.image.astype(np.uint16) * 257 if depth == 16 else phantom.image
        Image.fromarray(pixels).save(path)
        return phantom

    return write


@pytest.fixture(scope="session")
def write_csv():
    """Write rows of a table; the header first, if there is one."""

    def write(path: Path, rows):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)

    return write


@pytest.fixture(scope="session")
def examples_of():
    """Build a data set and read it back: id -> example."""

    def build_it(builder, source, out, **options):
        def make(data_dir):
            return builder(
                source=source, folds=3, progress=lambda *_: None, data_dir=data_dir, **options
            )

        folder, made = build(make, out)
        rows = (
            row
            for fold in folder.counts
            for row in folder.builder.as_dataset(split=fold).as_numpy_iterator()
        )
        return {row["id"].decode(): row for row in rows}, made.report

    return build_it
