"""Pictures and their objects as models read them: what was fitted on train, arrays and batches."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from stages.data.pictures.picture import fit_into, pictures_of
from stages.runtime.files import read_json, write_json
from stages.tasks.detection.modeling.contract import Shape

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]  # pictures (B, H, W, C), objects (B, M, 5), weights (B,)


@dataclass(frozen=True)
class RegionPreprocessor:
    """How a picture becomes the bytes that networks read, and the classes of objects."""

    classes: list[str]
    size: list[int]  # H, W
    mean: list[float]  # of each channel over train
    deviation: list[float]
    filters: list[int]
    regions: int
    longest_side: int  # of pictures as they were read

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**read_json(path))

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, asdict(self), digits=None)

    @property
    def shape(self) -> Shape:
        """What a network has to know."""
        height, width = self.size
        channels = tuple(self.mean), tuple(self.deviation)
        return Shape((height, width), *channels, tuple(self.filters), self.regions, len(self.classes))

    def encode(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return each picture as networks read it, (H, W, C) bytes."""
        return [fit_into(picture, *self.size) for picture in pictures]

    def frame(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return by how much a picture's boxes grow as it is fitted (4,), and how far they then move (4,)."""
        height, width = picture.shape[:2]
        share = min(self.size[0] / height, self.size[1] / width)
        fitted = [max(1, round(side * share)) for side in (width, height)]  # as `fit_into` does
        left, top = (self.size[1] - fitted[0]) // 2, (self.size[0] - fitted[1]) // 2
        return np.array([fitted[0] / width, fitted[1] / height] * 2), np.array([left, top, left, top], float)

    def objects(self, picture: np.ndarray, labels: Sequence[str], boxes: Sequence[float]) -> np.ndarray:
        """Return a picture's objects, (objects, 5): class, 0 for one that train lacks, and box as networks see it."""
        share, moved = self.frame(picture)
        known = {name: number for number, name in enumerate(self.classes, 1)}
        places = np.reshape(np.asarray(boxes, float), (-1, 4)) * share + moved
        numbers = np.array([known.get(label, 0) for label in labels], float)
        return np.column_stack([numbers, places])


@dataclass(frozen=True)
class PreparedRegions:
    """What `window` wrote for one dataset, to data/prepared/<dataset>/regions."""

    folder: Path

    @cached_property
    def preprocessor(self) -> RegionPreprocessor:
        """What was fitted on train."""
        return RegionPreprocessor.load(self.folder / "preprocessor.json")

    @cached_property
    def pictures(self) -> np.ndarray:
        """Train's, (n, H, W, C) bytes; they stay on disk until they are used."""
        return np.asarray(np.load(self.folder / "train.pictures.npy", mmap_mode="r"))

    @cached_property
    def objects(self) -> np.ndarray:
        """Train's, (n, M, 5) float32."""
        return np.asarray(np.load(self.folder / "train.objects.npy"))

    def part(self, path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the pictures of a part's file as networks read them, and the objects in each, (objects, 5)."""
        part, known = pd.read_parquet(path), self.preprocessor
        pictures = pictures_of(part)
        rows = zip(pictures, part["labels"], part["boxes"], strict=True)
        return known.encode(pictures), [known.objects(*row) for row in rows]


@dataclass(frozen=True)
class EpochBatches:
    """One epoch's batches."""

    data: PreparedRegions
    size: int
    order: list[np.ndarray]  # the rows of each batch

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        for rows in self.order:
            filled = np.resize(rows, self.size)
            weights = (np.arange(self.size) < len(rows)).astype(np.float32)
            yield self.data.pictures[filled], self.data.objects[filled], weights


def of_pass(count: int, size: int, seed: int, number: int) -> list[np.ndarray]:
    """Return the rows of a pass over so many pictures as shuffled batches; they depend on seed and number alone."""
    order = np.random.default_rng([seed, number]).permutation(count)
    return [order[start : start + size] for start in range(0, count, size)]
