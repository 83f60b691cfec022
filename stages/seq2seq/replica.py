"""One replica of a model of pairs: fitted, saved and measured on validation."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.clock import clock
from stages.params import load
from stages.replicas import outcome
from stages.schema import Neural
from stages.seq2seq.data import Prepared
from stages.seq2seq.metrics import contributions, figures
from stages.seq2seq.saved import Saved
from stages.tasks import Job

FITTED = "tokens/vocabularies.json"


def about(_prepared: Path) -> dict:
    """Return what a model's description says beside what every task's does."""
    return {}


def train(job: Job) -> dict:
    """Train one replica, write it to `job.folder` and return its scores, its learning curve and its timings."""
    data = Prepared(Path("data/prepared", job.dataset, "tokens"))
    neural = isinstance(load().seq2seq.model(job.model), Neural)
    model, seconds, epochs = (_fit_neural if neural else _fit_baseline)(job, data)
    job.folder.mkdir()
    model.save(job.folder)
    validation = _validate(job, data, model)
    passes = len(epochs) / load().seq2seq.training.pass_epochs if neural else 1
    examples = round(passes * len(data.side("train", "source").lengths))
    return outcome(job, validation, epochs, model.size(), seconds, examples)


def _fit_baseline(job: Job, data: Prepared) -> tuple[Any, float, list[dict]]:
    """Return a fitted baseline, the seconds that it took, and no epochs."""
    parameters, began = load().seq2seq.model(job.model), clock.seconds()
    model = Saved.model_file(job.model).Model.fit(parameters, data)
    return model, max(clock.seconds() - began, 1e-3), []


def _fit_neural(job: Job, data: Prepared) -> tuple[Any, float, list[dict]]:
    """Return a trained network, the seconds that it took, and a row an epoch."""
    from stages.seq2seq import neural  # imports Keras
    from stages.training import Plan

    section = load().seq2seq
    choices, parameters = section.training, section.model(job.model)
    plan = Plan.of(job, choices, parameters.epochs, "phone_error_rate")
    model = neural.build(Saved.model_file(job.model), parameters, data.vocabularies, job.seed)

    def validate(weights: list) -> dict[str, float]:
        return _validate(job, data, model, weights)

    history = neural.fit(model, parameters, data, choices, job.seed, plan, validate)
    return model, history.seconds, history.epochs


def _validate(job: Job, data: Prepared, model: Any, *weights: list) -> dict[str, float]:
    """Return the figures of what a model writes, greedily, for validation's first sources."""
    few = load().seq2seq.training.validation_sources
    part = pd.read_parquet(Path("data/prepared", job.dataset, "validation.parquet"))[:few]
    written = model.translate(part["source"].tolist(), 1, 1, 1.0, *weights)
    outputs = [best[0].text for best in written]
    rows = contributions(outputs, [list(texts) for texts in part["targets"]], data.vocabularies.units["target"])
    found = figures(np.array([len(outputs), *rows.sum(axis=0)]))
    return {name: float(found[name]) for name in ("phone_error_rate", "bleu")}
