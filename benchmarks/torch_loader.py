"""The PyTorch contender of `pipeline.py`; needs torch, Pillow and NumPy, not bonefrac.

python benchmarks/torch_loader.py --pictures DIR --size 256 --cores 1
"""

import argparse
import json
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

BATCH = 8
SECONDS = 8.0


class Pictures(Dataset):
    """Images and masks in their squares, float32 [S, S, 1] each."""

    def __init__(self, folder: Path, size: int) -> None:
        self.images, self.masks = (
            sorted((folder / kind).iterdir()) for kind in ("images", "masks")
        )
        self.size = size

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        # Pillow's bilinear filter is widened when shrinking, as the letterbox wants it.
        image = self.square(Image.open(self.images[index]).convert("L"), Image.Resampling.BILINEAR)
        mask = self.square(Image.open(self.masks[index]).convert("L"), Image.Resampling.NEAREST)
        return image, mask

    def square(self, image: Image.Image, filter: Image.Resampling) -> torch.Tensor:
        """Scaled to fit, centred on black."""
        scale = self.size / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        left, top = (self.size - width) // 2, (self.size - height) // 2
        square = np.zeros((self.size, self.size, 1), np.float32)
        square[top : top + height, left : left + width, 0] = image.resize((width, height), filter)
        return torch.from_numpy(square)


def main() -> None:
    """Print a JSON object of images a second, as `loaders.py` does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--cores", type=int, required=True)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    torch.set_num_threads(arguments.cores)
    pictures = Pictures(arguments.pictures, arguments.size)
    loader = DataLoader(
        pictures,
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=arguments.cores,
        persistent_workers=True,
        prefetch_factor=4,
    )
    stream = (batch for _ in iter(int, 1) for batch in loader)
    started, steps = time.perf_counter(), len(loader)
    for _ in range(steps):
        next(stream)
    first = steps * BATCH / (time.perf_counter() - started)
    started, busy, count = time.perf_counter(), processor_seconds(), 0
    while (elapsed := time.perf_counter() - started) < SECONDS:
        next(stream)
        count += 1
    ms = 1e3 * (processor_seconds() - busy) / count / BATCH
    print(json.dumps({"first": first, "later": count * BATCH / elapsed, "ms": ms}))


def processor_seconds() -> float:
    """Of this process and its workers."""
    pids = [os.getpid(), *(worker.pid for worker in multiprocessing.active_children())]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
