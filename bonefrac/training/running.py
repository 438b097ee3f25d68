"""How a training runs; what it learns is in `settings.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Running:
    """How a training runs, which changes nothing of what it learns.

    Attributes:
        checkpoint_minutes: between checkpoints within an epoch.
        preview_every: so many epochs a sheet of validation radiographs is drawn; 0 for never.
        tensorboard: whether to write TensorBoard events too.
        recipe: TOML that repeats the run, kept in its folder.
    """

    checkpoint_minutes: float = 10.0
    preview_every: int = 5
    tensorboard: bool = False
    recipe: str = ""
