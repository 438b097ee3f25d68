"""Each check is a pure function from the evidence to findings, none or one of them."""

from collections.abc import Callable, Iterator

from bonefrac.data.audit.checks import copies, files, outlines, pixels, splits
from bonefrac.data.audit.finding import Evidence, Finding

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    files.missing,
    files.unreadable,
    files.filler,
    files.turned,
    files.encodings,
    files.colour,
    copies.two_labels,
    copies.same_file,
    copies.same_pixels,
    copies.near,
    splits.copies_across,
    splits.groups_across,
    outlines.intact_outlined,
    outlines.fractured_not_outlined,
    outlines.out_of_bounds,
    outlines.mask_pictures,
    outlines.mask_values,
    outlines.degenerate,
    outlines.sizes,
    pixels.blank,
    pixels.inverted,
    pixels.exposure,
    pixels.sizes,
)
