"""What a training is."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What a training is; equal settings on equal data give equal weights on one machine.

    Attributes:
        preset: what to train.
        image_size: side of the square input, pixels.
        epochs: passes over the training folds.
        batch_size: radiographs a step.
        learning_rate: the peak, after the warm-up.
        seed: of weights, order and augmentation.
        fold: the fold to test on; the next one validates, the rest trains. 0 without folds.
        mixed_precision: bfloat16 where it is safe.
        augment: name of a strength of augmentation.
        weights: of the data sets, in their order; none for shares as large as their sizes.
        overrides: arguments of the preset to replace; heads that the data can teach are added.
        devices: of each process, which share a batch; normalisation sees its own share only.
        finetune: run or model folder to start from; None for fresh weights.
        freeze: "encoder" for one that learns nothing, or None.
        encoder_rate: learning rate of the encoder over that of the rest.
    """

    preset: str
    image_size: int = 256
    epochs: int = 30
    batch_size: int = 8
    learning_rate: float = 1e-3
    seed: int = 0
    fold: int = 0
    mixed_precision: bool = False
    augment: str = "default"
    weights: tuple[float, ...] = ()
    overrides: dict[str, Any] = field(default_factory=dict)
    devices: int = 1
    finetune: str | None = None
    freeze: str | None = None
    encoder_rate: float = 1.0
