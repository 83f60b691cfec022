"""Language models trained for the same time: ours as params.yaml has them, and a small GPT in Keras.

`tools.bench.language` runs each in a process of its own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import keras
import numpy as np

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.tasks.base import TrainingPlan
from stages.tasks.discovery import find_task
from stages.tasks.generation.modeling.data import Batches, Prepared
from stages.tasks.generation.modeling.network import build_network, cross_entropy
from stages.training.loop import compile_step, init_train_state
from tools.bench import gpt

DATASET = "shakespeare"
SEED = 1
CONTENDER = "lstm"  # whose training settles what is the same for all contenders
LOOKS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # shares of the time after which validation is read
ENDLESS = range(1 << 40)


@dataclass(frozen=True)
class Contender:
    """A language model about to be trained."""

    model: keras.Model
    loss: Callable
    batches: Iterable
    token_nll_bits: Callable  # of (ids, weights) → (tokens,)
    optimizer: keras.optimizers.Optimizer
    warmup: float = 0.0  # share of the time in which the learning rate rises


def plan(name: str) -> TrainingPlan:
    """Return how one of our networks is trained, as params.yaml has it."""
    return find_task("generation").plan(Dataset(Paths(), "generation", DATASET), name)


def ours(name: str, data: Prepared) -> Contender:
    """Return one of our networks, with the parameters, the optimizer and the batches of the stage `train`."""
    parameters, training = plan(name).parameters, plan(name).training
    rows = min(training.batch_size, len(data.starts("train")))
    network = build_network(name, parameters, data.shape, SEED)
    rng = None if training.stateful else np.random.default_rng(SEED)
    model, loss = network.training_model(data.meta.length, rows, training, SEED)
    batches = Batches(data.ids("train"), data.starts("train"), data.meta.length, rows, ENDLESS, rng)
    optimizer = keras.optimizers.AdamW(
        parameters.learning_rate, weight_decay=parameters.weight_decay, global_clipnorm=training.clip_norm
    )
    return Contender(model, loss, batches, network.token_nll_bits, optimizer)


def peer(data: Prepared) -> Contender:
    """Return the small GPT, with the batches and the optimizer of nanoGPT."""
    model = gpt.build(data.tokenizer().get_vocab_size(), SEED)
    ids = data.ids("train")
    starts = np.arange(len(ids) - gpt.CONTEXT)  # a window may begin anywhere
    batches = Batches(ids, starts, gpt.CONTEXT, gpt.BATCH, ENDLESS, np.random.default_rng(SEED))
    optimizer = keras.optimizers.AdamW(
        gpt.RATE, weight_decay=gpt.DECAY, beta_2=gpt.BETA_2, global_clipnorm=1.0, epsilon=1e-8
    )
    optimizer.exclude_from_weight_decay(var_names=["embeddings", "gamma", "beta"])
    return Contender(
        model,
        lambda targets, logits: cross_entropy(targets, logits).mean(axis=-1),
        batches,
        gpt.Scorer(model, data.shape.newline).token_nll_bits,
        optimizer,
        warmup=0.05,
    )


def race(name: str, seconds: str) -> list[dict[str, float]]:
    """Train one contender; return its curve."""
    data = Prepared.open(Path("data/prepared", DATASET, "window"))
    return train(peer(data) if name == "gpt" else ours(name, data), data, float(seconds))


def train(contender: Contender, data: Prepared, seconds: float) -> list[dict[str, float]]:
    """Train for so long; return {seconds, steps, bits_per_character}, on validation, at every look.

    The clock runs from the first step, its compilation included, and stands still while validation is read. The
    learning rate falls to a tenth along a cosine over the whole time, whatever number of steps fits into it. What is
    looked at is the running average of the weights, for every contender.
    """
    training = plan(CONTENDER).training
    step = compile_step(contender.model, contender.optimizer, contender.loss, training.ema_decay)
    state = init_train_state(contender.model, contender.optimizer)
    place = [variable.name for variable in contender.optimizer.variables].index("learning_rate")
    highest = np.asarray(state.optimizer[place])
    ids = np.asarray(data.ids("validation")[: training.validation_tokens])
    characters = data.lengths("validation")[: training.validation_tokens].sum()
    curve, spent, looks = [], 0.0, list(LOOKS)
    for count, batch in enumerate(contender.batches, start=1):
        began = perf_counter()
        state.optimizer[place] = highest * np.float32(_rate(spent / seconds, contender.warmup))
        state, value = step(state, *batch)
        value.block_until_ready()
        spent += perf_counter() - began
        if spent >= looks[0] * seconds:
            bits = float(contender.token_nll_bits(ids, state.averages).sum() / characters)
            row = {"steps": count, "bits_per_character": bits}
            # One step may pass several looks, the first above all, which compiles: all of them see its weights.
            curve += [{"seconds": look * seconds} | row for look in looks if look * seconds <= spent]
            looks = [look for look in looks if look * seconds > spent]
            if not looks:
                return curve
    raise AssertionError("batches are endless")


def _rate(share: float, warmup: float) -> float:
    """Return the share of the highest learning rate after a share of the time."""
    return min(share / warmup if warmup else 1.0, 0.55 + 0.45 * np.cos(np.pi * min(share, 1.0)))
