"""What every neural classifier shares: predicting, its attention, and the shapes that it reads sequences in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np

from stages.runtime.imports import block_optional_imports

with block_optional_imports():
    import keras

from stages.config.schema import ModelConfig
from stages.nn.inputs import VECTORS
from stages.nn.network import Network, Weights, build_model
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.config import Training
from stages.tasks.classification.modeling.contract import Classifier, NeuralParameters, Preprocessor, Shape
from stages.tasks.classification.modeling.data import Batches, Prepared, Sequences, bucket_lengths
from stages.tasks.classification.modeling.layers import attention_model
from stages.tasks.classification.modeling.statistics import softmax
from stages.training.saved import model_module

SHAPES = "shapes.json"


@dataclass(frozen=True)
class InputShapes:
    """The few fixed shapes that a network reads sequences in, and its answer to one without steps."""

    lengths: list[int]  # of the buckets, ascending
    batch_size: int
    prior: list[float]  # the share of each class in train

    @classmethod
    def of(cls, data: Prepared, training: Training) -> Self:
        """Return the shapes that suit the data."""
        train = data.part("train")
        prior = np.bincount(train.labels, minlength=len(data.labels)) / len(train.labels)
        lengths = bucket_lengths(train.lengths, training.buckets, data.maximum_length)
        return cls(lengths, training.batch_size, prior.tolist())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read those of a saved network."""
        return cls(**read_json(folder / SHAPES))


class NeuralClassifier(Network, Classifier):
    """A Keras model from batches to logits (B, classes), its preprocessor, and the shapes that it reads in."""

    def __init__(self, model: keras.Model, preprocessor: Preprocessor, shapes: InputShapes) -> None:
        """Keep the parts."""
        super().__init__(model)
        self.preprocessor, self.shapes = preprocessor, shapes

    def predict(self, inputs: Sequence[Any]) -> np.ndarray:
        """Return probabilities (examples, classes)."""
        return self.predict_sequences(self.cut(self.preprocessor.encode(inputs)))

    def cut(self, rows: Sequence[np.ndarray]) -> Sequences:
        """Return encoded examples as the model reads them: one longer than the longest bucket loses its end."""
        return Sequences.from_rows(rows, self.shapes.lengths[-1])

    def predict_sequences(self, sequences: Sequences, weights: Weights | None = None) -> np.ndarray:
        """Return probabilities (sequences, classes), under other weights than the model's own if they are given.

        A sequence without steps gets the prior: the shares of the classes in train.
        """
        prior = np.array(self.shapes.prior)
        logits = np.zeros((len(sequences.lengths), len(prior)))
        for rows, batch in self._batches(sequences).in_order():
            logits[rows] = self.forward(batch, weights)[: len(rows)]
        probs = softmax(logits)
        probs[sequences.lengths == 0] = prior
        return probs

    @property
    def attends(self) -> bool:
        """Whether it has attention weights to show."""
        return self._attention is not None

    def attention_weights(self, sequences: Sequences) -> list[np.ndarray]:
        """Return each sequence's weights (steps, heads), which sum to 1 over its steps; there are some if it `attends`.

        A sequence without steps has weights (0, heads).
        """
        assert self._attention is not None
        weights_of: dict[int, np.ndarray] = {}
        lengths = sequences.lengths
        for rows, batch in self._batches(sequences).in_order():
            weights = np.asarray(self._attention.forward(batch))  # (B, T, H)
            for row, of_one in zip(rows, weights[: len(rows)], strict=True):
                weights_of[row] = of_one[: lengths[row]]
        return [weights_of[row] for row in range(len(lengths))]

    @cached_property
    def _attention(self) -> Network | None:
        model = attention_model(self.model)
        return None if model is None else Network(model)

    def _batches(self, sequences: Sequences) -> Batches:
        return Batches(sequences, self.shapes.lengths, self.shapes.batch_size)

    def save(self, folder: Path) -> None:
        """Write the weights and the shapes; the preprocessor lies beside the replicas."""
        write_json(folder / SHAPES, asdict(self.shapes), digits=None)
        super().save(folder)


def build_network(
    model: str, parameters: ModelConfig, preprocessor: Preprocessor, shapes: InputShapes, seed: int | None = None
) -> NeuralClassifier:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    module, shape = model_module("classification", model), Shape(preprocessor.input, len(shapes.prior))
    return NeuralClassifier(build_model(lambda: module.build(parameters, shape), seed), preprocessor, shapes)


def set_initial_vectors(model: keras.Model, parameters: NeuralParameters, data: Prepared) -> None:
    """Have the model's tokens start from the prepared vectors; tokens without one keep their random start.

    Raises:
        UserError: the vectors of a file have another width than the model's.
    """
    vectors = data.initial_vectors(parameters.embedding) if parameters.vectors == "prepared" else None
    if vectors is None:
        return
    table = model.get_layer(VECTORS).embeddings
    start, covered = np.array(table), vectors.any(axis=1)
    start[covered, : vectors.shape[1]] = vectors[covered]
    table.assign(start)


def cross_entropy(labels: jax.Array, logits: jax.Array) -> jax.Array:
    """Return each example's loss in nats, labels (B,) and logits (B, classes) → (B,)."""
    loss: jax.Array = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return loss
