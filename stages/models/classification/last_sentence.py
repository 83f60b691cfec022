"""The last sentence that shares a word with the question: the answer is the label in it that was not asked with.

Words that stand in more than half of a text's sentences tell none of them apart, and are not counted as shared. Where
that sentence names no label, answers are as frequent as in train after questions that begin alike.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from stages.config.schema import ModelConfig
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.modeling.contract import Baseline

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared

BEGINNING = 2  # words of a question
SMOOTHING = 0.1  # examples that each answer is counted more
FILE = "counts.json"


class Parameters(ModelConfig):
    """No choices to make."""

    INPUT: ClassVar[str] = "questions"


class Model(Baseline):
    """How often a label that is found so is right, and how frequent answers are after each beginning of a question."""

    def __init__(self, labels: list[str], counts: dict[str, list[int]], right: float) -> None:
        """Keep what was counted.

        Args:
            labels: the classes.
            counts: by the beginning of a question, how often each class was the answer; "" for all questions.
            right: the share of the labels found in train that are right.
        """
        self.labels, self.counts, self.right = labels, counts, right
        self._words = {label: _words(label) for label in labels}

    @classmethod
    def fit(cls, _parameters: Parameters, data: "Prepared") -> Self:
        """Count train's answers, and how often the label that is found is right."""
        texts, labels, _ = data.examples("train")
        counts: dict[str, list[int]] = {"": [0] * len(data.labels)}
        for text, label in zip(texts, labels, strict=True):
            for beginning in ("", _beginning(text)):
                counts.setdefault(beginning, [0] * len(data.labels))[label] += 1
        model = cls(data.labels, counts, 0.0)
        found = [(model.find(text), label) for text, label in zip(texts, labels, strict=True)]
        hits = [guess == label for guess, label in found if guess is not None]
        model.right = float(np.mean(hits)) if hits else 0.0
        return model

    def find(self, text: str) -> int | None:
        """Return the class that the last sentence which shares a word names last; None if it names none."""
        question, *sentences = (_words(line) for line in text.split("\n"))
        shared = {word for word in question if sum(word in sentence for sentence in sentences) * 2 <= len(sentences)}
        last = next((sentence for sentence in reversed(sentences) if shared & {*sentence}), [])
        named = {
            len(last) - last[::-1].index(words[-1]): number
            for number, words in enumerate(self._words.values())
            if words and {*words} <= {*last} and not {*words} <= {*question}
        }
        return named[max(named)] if named else None

    def predict(self, inputs: Sequence[str]) -> np.ndarray:
        """Return probabilities (examples, classes)."""
        rows = []
        for text in inputs:
            counts = np.array(self.counts.get(_beginning(text), self.counts[""]), float) + SMOOTHING
            probs, found = counts / counts.sum(), self.find(text)
            if found is not None:
                probs *= 1 - self.right
                probs[found] += self.right
            rows.append(probs)
        return np.array(rows)

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(map(len, self.counts.values())) + 1

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        content = {"labels": self.labels, "counts": self.counts, "right": self.right}
        write_json(folder / FILE, content, digits=None)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**read_json(folder / FILE))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _beginning(text: str) -> str:
    return " ".join(_words(text.partition("\n")[0])[:BEGINNING])
