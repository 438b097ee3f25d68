"""What a file does to its decoder stays there and comes back as one line."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import standin_decoder
from dicom_files import dataset, encoded, ramp
from PIL import Image

from bonefrac.errors import BonefracError
from bonefrac.radiograph.guarded import MIB, Guard, guarded_read
from bonefrac.radiograph.reader import read


@pytest.fixture(scope="module")
def real():
    with Guard(memory=256 * MIB, seconds=60) as guard:
        yield guard


@pytest.fixture
def standin():
    with Guard(seconds=3, program="standin_decoder") as guard:
        yield guard


def picture(pixels, form="PNG", **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def refused(call, *parts):
    with pytest.raises(BonefracError) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


DICOM = encoded(dataset(ramp(), BodyPartExamined="HAND", ImagerPixelSpacing=[0.2, 0.1]))


@pytest.mark.parametrize("data", [DICOM, picture(ramp()), picture(ramp(high=255).astype(np.uint8))])
def test_a_good_file_is_read_as_without_a_guard(real, data):
    guarded, plain = real.read(data, "a.png"), read(data)
    assert (guarded.pixels == plain.pixels).all()
    assert guarded.pixels.dtype == np.float32
    assert guarded.pixels.flags.writeable
    assert guarded.source == "a.png"
    for name in ("spacing", "body_part", "view", "laterality", "notes", "colour"):
        assert getattr(guarded, name) == getattr(plain, name)


def test_a_refusal_is_that_of_the_reader(real):
    with pytest.raises(BonefracError) as plain:
        read(b"no picture")
    with pytest.raises(BonefracError) as guarded:
        real.read(b"no picture")
    assert str(guarded.value) == str(plain.value)


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_is_read(real):
    # 25 Mpx of 16 bits in 50 kB; its float32 pixels take 100 MB, and there are several of them.
    bomb = picture(np.zeros((5000, 5000), np.uint16))
    assert len(bomb) < 100_000
    assert read(bomb).size == (5000, 5000)
    refused(lambda: real.read(bomb, "a.png"), "a.png takes more memory")
    assert real.read(DICOM).size == ramp().shape


def slow_jpeg(*, scans):
    """A progressive JPEG whose last scan comes again and again."""
    data = picture(np.full((4000, 4000), 77, np.uint8), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * (scans - data.count(b"\xff\xda")) + b"\xff\xd9"


def test_a_file_that_takes_too_long_is_refused():
    slow = slow_jpeg(scans=100)
    assert len(slow) < 100_000
    with Guard(seconds=0.5) as guard:
        refused(lambda: guard.read(slow, "a.jpg"), "a.jpg was not decoded within 0.5 s")


def test_a_file_that_ends_its_process_is_refused(real):
    # Made from a ramp by coverage-guided fuzzing: python-gdcm 3.2.6 throws where nothing catches.
    data = Path(__file__).with_name("damaged").joinpath("gdcm_abort.dcm").read_bytes()
    refused(lambda: real.read(data, "a.dcm"), "a.dcm")
    assert real.read(DICOM).size == ramp().shape


def test_more_scans_than_any_radiograph_has_are_refused_without_decoding():
    refused(lambda: read(slow_jpeg(scans=101)), "has 101 scans")


TROUBLE = {
    "hangs": "not decoded within 3 s",
    "spins": "not decoded within 3 s",
    "stalls": "not decoded within 3 s",
    "crashes": "crashed its decoder (SIGSEGV)",
    "leaves": "ended its decoder (exit code 3)",
    "errs": "answer nonsense",
}


@pytest.mark.parametrize(
    "deed", sorted(set(standin_decoder.DEEDS) - {"answers", "writes", "tells"})
)
def test_a_decoder_that_was_taken_over_gives_an_error_and_is_ended(standin, deed):
    wanted = TROUBLE.get(deed, "answer nonsense")
    refused(lambda: standin.read(b"", deed), wanted)
    assert standin.read(b"1234", "answers").size == (2, 3)


def test_text_of_a_decoder_is_cut_and_has_no_control_letters(standin):
    (note,) = standin.read(b"", "writes").notes
    assert note.startswith("a [2Jb ccc")
    assert len(note) == 1000


def test_a_decoder_is_kept_and_knows_no_environment(standin, monkeypatch):
    monkeypatch.setenv("A_SECRET", "secret")
    first, second = (standin.read(b"x" * 3 * MIB, "tells").notes for _ in range(2))
    assert first == second
    assert first[0] == "nothing"
    os.kill(int(first[1]), signal.SIGKILL)
    while os.path.exists(f"/proc/{first[1]}/fd/0"):  # noqa: PTH110 - until it is dead
        time.sleep(0.01)
    assert standin.read(b"", "tells").notes[1] != first[1]


def test_a_decoder_that_refuses_is_kept():
    with Guard() as guard:
        refused(lambda: guard.read(b"no picture"))
        (decoder,) = guard._idle
        refused(lambda: guard.read(b"no picture either"))
        assert guard.read(DICOM).size == ramp().shape
        assert guard._idle == [decoder]


def test_threads_share_a_guard():
    with Guard(workers=2, seconds=30) as guard:
        found = [None] * 8

        def one(number):
            found[number] = guard.read(picture(np.full((4, 4), number, np.uint8))).pixels[0, 0]

        threads = [threading.Thread(target=one, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == list(range(8))


def test_one_call_is_enough():
    assert guarded_read(DICOM, name="a.dcm").body_part == "hand"


def test_a_decoder_writes_no_files(tmp_path):
    code = (
        "import os; from bonefrac.radiograph import decoder; decoder._limit(2**28);"
        f"os.write(os.open({str(tmp_path / 'a')!r}, os.O_WRONLY | os.O_CREAT), b'1')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert b"File too large" in done.stderr
    assert (tmp_path / "a").stat().st_size == 0
