"""The parts that several neural classifiers are built from. B texts, T tokens, E and U features."""

import keras
from keras import KerasTensor, layers, ops

from stages.classification.models import NeuralParameters


def embed(parameters: NeuralParameters, vocabulary: int) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """Return the input ids (B, T), their vectors (B, T, E) after dropout, and the mask of real tokens (B, T, 1)."""
    ids = keras.Input((None,), dtype="int32")
    vectors = layers.Embedding(vocabulary, parameters.embedding)(ids)
    vectors = layers.SpatialDropout1D(parameters.embedding_dropout)(vectors)
    return ids, vectors, ops.expand_dims(ops.not_equal(ids, 0), -1)


def pool(steps: KerasTensor, mask: KerasTensor, how: str) -> KerasTensor:
    """Return one vector a text (B, U) from its steps (B, T, U): the last real one, their mean or their maximum.

    The mask keeps padding out, so that it never changes the outcome.
    """
    if how == "max":
        return ops.max(ops.where(mask, steps, -1e9), axis=1)
    weights = ops.cast(mask, steps.dtype)
    if how == "mean":
        return ops.sum(steps * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
    last = ops.maximum(ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True) - 1, 0)  # (B, 1, 1)
    return ops.squeeze(ops.take_along_axis(steps, last, axis=1), 1)


def classify(ids: KerasTensor, features: KerasTensor, dropout: float, classes: int) -> keras.Model:
    """Return the model that ends in logits (B, classes)."""
    features = layers.Dropout(dropout)(features)
    return keras.Model(ids, layers.Dense(classes)(features))
