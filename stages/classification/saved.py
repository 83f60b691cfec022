"""A trained model's folder: self-contained, loadable without params.yaml, no pickle.

models/<dataset>/<model>/
    model.json        task, dataset, model, parameters, labels, seeds, scores on validation, number of parameters
    tokenizer.json    the vocabulary
    seed-<n>/         one replica: weights and shapes, or a baseline's arrays
"""

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from tokenizers import Tokenizer

from stages.classification.models import NeuralParameters
from stages.files import read_json


def model_file(name: str) -> ModuleType:
    """Return the module of one model."""
    return import_module(f"stages.classification.models.{name}")


class SavedModel:
    """A model that `train` wrote, with a replica for each of its seeds."""

    def __init__(self, folder: Path) -> None:
        """Open the folder; the weights are read when they are needed.

        Raises:
            Problem: the folder holds no trained model.
        """
        self.folder = folder
        self.about = read_json(folder / "model.json")
        self.labels: list[str] = self.about["labels"]

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def predict(self, texts: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (texts, classes)) of every replica."""
        module = model_file(self.about["model"])
        parameters = module.Parameters(**self.about["parameters"])
        classifier = None
        for seed in self.about["seeds"]:
            folder = self.folder / f"seed-{seed}"
            if not isinstance(parameters, NeuralParameters):
                classifier = module.Classifier.load(folder)
            elif classifier is None:
                from stages.classification.neural import NeuralClassifier  # imports Keras

                classifier = NeuralClassifier.load(folder, module, parameters, self.tokenizer)
            else:
                classifier.load_replica(folder)
            yield seed, classifier.predict(texts)
