"""How long a network trains: as its entry says, within bounds on its steps that hold for any amount of data."""

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

from stages.config.schema import TrainingConfig

Item = TypeVar("Item")


def bounded_steps(planned: int, training: TrainingConfig) -> int:
    """Return how many gradient steps a training takes: those planned, but no fewer and no more than its bounds say.

    A number of passes over train is too little for few data and too much for many: what a network needs is updates.
    """
    at_most = planned if training.max_steps is None else min(planned, training.max_steps)
    return max(at_most, training.min_steps)


def bounded_span(epochs: int, span: int, training: TrainingConfig) -> int:
    """Return the steps of one epoch where a task draws them: `span`, changed so that all epochs keep the bounds."""
    steps = bounded_steps(epochs * span, training)
    return span if steps == epochs * span else -(-steps // epochs)


class Epochs(Generic[Item]):
    """The epochs of a training that goes over train pass after pass, `training`'s bounds on its steps kept.

    Where the passes planned are too few steps, an epoch takes several portions of them; where they are too many, a
    portion is cut into several epochs.
    """

    def __init__(
        self,
        pass_batches: Callable[[int], list[Item]],
        epochs: int,
        training: TrainingConfig,
        epochs_per_pass: int = 1,
    ) -> None:
        """Plan them.

        Args:
            pass_batches: of a pass's number, counted from 0, its shuffled batches; equally many in each pass.
            epochs: how many there are.
            training: has the bounds.
            epochs_per_pass: into how many epochs the batches of a pass are dealt, if the bounds allow.
        """
        self._pass_batches = lru_cache(maxsize=1)(pass_batches)
        batches = len(pass_batches(0))
        parts = min(epochs_per_pass, batches)
        self.planned = epochs * -(-batches // parts)
        steps = bounded_steps(self.planned, training)
        self._joined = -(-steps // self.planned)  # portions of one epoch
        self._parts = min(parts * -(-self.planned // steps), batches)  # portions of a pass
        self.steps = epochs * len(self(0))

    def __call__(self, epoch: int) -> list[Item]:
        """Return an epoch's batches; they depend on its number alone."""
        first = epoch * self._joined
        return [batch for number in range(first, first + self._joined) for batch in self._portion(number)]

    def _portion(self, number: int) -> list[Item]:
        number, part = divmod(number, self._parts)
        return self._pass_batches(number)[part :: self._parts]
