"""What every neural classifier shares: predicting, its attention, and the shapes that it reads texts in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import jax
import numpy as np
from tokenizers import Tokenizer

from stages.runtime.imports import block_optional_imports

with block_optional_imports():
    import keras

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.config import Training
from stages.tasks.classification.modeling.contract import Classifier, NeuralParameters, Shape
from stages.tasks.classification.modeling.data import Batches, Prepared, TokenizedTexts, bucket_lengths, encode
from stages.tasks.classification.modeling.layers import VECTORS, attention_model
from stages.tasks.classification.modeling.statistics import softmax
from stages.training.saved import model_module

SHAPES = "shapes.json"


@dataclass(frozen=True)
class InputShapes:
    """The few fixed shapes that a network reads texts in, and its answer to a text without tokens."""

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
    """A Keras model from ids (B, T) to logits (B, classes), its vocabulary, and the shapes that it reads texts in."""

    def __init__(self, model: keras.Model, tokenizer: Tokenizer, shapes: InputShapes) -> None:
        """Keep the parts."""
        super().__init__(model)
        self.tokenizer, self.shapes = tokenizer, shapes

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""
        return self.predict_ids(self.cut(encode(self.tokenizer, texts)))

    def cut(self, rows: Sequence[np.ndarray]) -> TokenizedTexts:
        """Return encoded texts as the model reads them: one longer than the longest bucket loses its end."""
        return TokenizedTexts.from_rows(rows, self.shapes.lengths[-1])

    def predict_ids(self, texts: TokenizedTexts, weights: Weights | None = None) -> np.ndarray:
        """Return probabilities (texts, classes), under other weights than the model's own if they are given.

        A text without tokens gets the prior: the shares of the classes in train.
        """
        prior = np.array(self.shapes.prior)
        logits = np.zeros((len(texts.lengths), len(prior)))
        for rows, ids in self._batches(texts).in_order():
            logits[rows] = self.forward(ids, weights)[: len(rows)]
        probs = softmax(logits)
        probs[texts.lengths == 0] = prior
        return probs

    @property
    def attends(self) -> bool:
        """Whether it has attention weights to show."""
        return self._attention is not None

    def attention_weights(self, texts: TokenizedTexts) -> list[np.ndarray]:
        """Return each text's weights (tokens, heads), which sum to 1 over its tokens; there are some if it `attends`.

        A text without tokens has weights (0, heads).
        """
        assert self._attention is not None
        weights_of: dict[int, np.ndarray] = {}
        lengths = texts.lengths
        for rows, ids in self._batches(texts).in_order():
            weights = np.asarray(self._attention.forward(ids))  # (B, T, H)
            for row, of_text in zip(rows, weights[: len(rows)], strict=True):
                weights_of[row] = of_text[: lengths[row]]
        return [weights_of[row] for row in range(len(lengths))]

    @cached_property
    def _attention(self) -> Network | None:
        model = attention_model(self.model)
        return None if model is None else Network(model)

    def _batches(self, texts: TokenizedTexts) -> Batches:
        return Batches(texts, self.shapes.lengths, self.shapes.batch_size)

    def save(self, folder: Path) -> None:
        """Write the weights and the shapes; the vocabulary lies beside the replicas."""
        write_json(folder / SHAPES, asdict(self.shapes), digits=None)
        super().save(folder)


def build_network(
    model: str, parameters: ModelConfig, tokenizer: Tokenizer, shapes: InputShapes, seed: int | None = None
) -> NeuralClassifier:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    module, shape = model_module("classification", model), Shape(tokenizer.get_vocab_size(), len(shapes.prior))
    return NeuralClassifier(build_model(lambda: module.build(parameters, shape), seed), tokenizer, shapes)


def set_initial_vectors(model: keras.Model, parameters: NeuralParameters, data: Prepared) -> None:
    """Have the model's tokens start from the prepared vectors; tokens without one keep their random start.

    Of vectors learned from train the first columns are the best of their number; a file's are all needed.

    Raises:
        UserError: the file's vectors have another width than the model's.
    """
    vectors = data.vectors() if parameters.vectors == "prepared" else None
    if vectors is None:
        return
    width = vectors.shape[1]
    if data.vectors_from == "file" and width != parameters.embedding:
        raise UserError(
            f"the vectors of the file are {width} wide, the model's {parameters.embedding}: set embedding: {width}"
        )
    table = model.get_layer(VECTORS).embeddings
    start, width = np.array(table), min(width, parameters.embedding)
    covered = vectors.any(axis=1)
    start[covered, :width] = vectors[covered, :width]
    table.assign(start)


def cross_entropy(labels: jax.Array, logits: jax.Array) -> jax.Array:
    """Return each text's loss in nats, labels (B,) and logits (B, classes) → (B,)."""
    loss: jax.Array = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return loss
