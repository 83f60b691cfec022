"""A recurrence in both directions labels each step of the source, or none (Graves et al. 2006).

It reads all of the source before it labels a step, and writes the target's tokens in the order of the steps: made for
sound and words, where nothing changes places. No token depends on those before it.
"""

from typing import TYPE_CHECKING

from stages.tasks.seq2seq.modeling.contract import EncoderParameters

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.ctc import StepLabeller
    from stages.tasks.seq2seq.modeling.inputs import Shape


class Parameters(EncoderParameters):
    """A recurrent encoder in both directions."""

    INPUT = "frames"


def build(parameters: Parameters, shape: "Shape") -> "StepLabeller":
    """Return the network."""
    import keras
    from keras import layers

    from stages.tasks.seq2seq.modeling import layers as parts
    from stages.tasks.seq2seq.modeling.ctc import StepLabeller

    source = parts.encode(parameters, shape.source)
    features = layers.Dropout(parameters.dropout)(source.steps)
    return StepLabeller(keras.Model(source.inputs, [layers.Dense(shape.target)(features), source.mask]))
