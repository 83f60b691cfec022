"""Log-count ratios of naive Bayes as features of a linear classifier, interpolated (Wang & Manning 2012).

The paper's linear classifier is an SVM with squared hinge loss; logistic regression does as well and gives
probabilities. Several classes are told apart one against the rest.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field

from stages.tasks.classification.modeling.linear import (
    NgramClassifier,
    NgramParameters,
    fitted,
    refuse_no_terms,
    vectorizer,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from stages.tasks.classification.modeling.data import Prepared


class Parameters(NgramParameters):
    """Which word n-grams occur, weighted by what they tell about a class, into a linear classifier."""

    smoothing: float = Field(default=1.0, gt=0, description="added to every count (the paper's alpha)")
    C: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.1, 0.3, 1, 3), min_length=1, description="inverse regularisation; validation chooses"
    )
    interpolation: float = Field(
        default=0.25, ge=0, le=1, description="0: weights of one size, naive Bayes; 1: as fitted (the paper's beta)"
    )


class Model(NgramClassifier):
    """Arrays: weights (terms, classes), the ratios included; bias (classes,)."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Fit on train with each unit and C; keep what has the best accuracy on validation (the first of equals)."""
        from sklearn.feature_extraction.text import CountVectorizer

        train, validation = data.examples("train"), data.examples("validation")
        candidates = []
        for unit in parameters.options():
            options = unit | {"binary": True}
            counter = fitted(CountVectorizer, options, train.inputs, len(data.labels))
            if counter is None:
                continue
            occurs, held_out = counter.transform(train.inputs), counter.transform(validation.inputs)
            for C in parameters.C:
                columns = [
                    _one_against_rest(occurs, train.labels == label, train.weights, C, parameters)
                    for label in range(len(data.labels))
                ]
                weights, bias = (np.stack(parts, axis=-1) for parts in zip(*columns, strict=True))
                hits = (held_out @ weights + bias).argmax(axis=1) == validation.labels
                candidates.append((hits.mean(), options, counter, weights, bias))
        refuse_no_terms(candidates)
        _, options, counter, weights, bias = max(candidates, key=lambda candidate: candidate[0])
        return cls(options, counter.get_feature_names_out().tolist(), weights=weights, bias=bias)

    def predict(self, inputs: Sequence[str]) -> np.ndarray:
        """Return probabilities (texts, classes): each class's own, made to sum to 1."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = vectorizer(CountVectorizer, self.options, vocabulary=self.terms)
        logits = counter.transform(inputs) @ self.arrays["weights"] + self.arrays["bias"]
        alone = np.exp(-np.logaddexp(0, -logits))  # the logistic function, without overflow
        return np.asarray(alone / alone.sum(axis=1, keepdims=True))


def _one_against_rest(
    occurs: "csr_matrix", inside: np.ndarray, counts: np.ndarray, C: float, parameters: Parameters
) -> tuple[np.ndarray, float]:
    """Return the weights (terms,) and the bias that tell one class from the rest (the paper's equations 2, 3 and 6).

    A text that counts so many times is as so many texts, in the ratios and for the classifier.

    Args:
        occurs: whether a text holds an n-gram, (texts, terms).
        inside: whether a text is of the class, (texts,).
        counts: how many times each text counts, (texts,).
        C: inverse regularisation.
        parameters: the model's.
    """
    from sklearn.linear_model import LogisticRegression

    here, there = (parameters.smoothing + occurs[rows].T @ counts[rows] for rows in (inside, ~inside))
    ratio = np.log(here / here.sum()) - np.log(there / there.sum())
    model = LogisticRegression(C=C, solver="liblinear", dual=True, random_state=0, max_iter=1000)
    model.fit(occurs.multiply(ratio).tocsr(), inside, counts)
    weights = model.coef_[0]
    weights = (1 - parameters.interpolation) * np.abs(weights).mean() + parameters.interpolation * weights
    return weights * ratio, model.intercept_[0]
