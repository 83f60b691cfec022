"""The loop that trains every network: compiled steps, early stopping, and going on after a kill."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import jax
import keras
import numpy as np

from stages.config.schema import NeuralConfig
from stages.nn.model import TrainedModel
from stages.nn.network import Weights
from stages.runtime.clock import clock
from stages.runtime.compilation import Compiled
from stages.runtime.files import atomic_write
from stages.runtime.initialization import batched_init
from stages.runtime.progress import duration, progress, tell
from stages.training.curves import append_epoch
from stages.training.replica import Epoch, Fit, Job

IMPROVEMENT = 0.01  # of the error: a last epoch that is better by more shows that more of them might do better still

Batch = tuple[Any, np.ndarray, np.ndarray]  # inputs (B, …), targets (B, …), weights (B,): 0 for rows that only pad


class Batches(Protocol):
    """The batches of an epoch."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class TrainState(NamedTuple):
    """All that a step changes."""

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]
    averages: list[jax.Array]  # running averages of the trainable values


@dataclass
class History:
    """What early stopping has seen: a row for each epoch, and where the best one was."""

    epochs: list[Epoch] = field(default_factory=list)
    best: int = -1  # index into epochs
    seconds: float = 0.0  # of `clock`, spent in training, earlier runs included
    examples: int = 0  # that were learned from, each counted as often as it was seen
    still_improving: bool = False  # when the last epoch ended

    def record(self, row: Epoch, config: "TrainConfig") -> bool:
        """Add an epoch; tell whether it is the best so far."""
        self.epochs.append(row)
        if self.best < 0 or config.error(row) < config.error(self.epochs[self.best]):
            self.best = len(self.epochs) - 1
        earlier = [config.error(each) for each in self.epochs[: -config.finer]]
        best = config.error(self.epochs[self.best])
        self.still_improving = best < (1 - IMPROVEMENT) * min(earlier, default=np.inf)
        return self.best == len(self.epochs) - 1

    def ended(self, config: "TrainConfig") -> bool:
        """Tell whether all epochs are done, time is up, or the best epoch lies `patience` epochs back or more."""
        waited = len(self.epochs) - 1 - self.best
        return len(self.epochs) >= config.epochs or self.seconds >= config.seconds or waited >= config.patience

    def result(self, model: TrainedModel, unit: int = 1) -> Fit:
        """Return what there is to tell of a trained model. `unit`: what an example counts for, such as its tokens."""
        best = {name: value for name, value in self.epochs[self.best].items() if name not in ("epoch", "train_loss")}
        return Fit(model, best, self.seconds, self.examples * unit, self.epochs, self.still_improving)


@dataclass(frozen=True)
class TrainConfig:
    """How long to train, what decides, and where the state is kept."""

    epochs: int  # at most
    metric: str  # on validation, which decides
    job: Job
    planned_steps: int  # that all epochs would take without the bounds of `training`
    finer: int = 1  # epochs in place of one that the parameters speak of
    lower_is_better: bool = True

    @property
    def patience(self) -> int:
        """How many epochs without a better one end the training."""
        return self.job.training.patience * self.finer

    @property
    def seconds(self) -> float:
        """How long it may take, of one core."""
        return np.inf if self.job.training.minutes is None else 60 * self.job.training.minutes

    def error(self, row: Epoch) -> float:
        """Return how far an epoch's metric on validation is from a perfect one; 1 is perfect where more is better."""
        value: float = row[self.metric]
        return value if self.lower_is_better else 1 - value

    def tell_bounds(self, steps: int) -> None:
        """Say, once for all runs, if the bounds on gradient steps make the training longer or shorter."""
        if self.job.position == 0 and not 0.9 < steps / self.planned_steps < 1.1:
            key = "min_steps" if steps > self.planned_steps else "max_steps"
            tell(
                f"{self.job.dataset.name}-{self.job.model}: {steps:,} gradient steps by training.{key}, where epochs "
                f"alone would make {self.planned_steps:,}"
            )

    def report(self, row: Epoch, seconds_left: float | None = None) -> None:
        """Append an epoch to the learning curve that an editor shows, and say on the terminal how far it is.

        Of epochs that are parts of one the last is told.
        """
        if self.job.curve is not None:
            append_epoch(self.job.curve, self.job.seed, row)
        if seconds_left is not None and row["epoch"] % self.finer == 0:
            state = f"{self.metric} {row[self.metric]:.4g} on validation, loss {row['train_loss']:.4g}"
            left = f", about {duration(seconds_left)} left" if row["epoch"] < self.epochs else ""
            tell(f"{self.describe(row['epoch'])}: {state}{left}")

    def describe(self, epoch: int) -> str:
        """Name an epoch, counted from 1, for people."""
        return f"{self.job.dataset.name}-{self.job.model} seed {self.job.seed} epoch {epoch}/{self.epochs}"


