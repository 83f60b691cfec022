"""Logistic regression on TF-IDF weights of n-grams: the baseline that is hard to beat."""

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
from stages.tasks.classification.modeling.statistics import softmax

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared


class Parameters(NgramParameters):
    """N-grams of words or characters, weighted, into a linear classifier."""

    minimum_texts: int = Field(default=1, ge=1, description="n-grams in fewer texts of train are left out")
    sublinear: bool = Field(default=True, description="1 + log(count) in place of the count")
    C: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(1, 3, 10, 30, 100), min_length=1, description="inverse regularisation; validation chooses"
    )


class Model(NgramClassifier):
    """Arrays: idf (terms,), weights (terms, classes), bias (classes,)."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Fit on train with each unit and C; keep what has the best accuracy on validation (the first of equals)."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        train, validation = data.examples("train"), data.examples("validation")
        candidates = []
        for unit in parameters.options():
            options = unit | {"sublinear_tf": parameters.sublinear}
            tfidf = fitted(TfidfVectorizer, options, train.inputs, len(data.labels), parameters.minimum_texts)
            if tfidf is None:
                continue
            features, held_out = tfidf.transform(train.inputs), tfidf.transform(validation.inputs)
            for C in parameters.C:
                model = LogisticRegression(C=C, max_iter=1000).fit(features, train.labels, train.weights)
                candidates.append((model.score(held_out, validation.labels), options, tfidf, model))
        refuse_no_terms(candidates)
        _, options, tfidf, best = max(candidates, key=lambda candidate: candidate[0])
        weights, bias = best.coef_.T, best.intercept_
        if len(best.classes_) == 2:  # scikit-learn keeps one column for two classes
            weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        terms = tfidf.get_feature_names_out().tolist()
        return cls(options, terms, idf=tfidf.idf_, weights=weights, bias=bias)

    def predict(self, inputs: Sequence[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        tfidf = vectorizer(TfidfVectorizer, self.options, vocabulary=self.terms)
        tfidf.idf_ = self.arrays["idf"]
        return softmax(tfidf.transform(inputs) @ self.arrays["weights"] + self.arrays["bias"])
