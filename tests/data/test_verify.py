"""Every way in which a shard or an example can be wrong is found, with its place, to the end."""

import csv
import io
import json
import shutil
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from bonefrac import storage
from bonefrac.data.features import example
from bonefrac.data.phantom import draw
from bonefrac.data.shards import masked_crc32c
from bonefrac.data.store import open_data
from bonefrac.data.verify import verify
from bonefrac.errors import BonefracError

FOLDS = ("fold0", "fold1", "fold2")
HEADER = 12


@pytest.fixture(scope="module")
def folder(build_examples, tmp_path_factory):
    def one(index):
        phantom = draw(seed=2, index=index)
        image, mask = phantom.image[:120:2, :100:2], phantom.mask[:120:2, :100:2]
        mask = np.maximum(mask, np.eye(*mask.shape, dtype=np.uint8))
        name = f"radiograph {index}"
        return example(id=name, group=f"patient {index}", image=image, mask=mask, fracture=1)

    out = tmp_path_factory.mktemp("verify") / "data"
    return build_examples([one(index) for index in range(24)], out)


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder.path, tmp_path / "data")


def shard(folder, fold="fold1"):
    return next(folder.glob(f"*{fold}.tfrecord*"))


def found(folder):
    """What is found, as lines, and how many examples are read."""
    told = []
    seen = verify(folder, progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(1, seen.examples + 1))
    return [str(problem) for problem in seen.problems], seen.examples


def found_deeper(folder):
    """The same where the manifest agrees with what is there."""
    storage.write_manifest(folder)
    lines, examples = found(folder)
    assert not any("damaged" in line and "bytes)" in line for line in lines)
    return lines, examples


def payloads(path):
    return [bytes(x) for x in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]


