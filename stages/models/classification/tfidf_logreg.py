"""Logistic regression on TF-IDF weights of word n-grams: the baseline that is hard to beat."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field

from stages.tasks.classification.modeling.linear import NgramClassifier, NgramParameters, most_terms, vectorizer
from stages.tasks.classification.modeling.statistics import softmax

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared


class Parameters(NgramParameters):
    """Word n-grams, weighted, into a linear classifier."""

    minimum_texts: int = Field(default=1, ge=1, description="n-grams in fewer texts of train are left out")
    sublinear: bool = Field(default=True, description="1 + log(count) in place of the count")
    C: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(1, 3, 10, 30, 100), min_length=1, description="inverse regularisation; validation chooses"
    )


class Model(NgramClassifier):
    """Arrays: idf (terms,), weights (terms, classes), bias (classes,)."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Fit on train with each C; keep the one with the best accuracy on validation (the first of equals)."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        train, validation = data.examples("train"), data.examples("validation")
        options = {"ngram_range": (1, parameters.ngrams), "sublinear_tf": parameters.sublinear}
        limits = {"min_df": parameters.minimum_texts, "max_features": most_terms(len(data.labels))}
        tfidf = vectorizer(TfidfVectorizer, options, **limits).fit(train.inputs)
        features, validation_features = tfidf.transform(train.inputs), tfidf.transform(validation.inputs)
        candidates = [
            LogisticRegression(C=C, max_iter=1000).fit(features, train.labels, train.weights) for C in parameters.C
        ]
        best = max(candidates, key=lambda model: model.score(validation_features, validation.labels))
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
