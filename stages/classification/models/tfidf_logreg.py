"""Logistic regression on TF-IDF weights of word n-grams: the baseline that is hard to beat."""

from typing import Annotated

import numpy as np
from pydantic import Field

from stages.classification.linear import NgramClassifier, vectorizer
from stages.classification.metrics import softmax
from stages.classification.models import Texts
from stages.schema import Frozen


class Parameters(Frozen):
    """Word n-grams, weighted, into a linear classifier."""

    ngrams: int = Field(default=2, ge=1, le=5, description="the longest n-gram, in words")
    minimum_texts: int = Field(default=1, ge=1, description="n-grams in fewer texts of train are left out")
    sublinear: bool = Field(default=True, description="1 + log(count) in place of the count")
    strengths: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(1, 3, 10, 30, 100), min_length=1, description="inverse regularisation (C); validation chooses"
    )


class Model(NgramClassifier):
    """Arrays: idf (terms,), weights (terms, classes), bias (classes,)."""

    @classmethod
    def fit(cls, parameters: Parameters, train: Texts, validation: Texts, _classes: int) -> "Model":
        """Fit on train; of the strengths, the one with the best validation accuracy is kept (the first of equals)."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        form = {"ngram_range": (1, parameters.ngrams), "sublinear_tf": parameters.sublinear}
        weighted = vectorizer(TfidfVectorizer, form, min_df=parameters.minimum_texts).fit(train.texts)
        features, held_out_features = weighted.transform(train.texts), weighted.transform(validation.texts)
        candidates = [
            LogisticRegression(C=c, max_iter=1000).fit(features, train.labels, train.weights)
            for c in parameters.strengths
        ]
        best = max(candidates, key=lambda model: model.score(held_out_features, validation.labels))
        weights, bias = best.coef_.T, best.intercept_
        if len(best.classes_) == 2:  # scikit-learn keeps one column for two classes
            weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        terms = weighted.get_feature_names_out().tolist()
        return cls(form, terms, idf=weighted.idf_, weights=weights, bias=bias)

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        weighted = vectorizer(TfidfVectorizer, self.form, vocabulary=self.terms)
        weighted.idf_ = self.arrays["idf"]
        return softmax(weighted.transform(texts) @ self.arrays["weights"] + self.arrays["bias"])
