"""The layers that several neural classifiers are built from. B sequences, T steps, U features, H heads."""

from typing import Literal

import keras
from keras import KerasTensor, layers, ops

from stages.nn.recurrent import Cell, last_steps, reverse
from stages.tasks.classification.modeling.contract import EncoderParameters

ATTENTION = "attention_weights"


def encode(
    cell: Cell, parameters: EncoderParameters, steps: KerasTensor, mask: KerasTensor, both_directions: bool = False
) -> KerasTensor:
    """Return the states (B, T, U), or (B, T, 2 U) in both directions, of recurrent layers on top of each other."""
    last = last_steps(mask[:, :, 0])
    options = {"return_sequences": True, "recurrent_dropout": parameters.recurrent_dropout}
    for _ in range(parameters.layers):
        states = cell.layer(parameters.units, **options)(steps)
        if both_directions:
            backward = reverse(cell.layer(parameters.units, **options)(reverse(steps, last)), last)
            states = ops.concatenate([states, backward], axis=-1)
        steps = states
    return steps


def pool(steps: KerasTensor, mask: KerasTensor, how: Literal["last", "mean", "max"]) -> KerasTensor:
    """Return one vector (B, U) for each sequence from its steps (B, T, U): the last real one, their mean or maximum.

    The mask (B, T, 1) keeps padding out, so that it never changes the outcome.
    """
    if how == "max":
        return ops.max(ops.where(mask, steps, -1e9), axis=1)
    if how == "mean":
        weights = ops.cast(mask, steps.dtype)
        return ops.sum(steps * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
    last = ops.expand_dims(ops.maximum(last_steps(mask), 0), -1)  # (B, 1, 1)
    return ops.squeeze(ops.take_along_axis(steps, last, axis=1), 1)


def attend(states: KerasTensor, mask: KerasTensor, width: int, heads: int) -> KerasTensor:
    """Return averages (B, H U) of the states (B, T, U) under learned weights, one set for each head.

    Yang et al. 2016, equations 5 to 7; several heads side by side as in Lin et al. 2017.
    """
    scores = layers.Dense(heads, use_bias=False)(layers.Dense(width, activation="tanh")(states))  # (B, T, H)
    weights = layers.Softmax(axis=1, name=ATTENTION)(ops.where(mask, scores, -1e9))
    return ops.reshape(ops.einsum("bth,btu->bhu", weights, states), (-1, heads * states.shape[-1]))


def attention_model(model: keras.Model) -> keras.Model | None:
    """Return the model from its inputs to attention weights (B, T, H) that sum to 1 over T; None if it has none."""
    if ATTENTION not in {layer.name for layer in model.layers}:
        return None
    return keras.Model(model.inputs, model.get_layer(ATTENTION).output)


def classify(inputs: KerasTensor, features: KerasTensor, dropout: float, classes: int) -> keras.Model:
    """Return the model from its inputs to logits (B, classes)."""
    features = layers.Dropout(dropout)(features)
    return keras.Model(inputs, layers.Dense(classes)(features))
