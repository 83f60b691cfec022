"""The classical way to describe a scene: parts that hang together, a support vector machine, and a template.

Bright pixels that touch are a part. A description is phrases joined by a word; which part a phrase is about is not
given. From pictures with one phrase, whose largest part it must be about, machines learn to tell each word of a phrase
from how a part looks, and objects from what is none; with them the phrases of other pictures are dealt out to their
parts (Kuhn 1955), and they learn again. Phrases stand in the order that their words have in train.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.files import read_json, write_json
from stages.runtime.progress import tell
from stages.tasks.picture_components import Kernel, Machine, Part, find_parts, fit_machine, margins_of
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis
from stages.tasks.seq2seq.modeling.data import Prepared, Preprocessor

LONGEST, WORDS = 8, 100  # words of a phrase, and different ones at a place in it: beyond there is no template
OBJECT = "object"  # the slot of whether a part is one; those of words are numbers
Phrase = tuple[str, ...]


class Parameters(ModelConfig):
    """What is a part, and on how much the machines learn."""

    INPUT = "pictures"

    threshold: float = Field(default=0.3, gt=0, lt=1, description="share of white, above which a pixel is of a part")
    smallest: int = Field(default=10, ge=1, description="pixels of a part")
    joined_by: str = Field(default="and", pattern=r"^\S+$", description="the word between phrases")
    landmarks: int = Field(default=600, ge=10, description="parts that others are compared with: the kernel's features")
    examples: int = Field(default=12_000, ge=100, description="parts that are learned from at most")


class Model(Baseline):
    """The kernel, a machine for each word of a phrase and one for objects, and the order of words."""

    def __init__(self, preprocessor: Preprocessor, content: dict[str, Any], kernel: Kernel | None) -> None:
        """Keep them.

        Args:
            preprocessor: how pictures are fitted.
            content: parameters; usual, the most frequent description; most, the phrases of a description at most;
                machines by slot; before, for two words how often the first stands in an earlier phrase.
            kernel: None: train had no description of one phrase to begin with.
        """
        self._preprocessor, self._content, self._kernel = preprocessor, content, kernel
        self._parameters = Parameters(**content["parameters"])

    @classmethod
    def fit(cls, parameters: Parameters, data: Prepared) -> "Model":
        """Return the machines of train's pictures."""
        known = data.preprocessor
        source, target = data.side("train", "source"), data.side("train", "target")
        texts = [known.decode(target.row(pair)) for pair in range(len(target.lengths))]
        content: dict[str, Any] = {
            "parameters": parameters.model_dump(),
            "usual": Counter(texts).most_common(1)[0][0],
            "machines": {},
        }
        phrases = [_phrases(text, parameters.joined_by) for text in texts]
        content["most"], content["before"] = max(map(len, phrases)), _precedence(phrases)
        model = cls(known, content, None)
        if too_free(phrases):
            tell(f"components: words are too many to be told apart: it will always say “{content['usual']}”")
            return model
        parts = [find_parts(source.row(pair), parameters.threshold, parameters.smallest) for pair in range(len(texts))]
        dealt = [_largest(of_one, told) for of_one, told in zip(parts, phrases, strict=True)]
        if any(dealt):
            model._learn(dealt)
            matched = [model._match(of_one, told) for of_one, told in zip(parts, phrases, strict=True)]
            model._learn(matched)
        return model

    def _learn(self, dealt: Sequence[list[tuple[Part, Phrase | None]]]) -> None:
        """Fit the machines on parts and the phrases that are about them, None for what is no object."""
        examples = [example for of_one in dealt for example in of_one]
        chosen = np.random.default_rng(1).permutation(len(examples))[: self._parameters.examples]
        examples = [examples[row] for row in np.sort(chosen)]
        objects = [(part, phrase) for part, phrase in examples if phrase is not None]
        self._kernel = Kernel.of([part for part, _ in objects], self._parameters.landmarks)
        features = self._kernel.features([part for part, _ in examples])
        are_objects = np.array([phrase is not None for _, phrase in examples])
        machines = {OBJECT: fit_machine(features, [str(is_object) for is_object in are_objects])}
        for slot in range(max(len(phrase) for _, phrase in objects)):
            words = [phrase[slot] if slot < len(phrase) else "" for _, phrase in objects]
            machines[str(slot)] = fit_machine(features[are_objects], words)
        self._content["machines"] = machines

    def _match(self, parts: list[Part], phrases: list[Phrase]) -> list[tuple[Part, Phrase | None]]:
        """Deal a picture's phrases out to its parts so that they suit best; nothing if there are too few parts."""
        from scipy.optimize import linear_sum_assignment

        assert self._kernel is not None
        if len(parts) < len(phrases):
            return []
        features, machines = self._kernel.features(parts), self._content["machines"]
        is_object = margins_of(machines[OBJECT], features, ["True"])[:, 0]
        suits = np.repeat(is_object[:, None], len(phrases), axis=1)
        for slot in range(len(machines) - 1):
            words = [phrase[slot] if slot < len(phrase) else "" for phrase in phrases]
            suits += margins_of(machines[str(slot)], features, words)
        rows, columns = linear_sum_assignment(-suits)
        told = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        return [(part, phrases[told[row]] if row in told else None) for row, part in enumerate(parts)]

    def translate(
        self, sources: Sequence[Any], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return what there is to say of each picture's objects; where none is found, train's most frequent words."""
        pictures = self._preprocessor.encode_sources(sources)
        return [[BeamHypothesis(self._describe(picture), 0.0, True)] for picture in pictures]

    def _describe(self, picture: np.ndarray) -> str:
        parts = find_parts(picture, self._parameters.threshold, self._parameters.smallest)
        if self._kernel is None or not parts:
            usual: str = self._content["usual"]
            return usual
        features, machines = self._kernel.features(parts), self._content["machines"]
        is_object = margins_of(machines[OBJECT], features, ["True"])[:, 0]
        found = np.argsort(-is_object)[: max(1, min(int((is_object > 0).sum()), self._content["most"]))]
        slots = [machines[str(slot)] for slot in range(len(machines) - 1)]
        words = [[slot.classes[row] for slot, row in _best(slots, features[part][None])] for part in found]
        phrases = [tuple(word for word in phrase if word) for phrase in words]
        between = f" {self._parameters.joined_by} "
        return between.join(" ".join(phrase) for phrase in _ordered(phrases, self._content["before"]))

    def num_params(self) -> int:
        """Return the number of fitted values."""
        machines = self._content["machines"].values()
        kernel = 0 if self._kernel is None else self._kernel.landmarks.size + self._kernel.mapping.size
        return kernel + sum(machine.weights.size + machine.biases.size for machine in machines)

    def save(self, folder: Path) -> None:
        """Write the arrays, and what is no array as JSON."""
        machines: dict[str, Machine] = self._content["machines"]
        arrays = {} if self._kernel is None else dict(self._kernel._asdict())
        for slot, machine in machines.items():
            arrays |= {f"weights.{slot}": machine.weights, f"biases.{slot}": machine.biases}
        np.savez(folder / "model.npz", **arrays)
        classes = {slot: machine.classes for slot, machine in machines.items()}
        write_json(folder / "words.json", self._content | {"machines": classes}, digits=None)

    @classmethod
    def load(cls, folder: Path, preprocessor: Preprocessor) -> "Model":
        """Return the model that `save` wrote."""
        arrays, content = np.load(folder / "model.npz"), read_json(folder / "words.json")
        content["machines"] = {
            slot: Machine(classes, arrays[f"weights.{slot}"], arrays[f"biases.{slot}"])
            for slot, classes in content["machines"].items()
        }
        kernel = Kernel(*(arrays[name] for name in Kernel._fields)) if "gamma" in arrays else None
        return cls(preprocessor, content, kernel)


def _best(slots: Sequence[Machine], features: np.ndarray) -> list[tuple[Machine, int]]:
    """Return each slot's machine, and the place of the class that it holds to be the likeliest."""
    return [(slot, int(slot.margins(features)[0].argmax())) for slot in slots]


def too_free(phrases: Sequence[list[Phrase]]) -> bool:
    """Tell whether phrases are free text: too long, or of too many different words, for a template."""
    words: list[set[str]] = [set() for _ in range(LONGEST)]
    for phrase in (phrase for told in phrases for phrase in told):
        if len(phrase) > LONGEST:
            return True
        for slot, word in zip(words, phrase, strict=False):
            slot.add(word)
    return max(map(len, words)) > WORDS


def _phrases(text: str, joined_by: str) -> list[Phrase]:
    phrases: list[list[str]] = [[]]
    for word in text.split():
        if word == joined_by:
            phrases.append([])
        else:
            phrases[-1].append(word)
    return [tuple(phrase) for phrase in phrases if phrase]


def _largest(parts: list[Part], phrases: list[Phrase]) -> list[tuple[Part, Phrase | None]]:
    """Return the parts of a picture with one phrase, which is about the largest; nothing of others."""
    if len(phrases) != 1 or not parts:
        return []
    return [(parts[0], phrases[0]), *((part, None) for part in parts[1:])]


def _precedence(phrases: Sequence[list[Phrase]]) -> dict[str, int]:
    """Return for two words, with a space between them, how often the first stands in an earlier phrase."""
    counts: Counter[str] = Counter()
    for told in phrases:
        for number, earlier in enumerate(told):
            for later in told[number + 1 :]:
                counts.update(f"{one} {other}" for one in earlier for other in later if one != other)
    return dict(sorted(counts.items()))


def _ordered(phrases: list[Phrase], before: dict[str, int]) -> list[Phrase]:
    """Return phrases so that each comes before those of whose words its own come before the more often."""

    def odds(one: Phrase, other: Phrase) -> float:
        pairs = ((f"{word} {later}", f"{later} {word}") for word in one for later in other if word != later)
        return sum(np.log((before.get(here, 0) + 1) / (before.get(there, 0) + 1)) for here, there in pairs)

    def wins(place: int) -> int:
        return sum(odds(phrases[place], phrases[other]) > 0 for other in range(len(phrases)) if other != place)

    return [phrases[place] for place in sorted(range(len(phrases)), key=lambda place: -wins(place))]
