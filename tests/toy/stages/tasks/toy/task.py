"""The toy task: the smallest one that is whole. A task of this size needs no further modules."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.data.table import Table
from stages.evaluation.metric import Metric, measure
from stages.runtime.clock import clock
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.toy.config import Reading, Section, SplitConfig, WindowConfig
from stages.training.replica import Fit, Job
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    import pandas as pd

    from stages.nn.network import Network, Weights

METRICS = (
    Metric(
        name="mae",
        title="MAE",
        unit="points of MAE",
        from_sums=lambda sums: sums[..., 1] / sums[..., 0],
        explanation="Mean absolute error: by how much a prediction is off on average, in the unit of the data.",
        higher_is_better=False,
        headline=True,
    ),
    Metric(
        name="rmse",
        title="RMSE",
        unit="points of RMSE",
        from_sums=lambda sums: np.sqrt(sums[..., 2] / sums[..., 0]),
        explanation="Root mean squared error: as MAE, but large errors count more.",
        higher_is_better=False,
    ),
)


class Prepared(NamedTuple):
    """What models learn from: scaled windows with their targets in the last column, (N, L + 1)."""

    train: np.ndarray
    validation: np.ndarray


class Saved(SavedModel[Any]):
    """A trained model; beside its replicas lies scaler.json."""

    task = "toy"

    def build_network(self) -> "Network":
        """Return the network, with the weights of no replica."""
        from stages.nn.network import Network, build_model

        return Network(build_model(lambda: self.module.build(self.parameters, self.scaler["length"])))

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, model) for some seeds, or for all."""
        return self.load_replicas(seeds)

    @property
    def scaler(self) -> dict[str, Any]:
        """The length of a window, and the scale of the data: their mean and their standard deviation on train."""
        return read_json(self.folder / "scaler.json")

    def predict(self, model: Any, windows: np.ndarray) -> np.ndarray:
        """Return predictions (N,) for scaled windows (N, L), in the unit of the data."""
        scaled = np.asarray(model.forward(windows))[:, 0] if self.neural else model.predict(windows)
        return np.asarray(self.scaler["mean"] + self.scaler["sd"] * scaled, float)


