"""Each source token, in the window of its neighbours, is classified as what it writes: none, one or two target tokens.

The alignment that the classes come from is monotone and found by expectation maximisation (Jiampojamarn, Kondrak &
Sherif 2007, many-to-many alignment with 1 to 0, 1 and 2); the classifier is a decision tree as in Black, Lenzo &
Pagel 1998. Made for spellings and phones; between languages it is weak, for it cannot change the order.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.errors import UserError
from stages.tasks.seq2seq.modeling.aligning import align
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis
from stages.tasks.seq2seq.modeling.data import PreparedTexts, Vocabularies
from stages.tasks.seq2seq.modeling.inputs import PADDING


class Parameters(ModelConfig):
    """The window, and how the alignment and the tree are fitted."""

    INPUT = "tokens"

    window: int = Field(default=4, ge=0, description="neighbours on each side that are looked at")
    iterations: int = Field(default=5, ge=1, description="of expectation maximisation")
    classes: int = Field(default=500, ge=2, description="the most frequent ones; rarer ones are not learned")
    minimum: int = Field(default=2, ge=1, description="fewest tokens of train in a leaf of the tree")
    cells: int = Field(
        default=7_000_000,
        ge=1000,
        description="train's first pairs are aligned until the products of their lengths add up to this",
    )


class Model(Baseline):
    """Arrays: the tree's feature, threshold, left, right, answer and prob of each node; chunks (classes, 2)."""

    NAMES = ("feature", "threshold", "left", "right", "answer", "prob", "chunks")

    def __init__(self, window: int, arrays: dict[str, np.ndarray], vocabularies: Vocabularies) -> None:
        """Keep the tree."""
        self.window, self.arrays, self.vocabularies = window, arrays, vocabularies

    @classmethod
    def fit(cls, parameters: Parameters, data: PreparedTexts) -> "Model":
        """Align train's pairs and fit the tree.

        Raises:
            UserError: no pair can be aligned: every target has more than twice its source's tokens.
        """
        from sklearn.tree import DecisionTreeClassifier

        source, target = (data.side("train", side) for side in ("source", "target"))
        lengths = (source.lengths - 1) * (target.lengths - 1)
        few = int(np.searchsorted(np.cumsum(lengths), parameters.cells, side="right"))
        pairs = [(source.row(pair)[:-1], target.row(pair)[:-1]) for pair in range(max(few, 1))]
        aligned = align(pairs, parameters.iterations)
        if not aligned:
            raise UserError("aligned_decision_tree finds no target of at most twice its source's tokens: leave it out")
        windows = np.concatenate([_windows(pairs[pair][0], parameters.window) for pair in aligned])
        chunks = np.concatenate(list(aligned.values()))  # (tokens, 2), padded with 0
        size = data.vocabularies.sizes.target
        kinds, wanted, counts = np.unique(chunks @ [size, 1], return_inverse=True, return_counts=True)
        learned = np.isin(wanted, np.argsort(-counts, kind="stable")[: parameters.classes])
        tree = DecisionTreeClassifier(criterion="entropy", min_samples_leaf=parameters.minimum, random_state=0)
        tree.fit(windows[learned].astype(np.float32), wanted[learned])
        grown, values = tree.tree_, tree.tree_.value[:, 0]
        arrays = {
            "feature": grown.feature.astype(np.int32),
            "threshold": grown.threshold.astype(np.float32),
            "left": grown.children_left.astype(np.int32),
            "right": grown.children_right.astype(np.int32),
            "answer": tree.classes_[values.argmax(axis=1)].astype(np.int32),
            "prob": values.max(axis=1).astype(np.float32),
            "chunks": np.stack(np.divmod(kinds, size), axis=1).astype(np.int32),
        }
        return cls(parameters.window, arrays, data.vocabularies)

    def translate(
        self, sources: Sequence[str], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return every source's one output: what its tokens write, one after the other."""
        if not sources:
            return []
        rows = [ids[:-1] for ids in self.vocabularies.encode_sources(sources, cut=False)]
        windows = [_windows(ids, self.window) for ids in rows]
        leaves = self._leaves(np.concatenate(windows))
        ends = np.cumsum([len(ids) for ids in rows])[:-1]
        outputs = []
        for leaves_of_text in np.split(leaves, ends):
            text = self.vocabularies.decode(self.arrays["chunks"][self.arrays["answer"][leaves_of_text]].ravel())
            outputs.append([BeamHypothesis(text, float(np.log(self.arrays["prob"][leaves_of_text]).sum()), True)])
        return outputs

    def _leaves(self, windows: np.ndarray) -> np.ndarray:
        """Return the leaf that each window (tokens, 2 window + 1) falls into."""
        nodes, rows = np.zeros(len(windows), np.int32), np.arange(len(windows))
        while len(rows):
            at = nodes[rows]
            lower = windows[rows, self.arrays["feature"][at]] <= self.arrays["threshold"][at]
            below = np.where(lower, self.arrays["left"][at], self.arrays["right"][at])
            rows = rows[below >= 0]
            nodes[rows] = below[below >= 0]
        return nodes

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(array.size for array in self.arrays.values())

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        for name in self.NAMES:
            np.save(folder / f"{name}.npy", self.arrays[name])
        np.save(folder / "window.npy", np.array(self.window))

    @classmethod
    def load(cls, folder: Path, preprocessor: Vocabularies) -> "Model":
        """Read what `save` wrote."""
        arrays = {name: np.load(folder / f"{name}.npy") for name in cls.NAMES}
        return cls(int(np.load(folder / "window.npy")), arrays, preprocessor)


def _windows(ids: np.ndarray, window: int) -> np.ndarray:
    """Return every token with its neighbours (tokens, 2 window + 1); beyond the source's ends stands padding."""
    framed = np.pad(ids, window, constant_values=PADDING)
    if not len(ids):
        return np.zeros((0, 2 * window + 1), ids.dtype)
    return np.lib.stride_tricks.sliding_window_view(framed, 2 * window + 1)
