"""What a picture shows of a network: its stages, found in the Keras graph by their names."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bonefrac.errors import BonefracError

if TYPE_CHECKING:
    import keras

Shape = tuple[int, ...]
Feeds = Mapping[str, list[tuple[str, Shape]]]  # layer -> (who made its input, of what shape)
Owners = Mapping[str, str | None]  # layer -> stage
# A pooling lies between two stages; so does every layer that no name below begins.
_STAGE = re.compile(
    r"(enc\d+(?!_pool)|dec\d+_gate|dec\d+|bottom|block\d+|patches|tokens|image)(?:_|$)"
)


@dataclass(frozen=True)
class Stage:
    """Layers that share the beginning of their names, and the output that leaves them.

    Attributes:
        name: as in the layer names: `enc0`, `bottom`, `dec0`, `dec0_gate`, `block07`; an output
            layer is a stage of its own.
        shape: of what it hands on, without the batch.
        steps: recurrences of a layer, the t of R2U-Net; 0 where nothing recurs.
        kinds: class names of its layers.
    """

    name: str
    shape: Shape
    steps: int
    kinds: frozenset[str]


@dataclass(frozen=True)
class Graph:
    """Stages and who feeds whom.

    Attributes:
        name: of the model.
        params: its trainable parameters.
        stages: by name, in the order of the graph.
        sources: for each stage the stages it is fed by; layers between stages are passed through.
        outputs: the stages that are outputs.
        num_heads: of the attention; 0 without one.
    """

    name: str
    params: int
    stages: Mapping[str, Stage]
    sources: Mapping[str, frozenset[str]]
    outputs: tuple[str, ...]
    num_heads: int

    def levels(self, side: str) -> list[int]:
        """Numbers of the resolutions of a side, `enc` or `dec`, the full one first."""
        found = (re.fullmatch(rf"{side}(\d+)", name) for name in self.stages)
        return sorted(int(match[1]) for match in found if match)

    def blocks(self) -> list[str]:
        """Names of the transformer blocks, the first first."""
        return sorted(name for name in self.stages if name.startswith("block"))

    def skips(self) -> dict[int, str | None]:
        """For each resolution with a skip, the gate that the skip passes, or None."""
        found: dict[int, str | None] = {}
        for level in self.levels("dec"):
            feeds = self.sources[f"dec{level}"]
            gate = f"dec{level}_gate"
            if gate in feeds or f"enc{level}" in feeds:
                found[level] = gate if gate in feeds else None
        return found

    def coarser(self, level: int) -> str:
        """The stage that the decoder stage of a level enlarges."""
        feeds = self.sources[f"dec{level}"] - {f"enc{level}", f"dec{level}_gate"}
        return min(feeds)

    def signal(self, gate: str) -> str:
        """The stage that a gate listens to: its own decoder stage, or a coarser one."""
        return min(source for source in self.sources[gate] if not source.startswith("enc"))


def read_graph(model: "keras.Model") -> Graph:
    """Find the stages of a functional model by the names of its layers.

    Args:
        model: a U-Net of any kind or a Vision Transformer, of a fixed image size.

    Raises:
        BonefracError: the layers are not named as theirs, or the size is open.
    """
    config = model.get_config()
    entries = {entry["name"]: entry for entry in config["layers"]}
    outputs = tuple(name for name in _names(config["output_layers"]) if name in entries)
    owners = {name: name if name in outputs else _owner(name) for name in entries}
    feeds = {name: list(_tensors(entry["inbound_nodes"])) for name, entry in entries.items()}
    shapes = _shapes(feeds, owners)
    shapes |= {name: tuple(model.get_layer(name).output.shape[1:]) for name in outputs}
    stages = {
        stage: _stage(stage, shapes[stage], [e for n, e in entries.items() if owners[n] == stage])
        for stage in dict.fromkeys(owners.values())
        if stage
    }
    _check(model.name, stages)
    return Graph(
        name=model.name,
        params=sum(math.prod(weight.shape) for weight in model.trainable_variables),
        stages=stages,
        sources={stage: _sources(stage, feeds, owners) for stage in stages},
        outputs=outputs,
        num_heads=max(entry["config"].get("num_heads", 0) for entry in entries.values()),
    )


def _owner(layer: str) -> str | None:
    match = _STAGE.match(layer)
    return match[1] if match else None


def _names(node: Any) -> Iterator[str]:
    # Output layers come as {"mask": ["mask_logits", 0, 0]}, for one output as the list alone.
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping | list | tuple):
        for part in node.values() if isinstance(node, Mapping) else node:
            yield from _names(part)


def _tensors(node: Any) -> Iterator[tuple[str, Shape]]:
    """The tensors that a layer is called with: who made them, and their shape."""
    if isinstance(node, Mapping) and node.get("class_name") == "__keras_tensor__":
        yield node["config"]["keras_history"][0], tuple(node["config"]["shape"][1:])
    elif isinstance(node, Mapping | list | tuple):
        for part in node.values() if isinstance(node, Mapping) else node:
            yield from _tensors(part)


def _shapes(feeds: Feeds, owners: Owners) -> dict[str, Shape]:
    """What each stage hands on: of all that leaves it, what its last layer made."""
    order = {name: number for number, name in enumerate(feeds)}
    last: dict[str, tuple[int, Shape]] = {}
    for layer, tensors in feeds.items():
        for source, shape in tensors:
            stage = owners[source]
            if stage and stage != owners[layer] and order[source] >= last.get(stage, (0,))[0]:
                last[stage] = (order[source], shape)
    return {stage: shape for stage, (_, shape) in last.items()}


def _sources(stage: str, feeds: Feeds, owners: Owners) -> frozenset[str]:
    found: set[str] = set()
    layers = [layer for layer, owner in owners.items() if owner == stage]
    for layer in layers:  # grows by what lies between this stage and its sources
        for source, _ in feeds[layer]:
            owner = owners[source]
            if owner is None and source not in layers:
                layers.append(source)
            elif owner not in (None, stage):
                found.add(str(owner))
    return frozenset(found)


def _stage(name: str, shape: Shape, entries: list[dict[str, Any]]) -> Stage:
    return Stage(
        name=name,
        shape=shape,
        steps=max(0, *(len(entry["inbound_nodes"]) - 1 for entry in entries)),
        kinds=frozenset(entry["class_name"] for entry in entries),
    )


def _check(name: str, stages: Mapping[str, Stage]) -> None:
    if missing := {"image", "bottom"} - stages.keys():
        raise BonefracError(
            f"Network {name} without layers named {', '.join(sorted(missing))}",
            expected="the layer names of the U-Nets and the Vision Transformer",
            fix="Choose one of these to be drawn",
        )
    if any(None in stage.shape for stage in stages.values()):
        raise BonefracError(
            f"Network {name} of an open image size",
            expected="a fixed one",
            fix="Build it with an image_size",
        )
