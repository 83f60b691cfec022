"""How a neural classifier is trained, and how any is measured on validation."""

from functools import partial
from typing import TYPE_CHECKING

from stages.tasks.classification.config import Training
from stages.tasks.classification.modeling.contract import Classifier, NeuralParameters
from stages.tasks.classification.modeling.data import EpochBatches, Prepared, TrainingBatches
from stages.tasks.classification.modeling.statistics import validation_scores
from stages.training.budget import Epochs
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    from stages.nn.network import Weights  # imports Keras


def fit_network(job: Job, data: Prepared) -> Fit:
    """Train a network; early stopping looks at the accuracy on validation.

    Raises:
        UserError: the vectors of a file have another width than the model's.
    """
    from stages.tasks.classification.modeling.network import (  # imports Keras
        InputShapes,
        build_network,
        cross_entropy,
        set_initial_vectors,
    )
    from stages.training.loop import TrainConfig, cosine_adamw, fit

    parameters, training = job.parameters, job.training
    assert isinstance(parameters, NeuralParameters) and isinstance(training, Training)
    train, validation = data.part("train"), data.part("validation")
    shapes = InputShapes.of(data, training)
    network = build_network(job.model, parameters, data.preprocessor, shapes, job.seed)
    set_initial_vectors(network.model, parameters, data)
    batches = TrainingBatches(train, shapes.lengths, shapes.batch_size)
    epochs = Epochs(partial(batches.of_pass, job.seed), training.epochs, training)

    def validate(weights: "Weights") -> dict[str, float]:
        return validation_scores(validation.labels, network.predict_sequences(validation, weights))

    history = fit(
        network.model,
        cosine_adamw(parameters, training.clip_norm, epochs.steps),
        cross_entropy,
        lambda epoch: EpochBatches(batches, epochs(epoch)),
        validate,
        TrainConfig(epochs.count, "accuracy", job, epochs.planned, epochs.finer, lower_is_better=False),
    )
    return history.result(network)


def validation_metrics(model: Classifier, data: Prepared) -> dict[str, float]:
    """Return a fitted baseline's metrics on validation."""
    validation = data.examples("validation")
    return validation_scores(validation.labels, model.predict(validation.inputs))
