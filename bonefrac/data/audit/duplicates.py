"""Pictures that are there more than once: the same, turned, mirrored, or encoded anew."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from scipy.fft import dctn

from bonefrac.data.catalogue import Entry
from bonefrac.data.splits import merge
from bonefrac.radiograph.letterbox import resize

THUMBNAIL_SIDE = 64
# On FracAtlas' 3,486 readable files, correlation of 64x64 thumbnails above this finds 73 of the 83
# published near-duplicate pairs and no other pair; 0.975 finds 2 more, and 12 that are not.
NEAR_DUPLICATE_CORRELATION = 0.98

Rows = Sequence[np.ndarray] | np.ndarray
Pairs = Sequence[tuple[int, int]]
Progress = Callable[[str, int, int], None]  # (what is done, how many, of how many)

_BLOCK = 1024  # rows compared at once: 4 MB of distances, which stay in the cache
_CHUNK = 256  # pairs of thumbnails correlated at once
# Where so many pairs of two blocks are candidates, one matrix product is cheaper than each alone.
_DENSE = 1 / 32
_COARSE, _FINE = 8, 16  # lowest frequencies, by side
_CUT_ROWS = 2  # of a thumbnail
_ROUNDING = 1e-4  # of a squared distance in float32


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """[H, W] -> float32 [64 * 64] of mean 0 and length 1 (all 0 for a blank picture)."""
    return _unit(resize(pixels, THUMBNAIL_SIDE, THUMBNAIL_SIDE).reshape(1, -1))[0]


def packed(thumbnail: np.ndarray) -> np.ndarray:
    """A thumbnail in a quarter of its memory: uint8, stretched from its darkest to its brightest.

    On FracAtlas it correlates with the original above 0.9998; all 0 stays all 0.
    """
    low, high = thumbnail.min(), thumbnail.max()
    return np.rint((thumbnail - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)


def near_duplicates(
    thumbnails: Rows,
    *,
    threshold: float = NEAR_DUPLICATE_CORRELATION,
    progress: Progress | None = None,
) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, that show the same picture, also turned by 90 degrees or mirrored.

    A perceptual hash proposes, the correlation of the thumbnails decides. The hash is the
    absolute values of the 16x16 lowest frequencies, those of (u, v) and (v, u) sorted: turning
    and mirroring do not change it, and by Bessel's inequality two hashes lie no further apart
    than the two thumbnails in any orientation. So it loses no pair: the answer is that of
    correlating all with all. Memory is linear in N, 1.6 KB a row beside the thumbnails.

    Args:
        thumbnails: N rows [64 * 64], as `thumbnail` or `packed` makes them.
        threshold: of the correlation of two thumbnails.
        progress: called as the comparison goes on.
    """
    rows = np.array([k for k in range(len(thumbnails)) if np.ptp(thumbnails[k]) > 0], int)
    radius = 2 * (1 - threshold) + _ROUNDING  # |a - b|^2 of unit vectors that correlate so
    hashes = _hashes(thumbnails, rows)
    pairs: list[tuple[int, int]] = []
    for done, (i, j, dense) in enumerate(_candidates(hashes, radius), start=1):
        verify = _same_of_all if dense else _same_of_each
        pairs += verify(thumbnails, rows[i], rows[j], threshold)
        if progress:
            progress("Comparing", done, _block_pairs(len(rows)))
    return sorted(pairs)


def copies_of_cut(
    thumbnails: Rows, cut: Mapping[int, float], *, threshold: float = NEAR_DUPLICATE_CORRELATION
) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of a picture that was cut short and one with the same upper part.

    On FracAtlas it finds the whole copy of each of the 6 pictures that end in filler, and no
    other; as whole pictures, none of the 6 correlates with its copy above 0.96.

    Args:
        thumbnails: N rows [64 * 64], as `thumbnail` or `packed` makes them.
        cut: index of a picture that ends in filler -> share of its height that is filler.
        threshold: of the correlation of the upper parts.
    """
    pairs: set[tuple[int, int]] = set()
    for k, share in cut.items():
        # The row of blocks in which the file was cut is filler in part.
        pixels = THUMBNAIL_SIDE * max(0, int(THUMBNAIL_SIDE * (1 - share)) - _CUT_ROWS)
        if pixels:
            upper = _unit(thumbnails[k][None, :pixels])[0]
            for start in range(0, len(thumbnails), _BLOCK):
                rows = range(start, min(start + _BLOCK, len(thumbnails)))
                part = _unit(np.stack([thumbnails[row][:pixels] for row in rows]))
                same = np.flatnonzero(part @ upper > threshold) + start
                pairs.update((min(k, j), max(k, j)) for j in same.tolist() if j != k)
    return sorted(pairs)


def exact_copies(digests: Sequence[str]) -> list[tuple[int, ...]]:
    """The sets of items, two or more, that share a digest; "" shares with none."""
    sets: dict[str, list[int]] = defaultdict(list)
    for k, digest in enumerate(digests):
        if digest:
            sets[digest].append(k)
    return [tuple(members) for members in sets.values() if len(members) > 1]


def joined_groups(entries: Sequence[Entry], duplicates: Pairs) -> list[str]:
    """The group of each entry: the catalogue's, joined where near-duplicates link two."""
    members: dict[str, list[int]] = defaultdict(list)
    for k, entry in enumerate(entries):
        members[entry.group or entry.id].append(k)
    first = merge(len(entries), [*members.values(), *duplicates])
    return [entries[k].group or entries[k].id for k in first]


