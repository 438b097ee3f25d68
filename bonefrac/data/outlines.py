"""What somebody drew around a fracture, in any tool's form, as a mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage.draw import polygon as inside


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels that somebody painted.

    Attributes:
        left: column of the upright picture where it begins; likewise `top`, a row.
        pixels: uint8 [h, w] of 0 and 1.
    """

    left: int
    top: int
    pixels: np.ndarray

    def paint(self, canvas: np.ndarray) -> None:
        """Join it with a mask [H, W] of the picture; what lies beyond the border is cut off."""
        top, left = max(self.top, 0), max(self.left, 0)
        inside = self.pixels[top - self.top :, left - self.left :].astype(canvas.dtype)
        room = canvas[top : top + inside.shape[0], left : left + inside.shape[1]]
        room |= inside[: room.shape[0], : room.shape[1]]


@dataclass(frozen=True, eq=False)
class Outlines:
    """The outlines of one radiograph; with nothing in it, somebody looked and drew nothing.

    Attributes:
        polygons: each [N, 2] as x, y of the upright picture, counted from pixel corners; a box
            is a polygon of four corners.
        normalised: whether they are shares of width and height instead of pixels.
        patches: joined with the polygons, always in pixels.
        mask_path: a picture of the upright radiograph's size, joined with them.
        mask_values: which of its values are the fracture; all but 0 if none are named.
        coarse: whether they are boxes around fractures and not the fractures themselves.
    """

    polygons: tuple[np.ndarray, ...] = ()
    normalised: bool = False
    patches: tuple[Patch, ...] = ()
    mask_path: Path | None = None
    mask_values: tuple[int, ...] = ()
    coarse: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is drawn; a mask picture may still turn out to be all 0."""
        return not self.polygons and not self.patches and self.mask_path is None

    def in_pixels(self, height: int, width: int) -> tuple[np.ndarray, ...]:
        """The polygons in pixels of the upright picture, whose size is given."""
        unit = np.array([width, height]) if self.normalised else 1.0
        return tuple(np.asarray(polygon, float) * unit for polygon in self.polygons)


def box(left: float, top: float, width: float, height: float) -> np.ndarray:
    """A box as a polygon, float [4, 2] of x, y."""
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)


def fill(
    polygons: Sequence[np.ndarray], shape: tuple[int, ...], scale: float | np.ndarray = 1.0
) -> np.ndarray:
    """Fill polygons into a mask: the pixels whose centre lies inside.

    `cv2.fillPoly` also paints the outline, which makes FracAtlas' fractures 9 % larger.

    Args:
        polygons: each [N, 2] as x, y in pixels, before scaling.
        shape: height and width of the mask.
        scale: pixels of the mask to a pixel of the polygons, one number or (x, y).

    Returns:
        uint8 [H, W] of 0 and 1.
    """
    mask = np.zeros(shape[:2], np.uint8)
    for polygon in polygons:
        # Outlines count from pixel corners, scikit-image from pixel centres.
        x, y = (polygon * scale - 0.5).T
        mask[inside(y, x, mask.shape)] = 1
    return mask
