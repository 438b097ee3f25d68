"""A file or folder is whole or absent, and damage is found."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys

import pytest

from bonefrac.errors import BonefracError
from bonefrac.schema import MANIFEST_FILE
from bonefrac.storage import sha256, verify_manifest, write_aside, write_manifest, write_text

# Writes half of a file or folder, says so, and waits to be killed or told to go on.
WRITER = """
import sys
from pathlib import Path
from bonefrac.storage import write_aside
with write_aside(Path(sys.argv[1])) as aside:
    if sys.argv[2] == "folder":
        aside.mkdir()
    part = aside / "part" if sys.argv[2] == "folder" else aside
    part.write_text("half")
    print("half", flush=True)
    sys.stdin.readline()
    part.write_text("whole")
"""


def start_writer(target, kind):
    command = [sys.executable, "-c", WRITER, str(target), kind]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "half\n"
    return process


def stop(process):
    process.send_signal(signal.SIGKILL)
    with process:
        assert process.wait() == -signal.SIGKILL


def write(target, text, kind):
    with write_aside(target) as aside:
        if kind == "folder":
            aside.mkdir()
            (aside / "sub").mkdir()
        (aside / "part" if kind == "folder" else aside).write_text(text)


def content(target):
    return (target / "part" if target.is_dir() else target).read_text()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["file", "folder"])
def kind(request):
    return request.param


def test_what_was_written_appears_at_its_place_and_nothing_else(tmp_path, kind):
    target = tmp_path / "new" / "model.keras"
    write(target, "whole", kind)
    assert content(target) == "whole"
    assert names(target.parent) == ["model.keras"]


def test_the_old_one_is_replaced_as_a_whole(tmp_path, kind):
    target = tmp_path / "it"
    write(target, "old", kind)
    if kind == "folder":
        (target / "of the old only").touch()
    write(target, "new", kind)
    assert content(target) == "new"
    assert names(tmp_path) == ["it"]
    assert kind == "file" or names(target) == ["part", "sub"]


def test_the_target_is_absent_while_it_is_written(tmp_path):
    with write_aside(tmp_path / "it") as aside:
        aside.write_text("half")
        assert not (tmp_path / "it").exists()


def test_the_suffix_stays_last_while_it_is_written(tmp_path):
    with write_aside(tmp_path / "model.weights.h5") as aside:
        assert aside.name.endswith("model.weights.h5")
        aside.touch()


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_the_old_one_survives_an_exception(tmp_path, kind, failure):
    target = tmp_path / "it"
    write(target, "old", kind)
    with pytest.raises(failure), write_aside(target) as aside:
        if kind == "folder":
            aside.mkdir()
        (aside / "part" if kind == "folder" else aside).write_text("half")
        raise failure
    assert content(target) == "old"
    assert names(tmp_path) == ["it"]


def test_a_failure_takes_the_folders_along_that_were_made_for_it(tmp_path):
    (tmp_path / "here").mkdir()
    for target in ("here/it", "new/deep/it"):
        with pytest.raises(KeyboardInterrupt), write_aside(tmp_path / target) as aside:
            aside.write_text("half")
            raise KeyboardInterrupt
    assert list(tmp_path.rglob("*")) == [tmp_path / "here"]


def test_nothing_written_is_an_error_and_keeps_the_old_one(tmp_path):
    write(tmp_path / "it", "old", "file")
    with pytest.raises(FileNotFoundError), write_aside(tmp_path / "it"):
        pass
    assert content(tmp_path / "it") == "old"


def test_a_kill_keeps_the_old_one_and_the_next_write_cleans_up(tmp_path, kind):
    target = tmp_path / "it"
    write(target, "old", kind)
    process = start_writer(target, kind)
    stop(process)
    assert content(target) == "old"
    assert names(tmp_path) == [f".partial-{process.pid}-it", "it"]
    write(target, "new", kind)
    assert content(target) == "new"
    assert names(tmp_path) == ["it"]


def test_a_kill_before_the_first_write_leaves_nothing_at_the_target(tmp_path, kind):
    target = tmp_path / "it"
    stop(start_writer(target, kind))
    assert not target.exists()
    write(target, "new", kind)
    assert names(tmp_path) == ["it"]


def test_what_a_live_process_is_writing_is_left_alone(tmp_path, kind):
    target = tmp_path / "it"
    with start_writer(target, kind) as process:
        write(target, "mine", kind)
        assert content(target) == "mine"
        assert names(tmp_path) == [f".partial-{process.pid}-it", "it"]
        process.communicate("\n")
    assert process.returncode == 0
    assert content(target) == "whole"
    assert names(tmp_path) == ["it"]


def test_leftovers_of_other_targets_are_left_alone(tmp_path):
    process = start_writer(tmp_path / "other", "file")
    stop(process)
    write(tmp_path / "it", "new", "file")
    assert names(tmp_path) == [f".partial-{process.pid}-other", "it"]


def test_leftovers_of_a_dead_process_with_our_own_number_do_not_get_in(tmp_path):
    leftover = tmp_path / f".partial-{os.getpid()}-it"
    leftover.mkdir()
    (leftover / "stale").touch()
    write(tmp_path / "it", "new", "folder")
    assert names(tmp_path / "it") == ["part", "sub"]


def test_a_kill_between_the_two_renames_loses_no_folder(tmp_path):
    target = tmp_path / "it"
    write(target, "old", "folder")
    process = start_writer(tmp_path / "it", "folder")
    stop(process)
    target.rename(tmp_path / f".partial-{process.pid}-old-it")
    with pytest.raises(RuntimeError), write_aside(target):
        raise RuntimeError
    assert content(target) == "old"
    assert names(tmp_path) == ["it"]


def test_text_is_written_as_utf8(tmp_path):
    write_text(tmp_path / "card.json", "Schlüsselbein\n")
    assert (tmp_path / "card.json").read_bytes() == "Schlüsselbein\n".encode()


def test_sha256_is_that_of_hashlib(tmp_path):
    data = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(data)
    assert sha256(tmp_path / "file") == hashlib.sha256(data).hexdigest()


@pytest.fixture
def closed(tmp_path):
    folder = tmp_path / "folder"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.txt").write_text("some text")
    (folder / "with space.bin").write_bytes(bytes(1000))
    (folder / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)))
    write_manifest(folder)
    return folder


def verify(folder):
    return verify_manifest(folder, what="test folder", fix="Make it again")


def damage(closed, name):
    with pytest.raises(BonefracError) as caught:
        verify(closed)
    assert name in caught.value.received
    assert "Make it again" in str(caught.value)
    return str(caught.value)


def test_a_whole_folder_is_accepted_and_named_by_its_manifest(closed):
    assert verify(closed) == sha256(closed / MANIFEST_FILE)
    assert verify(str(closed)) == verify(closed)


def test_the_name_of_a_folder_depends_on_its_content_alone(closed, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(closed, copy)
    write_manifest(copy)
    assert verify(copy) == verify(closed)
    (copy / "a.txt").write_text("some texT")
    write_manifest(copy)
    assert verify(copy) != verify(closed)


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_checks_the_manifest(closed):
    command = ["sha256sum", "--check", "--strict", MANIFEST_FILE]
    assert subprocess.run(command, cwd=closed, capture_output=True).returncode == 0
    (closed / "a.txt").write_text("some texT")
    assert subprocess.run(command, cwd=closed, capture_output=True).returncode == 1


def test_a_flipped_bit_anywhere_is_found(closed):
    path = closed / "deep" / "er" / "b.bin"
    whole = path.read_bytes()
    for position in (0, 100, 255):
        data = bytearray(whole)
        data[position] ^= 1
        path.write_bytes(data)
        assert "damaged" in damage(closed, "b.bin (256 bytes)")


def test_a_missing_file_is_found(closed):
    (closed / "with space.bin").unlink()
    assert "complete test folder" in damage(closed, "with space.bin is missing")


def test_a_truncated_file_is_found(closed):
    (closed / "with space.bin").write_bytes(bytes(999))
    damage(closed, "with space.bin (999 bytes)")


def test_an_emptied_file_is_found(closed):
    (closed / "a.txt").write_bytes(b"")
    damage(closed, "a.txt (0 bytes)")


def test_a_folder_in_the_place_of_a_file_is_found(closed):
    (closed / "a.txt").unlink()
    (closed / "a.txt").mkdir()
    damage(closed, "a.txt is missing")


def test_a_missing_manifest_is_found(closed, tmp_path):
    (closed / MANIFEST_FILE).unlink()
    assert "a test folder" in damage(closed, f"has no {MANIFEST_FILE}")
    damage(tmp_path / "nowhere", "nowhere does not exist")


def test_a_damaged_manifest_is_found(closed):
    path = closed / MANIFEST_FILE
    whole = path.read_bytes()
    for data in (b"", whole[:30], whole[:-5], b"\xff" + whole[1:], b"garbage\n", b"\n" + whole):
        path.write_bytes(data)
        damage(closed, "folder")