class Toy(Task):
    """Predict the last number of a sequence."""

    name = "toy"
    title = "next numbers"
    items = "sequences"
    section = Section
    prepared = "window"
    preprocessor = "scaler.json"
    metrics = METRICS
    item_columns = ("id", "target")

    def read(self, dataset: Dataset) -> Table:
        """Read the raw files, a sequence per line.

        Raises:
            UserError: a line is no sequence; names file and row.
        """
        separator = dataset.params("reading", Reading).separator
        rows: list[dict[str, Any]] = []
        files = []
        for path in sorted(dataset.raw.iterdir()):
            lines = path.read_text(encoding="utf-8").splitlines()
            for row, line in enumerate(lines, 1):
                *context, target = _numbers(line.split(separator), f"{path.name}, row {row}")
                where = {"id": f"{dataset.name}-{len(rows) + 1}", "file": path.name, "row": row}
                rows.append(where | {"context": context, "target": target})
            files.append({"name": path.name, "bytes": path.stat().st_size, "encoding": "utf-8", "rows": len(lines)})
        return Table(pa.Table.from_pylist(rows), files, len(rows), {})

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split by a hash of each sequence; one that is there twice is dropped."""
        config, sequences = dataset.params("split", SplitConfig), _sequences(table)
        place = sequences.map(_place)
        first, held_out = ~sequences.duplicated(), config.test + config.validation
        parts = {
            "train": table[first & (place >= held_out)],
            "validation": table[first & (place >= config.test) & (place < held_out)],
            "test": table[first & (place < config.test)],
        }
        return Split(parts, {"repeated sequences": int((~first).sum())})

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return the number of rows and the hash of their content."""
        content = "\n".join(_sequences(part)).encode()
        return {"rows": len(part), "hash": hashlib.sha256(content).hexdigest()[:12]}

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the scaler on train, and write train and validation as scaled windows."""
        import pandas as pd

        length = dataset.params("window", WindowConfig).length
        parts = {name: pd.read_parquet(dataset.part(name)) for name in ("train", "validation")}
        scaler = {"length": length} | _fit_scaler(parts["train"])
        output.mkdir()
        write_json(output / "scaler.json", scaler, digits=None)
        for name, part in parts.items():
            np.save(output / f"{name}.npy", _windows(part, scaler))
        return Preparation(scaler, f"windows of {length}")

    def audit(self, dataset: Dataset) -> Findings:
        """Look for sequences in two parts, and for a scaler that was fitted on more than train."""
        import pandas as pd

        parts = {name: pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")}
        sequences = pd.concat(_sequences(part) for part in parts.values())
        scaler = read_json(dataset.prepared / self.prepared / self.preprocessor)
        known = {"length": scaler["length"]} | _fit_scaler(parts["train"])
        return {
            "shared_sequences": [f"in two parts: {each}" for each in sequences[sequences.duplicated()]],
            "scaler": [] if scaler == known else ["the scaler was not fitted on train alone"],
        }

    def open_prepared(self, folder: Path) -> Prepared:
        """Open the folder that `prepare` wrote."""
        return Prepared(np.load(folder / "train.npy"), np.load(folder / "validation.npy"))

    def fit_network(self, job: Job, data: Prepared) -> Fit:
        """Train a network on batches in an order that the epoch decides."""
        from stages.nn.network import Network, build_model
        from stages.tasks.toy.config import Training
        from stages.training.budget import Epochs
        from stages.training.loop import TrainConfig, cosine_adamw, fit
        from stages.training.saved import model_module

        training, parameters, rows = job.training, job.parameters, data.train
        assert isinstance(training, Training)
        build = model_module(self.name, job.model).build
        network = Network(build_model(lambda: build(parameters, rows.shape[1] - 1), job.seed))
        size = min(training.batch_size, len(rows))
        steps = len(rows) // size

        def batches_of_pass(number: int) -> list[Any]:
            order = np.random.default_rng([job.seed, number]).permutation(len(rows))[: steps * size]
            batches = rows[order].reshape(steps, size, -1)
            return [(batch[:, :-1], batch[:, -1:], np.ones(size, np.float32)) for batch in batches]

        def validate(weights: "Weights") -> dict[str, float]:
            return _score(np.asarray(network.forward(data.validation[:, :-1], weights))[:, 0], data.validation[:, -1])

        epochs = Epochs(batches_of_pass, training.epochs, training)
        optimizer = cosine_adamw(parameters, training.clip_norm, epochs.steps)
        config = TrainConfig(epochs.count, self.primary.name, job, epochs.planned, epochs.finer)
        history = fit(network.model, optimizer, _squared_error, epochs, validate, config)
        return history.result(network)

    def validate_baseline(self, job: Job, model: Any, data: Prepared) -> dict[str, float]:
        """Return a fitted baseline's metrics on validation."""
        return _score(model.predict(data.validation[:, :-1]), data.validation[:, -1])

    def num_examples(self, data: Prepared) -> int:
        """Return how many windows train has."""
        return len(data.train)

    def load(self, folder: Path) -> Saved:
        """Open a trained model."""
        return Saved(folder)

    def evaluate(self, saved: Saved, dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Predict the last number of each of test's sequences."""
        import pandas as pd

        test = pd.read_parquet(dataset.part("test"))
        windows, began = _windows(test, saved.scaler)[:, :-1], clock.seconds()
        tables = [
            test[["id", "target"]].assign(seed=seed, predicted=saved.predict(model, windows))
            for seed, model in saved.replicas()
        ]
        seconds, predictions = max(clock.seconds() - began, 1e-3), pd.concat(tables, ignore_index=True)
        sums = self.per_seed(predictions).sum(1)
        scores = {seed: measure(METRICS, values) for seed, values in zip(saved.seeds, sums, strict=True)}
        signature = {"part": "test", "split": self.describe(test)["hash"], "items": len(test), "seeds": saved.seeds}
        details = {"signature": signature | {"average": "mean over seeds"}}
        return EvaluationResult(predictions, scores, details, seconds, len(predictions))

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every sequence's count, absolute and squared error, (seeds, sequences, 3)."""
        tables = [table for _, table in predictions.groupby("seed")]
        return np.stack([_statistics(table["predicted"].to_numpy(), table["target"].to_numpy()) for table in tables])

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return how far test's numbers lie from train's mean."""
        import pandas as pd

        target = pd.read_parquet(dataset.predictions(min(models)))["target"]
        return {"deviation": float((target - target.mean()).abs().mean())}

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw nothing beside what all tasks have."""
        return {}


def _numbers(words: list[str], where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
    if len(numbers) < 2:
        raise UserError(f"{where}: a sequence has at least two numbers")
    return numbers


def _sequences(table: "pd.DataFrame") -> "pd.Series[str]":
    """Return every row's whole sequence as text."""
    return table.apply(lambda row: " ".join(map(repr, [*map(float, row["context"]), row["target"]])), axis=1)


def _place(sequence: str) -> float:
    """Return a number in [0, 1) that depends on the sequence alone."""
    return int.from_bytes(hashlib.sha256(sequence.encode()).digest()[:4]) / 2**32


def _fit_scaler(train: "pd.DataFrame") -> dict[str, float]:
    numbers = np.concatenate([*train["context"], train["target"]])
    return {"mean": float(numbers.mean()), "sd": float(numbers.std()) or 1.0}


def _windows(part: "pd.DataFrame", scaler: Mapping[str, Any]) -> np.ndarray:
    """Return scaled windows with their targets, float32 (N, L + 1); a short sequence begins with its first number."""
    length = scaler["length"]
    rows = [[*[context[0]] * length, *context][-length:] for context in part["context"]]
    windows = np.column_stack([np.array(rows, float).reshape(len(rows), length), part["target"]])
    return ((windows - scaler["mean"]) / scaler["sd"]).astype(np.float32)


def _statistics(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return count, absolute and squared error, (N, 3)."""
    error = np.abs(predicted - target)
    return np.stack([np.ones_like(error), error, error**2], axis=1)


def _score(predicted: np.ndarray, target: np.ndarray) -> dict[str, float]:
    return measure(METRICS, _statistics(predicted, target).sum(0))


def _squared_error(targets: Any, outputs: Any) -> Any:
    return ((targets - outputs) ** 2).sum(-1)


TASK = Toy()
