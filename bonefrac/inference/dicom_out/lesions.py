"""The lesions of a finding one by one: which pixels are those of which box."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bonefrac.inference.finding import Finding


def labelled(finding: "Finding") -> np.ndarray:
    """Number the lesions of a mask in the order of the boxes.

    Returns:
        uint16 [H, W]: 0 outside, n inside the lesion of box n, counted from 1.
    """
    from scipy.ndimage import find_objects
    from skimage.measure import label

    parts = label(finding.mask > 0, connectivity=2)
    # No two lesions have one box: each would join its opposite sides and so cross the other.
    place = {(b.x, b.y, b.width, b.height): n for n, b in enumerate(finding.boxes, start=1)}
    order = np.zeros(parts.max() + 1, np.uint16)
    for number, (rows, columns) in enumerate(find_objects(parts), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        order[number] = place[columns.start, rows.start, width, height]
    return order[parts]
