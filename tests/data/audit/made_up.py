"""Made-up radiographs and catalogues of them."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image
from scipy.fft import idctn

from bonefrac.data.audit.examine import audit
from bonefrac.data.catalogue import Catalogue, Entry


def picture(seed, height=120, width=100):
    """uint8 [H, W], smooth as a radiograph is, dark at the border and grainy as a detector."""
    rng = np.random.default_rng(seed)
    v, u = np.indices((height, width))
    smooth = idctn(rng.normal(size=(height, width)) / (1 + u + v) ** 1.5, norm="ortho")
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    window = np.sin(np.pi * (v + 0.5) / height) * np.sin(np.pi * (u + 0.5) / width)
    grain = rng.normal(size=(height, width))
    return (200 * smooth * window + 15 + grain).clip(0, 255).astype(np.uint8)


def encoded(pixels, kind="JPEG", **options):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, kind, **options)
    return out.getvalue()


class Folder:
    """A data set that a test fills radiograph by radiograph, then audits."""

    def __init__(self, root):
        self.root = root
        self.entries = []
        self.told = {}

    def add(self, id=None, *, data=None, pixels=None, **fields):
        """Write a file (None: another picture than all before) and its entry."""
        number = len(self.entries)
        id = id or f"r{number:04d}"
        path = self.root / f"{id}.jpg"
        if data is None:
            data = encoded(picture(number) if pixels is None else pixels, quality=92)
        path.write_bytes(data)
        self.entries.append(Entry(**{"id": id, "path": path, "fracture": number % 2} | fields))
        return self.entries[-1]

    def change(self, index, **fields):
        self.entries[index] = replace(self.entries[index], **fields)

    def catalogue(self):
        return Catalogue("made up", self.root, tuple(self.entries), **self.told)

    def audit(self):
        """check -> finding."""
        found = audit(self.catalogue(), progress=lambda *_: None)
        return {finding.check: finding for finding in found.findings}
