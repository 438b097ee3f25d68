"""Pictures of networks: what they find in the graph, and that they are clean and repeatable."""

import re
from itertools import combinations

import keras
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from bonefrac import build_model
from bonefrac.errors import BonefracError
from bonefrac.models.diagram import draw, write_png
from bonefrac.models.diagram.graph import read_graph
from bonefrac.models.presets import PRESETS

DRAWN = ("unet", "r2unet", "attention_unet", "vit")
TINY = [n for n, p in PRESETS.items() if "tiny" in n and p.builder.partition(":")[0] in DRAWN]
VARIANTS = {
    **{name: (name, {}) for name in TINY},
    "three levels": ("unet_tiny", {"filters": (4, 8, 16)}),
    "up-convolution, mask alone": ("unet_tiny", {"heads": ("mask",), "up": "transpose"}),
    "label alone": ("unet_tiny", {"heads": ("fracture",)}),
    "four steps": ("r2unet_tiny", {"recurrent_steps": 4}),
    "full gates": ("attention_unet_tiny", {"gate": "full"}),
    "deep supervision": ("attention_unet_tiny", {"deep_supervision": True}),
    "transformer, label alone": ("vit_tiny_patch16", {"heads": ("fracture",)}),
    "uneven transformer": ("vit_tiny_patch16", {"num_layers": 22}),
    "large picture": ("attention_unet_tiny", {"image_size": 2048}),
    "small picture": ("vit_tiny_patch16", {"image_size": 32}),
}


@pytest.fixture(params=VARIANTS, name="model", scope="module")
def _model(request):
    name, overrides = VARIANTS[request.param]
    return build_model(name, **overrides)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def levels(model, pattern):
    found = (re.fullmatch(pattern, layer.name) for layer in model.layers)
    return sorted({int(match[1]) for match in found if match})


def test_levels_skips_and_gates_are_those_of_the_graph(model):
    graph = read_graph(model)
    assert graph.levels("enc") == levels(model, r"enc(\d+)_.*")
    assert graph.levels("dec") == levels(model, r"dec(\d+)_.*")
    assert sorted(graph.skips()) == levels(model, r"dec(\d+)_join")
    gated = [level for level, gate in graph.skips().items() if gate]
    assert gated == levels(model, r"dec(\d+)_gate")
    assert len(graph.blocks()) == len(levels(model, r"block(\d+)_attention"))
    assert set(graph.outputs) == {tensor._keras_history[0].name for tensor in model.outputs}


def test_shapes_are_those_of_the_layers(model):
    stages = read_graph(model).stages
    for level in levels(model, r"dec(\d+)_join"):
        join = model.get_layer(f"dec{level}_join").output.shape
        assert stages[f"dec{level}"].shape[:2] == join[1:3]
        assert stages[f"enc{level}"].shape[:2] == join[1:3]
    assert stages["image"].shape == model.input.shape[1:]


def test_every_resolution_and_output_is_labelled(model):
    graph, told = read_graph(model), "\n".join(words(draw(model)))
    for name, stage in graph.stages.items():
        if re.fullmatch(r"enc\d+|dec\d+|bottom", name):
            height, width, channels = stage.shape
            assert f"{channels} @ {height}×{width}" in told
    for output in graph.outputs:
        assert output.replace("_", " ") in told
    assert f"{graph.params:,} parameters" in told


def test_words_neither_overlap_nor_leave_the_page(model):
    figure = draw(model)
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.axes[0].texts]
    for (one, here), (other, there) in combinations(texts, 2):
        assert not here.overlaps(there), f"{one!r} and {other!r}"
    for text, box in texts:
        inside = figure.bbox.contains(box.x0, box.y0) and figure.bbox.contains(box.x1, box.y1)
        assert inside, text


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write_png(build_model("attention_unet_tiny"), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").stat().st_size < 150_000
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == 1200
        assert 600 < picture.height < 1400


def test_recurrences_are_counted_and_told():
    model = build_model("r2unet_tiny", recurrent_steps=3)
    assert {s.steps for n, s in read_graph(model).stages.items() if n[:3] in ("enc", "dec")} == {3}
    assert any("t = 3" in text for text in words(draw(model)))
    assert not any("t = " in text for text in words(draw(build_model("unet_tiny"))))


def test_gates_listen_to_what_they_listen_to():
    grid = read_graph(build_model("attention_unet_tiny"))
    assert [grid.signal(f"dec{level}_gate") for level in (1, 2, 3)] == ["dec2", "dec3", "bottom"]
    full = read_graph(build_model("attention_unet_tiny", gate="full"))
    assert [full.signal(f"dec{level}_gate") for level in (0, 3)] == ["dec0", "dec3"]


def test_a_network_of_another_kind_is_refused():
    image = keras.Input((8, 8, 1), name="image")
    other = keras.Model(image, keras.layers.Flatten(name="flat")(image), name="other")
    with pytest.raises(BonefracError, match="other without layers named bottom"):
        draw(other)


def test_an_open_size_is_refused():
    with pytest.raises(BonefracError, match=r"open image size.*image_size"):
        draw(build_model("unet_tiny", image_size=None))
