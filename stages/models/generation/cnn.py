"""Causal dilated convolutions (van den Oord et al. 2016; gates and residuals after Bai et al. 2018)."""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.tasks.generation.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    from stages.tasks.generation.modeling.network import StatefulNetwork


class Parameters(NeuralParameters):
    """Blocks of gated convolutions, each looking twice as far back as the one before."""

    filters: int = Field(default=128, ge=1)
    width: int = Field(default=3, ge=2, description="tokens under a filter")
    blocks: int = Field(default=5, ge=1, le=12)


def build(parameters: Parameters, shape: Shape) -> "StatefulNetwork":
    """Return an untrained network.

    A block's state is the end of its input, as far back as its filters look: the text so far need not be read again.
    """
    import keras
    from keras import layers, ops

    from stages.tasks.generation.modeling.network import StatefulNetwork

    ids = keras.Input((None,), dtype="int32")
    steps = layers.Dense(parameters.filters)(layers.Embedding(shape.vocabulary, parameters.embedding)(ids))
    states, end_states = [], []
    for block in range(parameters.blocks):
        reach = (parameters.width - 1) * 2**block
        states.append(keras.Input((reach, parameters.filters)))
        inputs = ops.concatenate([states[-1], steps], axis=1)
        end_states.append(inputs[:, -reach:])
        features = layers.Conv1D(2 * parameters.filters, parameters.width, dilation_rate=2**block)(inputs)
        value, gate = ops.split(features, 2, axis=-1)
        change = layers.Dropout(parameters.dropout)(value * ops.sigmoid(gate))
        steps = layers.LayerNormalization()(steps + layers.Dense(parameters.filters)(change))
    core = keras.Model([ids, *states], [layers.Dense(shape.vocabulary)(steps), *end_states])
    return StatefulNetwork(core, shape.newline)