def _unit(rows: np.ndarray) -> np.ndarray:
    """[N, D] -> float32 [N, D], rows of mean 0 and length 1; blank rows all 0."""
    centred = rows - rows.mean(axis=1, keepdims=True, dtype=np.float32)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    # A packed thumbnail that is not blank is longer than 250, a thumbnail has length 1.
    return np.where(norm > 1e-3, centred / np.maximum(norm, 1e-3), 0).astype(np.float32)


def _gather(thumbnails: Rows, rows: Iterable[int]) -> np.ndarray:
    return _unit(np.stack([thumbnails[k] for k in rows]))


def _hashes(thumbnails: Rows, rows: np.ndarray) -> np.ndarray:
    """float32 [N, 256], the 8x8 lowest frequencies first."""
    u, v = np.indices((_FINE, _FINE)).reshape(2, -1)
    order = np.argsort(np.maximum(u, v) >= _COARSE, kind="stable")
    hashes = np.empty((len(rows), _FINE**2), np.float32)
    for start in range(0, len(rows), _BLOCK):
        square = _gather(thumbnails, rows[start : start + _BLOCK])
        waves = dctn(square.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE), axes=(1, 2), norm="ortho")
        size = np.abs(waves[:, :_FINE, :_FINE])
        swapped = size.swapaxes(1, 2)
        upper = np.arange(_FINE)[:, None] <= np.arange(_FINE)
        sorted_ = np.where(upper, np.maximum(size, swapped), np.minimum(size, swapped))
        hashes[start : start + _BLOCK] = sorted_.reshape(len(square), -1)[:, order]
    return hashes


def _block_pairs(count: int) -> int:
    blocks = -(-count // _BLOCK)
    return blocks * (blocks + 1) // 2


def _candidates(hashes: np.ndarray, radius: float) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """For two blocks of rows after another: i, j of their close hashes, and whether they are many.

    Where they are many, i and j are all rows of the two blocks.
    """
    coarse = hashes[:, : _COARSE**2]
    half = (coarse**2).sum(axis=1, keepdims=True) / 2
    one = np.ones_like(half)
    # a.b - a.a/2 - b.b/2 = -|a - b|^2 / 2, in one product.
    left, right = np.hstack([coarse, half, one]), np.hstack([coarse, -one, -half])
    for start in range(0, len(hashes), _BLOCK):
        for other in range(start, len(hashes), _BLOCK):
            near = left[start : start + _BLOCK] @ right[other : other + _BLOCK].T > -radius / 2
            yield _refined(hashes, near, start, other, radius)


def _refined(
    hashes: np.ndarray, near: np.ndarray, start: int, other: int, radius: float
) -> tuple[np.ndarray, np.ndarray, bool]:
    if not near.any():
        return np.empty(0, int), np.empty(0, int), False
    i, j = np.nonzero(near)
    i, j = i + start, j + other
    i, j = i[i < j], j[i < j]
    close = np.zeros(len(i), bool)
    for at in range(0, len(i), 16 * _BLOCK):
        part = slice(at, at + 16 * _BLOCK)
        close[part] = ((hashes[i[part]] - hashes[j[part]]) ** 2).sum(axis=1) < radius
    if close.sum() > _DENSE * near.size:
        height, width = near.shape
        return np.arange(start, start + height), np.arange(other, other + width), True
    return i[close], j[close], False


def _same_of_each(
    thumbnails: Rows, i: np.ndarray, j: np.ndarray, threshold: float
) -> list[tuple[int, int]]:
    same: list[tuple[int, int]] = []
    for start in range(0, len(i), _CHUNK):
        part = slice(start, start + _CHUNK)
        one, other = _gather(thumbnails, i[part]), _gather(thumbnails, j[part])
        likeness = [np.einsum("nd,nd->n", turned, other) for turned in _orientations(one)]
        hit = np.max(likeness, axis=0) > threshold
        same += zip(i[part][hit].tolist(), j[part][hit].tolist(), strict=True)
    return same


def _same_of_all(
    thumbnails: Rows, i: np.ndarray, j: np.ndarray, threshold: float
) -> list[tuple[int, int]]:
    one, other = _gather(thumbnails, i), _gather(thumbnails, j)
    hit = np.zeros((len(i), len(j)), bool)
    for turned in _orientations(one):
        hit |= turned @ other.T > threshold
    pairs = zip(*(axis.tolist() for axis in np.nonzero(hit)), strict=True)
    return [(int(i[a]), int(j[b])) for a, b in pairs if i[a] < j[b]]


def _orientations(thumbnails: np.ndarray) -> Iterator[np.ndarray]:
    square = thumbnails.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    for mirrored in (square, square[:, :, ::-1]):
        for quarter in range(4):
            yield np.rot90(mirrored, quarter, axes=(1, 2)).reshape(thumbnails.shape)
