"""What every neural classifier shares: fitting, predicting, and the shapes that it reads texts in."""

from functools import cached_property
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
from tokenizers import Tokenizer

from stages.light import light_imports

with light_imports():
    import keras

from stages import training
from stages.classification.data import Batches, Prepared, TokenizedTexts, bucket_lengths, encode
from stages.classification.layers import VECTORS, attention_weights
from stages.classification.metrics import scores, softmax
from stages.classification.models import NeuralParameters
from stages.classification.params import Training
from stages.console import Problem
from stages.files import read_json, write_json
from stages.network import Network, assembled


class NeuralClassifier(Network):
    """A Keras model, its vocabulary, and the few fixed shapes that it reads texts in."""

    def __init__(self, model: keras.Model, tokenizer: Tokenizer, shapes: dict) -> None:
        """Keep the parts; `shapes` holds the buckets' lengths, the batch size and the classes' prior."""
        super().__init__(model)
        self.tokenizer, self.shapes = tokenizer, shapes

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""
        return self.predict_ids(self.cut(encode(self.tokenizer, texts)))

    def cut(self, rows: list[np.ndarray]) -> TokenizedTexts:
        """Return encoded texts as the model reads them: one longer than the longest bucket loses its end."""
        return TokenizedTexts.from_rows(rows, self.shapes["lengths"][-1])

    def predict_ids(self, texts: TokenizedTexts, weights: list | None = None) -> np.ndarray:
        """Return probabilities (texts, classes), under other weights than the model's own if they are given.

        A text without tokens gets the prior: the shares of the classes in train.
        """
        prior = np.array(self.shapes["prior"])
        logits = np.zeros((len(texts.lengths), len(prior)))
        for rows, ids in Batches(texts, self.shapes["lengths"], self.shapes["batch_size"]).in_order():
            logits[rows] = self.outputs(ids, weights)[: len(rows)]
        probabilities = softmax(logits)
        probabilities[texts.lengths == 0] = prior
        return probabilities

    def attention(self, texts: list[str]) -> list[np.ndarray]:
        """Return each text's weights (tokens, heads), which sum to 1 over its tokens.

        A text is cut as in `predict`; a text without tokens has weights (0, heads).
        """
        return self.attention_ids(self.cut(encode(self.tokenizer, texts)))

    @property
    def attends(self) -> bool:
        """Whether it has weights to show."""
        return self._attention is not None

    def attention_ids(self, texts: TokenizedTexts) -> list[np.ndarray]:
        """Return the weights of `attention` for texts that are encoded already."""
        lengths, found = texts.lengths, [None] * (len(texts.offsets) - 1)
        for rows, ids in Batches(texts, self.shapes["lengths"], self.shapes["batch_size"]).in_order():
            weights = np.asarray(self._attention.outputs(ids))  # (B, T, H)
            for row, own in zip(rows, weights[: len(rows)], strict=True):
                found[row] = own[: lengths[row]]
        return found

    @cached_property
    def _attention(self) -> Network | None:
        model = attention_weights(self.model)
        return None if model is None else Network(model)

    def save(self, folder: Path) -> None:
        """Write the weights and the shapes; the vocabulary lies beside the replicas."""
        write_json(folder / "shapes.json", self.shapes, digits=None)
        super().save(folder)

    @classmethod
    def load(
        cls, folder: Path, module: ModuleType, parameters: NeuralParameters, tokenizer: Tokenizer
    ) -> "NeuralClassifier":
        """Read what `save` wrote."""
        shapes = read_json(folder / "shapes.json")
        model = assembled(lambda: module.build(parameters, tokenizer.get_vocab_size(), len(shapes["prior"])))
        found = cls(model, tokenizer, shapes)
        found.load_replica(folder)
        return found


def start_vectors(model: keras.Model, parameters: NeuralParameters, data: Prepared) -> None:
    """Have the model's tokens start from the prepared vectors; tokens without one, from chance as before.

    Of vectors learned from train the first columns are the best of their number; a file's are all needed.

    Raises:
        Problem: the file's vectors have another width than the model's.
    """
    vectors = data.vectors() if parameters.vectors == "prepared" else None
    if vectors is None:
        return
    width = vectors.shape[1]
    if data.vectors_from == "file" and width != parameters.embedding:
        raise Problem(
            f"the vectors of the file are {width} wide, the model's {parameters.embedding}: set embedding: {width}"
        )
    table = model.get_layer(VECTORS).embeddings
    start, width = np.array(table), min(width, parameters.embedding)
    covered = vectors.any(axis=1)
    start[covered, :width] = vectors[covered, :width]
    table.assign(start)


def build(
    module: ModuleType, parameters: NeuralParameters, data: Prepared, choices: Training, seed: int
) -> NeuralClassifier:
    """Return an untrained classifier of the model's file, with the shapes that suit the data."""
    train, tokenizer = data.part("train"), data.tokenizer()
    shapes = {
        "lengths": bucket_lengths(train.lengths, choices.buckets, data.maximum_length),
        "batch_size": choices.batch_size,
        "prior": (np.bincount(train.labels, minlength=len(data.labels)) / len(train.labels)).tolist(),
    }
    model = assembled(lambda: module.build(parameters, tokenizer.get_vocab_size(), len(data.labels)), seed)
    start_vectors(model, parameters, data)
    return NeuralClassifier(model, tokenizer, shapes)


def fit(
    classifier: NeuralClassifier,
    parameters: NeuralParameters,
    data: Prepared,
    choices: Training,
    seed: int,
    plan: training.Plan,
) -> training.History:
    """Train a classifier in place; early stopping looks at validation."""
    train, validation = data.part("train"), data.part("validation")
    batches = Batches(train, classifier.shapes["lengths"], choices.batch_size)
    optimizer = training.cosine_adamw(parameters, choices.clip_norm, choices.epochs * len(batches.epoch(seed, 0)))
    return training.fit(
        classifier.model,
        optimizer,
        _loss,
        lambda epoch: batches.epoch(seed, epoch),
        lambda weights: scores(validation.labels, classifier.predict_ids(validation, weights)),
        plan,
    )


def _loss(labels: jax.Array, logits: jax.Array) -> jax.Array:
    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
