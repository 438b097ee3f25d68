"""FracAtlas' known faults are each handled and told; tried on a miniature of the same layout."""

import csv
import io
import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from matplotlib.path import Path
from PIL import Image, ImageFile
from scipy.ndimage import binary_dilation, binary_erosion

from bonefrac.data.datasets.builders import FracAtlas
from bonefrac.data.datasets.fracatlas import COCO, CSV, OFFICIAL
from bonefrac.data.outlines import fill
from bonefrac.data.partition import Record, partition
from bonefrac.data.phantom import draw
from bonefrac.data.split_file import crossing
from bonefrac.data.splits import deal
from bonefrac.data.store import build
from bonefrac.errors import BonefracError
from bonefrac.schema import REPORT_FILE

HEADER = [
    *("image_id", "hand", "leg", "hip", "shoulder", "mixed", "hardware", "multiscan"),
    *("fractured", "fracture_count", "frontal", "lateral", "oblique"),
]
PLAIN = range(0, 600, 50)  # ids of radiographs without any fault, two blocks of 25 apart


def name(number):
    return f"IMG{number:07d}.jpg"


def stem(number):
    return f"IMG{number:07d}"


def picture(number, *, fractured):
    kind = "displaced" if fractured else "none"
    return draw(seed=9, index=number, fracture=kind)


