"""What every neural classifier shares: fitting, predicting, saving and loading."""

from pathlib import Path
from types import ModuleType

import jax
import keras
import numpy as np
from tokenizers import Tokenizer

from stages import training
from stages.classification.data import Batches, Prepared, TokenizedTexts, bucket_lengths
from stages.classification.metrics import scores
from stages.classification.models import NeuralParameters
from stages.classification.params import Training
from stages.files import read_json, write_json
from stages.tokenize import encode

WEIGHTS = "model.weights.h5"


class NeuralClassifier:
    """A Keras model, its vocabulary, and the few fixed shapes that it reads texts in."""

    def __init__(self, model: keras.Model, tokenizer: Tokenizer, shapes: dict) -> None:
        """Keep the parts; `shapes` holds the buckets' lengths, the batch size and the classes' prior."""
        self.model, self.tokenizer, self.shapes = model, tokenizer, shapes
        fixed = [variable.value for variable in model.non_trainable_variables]  # dropout's random states, unused here
        self._logits = jax.jit(lambda trainable, ids: model.stateless_call(trainable, fixed, ids, training=False)[0])

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return probabilities (texts, classes); a text longer than the longest bucket loses its end."""
        return self.predict_ids(TokenizedTexts.from_rows(encode(self.tokenizer, texts), self.shapes["lengths"][-1]))

    def predict_ids(self, texts: TokenizedTexts, weights: list | None = None) -> np.ndarray:
        """Return probabilities (texts, classes), under other weights than the model's own if they are given.

        A text without tokens gets the prior: the shares of the classes in train.
        """
        if weights is None:
            weights = [variable.value for variable in self.model.trainable_variables]
        prior = np.array(self.shapes["prior"])
        logits = np.zeros((len(texts.lengths), len(prior)))
        for rows, ids in Batches(texts, self.shapes["lengths"], self.shapes["batch_size"]).in_order():
            logits[rows] = self._logits(weights, ids)[: len(rows)]
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponents / exponents.sum(axis=1, keepdims=True)
        probabilities[texts.lengths == 0] = prior
        return probabilities

    def size(self) -> int:
        """Return the number of trained values."""
        return sum(variable.value.size for variable in self.model.trainable_variables)

    def save(self, folder: Path) -> None:
        """Write the weights and the shapes; the vocabulary lies beside the replicas."""
        write_json(folder / "shapes.json", self.shapes, digits=None)
        self.model.save_weights(folder / WEIGHTS)

    @classmethod
    def load(
        cls, folder: Path, module: ModuleType, parameters: NeuralParameters, tokenizer: Tokenizer
    ) -> "NeuralClassifier":
        """Read what `save` wrote."""
        shapes = read_json(folder / "shapes.json")
        keras.utils.clear_session()  # as in `fit`, for the same names of layers
        model = module.build(parameters, tokenizer.get_vocab_size(), len(shapes["prior"]))
        model.load_weights(folder / WEIGHTS)
        return cls(model, tokenizer, shapes)

    def load_replica(self, folder: Path) -> None:
        """Take over the weights of another replica of the same model, without compiling anew."""
        self.model.load_weights(folder / WEIGHTS)


def fit(
    module: ModuleType,
    parameters: NeuralParameters,
    data: Prepared,
    choices: Training,
    *,
    seed: int,
    checkpoint: Path,
    position: int = 0,
) -> tuple[NeuralClassifier, training.History]:
    """Train one replica; early stopping looks at the accuracy on validation.

    Args:
        module: the model's file.
        seed: of the first weights, the dropout and the order of the batches.
        checkpoint: the folder that a killed training goes on from.
        position: of the progress bar among the replicas'.
    """
    train, validation = data.part("train"), data.part("validation")
    keras.utils.clear_session()  # layers are numbered from 1 again: their names stand in the weights' file
    keras.utils.set_random_seed(seed)
    tokenizer = data.tokenizer()
    shapes = {
        "lengths": bucket_lengths(train.lengths, choices.buckets, data.maximum_length),
        "batch_size": choices.batch_size,
        "prior": (np.bincount(train.labels, minlength=len(data.labels)) / len(train.labels)).tolist(),
    }
    model = module.build(parameters, tokenizer.get_vocab_size(), len(data.labels))
    classifier = NeuralClassifier(model, tokenizer, shapes)
    batches = Batches(train, shapes["lengths"], choices.batch_size)
    history = training.fit(
        model,
        keras.optimizers.AdamW(
            parameters.learning_rate, weight_decay=parameters.weight_decay, global_clipnorm=choices.clip_norm
        ),
        _loss,
        lambda epoch: batches.epoch(seed, epoch),
        lambda weights: scores(validation.labels, classifier.predict_ids(validation, weights)),
        score="accuracy",
        epochs=choices.epochs,
        patience=choices.patience,
        averaging=choices.averaging,
        checkpoint=checkpoint,
        description=f"{module.__name__.rpartition('.')[2]} seed {seed}",
        position=position,
    )
    return classifier, history


def _loss(labels: jax.Array, logits: jax.Array) -> jax.Array:
    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
