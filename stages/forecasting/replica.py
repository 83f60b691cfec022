"""One replica of a forecaster: fitted, given its intervals, saved and measured on validation."""

from pathlib import Path
from typing import Any

from stages.clock import clock
from stages.files import read_json
from stages.forecasting.data import Prepared
from stages.forecasting.intervals import Forecaster, measure_windows
from stages.forecasting.saved import Saved
from stages.params import load
from stages.replicas import outcome
from stages.schema import Neural
from stages.tasks import Job

FITTED = "window/scaler.json"
# On validation: the intervals come from there, so that their own figures would flatter them.
SCORES = ("mase", "mae", "rmse", "smape", "mse_standardised", "mae_standardised")


def about(prepared: Path) -> dict:
    """Return what a model's description says beside what every task's does."""
    return {"window": read_json(prepared / "scaler.json")}


def train(job: Job) -> dict:
    """Train one replica, write it to `job.folder` and return its scores, its learning curve and its timings."""
    data = Prepared.open(Path("data/prepared", job.dataset, "window"))
    forecaster, seconds, epochs = fit(job, data)
    job.folder.mkdir()
    forecaster.save(job.folder)
    choices = load().forecasting.training
    seen = len(epochs) * choices.epoch_windows if epochs else len(data.train)
    looked_at = data.validation.spread(choices.validation_windows)
    found = measure_windows(forecaster.forecast, looked_at, data.fitted)
    scores = {name: found[name] for name in SCORES}
    return outcome(job, scores, epochs, forecaster.model.size(), seconds, seen)


def fit(job: Job, data: Prepared) -> tuple[Forecaster, float, list[dict]]:
    """Return a fitted model with its intervals, the seconds that fitting took, and a row an epoch."""
    parameters = load().forecasting.model(job.model)
    model_file = Saved.model_file(job.model)
    if isinstance(parameters, Neural):
        model, seconds, epochs = _fit_neural(job, data)
    else:
        began = clock.seconds()
        model, epochs = model_file.Model.fit(parameters, data), []
        seconds = clock.seconds() - began
    return Forecaster.calibrate(model, data.validation, len(data.fitted.series)), seconds, epochs


def _fit_neural(job: Job, data: Prepared) -> tuple[Any, float, list[dict]]:
    """Return a trained network, the seconds that it took, and a row an epoch."""
    from stages.forecasting import neural  # imports Keras
    from stages.training import Plan

    section = load().forecasting
    choices, parameters = section.training, section.model(job.model)
    plan = Plan.of(job, choices, parameters.epochs, "mase")
    model = neural.build(Saved.model_file(job.model), parameters, data.fitted, job.seed)
    looked_at = data.validation.spread(choices.validation_windows)

    def validate(weights: list) -> dict[str, float]:
        found = measure_windows(lambda windows: model.forecast(windows, weights), looked_at, data.fitted)
        return {name: found[name] for name in ("mase", "mse_standardised", "pinball")}

    history = neural.fit(model, parameters, data, choices, job.seed, plan, validate)
    return model, history.seconds, history.epochs
