"""How long a network trains: as its entry says, within bounds on its steps that hold for any amount of data."""

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from stages.config.schema import TrainingConfig

PASSES = 5  # over train between two looks at validation, at most: a network may know few data by heart after more

Item = TypeVar("Item")


class Plan(NamedTuple):
    """How the steps of a training are dealt out between its looks at validation."""

    looks: int
    steps: int  # before each look
    finer: int  # looks in place of one of the epochs that were asked for


def bounded_steps(planned: int, training: TrainingConfig) -> int:
    """Return how many gradient steps a training takes: those planned, but no fewer and no more than its bounds say.

    A number of passes over train is too little for few data and too much for many: what a network needs is updates.
    """
    at_most = planned if training.max_steps is None else min(planned, training.max_steps)
    return max(at_most, training.min_steps)


def plan(epochs: int, span: int, pass_steps: int, training: TrainingConfig) -> Plan:
    """Plan a training where a task draws its steps, an epoch taking `span` of them within `training`'s bounds.

    Of few data an epoch would be many passes over train, `pass_steps` each; so many that several looks take its place.
    """
    steps = bounded_steps(epochs * span, training)
    span = span if steps == epochs * span else -(-steps // epochs)
    finer = -(-span // (PASSES * pass_steps))
    return Plan(epochs * finer, -(-span // finer), finer)


class Epochs(Generic[Item]):
    """The epochs of a training that goes over train pass after pass, `training`'s bounds on its steps kept.

    Where the passes planned are too few steps, an epoch takes several portions of them, and `finer` epochs stand for
    one where these would be more than `PASSES`; where they are too many, a portion is cut into several epochs.
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
            epochs: how many are asked for; `count` is how many there are.
            training: has the bounds.
            epochs_per_pass: into how many epochs the batches of a pass are dealt, if the bounds allow.
        """
        self._pass_batches = lru_cache(maxsize=1)(pass_batches)
        batches = len(pass_batches(0))
        parts = min(epochs_per_pass, batches)
        self.planned = epochs * -(-batches // parts)
        steps = bounded_steps(self.planned, training)
        self._parts = min(parts * -(-self.planned // steps), batches)  # portions of a pass
        joined = -(-steps // self.planned)  # portions of one epoch
        self.finer = -(-joined // (PASSES * self._parts))
        self._joined = -(-joined // self.finer)
        self.count = epochs * self.finer
        self.steps = self.count * len(self(0))

    def __call__(self, epoch: int) -> list[Item]:
        """Return an epoch's batches; they depend on its number alone."""
        first = epoch * self._joined
        return [batch for number in range(first, first + self._joined) for batch in self._portion(number)]

    def _portion(self, number: int) -> list[Item]:
        number, part = divmod(number, self._parts)
        return self._pass_batches(number)[part :: self._parts]
