"""`bonefrac models`: the list, and one network shown, in real processes."""

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

from bonefrac import build_model
from bonefrac.models.presets import PRESETS


def run(*words, cwd=None):
    program = Path(sys.executable).parent / "bonefrac"
    arguments = ["models", *(str(word) for word in words)]
    return subprocess.run([program, *arguments], capture_output=True, text=True, cwd=cwd)


def test_the_list_imports_nothing_heavy():
    heavy = "('tensorflow', 'keras', 'numpy', 'matplotlib', 'rich', 'PIL', 'cv2')"
    code = (
        "import sys; from bonefrac.cli.main import main;"
        "main.main(['models'], standalone_mode=False);"
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 + len(PRESETS)


def test_the_list_names_every_preset_with_its_numbers():
    _, *lines = run().stdout.splitlines()
    for line, (name, preset) in zip(lines, PRESETS.items(), strict=True):
        assert line.split()[:3] == [name, f"{preset.params:,}", f"{preset.gmacs:.2f}"]
        assert preset.reference in line
        assert line.endswith(preset.summary.removeprefix("for "))


def test_the_list_as_json():
    rows = json.loads(run("--json").stdout)
    assert [row["name"] for row in rows] == list(PRESETS)
    for row in rows:
        preset = PRESETS[row["name"]]
        assert (row["params"], row["gmacs"]) == (preset.params, preset.gmacs)
        assert (row["reference"], row["summary"]) == (preset.reference, preset.summary)


def test_show_prints_every_layer_and_draws(tmp_path):
    picture = tmp_path / "u.png"
    done = run("show", "r2unet_tiny", "--image-size", 64, "--output", picture)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    _, *layers, total, last = done.stdout.splitlines()
    model = build_model("r2unet_tiny", image_size=64)
    assert [line.split()[0] for line in layers] == [layer.name for layer in model.layers]
    (conv,) = (line for line in layers if line.startswith("enc0_conv1 "))
    assert conv.split() == ["enc0_conv1", "Conv2D", "×3", "64×64×8", "584", "7,077,888"]
    assert total.split()[3] == f"{PRESETS['r2unet_tiny'].params:,}"
    assert last == f"Picture: {picture}"
    with Image.open(picture) as image:
        assert image.width == 1200
        assert 600 < image.height < 1400


def test_show_writes_into_the_folder_it_runs_in(tmp_path):
    assert run("show", "vit_tiny_patch16", "--image-size", 32, cwd=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["vit_tiny_patch16.png"]


def test_mistakes_are_told_in_one_line(tmp_path):
    for words, part in (
        (("show", "unet_tny"), "Did you mean 'unet_tiny'"),
        (("show", "unet_tiny", "--image-size", 60), "multiples of 16"),
        (("show", "unet_tiny", "--image-size", 32, "-o", tmp_path / "x.jpg"), ".png"),
    ):
        done = run(*words, cwd=tmp_path)
        assert done.returncode == 1, done
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("Error: ")
        assert part in line
    assert not list(tmp_path.iterdir())


def test_json_of_one_network_is_wrong_usage():
    done = run("--json", "show", "unet_tiny")
    assert done.returncode == 2
    assert "leave it out" in done.stderr


def test_show_lists_a_foreign_network_and_draws_none(tmp_path):
    name = "deeplab_v3_plus_mobilenet_v3_small"
    done = run("show", name, "--image-size", 256, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (foreign,) = (x for x in done.stdout.splitlines() if x.startswith("deeplab_v3_plus "))
    assert foreign.split()[1:4] == ["KerasCVNetwork", "256×256×16", "8×8×256"]
    macs = int(done.stdout.splitlines()[-1].split()[-1].replace(",", ""))
    assert round(macs / 1e9, 2) == PRESETS[name].gmacs
    assert not list(tmp_path.iterdir())
    done = run("show", name, "--output", tmp_path / "x.png")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: A picture of {name}; expected ")
