"""Parts of a picture that hang together, and machines that tell what they are: the classical way to read pictures.

The machines are linear, of features that approximate a radial kernel (Cortes & Vapnik 1995; Williams & Seeger 2001).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stages.data.pictures.picture import fit_into

SIDE = 16  # pixels that a part is brought to
TOUCHING = np.ones((3, 3), int)  # pixels that touch at a corner hang together


class Part(NamedTuple):
    """What of a picture hangs together."""

    looks: np.ndarray  # (SIDE · SIDE,) shares of white
    place: np.ndarray  # (4,) its middle's height and distance from the left, its height and width: shares
    box: tuple[int, int, int, int]  # left, top, right, bottom, the last two outside


@dataclass
class Machine:
    """One linear machine against each class."""

    classes: list[str]
    weights: np.ndarray  # (classes, features)
    biases: np.ndarray  # (classes,)

    def margins(self, features: np.ndarray) -> np.ndarray:
        """Return how far parts with features (n, features) are on each class's side, (n, classes)."""
        return np.asarray(features @ self.weights.T + self.biases)


class Kernel(NamedTuple):
    """Features whose products approximate a radial kernel of two parts' looks, beside their places."""

    landmarks: np.ndarray  # (L, SIDE · SIDE)
    mapping: np.ndarray  # (L, L)
    gamma: np.ndarray  # ()

    @classmethod
    def of(cls, parts: Sequence[Part], count: int) -> "Kernel":
        """Return the kernel of as many of the parts, chosen by a fixed seed."""
        chosen = np.random.default_rng(0).permutation(len(parts))[:count]
        landmarks = np.stack([parts[row].looks for row in chosen])
        spread = landmarks.var(axis=0).sum()
        gamma = np.array(1 / max(spread, 1e-6) / 2)
        values, vectors = np.linalg.eigh(_radial(landmarks, landmarks, gamma))
        values = np.maximum(values, 1e-6)
        return cls(landmarks, (vectors / np.sqrt(values)) @ vectors.T, gamma)

    def features(self, parts: Sequence[Part]) -> np.ndarray:
        """Return (n, L + 4)."""
        looks, places = np.stack([part.looks for part in parts]), np.stack([part.place for part in parts])
        return np.hstack([_radial(looks, self.landmarks, self.gamma) @ self.mapping, places])


def _radial(one: np.ndarray, other: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    return np.exp(-gamma * np.maximum(squares, 0))


def find_parts(picture: np.ndarray, threshold: float, smallest: int) -> list[Part]:
    """Return what hangs together of a picture (H, W, C), the largest first.

    Args:
        picture: bytes.
        threshold: share of white, above which a pixel is of a part.
        smallest: pixels of a part.
    """
    from scipy import ndimage

    grey = picture.mean(axis=2)
    labels, _ = ndimage.label(grey > 255 * threshold, TOUCHING)
    parts = []
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        inside = labels[box] == number
        if (pixels := int(inside.sum())) >= smallest:
            parts.append((pixels, _part(np.where(inside, grey[box], 0), box, grey.shape)))
    return [part for _, part in sorted(parts, key=lambda each: -each[0])]


def _part(values: np.ndarray, box: tuple[slice, ...], shape: tuple[int, ...]) -> Part:
    looks = fit_into(values.round().astype(np.uint8)[:, :, None], SIDE, SIDE).ravel() / 255
    starts, ends = (np.array([getattr(edge, side) for edge in box]) for side in ("start", "stop"))
    place = np.concatenate([(starts + ends) / 2 / shape, (ends - starts) / shape])
    return Part(looks.astype(np.float32), place, (*starts[::-1].tolist(), *ends[::-1].tolist()))


def fit_machine(features: np.ndarray, words: Sequence[str]) -> Machine:
    """Return machines that tell the words of parts (n, features) apart."""
    from sklearn.svm import LinearSVC

    classes = sorted(set(words))
    if len(classes) == 1:
        return Machine(classes, np.zeros((1, features.shape[1])), np.ones(1))
    machine = LinearSVC(C=1.0, random_state=0).fit(features, words)
    weights, biases = machine.coef_, machine.intercept_
    if len(classes) == 2:  # scikit-learn keeps the second's alone
        weights, biases = np.concatenate([-weights, weights]), np.concatenate([-biases, biases])
    return Machine(machine.classes_.tolist(), weights, biases)


def margins_of(machine: Machine, features: np.ndarray, words: Sequence[str]) -> np.ndarray:
    """Return the margins of some words, (n, words); one that no example has is as unlikely as the unlikeliest."""
    margins = machine.margins(features)
    places = [machine.classes.index(word) if word in machine.classes else None for word in words]
    return np.stack([margins.min(axis=1) if place is None else margins[:, place] for place in places], axis=1)
