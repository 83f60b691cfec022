"""The classical way to find objects: parts that hang together, and support vector machines that tell what they are.

Bright pixels that touch are a part; one that an object's box overlaps enough is of its class, any other of none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.files import read_json, write_json
from stages.tasks.detection.modeling.contract import Baseline
from stages.tasks.detection.modeling.data import PreparedRegions, RegionPreprocessor
from stages.tasks.detection.modeling.statistics import OVERLAP, Detection, overlaps, suppressed
from stages.tasks.picture_components import Kernel, Machine, Part, find_parts, fit_machine


class Parameters(ModelConfig):
    """What is a part, and on how much the machines learn."""

    threshold: float = Field(default=0.3, gt=0, lt=1, description="share of white, above which a pixel is of a part")
    smallest: int = Field(default=10, ge=1, description="pixels of a part")
    landmarks: int = Field(default=600, ge=10, description="parts that others are compared with: the kernel's features")
    examples: int = Field(default=12_000, ge=100, description="parts that are learned from at most")


class Model(Baseline):
    """The kernel, and a machine for each class and for none."""

    def __init__(self, parameters: Parameters, most: int, kernel: Kernel | None, machine: Machine | None) -> None:
        """Keep them. `most`: parts of a picture that are looked at. Without a kernel nothing is ever found."""
        self._parameters, self._most, self._kernel, self._machine = parameters, most, kernel, machine

    @classmethod
    def fit(cls, parameters: Parameters, data: PreparedRegions) -> "Model":
        """Return the machines of train's parts."""
        model = cls(parameters, data.preprocessor.regions, None, None)
        parts: list[Part] = []
        classes: list[str] = []
        for picture, objects in zip(data.pictures, data.objects, strict=True):
            found = model._parts(picture)
            real = objects[objects[:, 0] > 0]
            overlap = overlaps(np.array([part.box for part in found]).reshape(-1, 4), real[:, 1:])
            best = overlap.argmax(axis=1) if len(real) else np.zeros(len(found), int)
            parts += found
            classes += [
                str(int(real[of, 0])) if len(real) and overlap[row, of] >= OVERLAP else "0"
                for row, of in enumerate(best)
            ]
        if set(classes) <= {"0"}:
            return model
        chosen = np.random.default_rng(1).permutation(len(parts))[: parameters.examples]
        some = [parts[row] for row in chosen]
        model._kernel = Kernel.of(some, parameters.landmarks)
        model._machine = fit_machine(model._kernel.features(some), [classes[row] for row in chosen])
        return model

    def _parts(self, picture: np.ndarray) -> list[Part]:
        return find_parts(picture, self._parameters.threshold, self._parameters.smallest)[: self._most]

    def detect(self, pictures: Sequence[np.ndarray]) -> list[Detection]:
        """Return what is in each picture; a score is how far a part is on its class's side, from 0 to 1."""
        return [self._detect(self._parts(picture)) for picture in pictures]

    def _detect(self, parts: list[Part]) -> Detection:
        boxes = np.array([part.box for part in parts], float).reshape(-1, 4)
        if not parts or self._kernel is None or self._machine is None:
            return Detection(np.zeros(0, int), np.zeros((0, 4)), np.zeros(0), boxes)
        margins = self._machine.margins(self._kernel.features(parts))
        numbers = np.array([int(name) for name in self._machine.classes])
        margins = np.where(numbers > 0, margins, -np.inf)
        best = margins.argmax(axis=1)
        scores = 1 / (1 + np.exp(-np.clip(2 * margins.max(axis=1), -50, 50)))
        kept = np.sort(suppressed(boxes, scores))
        return Detection(numbers[best[kept]], boxes[kept], scores[kept], boxes)

    def num_params(self) -> int:
        """Return the number of fitted values."""
        if self._kernel is None or self._machine is None:
            return 0
        kept = (self._kernel.landmarks, self._kernel.mapping, self._machine.weights, self._machine.biases)
        return sum(array.size for array in kept)

    def save(self, folder: Path) -> None:
        """Write the arrays, and what is no array as JSON."""
        arrays: dict[str, Any] = {} if self._kernel is None else self._kernel._asdict()
        if self._machine is not None:
            arrays |= {"weights": self._machine.weights, "biases": self._machine.biases}
        np.savez(folder / "model.npz", **arrays)
        classes = None if self._machine is None else self._machine.classes
        content = {"parameters": self._parameters.model_dump(), "most": self._most, "classes": classes}
        write_json(folder / "model.json", content, digits=None)

    @classmethod
    def load(cls, folder: Path, preprocessor: RegionPreprocessor) -> "Model":
        """Return the model that `save` wrote."""
        arrays, content = np.load(folder / "model.npz"), read_json(folder / "model.json")
        parameters, classes = Parameters(**content["parameters"]), content["classes"]
        if classes is None:
            return cls(parameters, content["most"], None, None)
        kernel = Kernel(*(arrays[name] for name in Kernel._fields))
        return cls(parameters, content["most"], kernel, Machine(classes, arrays["weights"], arrays["biases"]))
