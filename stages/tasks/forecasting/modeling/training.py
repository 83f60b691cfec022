"""How a forecaster is trained or fitted, calibrated, and measured on validation."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.schema import NeuralConfig
from stages.tasks.forecasting.config import Training
from stages.tasks.forecasting.modeling.conformal import CalibratedForecaster
from stages.tasks.forecasting.modeling.contract import Forecaster, NeuralParameters
from stages.tasks.forecasting.modeling.data import Prepared, Windows
from stages.tasks.forecasting.modeling.statistics import LEARNING_CURVE, validation_metrics
from stages.training.budget import plan
from stages.training.replica import Fit, Job
from stages.training.saved import model_module

if TYPE_CHECKING:
    from stages.nn.network import Weights  # imports Keras
    from stages.tasks.forecasting.modeling.network import NeuralForecaster
    from stages.training.loop import History


def fit_network(job: Job, data: Prepared) -> Fit:
    """Train a network, and calibrate it; early stopping looks at evenly spaced windows of validation."""
    network, history = _trained_network(job, data)
    return replace(history.result(calibrate(network, data)), validation=validate(job, network.forecast, data))


def fit_forecaster(job: Job, data: Prepared) -> CalibratedForecaster:
    """Return a trained network or a fitted baseline, whichever the job's parameters are of, calibrated."""
    if isinstance(job.parameters, NeuralConfig):
        return calibrate(_trained_network(job, data)[0], data)
    return calibrate(model_module("forecasting", job.model).Model.fit(job.parameters, data), data)


def calibrate(model: Forecaster, data: Prepared) -> CalibratedForecaster:
    """Return a fitted model with intervals from its residuals on validation."""
    return CalibratedForecaster.calibrate(model, data.validation, data.state)


def _trained_network(job: Job, data: Prepared) -> tuple["NeuralForecaster", "History"]:
    from stages.tasks.forecasting.modeling.network import build_network  # imports Keras

    network = build_network(job.model, job.parameters, data.state, job.seed)
    return network, train_network(network, job, data)


def train_network(network: "NeuralForecaster", job: Job, data: Prepared) -> "History":
    """Train a network in place."""
    from stages.tasks.forecasting.modeling.network import Batches, loss_of  # imports Keras
    from stages.training.loop import TrainConfig, cosine_adamw, fit

    parameters, training = job.parameters, _training(job)
    assert isinstance(parameters, NeuralParameters)

    size = training.batch_size
    planned = -(-training.windows_per_epoch // size)  # steps of an epoch
    looks, steps, finer = plan(parameters.epochs, planned, -(-len(data.train) // size), training)

    def epoch_batches(epoch: int) -> Batches:
        return Batches(data.train, network.shape, size, steps * size, np.random.default_rng([job.seed, epoch]))

    def validate_weights(weights: "Weights") -> dict[str, float]:
        return validate(job, lambda windows: network.forecast(windows, weights), data, metrics=LEARNING_CURVE)

    optimizer = cosine_adamw(parameters, training.clip_norm, looks * steps)
    config = TrainConfig(looks, "mase", job, parameters.epochs * planned, finer)
    return fit(network.model, optimizer, loss_of(parameters.output), epoch_batches, validate_weights, config)


def validate(job: Job, forecast: Callable[[Windows], np.ndarray], data: Prepared, **options: Any) -> dict[str, float]:
    """Return metrics on training.validation_windows of validation; `options` of `validation_metrics`."""
    windows = data.validation.subsample(_training(job).validation_windows)

    def bounded(batch: Windows) -> np.ndarray:
        return data.state.clip(forecast(batch), batch.series)

    return validation_metrics(bounded, windows, data.state, **options)


def _training(job: Job) -> Training:
    assert isinstance(job.training, Training)
    return job.training
