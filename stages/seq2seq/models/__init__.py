"""One model a file: `Parameters`, its typed parameters, and what makes it.

A network has `build(parameters, sizes)`, which returns a `stages.seq2seq.layers.Pair`: an encoder and a decoder that
hands its states on; padding on either side must not change what they give. Any other model has a class `Model` with
the class methods `fit(parameters, data)` and `load(folder, vocabularies)` and the methods `translate(sources, beam,
best, length_penalty)`, `size()` and `save(folder)`, as `stages.seq2seq.neural.NeuralModel` has them.
"""

from typing import Literal

from pydantic import Field

from stages.schema import Neural


class NeuralParameters(Neural):
    """What every encoder and decoder have."""

    cell: Literal["gru", "lstm"] = Field(default="gru", description="of the encoder, in both directions, and decoder")
    units: int = Field(default=192, ge=2, multiple_of=2, description="of the decoder; the encoder has half a direction")
    layers: int = Field(default=1, ge=1, le=4, description="of the encoder and of the decoder")
    embedding: int = Field(default=96, ge=1, description="width of a token's vector, on both sides")
    shared: bool = Field(
        default=True, description="where tokenizer.shared makes one vocabulary, it has one table of vectors as well"
    )
    tied: bool = Field(default=False, description="the output layer has the target's vectors (Press & Wolf 2017)")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share dropped of vectors and before the output")
    epochs: int = Field(default=4, ge=1, description="at most; see training.pass_epochs")
    learning_rate: float = Field(default=0.003, gt=0, description="the highest; it falls to a tenth along a cosine")
    weight_decay: float = Field(
        default=0.0, ge=0, description="of Adam with decoupled decay (Loshchilov & Hutter 2019)"
    )


class AttentiveParameters(NeuralParameters):
    """What the models with attention have."""

    lexical: bool = Field(
        default=False,
        description="the vectors of the attended source tokens also go straight to the output (Nguyen & Chiang 2018)",
    )
