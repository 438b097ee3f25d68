"""The U, written once: down through `filters`, up again, skips joined."""

from collections.abc import Callable, Sequence

from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models.blocks import Tensor, conv_block, up_resize

Block = Callable[..., Tensor]  # (x, filters, *, name) -> x
Gate = Callable[..., Tensor]  # (skip, coarse, fine, *, level) -> skip


def u_shape(
    x: Tensor,
    filters: Sequence[int],
    *,
    block: Block = conv_block,
    up: Block = up_resize,
    gate: Gate | None = None,
) -> list[Tensor]:
    """Encoder and decoder with a skip at each resolution.

    Args:
        x: [B, H, W, C]; H and W divide by 2 ** (len(filters) - 1).
        filters: channels at each resolution, the full one first.
        block: convolutions at one resolution.
        up: doubles the resolution.
        gate: what a skip passes before it joins, see `up_path`.

    Returns:
        The feature maps of every resolution: the full one [B, H, W, filters[0]] first, the deepest
        ones last.

    Raises:
        BonefracError: the size does not divide.
    """
    check_size(x.shape[1:3], stride=2 ** (len(filters) - 1))
    skips = []
    for level, channels in enumerate(filters[:-1]):
        x = block(x, channels, name=f"enc{level}")
        skips.append(x)
        x = kl.MaxPooling2D(name=f"enc{level}_pool")(x)
    bottom = block(x, filters[-1], name="bottom")
    return [*up_path(bottom, skips, filters[:-1], block=block, up=up, gate=gate), bottom]


def up_path(
    x: Tensor,
    skips: Sequence[Tensor],
    filters: Sequence[int],
    *,
    block: Block = conv_block,
    up: Block = up_resize,
    gate: Gate | None = None,
) -> list[Tensor]:
    """The decoder alone: from the bottom to full size, a skip joined at each resolution.

    Args:
        x: bottom, half as large as the last skip.
        skips: one a resolution, the full one first.
        filters: channels after each join, in the order of the skips.
        block: convolutions at one resolution.
        up: doubles the resolution.
        gate: takes the skip, the feature maps before and after they are doubled, and the level (0
            is full size); answers with the skip to join.

    Returns:
        The feature maps of every resolution, the full one first.
    """
    grids: list[Tensor] = []
    for level in reversed(range(len(skips))):
        fine = up(x, filters[level], name=f"dec{level}")
        skip = gate(skips[level], x, fine, level=level) if gate else skips[level]
        x = kl.Concatenate(name=f"dec{level}_join")([skip, fine])
        x = block(x, filters[level], name=f"dec{level}")
        grids.insert(0, x)
    return grids


def check_size(size: Sequence[int | None], *, stride: int) -> None:
    """Refuse a size that does not divide, and name the nearest that do."""
    for side in size:
        if side is not None and (side % stride or side == 0):
            below = side // stride * stride
            near = f"{below} or {below + stride}" if below else str(stride)
            raise BonefracError(
                f"Image size {size[0]}x{size[1]}",
                expected=f"multiples of {stride}",
                fix=f"Use {near}",
            )
