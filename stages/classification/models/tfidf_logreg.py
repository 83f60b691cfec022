"""Logistic regression on TF-IDF weights of word n-grams: the baseline that is hard to beat."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from stages.files import write_text
from stages.schema import Frozen


class Parameters(Frozen):
    """Word n-grams, weighted, into a linear classifier."""

    ngrams: int = Field(default=2, ge=1, le=5, description="the longest n-gram, in words")
    minimum_texts: int = Field(default=1, ge=1, description="n-grams in fewer texts of train are left out")
    sublinear: bool = Field(default=True, description="1 + log(count) in place of the count")
    strengths: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(1, 3, 10, 30, 100), min_length=1, description="inverse regularisation (C); validation chooses"
    )


class Classifier:
    """A vocabulary of n-grams with a weight for each class."""

    def __init__(self, terms: list[str], idf: np.ndarray, weights: np.ndarray, bias: np.ndarray, form: dict) -> None:
        self.terms, self.idf = terms, idf  # n-grams; (terms,)
        self.weights, self.bias = weights, bias  # (terms, classes), (classes,)
        self.form = form  # of the vectorizer

    @classmethod
    def fit(cls, parameters: Parameters, train: tuple, validation: tuple, _classes: int) -> "Classifier":
        """Fit on train; of the strengths, the one with the best validation accuracy is kept (the first of equals)."""
        from sklearn.linear_model import LogisticRegression

        (texts, labels), (held_out, held_out_labels) = train, validation
        form = {"ngram_range": (1, parameters.ngrams), "sublinear_tf": parameters.sublinear}
        vectorizer = _vectorizer(form, min_df=parameters.minimum_texts).fit(texts)
        features, held_out_features = vectorizer.transform(texts), vectorizer.transform(held_out)
        candidates = [LogisticRegression(C=c, max_iter=1000).fit(features, labels) for c in parameters.strengths]
        best = max(candidates, key=lambda model: model.score(held_out_features, held_out_labels))
        weights, bias = best.coef_.T, best.intercept_
        if len(best.classes_) == 2:  # scikit-learn keeps one column for two classes
            weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        return cls(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_, weights, bias, form)

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""
        vectorizer = _vectorizer(self.form, vocabulary=self.terms)
        vectorizer.idf_ = self.idf
        logits = vectorizer.transform(texts) @ self.weights + self.bias
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponents / exponents.sum(axis=1, keepdims=True)

    def size(self) -> int:
        """Return the number of fitted values."""
        return self.idf.size + self.weights.size + self.bias.size

    def save(self, folder: Path) -> None:
        """Write all that `load` needs: plain arrays, no pickle."""
        write_text(folder / "terms.json", json.dumps({"form": self.form, "terms": self.terms}, ensure_ascii=False))
        for name in ("idf", "weights", "bias"):
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> "Classifier":
        """Read what `save` wrote."""
        saved = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        arrays = (np.load(folder / f"{name}.npy") for name in ("idf", "weights", "bias"))
        return cls(saved["terms"], *arrays, saved["form"])


def _vectorizer(form: dict, **options):
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Words of one letter count, unlike in scikit-learn's own pattern: "I" and "a" tell something.
    ngrams = tuple(form["ngram_range"])
    return TfidfVectorizer(
        token_pattern=r"(?u)\b\w+\b", sublinear_tf=form["sublinear_tf"], ngram_range=ngrams, **options
    )
