"""Phantom radiographs as a data set: drawn, exact, and free to share."""

from typing import Any

from bonefrac.data.builder import FoldedBuilder, Record
from bonefrac.data.features import example
from bonefrac.data.phantom import Difficulty, draw


class Phantom(FoldedBuilder):
    """The tfds builder; a pure function of count, seed and difficulty.

    Args:
        count: how many radiographs to draw.
        seed: of the drawings.
        difficulty: "close", "easy", "medium" or "hard".
        **kwargs: of `FoldedBuilder`.
    """

    name = "phantom"
    description = "Limbs drawn by projecting 3-D models through Beer-Lambert attenuation."

    def __init__(
        self, *, count: int, seed: int, difficulty: Difficulty = "medium", **kwargs: Any
    ) -> None:
        self.count = count
        self.seed = seed
        self.difficulty = difficulty
        super().__init__(**kwargs)

    def records(self) -> list[Record]:
        """One radiograph a group: no two show the same bones.

        The same index at another difficulty shows the same patient: another id, the same group.
        """
        groups = [f"phantom-{self.seed}-{index:06d}" for index in range(self.count)]
        suffix = "" if self.difficulty == "medium" else f"-{self.difficulty}"
        return [Record(group + suffix, group, index) for index, group in enumerate(groups)]

    def example(self, record: Record) -> dict[str, Any]:
        """Draw one radiograph."""
        phantom = draw(seed=self.seed, index=record.payload, difficulty=self.difficulty)
        return example(
            id=record.id,
            group=record.group,
            image=phantom.image,
            mask=phantom.mask,
            fracture=int(phantom.fracture != "none"),
            body_part=phantom.body_part,
            view=phantom.view,
            hardware=int(phantom.hardware),
        )
