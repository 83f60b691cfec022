"""A hidden Markov model of each word, and the likeliest string of words by Viterbi's algorithm (Rabiner 1989).

A word is a row of states, each of which is stayed in or left for the next; a state's frames, with how they change, are
drawn from a mixture of Gaussians. Models are fitted to whole strings, of which it is not known where a word ends:
from even shares of the frames, strings are aligned and models fitted in turn (segmental k-means, Juang & Rabiner 1990).
Between words anything may follow anything, at a price that makes train's strings come out best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field
from rapidfuzz.distance import Levenshtein
from scipy import sparse

from stages.config.schema import ModelConfig
from stages.runtime.errors import UserError
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis
from stages.tasks.seq2seq.modeling.data import END, Prepared, Preprocessor

IMPOSSIBLE = -1e30
SMALLEST = 0.01  # of a variance; scaled frames have one of about 1
PRICES = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0)  # of a word, in nats, that are tried
TRIED = 300  # strings that they are tried on
CELLS = 10_000_000  # numbers that are held at a time: strings by frames by states
ROWS = 50_000  # frames at a time


class Parameters(ModelConfig):
    """How many states a word has, and on how much its model is fitted."""

    INPUT = "frames"

    states: int = Field(default=6, ge=1, description="of a word, each for a frame or more")
    gaussians: int = Field(default=2, ge=1, description="that a state's frames are drawn from")
    iterations: int = Field(default=8, ge=1, description="of aligning and fitting")
    frames: int = Field(default=200_000, ge=1000, description="train's first sources are used, up to so many frames")


@dataclass
class Words:
    """The models of all words: W words, S states, M Gaussians, D numbers of a frame and its changes."""

    tokens: np.ndarray  # (W,) ids of the target's vocabulary
    means: np.ndarray  # (W S, M, D)
    variances: np.ndarray  # (W S, M, D)
    weights: np.ndarray  # (W S, M), logarithms
    stay: np.ndarray  # (W S,), logarithm of the probability to stay
    price: np.ndarray  # (), of a word

    @property
    def states(self) -> int:
        """How many states a word has."""
        return len(self.stay) // len(self.tokens)

    def shares(self, frames: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return by how much frames (n, D) of known states (n,) are each of their state's Gaussians', (n, M)."""
        variances = self.variances[state]
        squares = ((frames[:, None] - self.means[state]) ** 2 / variances + np.log(variances)).sum(axis=-1)
        components = self.weights[state] - 0.5 * squares
        shares = np.exp(components - components.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def emissions(self, frames: np.ndarray) -> np.ndarray:
        """Return the log-density of frames (n, D) in each state, (n, W S)."""
        precision = 1 / self.variances
        constant = self.weights - 0.5 * (np.log(2 * np.pi * self.variances) + self.means**2 * precision).sum(axis=-1)
        flat = (-1, self.means.shape[-1])
        quadratic = (frames**2) @ precision.reshape(flat).T - 2 * frames @ (self.means * precision).reshape(flat).T
        components = constant - 0.5 * quadratic.reshape(len(frames), *constant.shape)
        most = components.max(axis=-1, keepdims=True)
        return np.asarray(most[..., 0] + np.log(np.exp(components - most).sum(axis=-1)))


class Strings(NamedTuple):
    """What models are fitted to."""

    frames: list[np.ndarray]  # (T, D) each
    words: list[np.ndarray]  # (words,) each, their numbers


class Model(Baseline):
    """The words' models, and what turns tokens into texts."""

    def __init__(self, words: Words, preprocessor: Preprocessor) -> None:
        """Keep both."""
        self.words, self.preprocessor = words, preprocessor

    @classmethod
    def fit(cls, parameters: Parameters, data: Prepared) -> "Model":
        """Fit the models on train's strings.

        Raises:
            UserError: none has as many frames as its words have states.
        """
        strings, tokens = _read(data, parameters)
        states = [_even(len(frames), words, parameters.states) for frames, words in zip(*strings, strict=True)]
        words = _start(strings, states, tokens, parameters)
        for _ in range(parameters.iterations):
            states = _align(words, strings)
            words = _refit(words, np.concatenate(strings.frames), states)
        words.price = _best_price(words, Strings(strings.frames[:TRIED], strings.words[:TRIED]))
        return cls(words, data.preprocessor)

    def translate(
        self, sources: Sequence[np.ndarray], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return every source's one output, the likeliest string of words."""
        frames = [with_changes(rows) for rows in self.preprocessor.encode_sources(sources, cut=False)]
        outputs = []
        for words, score in recognise(self.words, frames, float(self.words.price)):
            text = self.preprocessor.decode(self.words.tokens[words])
            outputs.append([BeamHypothesis(text, score, True)])
        return outputs

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(array.size for array in vars(self.words).values()) - self.words.tokens.size

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        for name, array in vars(self.words).items():
            np.save(folder / f"{name}.npy", array)

    @classmethod
    def load(cls, folder: Path, preprocessor: Preprocessor) -> "Model":
        """Read what `save` wrote."""
        arrays = {name: np.load(folder / f"{name}.npy") for name in Words.__dataclass_fields__}
        return cls(Words(**arrays), preprocessor)


def with_changes(frames: np.ndarray) -> np.ndarray:
    """Return frames (T, F) with their slope over two frames on each side, (T, 2 F) (Furui 1986)."""
    padded = np.pad(frames, [(2, 2), (0, 0)], mode="edge").astype(float)
    slope = (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10
    return np.concatenate([padded[2:-2], slope], axis=1)


def _read(data: Prepared, parameters: Parameters) -> tuple[Strings, np.ndarray]:
    """Return train's first strings that are long enough for their words, and the tokens (W,) that words stand for."""
    source, target = (data.side("train", side) for side in ("source", "target"))
    few = max(1, int(np.searchsorted(np.cumsum(source.lengths), parameters.frames, side="right")))
    pairs = [(source.row(pair), target.row(pair)[:-1]) for pair in range(few)]
    pairs = [(frames, ids) for frames, ids in pairs if (ids > END).all() and 0 < len(ids)]
    pairs = [(frames, ids) for frames, ids in pairs if len(frames) >= parameters.states * len(ids)]
    if not pairs:
        raise UserError(
            f"hmm finds no source of train that has {parameters.states} frames for each of its tokens: lower "
            "speech.models.hmm.states, or leave it out"
        )
    tokens = np.unique(np.concatenate([ids for _, ids in pairs]))
    frames = [with_changes(rows) for rows, _ in pairs]
    return Strings(frames, [np.searchsorted(tokens, ids) for _, ids in pairs]), tokens


def _even(length: int, words: np.ndarray, states: int) -> np.ndarray:
    """Return the state of each frame (length,) where all states of a string's words have as many frames."""
    chain = (words[:, None] * states + np.arange(states)).ravel()
    return np.asarray(chain[np.arange(length) * len(chain) // length])


def _start(strings: Strings, states: list[np.ndarray], tokens: np.ndarray, parameters: Parameters) -> Words:
    """Return models of one guess: the Gaussians of a state lie about its mean, along its deviation."""
    frames, count = np.concatenate(strings.frames), len(tokens) * parameters.states
    shares = sparse.csr_array((np.ones(len(frames)), (np.concatenate(states), np.arange(len(frames)))))
    shares.resize(count, len(frames))
    sizes = np.maximum(shares.sum(axis=1), 1)[:, None]
    means = shares @ frames / sizes
    variances = np.maximum(shares @ frames**2 / sizes - means**2, SMALLEST)
    places = np.linspace(-0.5, 0.5, parameters.gaussians)[:, None] if parameters.gaussians > 1 else np.zeros((1, 1))
    spread = means[:, None] + places * np.sqrt(variances)[:, None]
    weights = np.full((count, parameters.gaussians), -np.log(parameters.gaussians))
    repeated = np.repeat(variances[:, None], parameters.gaussians, axis=1)
    return Words(tokens, spread, repeated, weights, np.full(count, np.log(0.5)), np.array(0.0))


def _refit(words: Words, frames: np.ndarray, states: list[np.ndarray]) -> Words:
    """Return models fitted to frames (n, D) of known states, a list of those of each string."""
    state = np.concatenate(states)
    starts = range(0, len(frames), ROWS)
    shares = np.concatenate([words.shares(frames[at : at + ROWS], state[at : at + ROWS]) for at in starts])
    count, gaussians = words.weights.shape
    place = (state[:, None] * gaussians + np.arange(gaussians)).ravel()
    frame = np.repeat(np.arange(len(frames)), gaussians)
    sums = sparse.csr_array((shares.ravel(), (place, frame)), shape=(count * gaussians, len(frames)))
    sizes = sums.sum(axis=1)[:, None]
    seen = (sizes > 1)[:, 0].reshape(count, gaussians, 1)  # a Gaussian of no frames stays as it is
    means = (sums @ frames / np.maximum(sizes, 1e-9)).reshape(words.means.shape)
    squares = (sums @ frames**2 / np.maximum(sizes, 1e-9)).reshape(words.means.shape)
    means = np.where(seen, means, words.means)
    variances = np.where(seen, np.maximum(squares - means**2, SMALLEST), words.variances)
    weights = (sizes[:, 0] + 1).reshape(count, gaussians)
    stayed = np.concatenate([of_string[1:] == of_string[:-1] for of_string in states])
    before = np.concatenate([of_string[:-1] for of_string in states])
    stay = (np.bincount(before, stayed, count) + 1) / (np.bincount(before, minlength=count) + 2)
    weights = np.log(weights / weights.sum(axis=1, keepdims=True))
    return Words(words.tokens, means, variances, weights, np.log(stay), words.price)


def _batches(words: Words, frames: list[np.ndarray]) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield some strings' numbers and their emissions (B, T, W S), 0 where they pad; those of like lengths together."""
    lengths = np.array([len(rows) for rows in frames])
    order, start = np.argsort(lengths, kind="stable").tolist(), 0
    while start < len(order):
        held = lengths[order[start:]] * np.arange(1, len(order) - start + 1) * len(words.stay)
        members = order[start : start + max(1, int(np.searchsorted(held, CELLS, side="right")))]
        start += len(members)
        emissions = np.zeros((len(members), len(frames[members[-1]]), len(words.stay)))
        for place, member in enumerate(members):
            emissions[place, : len(frames[member])] = words.emissions(frames[member])
        yield members, emissions


def _align(words: Words, strings: Strings) -> list[np.ndarray]:
    """Return the likeliest state of each frame of strings whose words are known."""
    states: list[np.ndarray] = [np.zeros(0, int)] * len(strings.frames)
    for members, emissions in _batches(words, strings.frames):
        chains = [
            (strings.words[member][:, None] * words.states + np.arange(words.states)).ravel() for member in members
        ]
        longest = max(map(len, chains))
        chain = np.stack([np.pad(each, (0, longest - len(each))) for each in chains])  # (B, P)
        moved = np.zeros((emissions.shape[1], *chain.shape), bool)  # whether a place was reached from that before it
        score = np.full(chain.shape, IMPOSSIBLE)
        score[:, 0] = 0.0
        stay, leave = words.stay[chain], np.log1p(-np.exp(words.stay))[chain]
        for step in range(emissions.shape[1]):
            if step:
                arriving = np.pad((score + leave)[:, :-1], [(0, 0), (1, 0)], constant_values=IMPOSSIBLE)
                moved[step] = arriving > score + stay
                score = np.maximum(arriving, score + stay)
            score = score + np.take_along_axis(emissions[:, step], chain, axis=1)
        for place, member in enumerate(members):
            states[member] = chain[place, _path(moved[: len(strings.frames[member]), place], len(chains[place]))]
    return states


def _path(moved: np.ndarray, places: int) -> np.ndarray:
    """Return the place of each frame (T,), of which the last stands at the last place; moved (T, P)."""
    path, place = np.zeros(len(moved), int), places - 1
    for step in range(len(moved) - 1, -1, -1):
        path[step] = place
        place -= int(moved[step, place])
    return path


def recognise(words: Words, frames: list[np.ndarray], price: float) -> list[tuple[np.ndarray, float]]:
    """Return the likeliest words of each string of frames (T, D), and the log-density by frame.

    The token passing of Young, Russell & Thornton 1989. A string with fewer frames than a word has states has none.
    """
    results: list[tuple[np.ndarray, float]] = [(np.zeros(0, int), 0.0)] * len(frames)
    stay, leave = words.stay, np.log1p(-np.exp(words.stay))
    for members, emissions in _batches(words, frames):
        rows, steps, count = emissions.shape
        shape = (rows, count // words.states, words.states)
        score = np.full(shape, IMPOSSIBLE)
        entered = np.zeros(shape, int)  # when the word of a state was
        left = np.zeros(rows)  # the score of the best string of words so far
        word_at, entered_at, left_at = (np.zeros((steps, rows), kind) for kind in (int, int, float))
        for step in range(steps):
            arriving = np.concatenate(
                [np.broadcast_to((left - price)[:, None, None], (*shape[:2], 1)), _left(score, leave)[..., :-1]], axis=2
            )
            since = np.concatenate([np.full((*shape[:2], 1), step), entered[..., :-1]], axis=2)
            staying = score + stay.reshape(shape[1:])
            entered = np.where(arriving > staying, since, entered)
            score = np.maximum(arriving, staying) + emissions[:, step].reshape(shape)
            ends = _left(score, leave)[..., -1]  # (B, W)
            best = ends.argmax(axis=1)
            word_at[step], entered_at[step] = best, entered[np.arange(rows), best, -1]
            left_at[step] = left = np.maximum(ends[np.arange(rows), best], IMPOSSIBLE)
        for place, member in enumerate(members):
            last = len(frames[member]) - 1
            if last >= 0 and left_at[last, place] > IMPOSSIBLE / 2:
                found = _trace(word_at[:, place], entered_at[:, place], last)
                results[member] = (found, float(left_at[last, place]) / (last + 1))
    return results


def _left(score: np.ndarray, leave: np.ndarray) -> np.ndarray:
    return np.asarray(score + leave.reshape(score.shape[1:]))


def _trace(word_at: np.ndarray, entered_at: np.ndarray, step: int) -> np.ndarray:
    """Return the words of the best string that ends at a step."""
    words = []
    while step >= 0:
        words.append(word_at[step])
        step = int(entered_at[step]) - 1
    return np.array(words[::-1], int)


def _best_price(words: Words, strings: Strings) -> np.ndarray:
    """Return the price of a word with which some strings are recognised with the fewest edits."""

    def edits(price: float) -> int:
        results = recognise(words, strings.frames, price)
        pairs = zip(results, strings.words, strict=True)
        return sum(Levenshtein.distance(found.tolist(), true.tolist()) for (found, _), true in pairs)

    return np.array(min(PRICES, key=edits))
