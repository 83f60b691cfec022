"""The loop that trains every network: its step, early stopping, and going on after a kill."""

from typing import Any

import jax
import keras
import numpy as np
import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.schema import NeuralConfig, TrainingConfig
from stages.nn.network import Network, build_model
from stages.training.loop import History, TrainConfig, compile_step, cosine_adamw, fit, init_train_state
from stages.training.replica import Job


def mean_loss(weights: list[float], last_target: float = 9.0) -> float:
    """Return the loss of a first step over three rows of these weights."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.1)
    step = compile_step(model, optimizer, lambda targets, outputs: jax.numpy.square(targets - outputs[:, 0]), 0.0)
    inputs, targets = np.array([[1], [2], [3]], np.float32), np.array([1, 4, last_target], np.float32)
    return float(step(init_train_state(model, optimizer), inputs, targets, np.array(weights, np.float32))[1])


def test_a_weight_counts_by_itself_and_not_only_against_others_of_its_batch():
    assert mean_loss([0.5, 0.5, 0.5]) == pytest.approx(mean_loss([1, 1, 1]) / 2)


def test_rows_that_pad_do_not_count():
    assert mean_loss([1, 1, 0]) == mean_loss([1, 1, 0], last_target=-100)
    alone = [mean_loss([1, 0, 0]), mean_loss([0, 1, 0])]
    assert mean_loss([1, 1, 0]) == pytest.approx(np.mean(alone))
    assert mean_loss([1, 1, 1]) != mean_loss([1, 1, 1], last_target=-100)


class Killed(Exception):
    """What stops a training."""


def train(folder, errors: list[float] | None = None, kill: int | None = None, planned: int = 6, **training: Any):
    """Train a small network for at most three epochs; return it and its history.

    Args:
        folder: of the checkpoint and the curve.
        errors: on validation, by epoch; None: those that the network makes.
        kill: the epoch whose batches stop the training.
        planned: steps, without bounds; six are taken.
        training: keys of the training's parameters.
    """
    inputs, targets = np.linspace(-1, 1, 8, dtype=np.float32)[:, None], np.linspace(0, 1, 8, dtype=np.float32)

    def build() -> keras.Model:
        layers = [keras.Input((1,)), keras.layers.Dense(8, "tanh"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        return keras.Sequential(layers)

    def batches(epoch: int):
        if epoch == kill:
            raise Killed
        order = np.random.default_rng(epoch).permutation(8)
        return [(inputs[rows], targets[rows], np.ones(4, np.float32)) for rows in (order[:4], order[4:])]

    def loss(truth, outputs):
        return jax.numpy.square(truth - outputs[:, 0])

    network = Network(build_model(build, seed=1))
    given = iter(errors or [])

    def validate(weights) -> dict[str, float]:
        return {"error": next(given) if errors else float(loss(targets, network.forward(inputs, weights)).mean())}

    config = NeuralConfig(learning_rate=0.1)
    dataset = Dataset(Paths(folder), "none", "mine")
    job = Job(
        dataset,
        "small",
        config,
        TrainingConfig(ema_decay=0.5, **training),
        1,
        folder / "model",
        folder / "checkpoint",
        folder / "curve.csv",
    )
    history = fit(
        network.model, cosine_adamw(config, 1.0, 6), loss, batches, validate, TrainConfig(3, "error", job, planned)
    )
    return network, history


def weights_of(network: Network) -> list[np.ndarray]:
    return [np.array(value) for value in network.weights()]


def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(tmp_path):
    expected, history = train(tmp_path / "whole")
    with pytest.raises(Killed):
        train(tmp_path / "killed", kill=2)
    network, continued = train(tmp_path / "killed")
    assert [value.tobytes() for value in weights_of(network)] == [value.tobytes() for value in weights_of(expected)]
    assert continued.epochs == history.epochs and continued.best == history.best


def test_training_stops_without_a_better_epoch_and_ends_with_the_best_one(tmp_path):
    network, history = train(tmp_path / "one", patience=1, errors=[1.0, 2.0, 0.5])
    assert (len(history.epochs), history.best, history.result(network).validation) == (2, 0, {"error": 1.0})
    other, _ = train(tmp_path / "all", errors=[1.0, 2.0, 3.0])
    assert all(map(np.array_equal, weights_of(network), weights_of(other)))


@pytest.mark.parametrize(
    ("errors", "improving"),
    [
        ([1.0, 0.5, 0.4], True),
        ([1.0, 0.5, 0.498], False),  # by less than a hundredth
        ([1.0, 0.4, 0.5], False),
        ([1.0, 0.9, 0.0], True),
    ],
)
def test_a_training_whose_last_epoch_is_the_best_by_more_than_a_hundredth_is_still_improving(
    errors, improving, tmp_path
):
    network, history = train(tmp_path, errors=errors)
    assert history.result(network).still_improving is improving


def test_minutes_end_a_training_which_then_counts_as_still_improving(tmp_path):
    network, history = train(tmp_path, errors=[1.0, 2.0, 3.0], minutes=1e-9)
    assert len(history.epochs) == 1 and history.examples == 4  # a step is taken all the same
    assert history.result(network).still_improving


def test_without_a_terminal_each_epoch_has_a_line(tmp_path, capfd):
    train(tmp_path, errors=[1.0, 0.5, 0.4])
    lines = capfd.readouterr().err.splitlines()
    assert [line.partition(": error")[0] for line in lines] == [f"mine-small seed 1 epoch {n}/3" for n in (1, 2, 3)]
    assert ": error 0.5 on validation, loss " in lines[1] and lines[1].endswith(" s left")
    assert "left" not in lines[2]


def test_higher_may_be_better(tmp_path):
    job = Job(
        Dataset(Paths(tmp_path), "none", "mine"), "small", NeuralConfig(), TrainingConfig(), 1, tmp_path, tmp_path
    )
    config, history = TrainConfig(3, "accuracy", job, 6, lower_is_better=False), History()
    assert [history.record({"epoch": n, "accuracy": value}, config) for n, value in enumerate((0.5, 0.7, 0.6))] == [
        True,
        True,
        False,
    ]


def test_the_rate_rises_and_falls():
    optimizer = cosine_adamw(NeuralConfig(learning_rate=1.0), 1.0, steps=12, warmup_steps=2)
    rate = optimizer._learning_rate
    assert [round(float(rate(step)), 3) for step in (0, 2, 12)] == [0.1, 1.0, 0.1]


@pytest.mark.parametrize(("planned", "key"), [(2, "min_steps"), (18, "max_steps")])
def test_bounds_that_change_the_training_are_told_once(planned, key, tmp_path, capfd):
    train(tmp_path / "one", planned=planned)
    assert f"6 gradient steps by training.{key}, where epochs alone would make {planned}" in capfd.readouterr().err
    train(tmp_path / "other")
    assert "gradient steps" not in capfd.readouterr().err
