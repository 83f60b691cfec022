"""How a model of replies is trained, and measured on validation: by the replies that it chooses."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stages.tasks.dialogue.modeling.data import PreparedDialogue
from stages.tasks.dialogue.modeling.statistics import hits, recalls
from stages.tasks.replies import Chooser
from stages.tasks.seq2seq.config import Training
from stages.tasks.seq2seq.modeling.contract import EncoderParameters
from stages.tasks.seq2seq.modeling.data import Batches, EpochBatches, bucket_bounds
from stages.training.budget import Epochs
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    from stages.nn.network import Weights  # imports Keras


def fit_network(job: Job, data: PreparedDialogue) -> Fit:
    """Train a network: to write each token given the true ones before it, or to choose among a batch's replies."""
    from stages.tasks.dialogue.modeling.network import build_network  # imports Keras
    from stages.training.loop import TrainConfig, cosine_adamw, fit

    parameters, training = job.parameters, job.training
    assert isinstance(parameters, EncoderParameters) and isinstance(training, Training)
    network = build_network(job.model, parameters, data.preprocessor, job.seed)
    source, target = (data.side("train", side) for side in ("source", "target"))
    bounds = bucket_bounds(source.lengths, target.lengths, training.buckets)
    batches = Batches(source, target, bounds, training.batch_tokens, training.curriculum)
    epochs = Epochs(partial(batches.of_pass, job.seed), parameters.epochs, training, training.epochs_per_pass)
    optimizer = cosine_adamw(parameters, training.clip_norm, epochs.steps, warmup_steps=min(100, epochs.steps // 10))
    part = pd.read_parquet(job.dataset.part("validation"))[: training.validation_sources]

    def validate(weights: "Weights") -> dict[str, float]:
        return validation_metrics(partial(network.choose, weights=weights), part)

    def epoch_batches(epoch: int) -> EpochBatches:
        return EpochBatches(batches, epochs(epoch), network.inputs)

    loss = network.loss(training.label_smoothing)
    config = TrainConfig(epochs.count, "recall_at_1", job, epochs.planned, epochs.finer, lower_is_better=False)
    return fit(network.model, optimizer, loss, epoch_batches, validate, config).result(network)


def validate_baseline(job: Job, model: Chooser) -> dict[str, float]:
    """Return a baseline's metrics on validation's first replies, as many as networks are shown."""
    assert isinstance(job.training, Training)
    part = pd.read_parquet(job.dataset.part("validation"))
    return validation_metrics(model.choose, part[: job.training.validation_sources])


def validation_metrics(
    choose: Callable[[list[str], list[list[str]]], np.ndarray], part: pd.DataFrame
) -> dict[str, float]:
    """Return the metrics of a part's replies."""
    return recalls(hits(choose(part["source"].tolist(), candidates(part))))


def candidates(part: pd.DataFrame) -> list[list[str]]:
    """Return what each reply is chosen among, the right one first."""
    rows: list[list[Any]] = [
        [targets[0], *others] for targets, others in zip(part["targets"], part["others"], strict=True)
    ]
    return rows