def write(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def offsets(path):
    """Where each record begins, and where the file ends."""
    places = [0]
    for record in payloads(path):
        places.append(places[-1] + HEADER + len(record) + 4)
    return places


def change(path, number, edit):
    """Edit one example of a shard; answers with its id."""
    records = payloads(path)
    record = tf.train.Example.FromString(records[number])
    name = record.features.feature["id"].bytes_list.value[0].decode()
    edit(record.features.feature)
    records[number] = record.SerializeToString()
    write(path, records)
    return name


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 16
    path.write_bytes(data)


def of_table(lines):
    return [line for line in lines if line.startswith("split.csv")]


def test_a_sound_folder_has_no_problem(folder, phantom_data):
    assert found(folder.path) == ([], 24)
    assert found(phantom_data.path) == ([], 30)


def test_the_checksum_of_a_known_text():
    assert (
        masked_crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % 2**32
    )


def test_the_checksum_is_that_of_a_real_shard(folder):
    data = shard(folder.path).read_bytes()
    assert masked_crc32c(data[:8]) == struct.unpack("<I", data[8:12])[0]


def test_an_empty_shard_is_found(copy):
    path = shard(copy)
    count = len(payloads(path))
    path.write_bytes(b"")
    assert f"{path.name}: (0 bytes) is damaged" in found(copy)[0]
    lines, examples = found_deeper(copy)
    assert lines[0] == f"{path.name}: holds 0 records; dataset_info.json says {count}"
    assert len(of_table(lines)) == count == 24 - examples


def test_a_missing_shard_is_found_once(copy):
    path = shard(copy)
    path.unlink()
    for look in (found, found_deeper):
        assert [line for line in look(copy)[0] if path.name in line] == [f"{path.name}: is missing"]


@pytest.mark.parametrize("left", [4, HEADER + 9], ids=["in a header", "in a payload"])
def test_a_cut_shard_is_found_and_the_rest_is_still_checked(copy, left):
    path = shard(copy)
    places = offsets(path)
    path.write_bytes(path.read_bytes()[: places[2] + left])
    name = change(
        shard(copy, "fold2"), 0, lambda e: e["fracture"].int64_list.value.__setitem__(0, 7)
    )
    lines, _ = found_deeper(copy)
    assert lines[0].startswith(f"{path.name}, record 2: the shard is cut short: ")
    assert lines[1] == f"{path.name}: holds 3 records; dataset_info.json says {len(places) - 1}"
    last = f"{shard(copy, 'fold2').name}, record 0 ({name}): its fracture is 7, not 0, 1 or -1"
    assert last in lines


def test_a_flipped_payload_is_found_and_the_next_records_are_read(copy):
    path = shard(copy)
    places = offsets(path)
    for number in (1, 3):
        flip(path, places[number] + HEADER + 50)
    lines, examples = found_deeper(copy)
    assert examples == 24
    assert lines[:2] == [
        f"{path.name}, record {k}: its payload does not match its checksum" for k in (1, 3)
    ]
    assert len(lines) == 2 + len(of_table(lines)) == 4


@pytest.mark.parametrize("byte", [0, 7], ids=["slightly", "by exabytes"])
def test_a_flipped_length_is_found_and_the_loss_is_told(copy, byte):
    path = shard(copy)
    places = offsets(path)
    flip(path, places[1] + byte)
    lines, _ = found_deeper(copy)
    lost = places[-1] - places[1]
    assert lines[0] == (
        f"{path.name}, record 1: its length is damaged: "
        f"{lost} bytes from here to the end cannot be read"
    )
    assert lines[1] == f"{path.name}: holds 2 records; dataset_info.json says {len(places) - 1}"


def test_junk_in_place_of_a_shard_is_found(copy):
    shard(copy).write_bytes(b"<html>404 Not Found</html>" * 20)
    assert "record 0: its length is damaged: 520 bytes" in found_deeper(copy)[0][0]


def test_junk_behind_a_shard_is_found(copy):
    path = shard(copy)
    count = len(payloads(path))
    path.write_bytes(path.read_bytes() + b"junk")
    assert f"{path.name}, record {count}: the shard is cut short" in found_deeper(copy)[0][0]


def test_a_record_that_is_no_example_is_found(copy):
    path = shard(copy)
    write(path, [b"junk", *payloads(path)[1:]])
    assert f"{path.name}, record 0: is no tf.train.Example" in found_deeper(copy)[0][0]


def test_a_shard_that_nobody_knows_is_found(copy):
    shutil.copy(shard(copy), copy / "other-fold1.tfrecord-00000-of-00001")
    assert "is not in MANIFEST.sha256" in found(copy)[0][0]
    assert "is no shard that dataset_info.json knows" in found_deeper(copy)[0][0]


def picture(pixels, form):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


def set_bytes(key, value):
    def edit(features):
        old = features[key].bytes_list.value[0]
        features[key].bytes_list.value[0] = value(old) if callable(value) else value

    return edit


def set_number(key, value):
    def edit(features):
        kind = features[key].WhichOneof("kind")
        getattr(features[key], kind).value[0] = value

    return edit


def drop(key):
    return lambda features: features.pop(key) and None


def twice(features):
    features["hardware"].int64_list.value.append(0)


def other_type(features):
    features["fracture"].Clear()
    features["fracture"].float_list.value.append(1.0)


EDITS = {
    "has no view": drop("view"),
    "has the unknown key age": lambda e: e["age"].int64_list.value.append(3),
    "its hardware is not one value in a int64_list": twice,
    "its fracture is not one value in a int64_list": other_type,
    "its abnormality is 2, not 0, 1 or -1": set_number("abnormality", 2),
    "its hardware is -2, not 0, 1 or -1": set_number("hardware", -2),
    "its has_mask is 3, not 0 or 1": set_number("has_mask", 3),
    "its mask_coarse is 2, not 0 or 1": set_number("mask_coarse", 2),
    "its bone_age_months is -4.0": set_number("bone_age_months", -4.0),
    "its bone_age_months is inf": set_number("bone_age_months", float("inf")),
    "its image does not decode": set_bytes("image", b"no picture"),
    "its image does not decode (": set_bytes("image", lambda old: old[: len(old) // 2]),
    "its mask does not decode": set_bytes("mask", lambda old: old[: len(old) // 2]),
    "its mask is 40x30, its picture 50x60": set_bytes(
        "mask", picture(np.zeros((30, 40), np.uint8), "PNG")
    ),
    "its mask holds 255, not only 0 and 1": set_bytes(
        "mask", picture(np.full((60, 50), 255, np.uint8), "PNG")
    ),
    "its id is empty": set_bytes("id", b""),
}


def test_every_fault_of_an_example_is_found_in_its_place(copy):
    """All of them in one folder: none hides another."""
    path = shard(copy, "fold0")
    records = payloads(path)
    records = [records[k % len(records)] for k in range(len(EDITS))]
    write(path, records)
    names = [change(path, k, edit) for k, edit in enumerate(EDITS.values())]
    lines, _ = found_deeper(copy)
    for k, (what, name) in enumerate(zip(EDITS, names, strict=True)):
        called = "" if what == "its id is empty" else f" ({name})"
        assert any(line.startswith(f"{path.name}, record {k}{called}: {what}") for line in lines), (
            what,
            lines,
        )


def test_an_id_that_is_there_twice_is_found(copy):
    path = shard(copy)
    records = payloads(path)
    write(path, [records[0], records[0], *records[2:]])
    name = (
        tf.train.Example.FromString(records[0]).features.feature["id"].bytes_list.value[0].decode()
    )
    line = f"{path.name}, record 1 ({name}): its id is also that of {path.name}, record 0"
    assert found_deeper(copy)[0][0] == line


def move_group(copy):
    other = payloads(shard(copy, "fold0"))[0]
    group = tf.train.Example.FromString(other).features.feature["group"].bytes_list.value[0]
    name = change(shard(copy, "fold2"), 1, set_bytes("group", group))
    return name, group.decode()


def test_a_group_in_two_splits_is_found(copy):
    name, group = move_group(copy)
    place = f"{shard(copy, 'fold2').name}, record 1 ({name})"
    lines, _ = found_deeper(copy)
    assert f"{place}: its group {group} is also in fold0" in lines
    assert f"split.csv ({name}): says fold2, group patient" in lines[-1]


def test_groups_may_cross_where_images_were_split(copy):
    report = json.loads((copy / "report.json").read_text()) | {"split": "random-images"}
    (copy / "report.json").write_text(json.dumps(report))
    move_group(copy)
    assert not any("is also in" in line for line in found_deeper(copy)[0])


def test_a_table_that_says_otherwise_is_found(copy):
    with (copy / "split.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    name, group, split = rows[1]
    other = next(fold for fold in FOLDS if fold != split)
    rows[1][2] = other
    (copy / "split.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    says = f"split.csv ({name}): says {other}, group {group}, the shards say {split}, group {group}"
    assert found_deeper(copy)[0] == [says]


@pytest.mark.parametrize("name", ["report.json", "split.csv", "MANIFEST.sha256"])
def test_a_missing_file_beside_the_shards_is_found(copy, name):
    (copy / name).unlink()
    assert found(copy)[0] == [f"{name}: is missing"]


@pytest.mark.parametrize("name", ["report.json", "dataset_info.json"])
def test_a_table_of_junk_is_found(copy, name):
    (copy / name).write_text("{junk")
    assert any(f"{name}: cannot be understood" in line for line in found_deeper(copy)[0])


def test_what_is_no_data_folder_is_told(tmp_path):
    with pytest.raises(BonefracError, match=r"has no dataset_info\.json"):
        verify(tmp_path, progress=print)
    with pytest.raises(BonefracError, match="does not exist"):
        verify(tmp_path / "nothing", progress=print)


def test_an_opened_folder_is_found_sound(copy):
    open_data(copy)
    assert found(copy)[0] == []
