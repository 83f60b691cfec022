"""How a model that finds objects is trained, and measured on validation."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from stages.tasks.detection.config import Training
from stages.tasks.detection.modeling.contract import Detector, DetectorParameters
from stages.tasks.detection.modeling.data import EpochBatches, PreparedRegions, of_pass
from stages.tasks.detection.modeling.statistics import MEASURES, Detection, statistics_of
from stages.training.budget import Epochs
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    from stages.nn.network import Weights  # imports Keras


def fit_network(job: Job, data: PreparedRegions) -> Fit:
    """Train a network; early stopping looks at the mean average precision on validation."""
    from stages.tasks.detection.modeling.network import build_network, detection_loss  # imports Keras
    from stages.training.loop import TrainConfig, cosine_adamw, fit

    parameters, training = job.parameters, job.training
    assert isinstance(parameters, DetectorParameters) and isinstance(training, Training)
    network = build_network(job.model, parameters, data.preprocessor, job.seed)
    size = training.batch_size
    epochs = Epochs(partial(of_pass, len(data.pictures), size, job.seed), parameters.epochs, training)
    pictures, objects = data.part(job.dataset.part("validation"))

    def validate(weights: "Weights") -> dict[str, float]:
        return validation_scores(network.detect(pictures, weights), objects, data)

    history = fit(
        network.model,
        cosine_adamw(parameters, training.clip_norm, epochs.steps, warmup_steps=min(100, epochs.steps // 10)),
        detection_loss(data.preprocessor.shape),
        lambda epoch: EpochBatches(data, size, epochs(epoch)),
        validate,
        TrainConfig(epochs.count, next(iter(MEASURES)), job, epochs.planned, epochs.finer, lower_is_better=False),
    )
    return history.result(network)


def validation_metrics(job: Job, model: Detector, data: PreparedRegions) -> dict[str, float]:
    """Return a fitted baseline's metrics on validation."""
    pictures, objects = data.part(job.dataset.part("validation"))
    return validation_scores(model.detect(pictures), objects, data)


def validation_scores(
    found: Sequence[Detection], objects: Sequence[np.ndarray], data: PreparedRegions
) -> dict[str, float]:
    """Return the metrics of what was found in pictures with some objects."""
    sums = statistics_of(found, objects, len(data.preprocessor.classes)).sum(axis=0)
    return {name: float(measure(sums)) for name, measure in MEASURES.items()}
