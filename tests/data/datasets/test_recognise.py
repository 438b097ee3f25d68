"""A folder is known by its layout, and what it says is read without TensorFlow."""

import subprocess
import sys

import pytest

from bonefrac.data.datasets import DATASETS, catalogue_of, recognise
from bonefrac.data.datasets.builders import BUILDERS
from bonefrac.errors import BonefracError

TEXTS = ("description", "licence", "download", "layout", "homepage", "citation")


def test_every_data_set_has_a_builder_with_the_same_texts():
    assert list(BUILDERS) == list(DATASETS)
    for name, builder in BUILDERS.items():
        for text in ("name", "description", "homepage", "citation", "licence", "download"):
            assert getattr(builder, text) == getattr(DATASETS[name], text)


def test_a_catalogue_is_read_without_tensorflow():
    code = (
        "import sys, bonefrac.data.datasets; "
        "sys.exit(str(sys.modules.keys() & {'tensorflow', 'tensorflow_datasets', 'keras'} or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("made", ["absent", "empty", "file"])
def test_what_is_no_data_set_is_refused_in_one_line(tmp_path, made):
    source = tmp_path / "source"
    if made == "empty":
        source.mkdir()
    elif made == "file":
        source.write_text("")
    with pytest.raises(BonefracError, match=str(source)):
        recognise(source)
    with pytest.raises(BonefracError, match=str(source)):
        catalogue_of(source)


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(BonefracError, match=r"'fracatlass'.*one of .*fracatlas"):
        catalogue_of(tmp_path, "fracatlass")
