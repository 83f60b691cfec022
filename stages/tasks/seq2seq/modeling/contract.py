"""What a model of pairs owes the task, and the parameters that networks share.

A model's file under stages/models/seq2seq/ holds its typed `Parameters`, and either

- `build(parameters, shape)`, which returns an untrained `Writer` (writer.py); padding on either side must not change
  what it gives, or
- a class `Model`, which is a `Baseline`.

A network reads any kind of source. A model that reads one kind alone says so: `INPUT` of its parameters.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field

from stages.config.schema import NeuralConfig
from stages.nn.model import TrainedModel
from stages.nn.recurrent import Cell


class BeamHypothesis(NamedTuple):
    """One output of a model."""

    text: str
    score: float  # the higher, the likelier the model holds it to be
    ended: bool  # false: cut at the most tokens that an output may have


class Alignment(NamedTuple):
    """What each output token looked at."""

    source: list[str]  # tokens that were read, or the places of frames
    output: list[str]  # tokens that were written, the end among them
    weights: np.ndarray  # (output tokens, source tokens); each row sums to 1


class Translator(TrainedModel):
    """A model that writes an output for a source."""

    @abstractmethod
    def translate(
        self, sources: Sequence[Any], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return each source's `best` outputs, the best first, found by a beam of a width.

        `sources`: texts, or frames as they were before scaling, (T, F) each.
        """

    @property
    def attends(self) -> bool:
        """Whether it has alignments to show."""
        return False

    def align(self, source: Any, output: str) -> Alignment:
        """Return where it attends as it writes an output; only for one that `attends`."""
        raise NotImplementedError


class Baseline(Translator):
    """A model of pairs that is no network; it writes one output for each source, whatever the beam."""

    @classmethod
    @abstractmethod
    def fit(cls, parameters: Any, data: Any) -> Self:
        """Return a model fitted on train's pairs.

        Args:
            parameters: of the type that its file holds.
            data: the `Prepared` of the kind of source that it reads.
        """

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, preprocessor: Any) -> Self:
        """Return the model that `save` wrote. `preprocessor`: what was fitted on train."""


class EncoderParameters(NeuralConfig):
    """What every network has: an encoder in both directions."""

    cell: Literal[Cell.GRU, Cell.LSTM] = Field(
        default=Cell.GRU, description="of the encoder, in both directions, and of the decoder"
    )
    units: int = Field(
        default=192, ge=2, multiple_of=2, description="of the decoder; the encoder has half as many in each direction"
    )
    layers: int = Field(default=1, ge=1, le=4, description="of the encoder and of the decoder")
    embedding: int = Field(default=96, ge=1, description="width of a step's vector, on both sides")
    shared: bool = Field(
        default=True, description="where tokenizer.shared makes one vocabulary, it has one table of vectors as well"
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of values dropped, of the vectors and before the output layer"
    )
    epochs: int = Field(default=4, ge=1, description="at most; see training.epochs_per_pass")
    learning_rate: float = Field(default=0.003, gt=0, description="the highest; it falls to a tenth along a cosine")


class NeuralParameters(EncoderParameters):
    """What every encoder and decoder have."""

    tied: bool = Field(default=False, description="the output layer has the target's vectors (Press & Wolf 2017)")


class AttentiveParameters(NeuralParameters):
    """What the models with attention have."""

    lexical_attention: bool = Field(
        default=False,
        description="the vectors of the attended source steps also go straight to the output (Nguyen & Chiang 2018)",
    )
