"""The parts that several neural classifiers are built from. B texts, T tokens, E and U features, H heads."""

from collections.abc import Callable

import keras
from keras import KerasTensor, layers, ops

from stages.classification.models import NeuralParameters, RecurrentParameters

ATTENTION = "attention_weights"
VECTORS = "vectors"


def embed(parameters: NeuralParameters, vocabulary: int) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """Return the input ids (B, T), their vectors (B, T, E) after dropout, and the mask of real tokens (B, T, 1)."""
    ids = keras.Input((None,), dtype="int32")
    vectors = layers.Embedding(vocabulary, parameters.embedding, trainable=not parameters.frozen, name=VECTORS)(ids)
    vectors = layers.SpatialDropout1D(parameters.embedding_dropout)(vectors)
    return ids, vectors, ops.expand_dims(ops.not_equal(ids, 0), -1)


def encode(
    layer: Callable[..., layers.Layer],
    parameters: NeuralParameters,
    steps: KerasTensor,
    mask: KerasTensor,
    both_directions: bool = False,
) -> KerasTensor:
    """Return the states (B, T, U), or (B, T, 2 U) in both directions, of recurrent layers on top of each other.

    Padding stands after the text, where a state read from left to right has no effect on the ones before it. From
    right to left it would: there the layer reads each text reversed in place.
    """
    options = {"return_sequences": True, "recurrent_dropout": parameters.recurrent_dropout}
    for _ in range(parameters.layers):
        forward = layer(parameters.units, **options)(steps)
        if both_directions:
            backward = reverse(layer(parameters.units, **options)(reverse(steps, mask)), mask)
            forward = ops.concatenate([forward, backward], axis=-1)
        steps = forward
    return steps


def reverse(steps: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Return every text's own steps (B, T, U) in reverse order; its padding stays where it is."""
    last = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True) - 1  # (B, 1, 1)
    position = ops.expand_dims(ops.cumsum(ops.ones_like(mask[:, :, 0], dtype="int32"), axis=1) - 1, -1)  # (B, T, 1)
    return ops.take_along_axis(steps, ops.where(position <= last, last - position, position), axis=1)


def recurrent(
    layer: Callable[..., layers.Layer],
    parameters: RecurrentParameters,
    vocabulary: int,
    classes: int,
    both_directions: bool = False,
) -> keras.Model:
    """Return a model of recurrent layers over the tokens, pooled to one vector a text."""
    ids, vectors, mask = embed(parameters, vocabulary)
    states = encode(layer, parameters, vectors, mask, both_directions)
    features = pool(states, mask, parameters.pooling)
    if both_directions and parameters.pooling == "last":  # from right to left the last state stands at the first token
        features = ops.concatenate([features[:, : parameters.units], states[:, 0, parameters.units :]], axis=-1)
    return classify(ids, features, parameters.dropout, classes)


def pool(steps: KerasTensor, mask: KerasTensor, how: str) -> KerasTensor:
    """Return one vector a text (B, U) from its steps (B, T, U): the last real one, their mean or their maximum.

    The mask (B, T, 1) keeps padding out, so that it never changes the outcome.
    """
    if how == "max":
        return ops.max(ops.where(mask, steps, -1e9), axis=1)
    weights = ops.cast(mask, steps.dtype)
    if how == "mean":
        return ops.sum(steps * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
    last = ops.maximum(ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True) - 1, 0)  # (B, 1, 1)
    return ops.squeeze(ops.take_along_axis(steps, last, axis=1), 1)


def attend(states: KerasTensor, mask: KerasTensor, width: int, heads: int) -> KerasTensor:
    """Return averages (B, H U) of the states (B, T, U) under learned weights, one set a head.

    Yang et al. 2016, equations 5 to 7; several heads side by side as in Lin et al. 2017.
    """
    scores = layers.Dense(heads, use_bias=False)(layers.Dense(width, activation="tanh")(states))  # (B, T, H)
    weights = layers.Softmax(axis=1, name=ATTENTION)(ops.where(mask, scores, -1e9))
    return ops.reshape(ops.einsum("bth,btu->bhu", weights, states), (-1, heads * states.shape[-1]))


def attention_weights(model: keras.Model) -> keras.Model | None:
    """Return the model from ids (B, T) to attention weights (B, T, H) that sum to 1 over T; None if it has none."""
    if ATTENTION not in {layer.name for layer in model.layers}:
        return None
    return keras.Model(model.inputs, model.get_layer(ATTENTION).output)


def classify(ids: KerasTensor, features: KerasTensor, dropout: float, classes: int) -> keras.Model:
    """Return the model that ends in logits (B, classes)."""
    features = layers.Dropout(dropout)(features)
    return keras.Model(ids, layers.Dense(classes)(features))
