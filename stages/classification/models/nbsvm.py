"""Log-count ratios of naive Bayes as features of a linear classifier, interpolated (Wang & Manning 2012).

The paper's linear classifier is an SVM with squared hinge loss; logistic regression does as well and gives
probabilities. Several classes are told apart one against the rest.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from stages.classification.linear import NgramClassifier, vectorizer
from stages.classification.models import Texts
from stages.schema import Frozen


class Parameters(Frozen):
    """Which word n-grams occur, weighted by what they tell about a class, into a linear classifier."""

    ngrams: int = Field(default=2, ge=1, le=5, description="the longest n-gram, in words")
    smoothing: float = Field(default=1.0, gt=0, description="added to every count (the paper's alpha)")
    strengths: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.1, 0.3, 1, 3), min_length=1, description="inverse regularisation (C); validation chooses"
    )
    interpolation: float = Field(
        default=0.25, ge=0, le=1, description="0: weights of one size, naive Bayes; 1: as fitted (the paper's beta)"
    )


class Model(NgramClassifier):
    """Arrays: weights (terms, classes), the ratios included; bias (classes,)."""

    @classmethod
    def fit(cls, parameters: Parameters, train: Texts, validation: Texts, classes: int) -> "Model":
        """Fit on train; of the strengths, the one with the best validation accuracy is kept (the first of equals)."""
        from sklearn.feature_extraction.text import CountVectorizer

        form = {"ngram_range": (1, parameters.ngrams), "binary": True}
        counter = vectorizer(CountVectorizer, form).fit(train.texts)
        occurs, held_out_occurs = counter.transform(train.texts), counter.transform(validation.texts)
        terms = counter.get_feature_names_out().tolist()
        candidates = []
        for strength in parameters.strengths:
            columns = [
                _one_against_rest(occurs, train.labels == label, train.weights, strength, parameters)
                for label in range(classes)
            ]
            weights, bias = (np.stack(parts, axis=-1) for parts in zip(*columns, strict=True))
            hits = (held_out_occurs @ weights + bias).argmax(axis=1) == validation.labels
            candidates.append((hits.mean(), weights, bias))
        _, weights, bias = max(candidates, key=lambda candidate: candidate[0])
        return cls(form, terms, weights=weights, bias=bias)

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return probabilities (texts, classes): each class's own, made to sum to 1."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = vectorizer(CountVectorizer, self.form, vocabulary=self.terms)
        logits = counter.transform(texts) @ self.arrays["weights"] + self.arrays["bias"]
        alone = np.exp(-np.logaddexp(0, -logits))  # the logistic function, without overflow
        return alone / alone.sum(axis=1, keepdims=True)


def _one_against_rest(
    occurs, inside: np.ndarray, counts: np.ndarray, strength: float, parameters: Parameters
) -> tuple[np.ndarray, float]:
    """Return the weights (terms,) and the bias that tell one class from the rest (the paper's equations 2, 3 and 6).

    A text that counts so many times is as so many texts, in the ratios and for the classifier.
    """
    from sklearn.linear_model import LogisticRegression

    here, there = (parameters.smoothing + occurs[rows].T @ counts[rows] for rows in (inside, ~inside))
    ratio = np.log(here / here.sum()) - np.log(there / there.sum())
    model = LogisticRegression(C=strength, solver="liblinear", dual=True, random_state=0, max_iter=1000)
    model.fit(occurs.multiply(ratio).tocsr(), inside, counts)
    weights = model.coef_[0]
    weights = (1 - parameters.interpolation) * np.abs(weights).mean() + parameters.interpolation * weights
    return weights * ratio, model.intercept_[0]
