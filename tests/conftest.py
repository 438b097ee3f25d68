"""What the tests share: phantom data folders, FracAtlas where it is at hand, fixed seeds."""

import os
import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from bonefrac.quiet import set_up_tensorflow

set_up_tensorflow()  # before anything imports it
settings.register_profile("same every time", derandomize=True, deadline=None)
settings.load_profile("same every time")

FOLDS = 3


@pytest.fixture(autouse=True)
def _seeds():
    random.seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def phantom_data(tmp_path_factory):
    """An open data folder of 30 phantoms in 3 folds; not to be written to."""
    from bonefrac.data.datasets.phantom import Phantom
    from bonefrac.data.store import build

    make = partial(Phantom, count=30, seed=7, folds=FOLDS, progress=_quiet)
    return build(make, tmp_path_factory.mktemp("data") / "phantom")[0]


@pytest.fixture(scope="session")
def build_examples():
    """Build a data folder from ready examples: `build_examples(list, out)` opens it."""
    from bonefrac.data.builder import FoldedBuilder, Record
    from bonefrac.data.store import build

    class Handmade(FoldedBuilder):
        """Examples that a test made."""

        name = "handmade"

        def __init__(self, *, examples, official, **kwargs):
            self.examples, self.official = examples, official
            super().__init__(**kwargs)

        def records(self):
            parts = self.official
            return [Record(e["id"], e["group"], e, parts.get(e["id"], "")) for e in self.examples]

        def example(self, record):
            return record.payload() if callable(record.payload) else record.payload

    def build_them(examples, out, *, folds=FOLDS, split="folds", official=None):
        options = {"folds": folds, "split": split, "official": official or {}, "progress": _quiet}
        return build(partial(Handmade, examples=examples, **options), out)[0]

    return build_them


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real radiographs, which is not part of the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("BONEFRAC_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real radiographs: {folder} is absent and BONEFRAC_SHARED_DATA not set")
    return folder


def _quiet(what, done, total):
    pass


@pytest.fixture(scope="session")
def run_settings():
    """Settings of a training that ends in seconds."""
    from bonefrac.training.settings import Settings

    return Settings(
        "unet_tiny", image_size=64, epochs=2, batch_size=4, overrides={"filters": (4, 8, 16)}
    )


@pytest.fixture(scope="session")
def trained_run(phantom_data, run_settings, tmp_path_factory):
    """The run folder of a short training on `phantom_data`; not to be written to."""
    from bonefrac.training.fit import fit

    workdir = tmp_path_factory.mktemp("runs") / "run"
    fit(run_settings, data=phantom_data, workdir=workdir, resume=False, command="a test")
    return workdir