def fit(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable[[jax.Array, jax.Array], jax.Array],
    epoch_batches: Callable[[int], Batches],
    validate: Callable[[Weights], dict[str, float]],
    config: TrainConfig,
) -> History:
    """Train `model` in place; it ends with the weights of its best epoch.

    After every epoch the whole state goes to the job's checkpoint. A training that is started again with the same
    checkpoint goes on from there and ends with the same bytes as one never stopped, for batches depend on the epoch
    alone and the dropout's random state is part of the model's variables.

    A training that `minutes` ends before its last epoch counts as still improving, for its rate had not fallen yet.

    Args:
        loss: of (targets, outputs) → (B,), one value for each example.
        epoch_batches: of an epoch's number, counted from 0.
        validate: of the trainable variables' averages → metrics.
    """
    job = config.job
    step = compile_step(model, optimizer, loss, job.training.ema_decay)
    state, best, history = _start(model, optimizer, job.checkpoint)
    config.tell_bounds(config.epochs * len(epoch_batches(0)))
    for row in history.epochs:
        config.report(row)
    while not history.ended(config):
        epoch, watch, began, losses = len(history.epochs), perf_counter(), clock.seconds(), []
        for batch in progress(epoch_batches(epoch), desc=config.describe(epoch + 1), position=job.position):
            state, value = step(state, *batch)
            losses.append(value)
            history.examples += int(np.count_nonzero(batch[2]))
            if history.seconds + clock.seconds() - began >= config.seconds:
                break
        row = {"epoch": epoch + 1, "train_loss": float(np.mean(jax.device_get(losses)))} | validate(state.averages)
        if history.record(row, config):
            best = jax.device_get(state.averages)
        history.seconds += clock.seconds() - began
        _save(job.checkpoint, state, best, history)
        config.report(row, (perf_counter() - watch) * (config.epochs - epoch - 1))
    if history.seconds >= config.seconds and len(history.epochs) < config.epochs:
        history.still_improving = True
    for variable, value in zip(model.trainable_variables, best, strict=True):
        variable.assign(value)
    return history


def cosine_adamw(
    parameters: NeuralConfig, clip_norm: float, steps: int, warmup_steps: int = 0
) -> keras.optimizers.Optimizer:
    """Return Adam with decoupled weight decay (Loshchilov & Hutter 2019) for so many steps.

    Its rate rises from a tenth of `parameters.learning_rate` to all of it in the first `warmup_steps`, and falls to a
    tenth again along a cosine.
    """
    highest = parameters.learning_rate
    warmup = {"warmup_target": highest, "warmup_steps": warmup_steps} if warmup_steps else {}
    first = 0.1 * highest if warmup_steps else highest
    rate = keras.optimizers.schedules.CosineDecay(first, steps - warmup_steps, alpha=0.1, **warmup)
    return keras.optimizers.AdamW(rate, weight_decay=parameters.weight_decay, global_clipnorm=clip_norm)


def compile_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable[[jax.Array, jax.Array], jax.Array],
    ema_decay: float,
) -> Callable[..., tuple[TrainState, jax.Array]]:
    """Return a compiled function of (state, inputs, targets, weights) → (state, mean loss).

    The averages run over the steps with exponentially falling weights (Polyak & Juditsky 1992 average evenly). What
    the optimizer does is compiled apart from the gradients: it is the same for batches of all shapes.
    """

    def compute(trainable: list, non_trainable: list, inputs: Any, targets: Any, weights: Any) -> tuple:
        outputs, non_trainable = model.stateless_call(trainable, non_trainable, inputs, training=True)
        return (loss(targets, outputs) * weights).sum() / (weights > 0).sum(), non_trainable

    def update(trainable: list, variables: list, averages: list, grads: list) -> tuple:
        trainable, variables = optimizer.stateless_apply(variables, grads, trainable)
        averages = [ema_decay * old + (1 - ema_decay) * new for old, new in zip(averages, trainable, strict=True)]
        return trainable, variables, averages

    differentiate = Compiled(jax.value_and_grad(compute, has_aux=True))
    apply = Compiled(update, donate_argnums=(0, 1, 2))

    def step(state: TrainState, inputs: Any, targets: Any, weights: Any) -> tuple[TrainState, jax.Array]:
        trainable, non_trainable, variables, averages = state
        (value, non_trainable), grads = differentiate(trainable, non_trainable, inputs, targets, weights)
        trainable, variables, averages = apply(trainable, variables, averages, grads)
        return TrainState(trainable, non_trainable, variables, averages), value

    return step


def init_train_state(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> TrainState:
    """Return the state that a model is trained from: its own."""
    with batched_init():
        optimizer.build(model.trainable_variables)
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables, model.trainable_variables)
    # Copies, for a step donates them; by NumPy, for JAX would compile a copy for each shape.
    return TrainState(*([jax.device_put(np.array(variable.value)) for variable in group] for group in groups))


def _start(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, checkpoint: Path
) -> tuple[TrainState, list[Any], History]:
    """Return the state to train from: the checkpoint's if there is one, else the model's own."""
    state = init_train_state(model, optimizer)
    if not checkpoint.exists():
        return state, jax.device_get(state.trainable), History()
    saved = np.load(checkpoint / "state.npz")
    groups = ([jax.numpy.asarray(saved[f"{g}.{i}"]) for i in range(len(group))] for g, group in enumerate(state))
    best = [saved[f"best.{i}"] for i in range(len(state.trainable))]
    return TrainState(*groups), best, History(**json.loads((checkpoint / "history.json").read_text()))


def _save(checkpoint: Path, state: TrainState, best: list[Any], history: History) -> None:
    groups = enumerate(jax.device_get(tuple(state)))
    arrays: dict[str, Any] = {f"{g}.{i}": array for g, group in groups for i, array in enumerate(group)}
    with atomic_write(checkpoint) as folder:
        folder.mkdir()
        np.savez(folder / "state.npz", **arrays, **{f"best.{i}": array for i, array in enumerate(best)})
        (folder / "history.json").write_text(json.dumps(vars(history)))
