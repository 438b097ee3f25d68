"""A sheet shows what it says it shows, hides no lesion, and is the same for the same seed."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from bonefrac.cli.data import data as command
from bonefrac.data.features import example
from bonefrac.data.sheet import Cell, draw_sheet, write_sheet
from bonefrac.errors import BonefracError

SPLIT = "fold0+fold1+fold2"


def shown(path):
    return np.asarray(Image.open(path))


def write(data, path, **options):
    options = {"split": SPLIT, "count": 6, "seed": 0} | options
    choice = write_sheet(data, path, **options)
    return choice, shown(path)


def cell(size=(400, 300), **options):
    blank = np.zeros(size, np.uint8)
    return Cell(
        **{"pixels": blank, "mask": blank, "title": "a", "words": "b", "marked": False} | options
    )


def coloured(sheet):
    """Where a smoothed amber line is."""
    return sheet[..., 0].astype(int) - sheet[..., 2] > 60


@pytest.fixture(scope="module")
def grays(build_examples, tmp_path_factory):
    """Flat pictures; gray level 40 + 10 * index tells which is which."""
    mask = np.zeros((60, 60), np.uint8)
    mask[20:30, 20:30] = 1
    kinds = [{"fracture": 1, "mask": mask}, {"fracture": 0}, {}, {"fracture": 1}]

    def one(index):
        image = np.full((60, 60), 40 + 10 * index, np.uint8)
        return example(id=f"{index}", group=f"{index}", image=image, **kinds[index % 4])

    out = tmp_path_factory.mktemp("grays") / "data"
    return build_examples([one(index) for index in range(16)], out)


def kinds_shown(sheet):
    """Which of the flat pictures a sheet shows."""
    gray = (sheet == sheet[..., :1]).all(axis=-1)
    levels, counts = np.unique(sheet[..., 0][gray], return_counts=True)
    large = levels[counts > 10_000]
    return sorted((int(level) - 40) // 10 for level in large if level >= 40 and level % 10 == 0)


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        ("fractured", {0, 3}),
        ("intact", {1}),
        ("unknown", {2}),
        ("outlined", {0}),
        (None, {0, 1, 2, 3}),
    ],
)
def test_only_what_was_asked_for_is_shown(grays, tmp_path, only, kinds):
    choice, sheet = write(grays, tmp_path / "sheet.png", only=only, count=16)
    expected = [k for k in range(16) if k % 4 in kinds]
    assert choice == len(expected)
    assert kinds_shown(sheet) == expected


def test_a_split_shows_its_own(grays, tmp_path):
    seen = []
    for fold in SPLIT.split("+"):
        choice, sheet = write(grays, tmp_path / "sheet.png", split=fold, count=16)
        assert choice == grays.counts[fold] == len(kinds_shown(sheet))
        seen += kinds_shown(sheet)
    assert sorted(seen) == list(range(16))


def test_the_seed_alone_decides(phantom_data, tmp_path):
    (_, one), (_, same), (_, other) = (
        write(phantom_data, tmp_path / f"{k}.png", seed=seed) for k, seed in enumerate((1, 1, 2))
    )
    assert (one == same).all()
    assert one.shape != other.shape or (one != other).any()


def sheet_of(mask):
    """A mask of a cell's size in the place of the only cell of a sheet."""
    blank = draw_sheet([cell(mask.shape)], title="")
    black = np.argwhere((blank == 0).all(axis=-1))
    top, left = black.min(axis=0)
    placed = np.zeros(blank.shape[:2], np.uint8)
    placed[top : top + len(mask), left : left + len(mask)] = mask
    return placed


def test_an_outline_encloses_the_lesion_and_touches_none_of_it():
    mask = np.zeros((300, 300), np.uint8)
    mask[100:140, 80:200] = 1
    plain = draw_sheet([cell((300, 300))], title="")
    drawn = draw_sheet([cell((300, 300), mask=mask)], title="")
    changed = (plain != drawn).any(axis=-1)
    ((top, left), (bottom, right)) = (
        reach(np.argwhere(changed), axis=0) for reach in (np.min, np.max)
    )
    assert 40 < bottom + 1 - top <= 40 + 2 * 4
    assert 120 < right + 1 - left <= 120 + 2 * 4
    # The grid's margins are those of the sheet, whose cell is as large as the picture.
    assert not changed[sheet_of(mask) == 1].any()
    assert coloured(drawn).sum() < 2.5 * 2 * (40 + 120)


@pytest.mark.parametrize("side", [1, 3])
def test_a_lesion_of_a_pixel_in_a_large_picture_is_still_seen(side):
    mask = np.zeros((3000, 2400), np.uint8)
    mask[1001 : 1001 + side, 777 : 777 + side] = 1
    sheet = draw_sheet([cell(mask.shape, mask=mask)], title="")
    assert coloured(sheet).sum() >= 12


@pytest.mark.parametrize(
    ("count", "across", "down"), [(1, 1, 1), (2, 2, 1), (12, 4, 3), (24, 6, 4)]
)
def test_rows_are_full_and_the_grid_is_even(count, across, down):
    height, width, _ = draw_sheet([cell()] * count, title="").shape
    one = draw_sheet([cell()], title="").shape
    assert width == across * (one[1] - 14) + 14
    assert (height - one[0]) % (down - 1 or 1) == 0
    assert (height > one[0]) == (down > 1)


def test_long_names_stay_in_their_cell():
    names = [cell(title=letter * 500, words="w" * 500) for letter in "MW"]
    sheet = draw_sheet(names, title="t" * 500)
    background = sheet[0, 0]
    assert (sheet[:, :14] == background).all()
    assert (sheet[:, -14:] == background).all()
    assert (sheet[70:, 314:328] == background).all()


def test_nothing_to_show_is_told_and_the_old_sheet_stays(phantom_data, tmp_path):
    path = tmp_path / "sheet.png"
    path.write_text("old")
    with pytest.raises(BonefracError, match=r"30 radiographs of .* none of them unknown"):
        write_sheet(phantom_data, path, split=SPLIT, count=3, seed=0, only="unknown")
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]
    assert path.read_text() == "old"


def test_the_command_tells_what_it_drew(phantom_data, tmp_path):
    path = tmp_path / "sheet.jpg"
    words = ["show", phantom_data.path, "-o", path, "--split", "fold1", "--count", 2, "--seed", 3]
    done = CliRunner().invoke(command, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{path}: 2 of {phantom_data.counts['fold1']} radiographs\n"
    assert shown(path).ndim == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "sheet.txt"], "neither .png nor .jpg"),
        (["-o", "s.png", "--split", "foldo"], "fold0"),
    ],
)
def test_wrong_usage_exits_2(phantom_data, words, told):
    done = CliRunner().invoke(command, ["show", str(phantom_data.path), *words])
    assert done.exit_code == 2
    assert told in done.stderr
