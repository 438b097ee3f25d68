"""`bonefrac-data verify` as users type it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bonefrac.cli.data import data


def run(*words):
    program = Path(sys.executable).parent / "bonefrac-data"
    return subprocess.run([program, "verify", *map(str, words)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def damaged(phantom_data, tmp_path_factory):
    """One bit of one record is another."""
    folder = shutil.copytree(phantom_data.path, tmp_path_factory.mktemp("damaged") / "data")
    shard = next(folder.glob("*fold1.tfrecord*"))
    content = bytearray(shard.read_bytes())
    content[500] ^= 1
    shard.write_bytes(content)
    return folder, shard.name, len(content)


def test_a_sound_folder_is_told_in_one_line(phantom_data):
    done = CliRunner().invoke(data, ["verify", str(phantom_data.path)])
    assert (done.exit_code, done.stdout) == (
        0,
        f"{phantom_data.path}: 30 examples, nothing wrong\n",
    )


def test_no_folder_is_told_in_one_line(tmp_path):
    done = CliRunner().invoke(data, ["verify", str(tmp_path / "nothing")])
    assert done.exit_code == 1
    assert "nothing does not exist; expected a data folder" in done.stderr


def test_all_that_is_wrong_is_listed_and_summed_up(damaged):
    folder, name, size = damaged
    done = run(folder)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        f"{name}: ({size} bytes) is damaged",
        f"{name}, record 0: its payload does not match its checksum",
    ]
    assert [line.partition(" (")[0] for line in lines[2:]] == ["split.csv"]
    last = done.stderr.splitlines()[-1]
    assert last == f"Error: 3 problems in {folder}. Build it again with bonefrac-data build."


def test_json_is_one_object_with_every_place(damaged):
    folder, name, _ = damaged
    done = run(folder, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["path"], told["examples"], len(told["wrong"])) == (str(folder), 30, 3)
    what = "its payload does not match its checksum"
    assert told["wrong"][1] == {"file": name, "record": 0, "id": "", "what": what}
