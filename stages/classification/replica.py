"""One replica of a text classifier: fitted, saved and measured on validation."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from stages.classification.data import Prepared
from stages.classification.metrics import scores
from stages.classification.models import Texts
from stages.classification.saved import Saved
from stages.clock import clock
from stages.params import load
from stages.replicas import outcome
from stages.schema import Neural
from stages.tasks import Job

FITTED = "tokens/tokenizer.json"


def about(prepared: Path) -> dict:
    """Return what a model's description says beside what every task's does."""
    return {"labels": Prepared.open(prepared).labels}


def train(job: Job) -> dict:
    """Train one replica, write it to `job.folder` and return its scores, its learning curve and its timings."""
    data = Prepared.open(Path("data/prepared", job.dataset, "tokens"))
    parameters = load().classification.model(job.model)
    fit = _fit_neural if isinstance(parameters, Neural) else _fit_baseline
    classifier, seconds, epochs, validation = fit(job, data)
    job.folder.mkdir()
    classifier.save(job.folder)
    examples = max(len(epochs), 1) * len(data.part("train").labels)
    return outcome(job, validation, epochs, classifier.size(), seconds, examples)


def _fit_baseline(job: Job, data: Prepared) -> tuple[Any, float, list[dict], dict]:
    """Return a fitted baseline, the seconds that it took, no epochs, and its scores on validation."""
    parameters = load().classification.model(job.model)
    folder = Path("data/prepared", job.dataset)
    train_part, held_out = (_texts(folder / f"{name}.parquet", data) for name in ("train", "validation"))
    began = clock.seconds()
    classifier = Saved.model_file(job.model).Model.fit(parameters, train_part, held_out, len(data.labels))
    seconds = clock.seconds() - began
    return classifier, seconds, [], scores(held_out.labels, classifier.predict(held_out.texts))


def _fit_neural(job: Job, data: Prepared) -> tuple[Any, float, list[dict], dict]:
    """Return a trained classifier, the seconds that it took, a row an epoch, and the best epoch's scores."""
    from stages.classification import neural  # imports Keras
    from stages.training import Plan

    section = load().classification
    choices, parameters = section.training, section.model(job.model)
    plan = Plan.of(job, choices, choices.epochs, "accuracy", lower_is_better=False)
    classifier = neural.build(Saved.model_file(job.model), parameters, data, choices, job.seed)
    history = neural.fit(classifier, parameters, data, choices, job.seed, plan)
    best = {name: value for name, value in history.epochs[history.best].items() if name not in ("epoch", "train_loss")}
    return classifier, history.seconds, history.epochs, best


def _texts(path: Path, data: Prepared) -> Texts:
    """Return a part's texts, the indices of their labels, and how much they count."""
    part = data.part(path.stem)
    return Texts(pq.read_table(path, columns=["text"])["text"].to_pylist(), part.labels, part.weights)
