"""What a language model owes the task, and the parameters that networks share.

A model's file under stages/models/generation/ holds its typed `Parameters`, and either

- `build(parameters, shape)`, which returns an untrained `NeuralLanguageModel` (network.py), or
- a class `Model`, which is a `Baseline`.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import Field

from stages.config.schema import NeuralConfig
from stages.nn.model import TrainedModel

if TYPE_CHECKING:
    from stages.tasks.generation.modeling.data import Prepared
    from stages.tasks.generation.sampling import Strategy

State = TypeVar("State")


@dataclass(frozen=True)
class Shape:
    """What a model has to know of the vocabulary."""

    vocabulary: int  # tokens, [UNK] included
    newline: int  # id of the token that stands before a text's first


class NeuralParameters(NeuralConfig):
    """What every network has."""

    epochs: int = Field(
        default=10, ge=1, description="at most; training.steps_per_epoch steps each, then a look at validation"
    )
    embedding: int = Field(default=64, ge=1, description="width of a token's vector")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share dropped between layers")
    learning_rate: float = Field(default=0.003, gt=0, description="the highest; it falls to a tenth along a cosine")


class RecurrentParameters(NeuralParameters):
    """What the recurrent networks have."""

    units: int = Field(default=256, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
    tied: bool = Field(default=False, description="the output layer has the tokens' vectors; needs embedding = units")


class LanguageModel(TrainedModel):
    """A distribution over texts. A text is the ids (tokens,) of its tokens."""

    upper_bound: ClassVar[bool] = False  # whether the costs of tokens are upper bounds of their true values

    @abstractmethod
    def token_nll_bits(self, ids: np.ndarray) -> np.ndarray:
        """Return each token's negative log-likelihood given all the text before it, (tokens,) bits."""

    def cold_start_nll(self, windows: np.ndarray) -> np.ndarray:
        """Return each token's negative log-likelihood where nothing is known before a window, (windows, T) bits.

        Args:
            windows: ids, (windows, T).
        """
        return np.array([self.token_nll_bits(window) for window in windows])

    @abstractmethod
    def generate(self, prompt: np.ndarray, strategy: "Strategy", rng: np.random.Generator) -> Iterator[int]:
        """Yield token after token of what follows a prompt, ids (tokens,), without end."""


class Baseline(LanguageModel):
    """A language model that is no network."""

    @classmethod
    @abstractmethod
    def fit(cls, parameters: Any, data: "Prepared") -> Self:
        """Return a model fitted on train. `parameters`: of the type that its file holds."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that `save` wrote."""


class AutoregressiveModel(LanguageModel, Generic[State]):
    """A language model that reads and generates token by token; it carries a state for each of several rows."""

    @abstractmethod
    def initial_state(self, rows: int) -> State:
        """Return the state before any token."""

    @abstractmethod
    def prefill(self, ids: np.ndarray, rows: int = 1) -> tuple[np.ndarray, State]:
        """Read a prompt, ids (tokens,); return the logits (rows, V) of the next token and the state; rows are alike."""

    @abstractmethod
    def step(self, state: State, ids: np.ndarray) -> tuple[np.ndarray, State]:
        """Read one more token in each row, ids (rows,); return the logits (rows, V) of the next and the state."""

    @abstractmethod
    def select_states(self, state: State, rows: np.ndarray) -> State:
        """Return the states of the given rows, in their order; a row may be taken several times."""

    def generate(self, prompt: np.ndarray, strategy: "Strategy", rng: np.random.Generator) -> Iterator[int]:
        """Yield token after token of what follows a prompt, ids (tokens,), without end."""
        logits, state = self.prefill(prompt)
        while True:
            total = np.cumsum(strategy.probs(logits)[0])
            token = int(np.searchsorted(total, rng.random() * total[-1], side="right"))
            yield token
            logits, state = self.step(state, np.array([token]))
