"""One switch turns all tricks off, and a training then ends with the same bytes."""

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.runtime import allocator
from stages.runtime.compilation import Compiled
from stages.runtime.imports import OPTIONAL_FOR_KERAS, block_optional_imports
from stages.runtime.tricks import SWITCH, tricks_enabled

PROJECT = Path(__file__).parents[2]
TRAINING = """
import sys
from pathlib import Path

from stages.runtime.jax_setup import prepare_jax

prepare_jax()
import numpy as np

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.schema import NeuralConfig, TrainingConfig
from stages.nn.initializers import RandomNormal
from stages.nn.network import Network, build_model
from stages.nn.recurrent import Cell
from stages.training.loop import TrainConfig, cosine_adamw, fit
from stages.training.replica import Job
import jax
import keras

folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
inputs = rng.integers(0, 7, (4, 8, 5)).astype(np.int32)  # batches, rows, steps
targets = (inputs.sum(axis=2) % 3).astype(np.float32)


def build():
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(7, 6, embeddings_initializer=RandomNormal(stddev=0.1))(ids)
    vectors = keras.layers.Conv1D(6, 3, padding="same")(vectors)
    states = Cell.GRU.layer(5, return_sequences=True)(keras.layers.Dropout(0.3)(vectors))
    states = keras.layers.MultiHeadAttention(2, 3)(states, Cell.LSTM.layer(4, return_sequences=True)(states))
    return keras.Model(ids, keras.layers.Dense(1)(keras.layers.GlobalMaxPooling1D()(states)))


def batches(epoch):
    order = np.random.default_rng(epoch).permutation(4)
    return [(inputs[number], targets[number], np.ones(8, np.float32)) for number in order]


def loss(truth, outputs):
    return jax.numpy.square(truth - outputs[:, 0])


network = Network(build_model(build, seed=3))
(folder / "start").mkdir(parents=True)
network.save(folder / "start")


def validate(weights):
    return {"error": float(np.mean([loss(t, network.forward(i, weights)) for i, t in zip(inputs, targets)]))}


config = NeuralConfig(learning_rate=0.05)
dataset = Dataset(Paths(folder), "none", "tiny")
job = Job(dataset, "tiny", config, TrainingConfig(), 3, folder / "end", folder / "checkpoint", folder / "curve.csv")
optimizer = cosine_adamw(config, 1.0, steps=12, warmup_steps=2)
history = fit(network.model, optimizer, loss, batches, validate, TrainConfig(3, "error", job, 6))
assert len(history.epochs) == 3
job.folder.mkdir()
network.save(job.folder)
"""


def values(folder: Path) -> list[bytes]:
    """Return the content of all arrays that a training wrote, and its learning curve."""
    import h5py
    import numpy as np

    arrays: list[bytes] = []
    for name in ("start", "end"):
        with h5py.File(folder / name / "model.weights.h5") as file:
            file.visititems(
                lambda _, item: arrays.append(np.array(item).tobytes()) if isinstance(item, h5py.Dataset) else None
            )
    assert len(arrays) > 20
    return [*arrays, (folder / "curve.csv").read_bytes()]


def test_a_training_without_tricks_ends_with_the_same_bytes(tmp_path):
    for name, switch in (("tricks", ""), ("plain", "1")):
        environment = os.environ | {"PYTHONPATH": str(PROJECT), SWITCH: switch}
        command = [sys.executable, "-c", TRAINING, str(tmp_path / name)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
    assert values(tmp_path / "tricks") == values(tmp_path / "plain")


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setenv(SWITCH, "1")


def test_the_switch(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    assert tricks_enabled()
    monkeypatch.setenv(SWITCH, "1")
    assert not tricks_enabled()


def test_plain_imports_are_those_of_python(plain):
    modules = {name: sys.modules.get(name) for name in OPTIONAL_FOR_KERAS}
    frozen = gc.get_freeze_count()
    with block_optional_imports():
        assert {name: sys.modules.get(name) for name in OPTIONAL_FOR_KERAS} == modules and gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_blocked_packages_are_back_after_the_block(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    import pandas

    with block_optional_imports():
        with pytest.raises(ImportError):
            import pandas as hidden  # noqa: F401
        assert not gc.isenabled()
    assert sys.modules["pandas"] is pandas and gc.isenabled()
    gc.unfreeze()


def test_the_plain_allocator_is_left_alone(plain, monkeypatch):
    def refuse(_name: object) -> None:
        raise AssertionError("the allocator was called")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    allocator.tune_allocator()
    allocator.trim_memory()


def test_plain_environment(plain, monkeypatch):
    from stages.runtime.jax_setup import prepare_jax

    for name in allocator.ALLOCATOR_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    prepare_jax()
    assert not set(allocator.ALLOCATOR_VARIABLES) & set(os.environ)
    assert os.environ["OMP_NUM_THREADS"] == "1"  # no trick: the bytes would depend on the number of cores


def test_plain_code_is_compiled_by_jax(plain, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("compiled ahead of time")

    monkeypatch.setattr(Compiled, "_compile", refuse)
    assert Compiled(lambda number: number + 1)(1) == 2
