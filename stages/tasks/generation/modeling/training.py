"""How a language model is trained, and measured on validation."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.tasks.generation.config import Training
from stages.tasks.generation.modeling.contract import NeuralParameters
from stages.tasks.generation.modeling.data import Batches, Prepared
from stages.training.budget import plan
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    from stages.nn.network import Weights  # imports Keras


def fit_network(job: Job, data: Prepared) -> Fit:
    """Train a network; early stopping looks at the first of validation's tokens.

    Raises:
        UserError: the network cannot learn from windows of the dataset's length.
    """
    from stages.tasks.generation.modeling.network import build_network  # imports Keras
    from stages.training.loop import TrainConfig, cosine_adamw, fit

    parameters, training = job.parameters, job.training
    assert isinstance(parameters, NeuralParameters) and isinstance(training, Training)
    network = build_network(job.model, parameters, data.shape, job.seed)
    ids, starts = data.ids("train"), data.starts("train")
    rows = min(training.batch_size, len(starts))
    looks, span, finer = plan(parameters.epochs, training.steps_per_epoch, len(starts) // rows, training)

    def epoch_batches(epoch: int) -> Batches:
        rng = None if training.stateful else np.random.default_rng([job.seed, epoch])
        return Batches(ids, starts, data.meta.length, rows, range(epoch * span, (epoch + 1) * span), rng)

    def validate(weights: "Weights") -> dict[str, float]:
        return validation_metrics(data, lambda text: network.token_nll_bits(text, weights), training.validation_tokens)

    model, loss = network.training_model(data.meta.length, rows, training, job.seed)
    optimizer = cosine_adamw(parameters, training.clip_norm, looks * span)
    planned = parameters.epochs * training.steps_per_epoch
    config = TrainConfig(looks, "bits_per_character", job, planned, finer)
    history = fit(model, optimizer, loss, epoch_batches, validate, config)
    return history.result(network, unit=data.meta.length)


def validation_metrics(
    data: Prepared, token_nll_bits: Callable[[np.ndarray], np.ndarray], tokens: int | None = None
) -> dict[str, float]:
    """Return the bits per character of validation's first tokens, or of all.

    Args:
        data: what `window` prepared.
        token_nll_bits: of ids (tokens,) → (tokens,) bits.
        tokens: how many.
    """
    ids, lengths = np.asarray(data.ids("validation")[:tokens]), data.lengths("validation")[:tokens]
    bits = token_nll_bits(ids) + data.meta.spelling_bits(ids, lengths)
    return {"bits_per_character": float(bits.sum() / lengths.sum())}
