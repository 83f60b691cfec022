"""One replica of a language model: fitted, saved and measured on validation."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.clock import clock
from stages.files import read_json
from stages.generation.data import Prepared, spelling_bits
from stages.generation.saved import Saved
from stages.params import load
from stages.replicas import outcome
from stages.schema import Neural
from stages.tasks import Job

FITTED = "window/tokenizer.json"


def about(prepared: Path) -> dict:
    """Return what a model's description says beside what every task's does."""
    return {"window": read_json(prepared / "meta.json")}


def train(job: Job) -> dict:
    """Train one replica, write it to `job.folder` and return its scores, its learning curve and its timings."""
    data = Prepared.open(Path("data/prepared", job.dataset, "window"))
    section = load().generation
    parameters, choices = section.model(job.model), section.training
    neural = isinstance(parameters, Neural)
    model, seconds, epochs = _fit_neural(job, data) if neural else _fit_baseline(job, data)
    job.folder.mkdir()
    model.save(job.folder)
    seen = len(epochs) * choices.epoch_steps * choices.batch_size * data.length if neural else len(data.ids("train"))
    figure = (
        min(row["bits_per_character"] for row in epochs) if neural else _bits(data, len(data.ids("validation")), model)
    )
    return outcome(job, {"bits_per_character": figure}, epochs, model.size(), seconds, seen)


def _fit_baseline(job: Job, data: Prepared) -> tuple[Any, float, list[dict]]:
    """Return a fitted baseline, the seconds that it took, and no epochs."""
    parameters, module = load().generation.model(job.model), Saved.model_file(job.model)
    began = clock.seconds()
    model = module.Model.fit(parameters, np.asarray(data.ids("train")), data.tokenizer().get_vocab_size(), data.newline)
    return model, clock.seconds() - began, []


def _fit_neural(job: Job, data: Prepared) -> tuple[Any, float, list[dict]]:
    """Return a trained network, the seconds that it took, and a row an epoch."""
    from stages.generation import neural  # imports Keras
    from stages.training import Plan

    section = load().generation
    choices, parameters = section.training, section.model(job.model)
    plan = Plan.of(job, choices, parameters.epochs, "bits_per_character")
    size = data.tokenizer().get_vocab_size()
    model = neural.build(Saved.model_file(job.model), parameters, size, data.newline, job.seed)

    def validate(weights: list) -> dict[str, float]:
        return {"bits_per_character": _bits(data, choices.validation_tokens, model, weights)}

    history = neural.fit(model, parameters, data, choices, job.seed, plan, validate)
    return model, history.seconds, history.epochs


def _bits(data: Prepared, tokens: int, model: Any, *weights: list) -> float:
    """Return the bits a character over the first tokens of validation."""
    ids, lengths = np.asarray(data.ids("validation")[:tokens]), data.lengths("validation")[:tokens]
    spelled = spelling_bits(ids, lengths, data.unit, data.characters)
    return float((model.bits(ids, *weights) + spelled).sum() / lengths.sum())
