"""How a model of pairs is trained, and measured on validation."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from stages.tasks.seq2seq.config import Training
from stages.tasks.seq2seq.modeling.contract import BeamHypothesis, EncoderParameters, Translator
from stages.tasks.seq2seq.modeling.data import Batches, EpochBatches, Prepared, bucket_bounds
from stages.tasks.seq2seq.modeling.statistics import VALIDATION, count, sufficient_statistics
from stages.training.budget import Epochs
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    from stages.nn.network import Weights  # imports Keras


def fit_network(job: Job, data: Prepared) -> Fit:
    """Train a network on train's pairs, each target token given the true ones before it."""
    from stages.tasks.seq2seq.modeling.network import build_network  # imports Keras
    from stages.training.loop import TrainConfig, cosine_adamw, fit

    parameters, training = job.parameters, job.training
    assert isinstance(parameters, EncoderParameters) and isinstance(training, Training)
    network = build_network(job.model, parameters, data.preprocessor, job.seed)
    source, target = (data.side("train", side) for side in ("source", "target"))
    bounds = bucket_bounds(source.lengths, target.lengths, training.buckets)
    batches = Batches(source, target, bounds, training.batch_tokens, training.curriculum)
    epochs = Epochs(partial(batches.of_pass, job.seed), parameters.epochs, training, training.epochs_per_pass)
    warmup = min(100, epochs.steps // 10)
    optimizer = cosine_adamw(parameters, training.clip_norm, epochs.steps, warmup_steps=warmup)
    part = pd.read_parquet(job.dataset.part("validation"))[: training.validation_sources]

    def validate(weights: "Weights") -> dict[str, float]:
        return validation_metrics(partial(network.translate, beam=1, weights=weights), part, data)

    def epoch_batches(epoch: int) -> EpochBatches:
        return EpochBatches(batches, epochs(epoch), network.writer.inputs)

    loss = network.writer.loss(training.label_smoothing)
    config = TrainConfig(epochs.count, "token_error_rate", job, epochs.planned, epochs.finer)
    return fit(network.model, optimizer, loss, epoch_batches, validate, config).result(network)


def validate_baseline(job: Job, model: Translator, data: Prepared) -> dict[str, float]:
    """Return the metrics of what a baseline writes for validation's first sources, as many as networks are shown."""
    part = pd.read_parquet(job.dataset.part("validation"))
    assert isinstance(job.training, Training)
    part = part[: job.training.validation_sources]
    return validation_metrics(partial(model.translate, beam=1), part, data)


def validation_metrics(
    translate: Callable[[list[Any]], list[list[BeamHypothesis]]], part: pd.DataFrame, data: Prepared
) -> dict[str, float]:
    """Return the metrics of what a model writes, greedily, for the sources of a part."""
    outputs = [best[0].text for best in translate(data.sources(part))]
    references = [list(texts) for texts in part["targets"]]
    statistics = sufficient_statistics(outputs, references, data.preprocessor.units["target"])
    sums = count(statistics).sum(axis=0)
    return {name: float(from_sums(sums)) for name, from_sums in VALIDATION.items()}
