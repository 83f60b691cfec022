"""Two recurrent encoders, of what was said and of a reply, held against each other (Lowe et al. 2015).

Beside what the encoders make of both, `lexical` compares their words, each with a learned weight, as TF-IDF does with
counted ones.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.tasks.seq2seq.modeling.contract import EncoderParameters

if TYPE_CHECKING:
    from stages.tasks.dual_encoder import DualEncoder
    from stages.tasks.seq2seq.modeling.inputs import Shape


class Parameters(EncoderParameters):
    """A recurrent encoder in both directions for each side."""

    INPUT = "dialogue"

    width: int = Field(default=128, ge=1, description="of what an encoder makes of its side")
    lexical: float = Field(
        default=10.0, ge=0, description="how much the words count that both sides share, by learned weights; 0: nothing"
    )


def build(parameters: Parameters, shape: "Shape") -> "DualEncoder":
    """Return the network."""
    import keras
    from keras import layers, ops

    from stages.tasks.dual_encoder import DualEncoder, WeightedWords, project
    from stages.tasks.seq2seq.modeling import layers as parts
    from stages.tasks.seq2seq.modeling.data import END
    from stages.tasks.seq2seq.modeling.inputs import PADDING, Embedded

    table = layers.Embedding(shape.target, parameters.embedding)
    ids = keras.Input((None,), dtype="int32")
    source = parts.encode(parameters, shape.source, table)
    target = parts.read_both_ways(parameters, Embedded(ids, table(ids), ops.not_equal(ids, PADDING)))
    contexts, replies = (project(side.steps, side.mask, parameters.width) for side in (source, target))
    if parameters.lexical:
        words = WeightedWords(shape.target, END)
        said, replied = (words(side.inputs) for side in (source, target))
        contexts = ops.concatenate([contexts, parameters.lexical * said], axis=-1)
        replies = ops.concatenate([replies, replied], axis=-1)
    return DualEncoder(keras.Model(source.inputs, contexts), keras.Model(ids, replies))
