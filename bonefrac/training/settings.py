"""What a training is."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What a training is; equal settings on equal data give equal weights on one machine.

    Attributes:
        preset: what to train.
        image_size: side of the square that a radiograph is fitted to, pixels.
        epochs: passes over the training folds.
        batch_size: radiographs a step.
        learning_rate: the peak, after the warm-up.
        seed: of weights, order and augmentation.
        fold: the fold to test on; the next one validates, the rest trains. 0 without folds.
        augment: name of a strength of augmentation.
        weights: of the data sets, in their order; none for shares as large as their sizes.
        overrides: arguments of the preset to replace; heads that the data can teach are added.
        loss: of the mask, a name of `schema.MASK_LOSSES`.
        positive_weight: how much more a fractured label counts than another.
        pixel_weight: how much more a pixel of a fracture counts in the mask's cross-entropy.
        deep_supervision: teach the mask at the coarser resolutions too.
        schedule: how the learning rate falls, a name of `schema.SCHEDULES`.
        warmup: updates until the peak; None is a tenth of all, at most 500.
        weight_decay: of AdamW, decoupled; not of biases and normalisations.
        clip_norm: largest norm of all gradients together, 0 for any.
        ema: momentum of the moving average that answers in place of the weights, 0 for none.
        accumulate: batches whose gradients make one update.
        precision: of the computation, a name of `schema.PRECISIONS`.
        validate_every: epochs between validations; one follows the last epoch anyway.
        patience: epochs without a better one until the training stops, 0 for never.
        foreground: share of each batch that holds a fracture, 0 for as many as there are.
        crop: side of the square that is cut out of a radiograph to train on, pixels; 0 for all.
        sliding: answer window by window of that size, also where the network takes any size.
        devices: of each process, which share a batch; normalisation sees its own share only.
        finetune: run or model folder to start from; None for fresh weights.
        freeze: "encoder" for one that learns nothing, or None.
        encoder_rate: learning rate of the encoder over that of the rest.
        teacher: run or model folder, or a shipped name, whose answers are learned; None for none.
        hint: weight of the likeness of the deepest maps to the teacher's in the loss, 0 for none.
        teacher_share: of what is aimed at, what the teacher says; the rest is the truth.
    """

    preset: str
    image_size: int = 256
    epochs: int = 30
    batch_size: int = 8
    learning_rate: float = 1e-3
    seed: int = 0
    fold: int = 0
    augment: str = "default"
    weights: tuple[float, ...] = ()
    overrides: dict[str, Any] = field(default_factory=dict)
    loss: str = "dice_bce"
    positive_weight: float = 1.0
    pixel_weight: float = 1.0
    deep_supervision: bool = False
    schedule: str = "cosine"
    warmup: int | None = None
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    ema: float = 0.0
    accumulate: int = 1
    precision: str = "float32"
    validate_every: int = 1
    patience: int = 0
    foreground: float = 0.0
    crop: int = 0
    sliding: bool = False
    devices: int = 1
    finetune: str | None = None
    freeze: str | None = None
    encoder_rate: float = 1.0
    teacher: str | None = None
    teacher_share: float = 0.5
    hint: float = 0.0
