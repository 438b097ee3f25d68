"""`bonefrac-data compare` writes one sheet, whole or not at all, and tells the numbers."""

import json

import cv2
import pytest
from click.testing import CliRunner

from bonefrac.cli.data import data
from bonefrac.data.phantom import draw


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "xrays"
    folder.mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / f"{index}.png"), draw(seed=1, index=index).image)
    return folder


def run(*words):
    return CliRunner().invoke(data, ["compare", *map(str, words)])


def test_a_sheet_and_its_numbers(pictures, tmp_path):
    sheet = tmp_path / "sheet.png"
    done = run(pictures, "--output", sheet, "--count", 2, "--body-part", "leg", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["sheet"] == str(sheet)
    assert 0 < told["body_parts"]["leg"]["grey_overlap"] < 1
    image = cv2.imread(str(sheet))
    assert image.shape[1] > image.shape[0] > 400
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sheet.png", "xrays"]


def test_a_mistake_is_one_line_and_leaves_no_sheet(pictures, tmp_path):
    sheet = tmp_path / "sheet.png"
    done = run(pictures, "--output", sheet, "--body-part", "skull")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert not sheet.exists()
    assert run(pictures / "none", "--output", sheet).exit_code == 2
