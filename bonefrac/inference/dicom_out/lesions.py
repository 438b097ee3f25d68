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
    numbers: dict[tuple[int, int, int, int], list[int]] = {}
    for number, (rows, columns) in enumerate(find_objects(parts), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        numbers.setdefault((columns.start, rows.start, width, height), []).append(number)
    order = np.zeros(parts.max() + 1, np.uint16)
    for place, box in enumerate(finding.boxes, start=1):
        # Two lesions may have one box, such as two L that face each other: either is as good.
        order[numbers[box.x, box.y, box.width, box.height].pop()] = place
    return order[parts]
