"""The U, written once: down through `filters`, up again, skips joined."""

from collections.abc import Callable, Sequence

from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models.blocks import Tensor, conv_block, up_resize

Block = Callable[..., Tensor]  # (x, filters, *, name) -> x


def u_shape(
    x: Tensor, filters: Sequence[int], *, block: Block = conv_block, up: Block = up_resize
) -> tuple[Tensor, Tensor]:
    """Encoder and decoder with a skip at each resolution.

    Args:
        x: [B, H, W, C]; H and W divide by 2 ** (len(filters) - 1).
        filters: channels at each resolution, the full one first.
        block: convolutions at one resolution.
        up: doubles the resolution.

    Returns:
        The full-size feature maps [B, H, W, filters[0]] and the deepest ones.

    Raises:
        BonefracError: the size does not divide.
    """
    check_size(x.shape[1:3], stride=2 ** (len(filters) - 1))
    skips = []
    for level, channels in enumerate(filters[:-1]):
        x = block(x, channels, name=f"enc{level}")
        skips.append(x)
        x = kl.MaxPooling2D(name=f"enc{level}_pool")(x)
    x = bottom = block(x, filters[-1], name="bottom")
    for level, channels in reversed(list(enumerate(filters[:-1]))):
        x = up(x, channels, name=f"dec{level}")
        x = kl.Concatenate(name=f"dec{level}_join")([skips[level], x])
        x = block(x, channels, name=f"dec{level}")
    return x, bottom


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
