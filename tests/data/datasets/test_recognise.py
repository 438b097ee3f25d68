"""A folder is known by its layout, and what it says is read without TensorFlow."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from bonefrac.cli.data_build import build
from bonefrac.data.datasets import DATASETS, catalogue_of, recognise
from bonefrac.data.datasets.builders import BUILDERS
from bonefrac.errors import BonefracError

PUBLISHED = [name for name in DATASETS if name != "folder"]
TEXTS = ("description", "licence", "download", "layout", "homepage", "citation")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_data_set_says_whose_it_is_and_how_to_get_it(name):
    assert all(getattr(DATASETS[name], text) for text in TEXTS)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_help_of_its_command_says_so_too(name):
    done = CliRunner().invoke(build, [name.replace("_", "-"), "--help"], terminal_width=10_000)
    for text in ("licence", "download", "homepage", "citation", "layout"):
        assert getattr(DATASETS[name], text) in done.output


def test_every_data_set_has_a_builder_with_the_same_texts():
    assert list(BUILDERS) == list(DATASETS)
    for name, builder in BUILDERS.items():
        for text in ("name", "description", "homepage", "citation", "licence", "download"):
            assert getattr(builder, text) == getattr(DATASETS[name], text)


def test_a_catalogue_is_read_without_tensorflow(tmp_path):
    code = (
        "import sys; from bonefrac.data.datasets import DATASETS, catalogue_of\n"
        "for name in [*DATASETS, None]:\n"
        "    try: catalogue_of(sys.argv[1], name)\n"
        "    except ValueError: pass\n"
        "print(sys.modules.keys() & {'tensorflow', 'tensorflow_datasets', 'keras'})"
    )
    command = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


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