def box_of(mask):
    """Corners x, y of the rectangle around a mask, counted from pixel corners."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def jpeg(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "JPEG", quality=92, **options)
    return out.getvalue()


class Miniature:
    """A folder in the layout of FracAtlas that a test fills."""

    def __init__(self, root):
        self.root = root
        self.rows, self.images, self.annotations = [], [], []
        for folder in ("Fractured", "Non_fractured"):
            (root / "images" / folder).mkdir(parents=True)
        (root / COCO).parent.mkdir(parents=True)

    def add(self, number, data, *, fractured, polygons=(), file=True, row=True, **fields):
        """Add a file, its row of the table and its polygons."""
        if file:
            folder = "Fractured" if fractured else "Non_fractured"
            (self.root / "images" / folder / name(number)).write_bytes(data)
        if row:
            fields = {"leg": 1, "frontal": 1} | fields
            fixed = {"image_id": name(number), "fractured": int(fractured)}
            self.rows.append(dict.fromkeys(HEADER, 0) | fields | fixed)
        if polygons:
            self.images.append({"id": len(self.images), "file_name": name(number)})
        for polygon in polygons:
            flat = np.asarray(polygon, float).ravel().tolist()
            image = len(self.images) - 1
            self.annotations.append({"image_id": image, "category_id": 0, "segmentation": [flat]})

    def close(self):
        """Write the table and the annotations."""
        with (self.root / CSV).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(self.rows)
        coco = {"images": self.images, "annotations": self.annotations}
        (self.root / COCO).write_text(json.dumps(coco), encoding="utf-8")


def tolerated(data):
    """What a decoder that forgives makes of a file that was cut short."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        return np.asarray(Image.open(io.BytesIO(data)))
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def add_faults(mini):
    whole = jpeg(picture(601, fractured=False).image)
    mini.add(601, whole[: len(whole) // 2], fractured=False)
    cut = jpeg(picture(602, fractured=False).image)
    mini.add(602, jpeg(tolerated(cut[: len(cut) // 2])), fractured=False)
    mini.add(603, b"", fractured=True, file=False)
    mini.add(604, jpeg(picture(604, fractured=False).image), fractured=False, row=False)

    turned = picture(610, fractured=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = jpeg(np.rot90(turned.image), exif=exif)
    mini.add(610, stored, fractured=True, polygons=[box_of(turned.mask)], hardware=1, lateral=1)

    both = picture(620, fractured=True)
    mini.add(620, jpeg(both.image), fractured=True, polygons=[box_of(both.mask)])
    mini.add(700, jpeg(both.image[:, ::-1]), fractured=False)

    called_intact = picture(630, fractured=True)
    polygons = [box_of(called_intact.mask)]
    mini.add(630, jpeg(called_intact.image), fractured=False, polygons=polygons, leg=0, hand=1)
    mini.add(640, jpeg(picture(640, fractured=True).image), fractured=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    mini = Miniature(tmp_path_factory.mktemp("fracatlas") / "FracAtlas")
    for number in PLAIN:
        fractured = number % 100 == 0
        drawn = picture(number, fractured=fractured)
        polygons = [box_of(drawn.mask)] if fractured else []
        mini.add(number, jpeg(drawn.image), fractured=fractured, polygons=polygons)
    add_faults(mini)
    mini.close()
    return mini.root


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    steps = []

    def make(data_dir):
        return FracAtlas(
            source=source, folds=3, progress=lambda *step: steps.append(step), data_dir=data_dir
        )

    folder, builder = build(make, tmp_path_factory.mktemp("built") / "fracatlas")
    return folder, builder, steps


@pytest.fixture(scope="module")
def examples(built):
    folder = built[0]
    return {
        e["id"].decode(): {**e, "fold": fold}
        for fold in folder.counts
        for e in folder.builder.as_dataset(split=fold).as_numpy_iterator()
    }


@pytest.fixture(scope="module")
def left_out(built):
    return built[1].report.left_out


def test_all_sound_radiographs_are_there(examples):
    kept = [*PLAIN, 610, 620, 630, 640]
    assert sorted(examples) == [stem(number) for number in kept]
    for number in PLAIN:
        assert examples[stem(number)]["fracture"] == (number % 100 == 0)


def test_a_truncated_file_is_left_out_and_told(left_out):
    assert "IMG0000601.jpg cannot be decoded" in left_out[stem(601)]


def test_a_file_cut_before_it_was_encoded_again_is_left_out_and_told(left_out):
    assert "is filler: cut short before it was encoded again" in left_out[stem(602)]


def test_missing_files_and_rows_are_told(left_out):
    assert left_out[stem(603)] == "no such file"
    assert left_out[stem(604)] == "in images/, not in dataset.csv"


def test_of_one_picture_under_two_labels_the_intact_copy_is_left_out(left_out, examples, built):
    assert left_out[stem(700)] == "same picture as IMG0000620, which is fractured"
    assert examples[stem(620)]["fracture"] == 1
    assert built[1].report.notes["near_duplicates"] == [[stem(620), stem(700)]]


def test_nothing_else_is_left_out(left_out):
    assert sorted(left_out) == [stem(number) for number in (601, 602, 603, 604, 700)]


def test_the_report_in_the_folder_says_the_same(built, left_out):
    report = json.loads((built[0].path / REPORT_FILE).read_text(encoding="utf-8"))
    notes = built[1].report.notes
    assert report == {"split": "folds", "left_out": left_out, "notes": notes}


def test_an_outlined_fracture_is_a_fracture_whatever_the_table_says(examples):
    assert examples[stem(630)]["fracture"] == 1
    assert examples[stem(630)]["mask"].any()


def test_a_fracture_without_outline_has_no_mask(examples):
    assert examples[stem(640)]["fracture"] == 1
    assert not examples[stem(640)]["has_mask"]
    assert not examples[stem(640)]["mask"].any()


def test_an_intact_bone_has_an_empty_mask_that_is_known(examples):
    assert examples[stem(50)]["has_mask"]
    assert not examples[stem(50)]["mask"].any()


def test_polygons_fit_after_exif_rotation(examples):
    upright = picture(610, fractured=True)
    e = examples[stem(610)]
    assert e["image"].shape[:2] == upright.image.shape
    assert np.abs(e["image"][..., 0].astype(int) - upright.image).mean() < 3
    (left, top), (right, bottom) = box_of(upright.mask)[[0, 2]]
    outlined = np.zeros_like(upright.mask)
    outlined[top:bottom, left:right] = 1
    assert (e["mask"][..., 0] == outlined).all()


def test_fields_come_from_the_table(examples):
    assert examples[stem(610)]["view"] == b"frontal+lateral"
    assert examples[stem(610)]["hardware"] == 1
    assert examples[stem(50)]["hardware"] == 0
    assert examples[stem(630)]["body_part"] == b"hand"
    assert examples[stem(50)]["body_part"] == b"leg"


def test_neighbouring_ids_share_a_group_and_a_fold(examples):
    # 600..624 hold 610 and 620, 625..649 hold 630 and 640.
    assert examples[stem(610)]["group"] == examples[stem(620)]["group"]
    assert examples[stem(630)]["group"] == examples[stem(640)]["group"]
    assert examples[stem(610)]["group"] != examples[stem(630)]["group"]
    folds = {}
    for e in examples.values():
        folds.setdefault(e["group"], set()).add(e["fold"])
    assert all(len(fold) == 1 for fold in folds.values())


def test_progress_is_told_for_scanning_and_writing(built):
    steps = built[2]
    files = len(PLAIN) + 7
    assert [s for s in steps if s[0] == "Scanning"] == [
        ("Scanning", n, files) for n in range(1, files + 1)
    ]
    assert steps[-1] == ("Writing", len(PLAIN) + 4, len(PLAIN) + 4)


def unbuilt(source, tmp_path, **options):
    return FracAtlas(
        source=source, folds=3, progress=lambda *_: None, data_dir=tmp_path / "data", **options
    )


def test_near_duplicates_join_the_groups_of_their_blocks(tmp_path):
    mini = Miniature(tmp_path / "FracAtlas")
    for number in (0, 24, 25, 100, 110, 200):
        drawn = picture(0 if number == 110 else number, fractured=False)
        mini.add(number, jpeg(drawn.image), fractured=False)
    mini.close()
    groups = {r.id: r.group for r in unbuilt(mini.root, tmp_path).records()}
    joined = dict.fromkeys((stem(n) for n in (0, 24, 100, 110)), "block0000")
    assert groups == {**joined, stem(25): "block0001", stem(200): "block0008"}


def test_large_radiographs_are_scaled_down_with_their_masks(source, tmp_path):
    small, large = (unbuilt(source, tmp_path, max_side=side) for side in (150, 1024))
    records = {r.id: r for r in large.records()}
    for number in (0, 610):
        whole = large.example(records[stem(number)])["mask"][..., 0]
        e = small.example(records[stem(number)])
        image, mask = np.asarray(Image.open(e["image"])), e["mask"][..., 0]
        assert max(image.shape) == 150
        assert image.shape == mask.shape
        scale = 150 / max(whole.shape)
        assert np.abs(box_of(mask) - box_of(whole) * scale).max() <= 1.5


@pytest.mark.parametrize("missing", [CSV, COCO])
def test_a_folder_of_another_layout_is_refused_with_the_address(source, tmp_path, missing):
    mini = Miniature(tmp_path / "FracAtlas")
    mini.close()
    (mini.root / missing).unlink()
    with pytest.raises(BonefracError) as caught:
        unbuilt(mini.root, tmp_path).records()
    assert missing in caught.value.received
    assert "https://doi.org/10.1038/s41597-023-02432-4" in str(caught.value)


def star(rng, side):
    """A polygon as people draw them: a few corners about a centre, not always convex."""
    corners = rng.integers(3, 12)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.05, 0.3, corners) * side
    centre = rng.uniform(0.35, 0.65, 2) * side
    return centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)


def shoelace(polygon):
    x, y = polygon.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@pytest.mark.parametrize("scale", [1.0, 0.37])
def test_fill_agrees_with_another_rasteriser(scale):
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:200, :220]
    centres = np.stack([columns.ravel(), rows.ravel()], 1) + 0.5
    for _ in range(30):
        polygon = star(rng, 200 / scale)
        mask = fill((polygon,), (200, 220), scale).astype(bool)
        other = Path(polygon * scale).contains_points(centres).reshape(mask.shape)
        boundary = binary_dilation(other) & ~binary_erosion(other)
        assert not ((mask != other) & ~boundary).any()
        assert np.count_nonzero(mask != other) <= 2


def test_fill_neither_enlarges_nor_shifts_a_fracture():
    rng = np.random.default_rng(1)
    polygons = [star(rng, 200) for _ in range(200)]
    masks = [fill((polygon,), (200, 220), 1.0) for polygon in polygons]
    areas = [mask.sum() for mask in masks]
    assert np.sum(areas) == pytest.approx(np.sum([shoelace(p) for p in polygons]), rel=2e-3)
    middle = np.array([100.25, 100.75])
    diamond = middle + np.array([[-30, 0], [0, -30], [30, 0], [0, 30]])
    rows, columns = np.nonzero(fill((diamond,), (200, 220), 1.0))
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(middle, abs=0.05)


def test_fill_draws_every_polygon_and_holds_only_0_and_1():
    square = np.array([[2, 3], [6, 3], [6, 9], [2, 9]])
    mask = fill((square, square + 10), (20, 20), 1.0)
    expected = np.zeros((20, 20), np.uint8)
    expected[3:9, 2:6] = expected[13:19, 12:16] = 1
    assert mask.dtype == np.uint8
    assert (mask == expected).all()


def test_fill_cuts_off_what_lies_outside_the_picture():
    wide = np.array([[-5, -5], [50, -5], [50, 4], [-5, 4]])
    mask = fill((wide,), (10, 8), 1.0)
    assert mask[:4].all()
    assert not mask[4:].any()


def test_fill_of_no_polygons_is_empty():
    assert not fill((), (5, 6, 1), 1.0).any()
    assert fill((), (5, 6, 1), 1.0).shape == (5, 6)


def test_folds_of_the_real_table_are_of_equal_make_up(shared_data, tmp_path):
    entries = unbuilt(shared_data / "fracatlas", tmp_path).catalogue().entries
    dealt = deal([(e.group, e.stratum) for e in entries], 5)
    counts = np.bincount([dealt[e.group] for e in entries])
    fractured = np.bincount([dealt[e.group] for e in entries if e.fracture == 1])
    # Folds by the hash of the group alone held 505 to 933 and 76 to 179.
    assert np.ptp(counts) <= 10
    assert np.ptp(fractured) <= 6


def test_the_authors_split_is_read_from_their_tables(tmp_path):
    mini = Miniature(tmp_path / "FracAtlas")
    drawn = picture(0, fractured=True)
    for number in (0, 100, 200, 300):
        fractured = number != 300
        mini.add(number, jpeg(drawn.image), fractured=fractured, polygons=[box_of(drawn.mask)])
    mini.close()
    for part, number in (("train", 0), ("valid", 100), ("test", 200)):
        path = mini.root / OFFICIAL.format(part)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"image_id\n{name(number)}\n")
    entries = unbuilt(mini.root, tmp_path).catalogue().entries
    assert [e.split for e in entries] == ["train", "validation", "test", ""]


def test_the_real_official_split_keeps_its_evaluation(shared_data, tmp_path):
    entries = unbuilt(shared_data / "fracatlas", tmp_path).catalogue().entries
    assert Counter(e.split for e in entries if e.fracture == 0).keys() == {""}
    records = [Record(e.id, e.group, None, e.split, e.stratum) for e in entries]
    made = partition(records, split="official", folds=5)
    assert Counter(made.split_of.values()) == {"train": 2848, "validation": 82, "test": 61}
    assert len(made.left_out) == 552
    assert not crossing(made.rows(records), {"train"}, {"validation"}, {"test"})
    made = partition(records, split="official-groups", folds=5)
    assert Counter(made.split_of.values()) == {"train": 2848, "validation": 302, "test": 389}
    assert len(made.left_out) == 4


@pytest.mark.slow
def test_the_real_fracatlas_is_built_without_its_faults(shared_data, tmp_path, record_property):
    def make(data_dir):
        return FracAtlas(
            source=shared_data / "fracatlas", folds=5, progress=lambda *_: None, data_dir=data_dir
        )

    folder, builder = build(make, tmp_path / "fracatlas")
    reasons = builder.report.left_out
    assert sum("cannot be decoded" in reason for reason in reasons.values()) == 57
    assert sum("is filler" in reason for reason in reasons.values()) == 6

    with (shared_data / "fracatlas_groups.csv").open(newline="") as file:
        published = {row["image_id"][:-4]: row["group"] for row in csv.DictReader(file)}
    computed = {tuple(sorted(pair)) for pair in builder.report.notes["near_duplicates"]}
    assert all(published[one] == published[other] for one, other in computed)
    sound = {n for n in published if n not in reasons or "same picture as" in reasons[n]}
    pairs = {p for p in combinations(sorted(sound), 2) if published[p[0]] == published[p[1]]}
    assert len(pairs & computed) >= 70

    folds, examples = {}, {}
    for fold in folder.counts:
        for e in folder.builder.as_dataset(split=fold).as_numpy_iterator():
            folds.setdefault(e["group"], set()).add(fold)
            examples[e["id"].decode()] = fold
            assert e["fracture"] == 1 or not e["mask"].any()
    assert len(examples) == sum(folder.counts.values())
    assert all(len(fold) == 1 for fold in folds.values())
    crossing = [p for p in pairs if len({examples[n] for n in p if n in examples}) > 1]
    record_property("pairs", len(pairs))
    record_property("found", len(pairs & computed))
    record_property("crossing", len(crossing))
    # Of 77 published pairs 5 correlate too little to be found; 2 of these part.
    assert len(crossing) <= 2, crossing
