"""Monotone alignment of pairs by expectation maximisation: each source token writes none, one or two target tokens.

Jiampojamarn, Kondrak & Sherif 2007. N pairs of equal source length S, the targets padded to T tokens.
"""

from dataclasses import dataclass

import numpy as np

MOST = 2  # target tokens of one source token


@dataclass
class Group:
    """Pairs of one source length, and for each way of writing the place of its probability in the table."""

    pairs: np.ndarray  # (N,) their numbers
    lengths: np.ndarray  # (N,) of the targets
    cells: list[np.ndarray]  # by the number of target tokens written: (N, S, T + 1), from each place in the target

    def emissions(self, table: np.ndarray) -> list[np.ndarray]:
        """Return the probability of every cell; the table's last one is 0, for what goes beyond a target's end."""
        return [table[cells] for cells in self.cells]


def align(pairs: list[tuple[np.ndarray, np.ndarray]], iterations: int) -> dict[int, np.ndarray]:
    """Return, by pair, the target tokens that each of its source tokens writes, (source tokens, 2), padded with 0.

    Pairs that cannot be aligned so, for the target has more than twice the source's tokens, are left out.
    """
    groups, source_of = _grouped(pairs)
    table = np.append(np.ones(len(source_of)), 0.0)
    for _ in range(iterations):
        counts = np.zeros(len(table))
        for group in groups:
            _count(group, table, counts)
        totals = np.bincount(source_of, counts[:-1])
        table = np.append(counts[:-1] / np.maximum(totals[source_of], 1e-300), 0.0)
    aligned: dict[int, np.ndarray] = {}
    for group in groups:
        for pair, written in zip(group.pairs, _best(group, table), strict=True):
            target, chunks = pairs[pair][1], np.zeros((len(written), MOST), np.int32)
            ends = np.cumsum(written)
            for place, (end, count) in enumerate(zip(ends, written, strict=True)):
                chunks[place, :count] = target[end - count : end]
            aligned[int(pair)] = chunks
    return dict(sorted(aligned.items()))


def _grouped(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[list[Group], np.ndarray]:
    """Return the pairs by source length, and the source token of every entry of the table."""
    by_length: dict[int, list[int]] = {}
    for number, (source, target) in enumerate(pairs):
        if len(source) and len(target) <= MOST * len(source):
            by_length.setdefault(len(source), []).append(number)
    size = 1 + max((int(ids.max(initial=0)) for _, ids in pairs), default=0)
    raw = []
    for numbers in by_length.values():
        longest = max(len(pairs[number][1]) for number in numbers)
        target = np.full((len(numbers), longest + MOST), -1, np.int64)  # −1: beyond the end
        for row, number in enumerate(numbers):
            target[row, : len(pairs[number][1])] = pairs[number][1]
        source = np.stack([pairs[number][0] for number in numbers]).astype(np.int64)[:, :, None]
        one, two = target[:, None, : longest + 1], target[:, None, 1 : longest + 2]
        keys = [source * np.ones_like(one), np.where(one < 0, -1, source * size + one)]
        keys.append(np.where(two < 0, -1, (source * size + one) * size + two))
        keys = [np.where(key < 0, -1, key * (MOST + 1) + count) for count, key in enumerate(keys)]
        raw.append((np.array(numbers), (target >= 0).sum(axis=1), keys))
    every = np.unique(np.concatenate([key.ravel() for *_, keys in raw for key in keys] or [np.array([-1])]))
    every = every[every >= 0]
    groups = [
        Group(numbers, lengths, [np.where(key < 0, len(every), np.searchsorted(every, key)) for key in keys])
        for numbers, lengths, keys in raw
    ]
    count, owner = every % (MOST + 1), every // (MOST + 1)
    return groups, owner // np.power(size, count)


def _count(group: Group, table: np.ndarray, counts: np.ndarray) -> None:
    """Add how often each entry of the table is expected to be used in a group's pairs."""
    emissions = group.emissions(table)
    rows, steps, places = emissions[0].shape
    forward = np.zeros((steps + 1, rows, places))
    forward[0, :, 0] = 1.0
    for step in range(steps):
        for count, prob in enumerate(emissions):
            forward[step + 1, :, count:] += (forward[step] * prob[:, step])[:, : places - count]
    backward = np.zeros((rows, places))
    backward[np.arange(rows), group.lengths] = 1.0
    total = forward[steps, np.arange(rows), group.lengths][:, None]
    used = [np.empty(cells.shape) for cells in group.cells]
    for step in range(steps - 1, -1, -1):
        before = np.zeros_like(backward)
        for count, prob in enumerate(emissions):
            after = np.pad(backward[:, count:], [(0, 0), (0, count)])
            used[count][:, step] = forward[step] * prob[:, step] * after / np.maximum(total, 1e-300)
            before += prob[:, step] * after
        backward = before
    for cells, weights in zip(group.cells, used, strict=True):  # once a group: the table is much longer than a step
        counts += np.bincount(cells.ravel(), weights.ravel(), len(counts))


def _best(group: Group, table: np.ndarray) -> np.ndarray:
    """Return how many target tokens each source token writes in the likeliest alignment, (N, S)."""
    with np.errstate(divide="ignore"):
        emissions = [np.log(prob) for prob in group.emissions(table)]
    rows, steps, places = emissions[0].shape
    score = np.full((rows, places), -np.inf)
    score[:, 0] = 0.0
    backpointers = np.zeros((steps, rows, places), np.int8)
    for step in range(steps):
        options = np.full((MOST + 1, rows, places), -np.inf)
        for count, prob in enumerate(emissions):
            options[count, :, count:] = (score + prob[:, step])[:, : places - count]
        backpointers[step], score = options.argmax(axis=0), options.max(axis=0)
    place, written = group.lengths.copy(), np.zeros((rows, steps), np.int64)
    for step in range(steps - 1, -1, -1):
        written[:, step] = backpointers[step, np.arange(rows), place]
        place -= written[:, step]
    return written
