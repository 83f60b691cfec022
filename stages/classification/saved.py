"""A trained model's folder: self-contained, loadable without params.yaml, no pickle.

models/<dataset>/<model>/
    model.json        task, dataset, model, parameters, labels, seeds, scores on validation, number of parameters;
                      hashes of the code that trained it and of all other files
    tokenizer.json    the vocabulary
    seed-<n>/         one replica: weights and shapes, or a baseline's arrays
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from pydantic import ValidationError
from tokenizers import Tokenizer

from stages.classification.models import NeuralParameters
from stages.console import Problem
from stages.files import read_json, sha256
from stages.schema import Frozen

KEYS = {"dataset", "model", "parameters", "labels", "seeds", "validation", "size", "code", "files"}
SHARED_CODE = ("data.py", "layers.py", "linear.py", "neural.py", "models/__init__.py")


def model_file(name: str) -> ModuleType:
    """Return the module of one model."""
    return import_module(f"stages.classification.models.{name}")


def code_hash(model: str) -> str:
    """Return the SHA-256 of the source files that decide what a model's saved weights mean.

    Raises:
        Problem: there is no such model.
    """
    code = Path(__file__).parent
    digest = hashlib.sha256()
    for path in [code / name for name in (*SHARED_CODE, f"models/{model}.py")]:
        if not path.exists():
            raise Problem(f"there is no code for the model '{model}': {path} is missing")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and below, by its path from there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


class SavedModel:
    """A model that `train` wrote, with a replica for each of its seeds."""

    def __init__(self, folder: Path) -> None:
        """Open the folder; the weights are read when they are needed.

        Raises:
            Problem: the folder holds no trained model, a file is missing or damaged, or other code trained it.
        """
        self.folder = folder
        self.about = self._read_about()
        self.labels: list[str] = self.about["labels"]
        self._module = model_file(self.about["model"])
        self._parameters = self._read_parameters()
        self._refuse_other_files()

    def _read_about(self) -> dict[str, Any]:
        path = self.folder / "model.json"
        about = read_json(path)
        if not isinstance(about, dict) or "model" not in about:
            raise Problem(f"{path} does not describe a model: remove {self.folder} and run `dvc repro`")
        if about.get("code") != code_hash(about["model"]):
            raise Problem(f"{self.folder} was trained with other code than this: run `dvc repro`")
        if KEYS - set(about):
            lacking = ", ".join(sorted(KEYS - set(about)))
            raise Problem(f"{path} is damaged, it lacks {lacking}: remove {self.folder} and run `dvc repro`")
        return about

    def _read_parameters(self) -> Frozen:
        try:
            return self._module.Parameters(**self.about["parameters"])
        except (TypeError, ValidationError):
            path = self.folder / "model.json"
            raise Problem(f"{path} is damaged in its parameters: remove {self.folder} and run `dvc repro`") from None

    def _refuse_other_files(self) -> None:
        paths = {self.folder / name: expected for name, expected in self.about["files"].items()}
        missing = [str(path) for path in paths if not path.is_file()]
        damaged = [str(path) for path, expected in paths.items() if path.is_file() and sha256(path) != expected]
        faults = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"damaged: {', '.join(damaged)}"] * bool(damaged)
        if faults:
            raise Problem(f"{'; '.join(faults)}: remove {self.folder} and run `dvc repro`")

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def predict(self, texts: list[str], seeds: Sequence[int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (texts, classes)) of every replica, or of some seeds' alone."""
        for seed, classifier in self._replicas(seeds):
            yield seed, classifier.predict(texts)

    def attention(
        self, texts: list[str], seeds: Sequence[int] | None = None
    ) -> Iterator[tuple[int, list[np.ndarray] | None]]:
        """Yield (seed, each text's weights (tokens, heads)) of every replica, or of some seeds' alone.

        None stands in place of the weights if the model has no attention.
        """
        for seed, classifier in self._replicas(seeds):
            yield seed, classifier.attention(texts) if hasattr(classifier, "attention") else None

    def _replicas(self, seeds: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, classifier); a neural one is the same object each time, compiled once, with other weights."""
        for seed in self.about["seeds"] if seeds is None else seeds:
            folder = self.folder / f"seed-{seed}"
            if isinstance(self._parameters, NeuralParameters):
                self._neural.load_replica(folder)
                yield seed, self._neural
            else:
                yield seed, self._module.Classifier.load(folder)

    @cached_property
    def _neural(self):
        from stages.classification.neural import NeuralClassifier  # imports Keras

        first = self.folder / f"seed-{self.about['seeds'][0]}"
        return NeuralClassifier.load(first, self._module, self._parameters, self.tokenizer)
