"""The loop that trains every neural model: compiled steps, early stopping, and going on after a kill."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import jax
import keras
import numpy as np

from stages.clock import clock
from stages.compiling import Compiled
from stages.console import progress
from stages.files import whole
from stages.network import first_values_at_once
from stages.schema import Frozen
from stages.tasks import Job

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]  # inputs (B, …), targets (B, …), weights (B,): 0 for padding rows
State = list[list[jax.Array]]  # trainable, non-trainable and optimizer variables; averages of the trainable ones


@dataclass
class History:
    """What early stopping has seen: a row an epoch, and where the best one was."""

    epochs: list[dict] = field(default_factory=list)
    best: int = -1  # index into epochs
    seconds: float = 0.0  # of `clock`, spent in training, earlier runs included

    def record(self, row: dict, plan: "Plan") -> bool:
        """Add an epoch; tell whether it is the best so far."""
        self.epochs.append(row)
        if self.best < 0 or plan.prefers(row, self.epochs[self.best]):
            self.best = len(self.epochs) - 1
        return self.best == len(self.epochs) - 1

    def exhausted(self, epochs: int, patience: int) -> bool:
        """Tell whether all epochs are done or the best one lies `patience` epochs back or more."""
        return len(self.epochs) >= epochs or len(self.epochs) - 1 - self.best >= patience


@dataclass(frozen=True)
class Plan:
    """How long to train, what decides, and where the state is kept."""

    epochs: int  # at most
    patience: int  # epochs without a better score
    score: str  # the figure on validation that decides
    averaging: float  # how much of the running average of the weights a step keeps; 0: the weights themselves
    checkpoint: Path
    description: str  # of the progress bar
    position: int = 0
    lower_is_better: bool = True

    @classmethod
    def of(cls, job: Job, choices: Frozen, epochs: int, score: str, lower_is_better: bool = True) -> "Plan":
        """Return the plan of a replica under its task's choices for training."""
        told = f"{job.model} seed {job.seed}"
        return cls(
            epochs, choices.patience, score, choices.averaging, job.checkpoint, told, job.position, lower_is_better
        )

    def prefers(self, row: dict, other: dict) -> bool:
        """Tell whether the figures of an epoch are better than those of another."""
        return row[self.score] < other[self.score] if self.lower_is_better else row[self.score] > other[self.score]


def fit(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable,
    epoch_batches: Callable[[int], Iterable[Batch]],
    validate: Callable[[list], dict],
    plan: Plan,
) -> History:
    """Train `model` in place; it ends with the weights of its best epoch.

    After every epoch the whole state goes to the plan's checkpoint. A training that is started again with the same
    checkpoint goes on from there and ends with the same bytes as one never stopped, for batches depend on the epoch
    alone and the dropout's random state is part of the model's variables.

    Args:
        loss: of (targets, outputs) → (B,), one value an example.
        epoch_batches: of an epoch's number, counted from 0; has a length.
        validate: of the trainable variables' averages → metrics.
    """
    step = compile_step(model, optimizer, loss, plan.averaging)
    state, best, history = _start(model, optimizer, plan.checkpoint)
    while not history.exhausted(plan.epochs, plan.patience):
        epoch, began, losses = len(history.epochs), clock.seconds(), []
        told = f"{plan.description} epoch {epoch + 1}/{plan.epochs}"
        for batch in progress(epoch_batches(epoch), desc=told, position=plan.position):
            state, value = step(state, *batch)
            losses.append(value)
        row = {"epoch": epoch + 1, "train_loss": float(np.mean(jax.device_get(losses)))} | validate(state[-1])
        if history.record(row, plan):
            best = jax.device_get(state[-1])
        history.seconds += clock.seconds() - began
        _save(plan.checkpoint, state, best, history)
    for variable, value in zip(model.trainable_variables, best, strict=True):
        variable.assign(value)
    return history


def cosine_adamw(parameters: Frozen, clip_norm: float, steps: int, warm_up: int = 0) -> keras.optimizers.Optimizer:
    """Return Adam with decoupled weight decay (Loshchilov & Hutter 2019) for so many steps.

    Its rate climbs from a tenth of `parameters.learning_rate` to all of it in the first `warm_up` steps, and falls to a
    tenth again along a cosine.
    """
    highest = parameters.learning_rate
    climb = {"warmup_target": highest, "warmup_steps": warm_up} if warm_up else {}
    first = 0.1 * highest if warm_up else highest
    rate = keras.optimizers.schedules.CosineDecay(first, steps - warm_up, alpha=0.1, **climb)
    return keras.optimizers.AdamW(rate, weight_decay=parameters.weight_decay, global_clipnorm=clip_norm)


def compile_step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Callable, averaging: float
) -> Callable:
    """Return a compiled function of (state, inputs, targets, weights) → (state, mean loss).

    The averages run over the steps with exponentially falling weights (Polyak & Juditsky 1992 average evenly). What
    the optimizer does is compiled apart from the slopes: it is the same for batches of all shapes.
    """

    def compute(trainable: list, non_trainable: list, inputs, targets, weights) -> tuple:
        outputs, non_trainable = model.stateless_call(trainable, non_trainable, inputs, training=True)
        return (loss(targets, outputs) * weights).sum() / (weights > 0).sum(), non_trainable

    def update(trainable: list, variables: list, averages: list, slopes: list) -> tuple:
        trainable, variables = optimizer.stateless_apply(variables, slopes, trainable)
        averages = [averaging * old + (1 - averaging) * new for old, new in zip(averages, trainable, strict=True)]
        return trainable, variables, averages

    differentiate = Compiled(jax.value_and_grad(compute, has_aux=True))
    apply = Compiled(update, donate_argnums=(0, 1, 2))

    def step(state: State, inputs, targets, weights) -> tuple[State, jax.Array]:
        trainable, non_trainable, variables, averages = state
        (value, non_trainable), slopes = differentiate(trainable, non_trainable, inputs, targets, weights)
        trainable, variables, averages = apply(trainable, variables, averages, slopes)
        return [trainable, non_trainable, variables, averages], value

    return step


def first_state(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> State:
    """Return the state that a model is trained from: its own."""
    with first_values_at_once():
        optimizer.build(model.trainable_variables)
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables, model.trainable_variables)
    # Copies, for a step donates them; by NumPy, for JAX would compile a copy for each shape.
    return [[jax.device_put(np.array(variable.value)) for variable in group] for group in groups]


def _start(model: keras.Model, optimizer: keras.optimizers.Optimizer, checkpoint: Path) -> tuple[State, list, History]:
    """Return the state to train from: the checkpoint's if there is one, else the model's own."""
    state = first_state(model, optimizer)
    if not checkpoint.exists():
        return state, jax.device_get(state[0]), History()
    saved = np.load(checkpoint / "state.npz")
    state = [[jax.numpy.asarray(saved[f"{g}.{i}"]) for i in range(len(group))] for g, group in enumerate(state)]
    best = [saved[f"best.{i}"] for i in range(len(state[0]))]
    return state, best, History(**json.loads((checkpoint / "history.json").read_text()))


def _save(checkpoint: Path, state: State, best: list, history: History) -> None:
    arrays = {f"{g}.{i}": array for g, group in enumerate(state) for i, array in enumerate(jax.device_get(group))}
    with whole(checkpoint) as folder:
        folder.mkdir()
        np.savez(folder / "state.npz", **arrays, **{f"best.{i}": array for i, array in enumerate(best)})
        (folder / "history.json").write_text(json.dumps(vars(history)))
