"""The checks for leaks between parts of running text and in what was fitted on them.

Nothing of the splitting or of the vocabulary's fitting is used here: an error there must not hide itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import numpy as np
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.tasks.base import Findings
from stages.tasks.generation.config import SplitConfig
from stages.tasks.generation.modeling.data import Prepared
from stages.tasks.generation.spans import character_codes, sampled, span_hashes
from stages.tasks.generation.texts import PartText, count_characters

LONG = 25  # letters of a line that two works hardly share by chance
SPAN = 40  # characters that two works hardly share by chance
KEPT = 1 << 23  # spans of a part that are looked at: of a longer text an evenly drawn share, by their hashes
SHOWN = 5

Texts = Mapping[Part, Iterable[str]]  # each part's text, in chunks or in works


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    files = {name: dataset.part(name) for name in PARTS}
    texts = {name: PartText(file) for name, file in files.items()}
    ids = {name: set(pq.read_table(file, columns=["id"])["id"].to_pylist()) for name, file in files.items()}
    characters = {name: count_characters(file) for name, file in files.items()}
    tolerance = dataset.params("split", SplitConfig).shared_lines
    vocabulary = set(Prepared.open(dataset.prepared / "window").tokenizer().get_vocab())
    return {
        "works_in_two_parts": works_in_two_parts(ids),
        "lost_text": lost_text(count_characters(dataset.table), sum(characters.values())),
        "shared_lines": shared_lines(texts, tolerance),
        "shared_spans": shared_spans(texts, tolerance, one_in=-(-max(characters.values()) // KEPT)),
        "vocabulary": foreign_tokens(texts["train"], vocabulary),
    }


def works_in_two_parts(ids: Mapping[Part, set[str]]) -> list[str]:
    """Return a line for every pair of parts that hold the same work."""
    pairs = ((one, other, sorted(ids[one] & ids[other])) for one, other in combinations(ids, 2))
    return [f"{one} and {other} share {', '.join(shared[:SHOWN])}" for one, other, shared in pairs if shared]


def lost_text(before: int, after: int) -> list[str]:
    """Return a line if the parts' characters are not as many as the table's."""
    return [] if before == after else [f"the table has {before} characters, the parts together {after}"]


def shared_lines(texts: Texts, tolerance: float) -> list[str]:
    """Return a line for every part of whose long lines more than allowed stand in train, case and spacing aside."""
    train = {hash(line) for line in _long_lines(texts["train"])}
    findings = []
    for name in PARTS[1:]:
        lines = set(_long_lines(texts[name]))
        shared = {line for line in lines if hash(line) in train}
        share = len(shared) / max(len(lines), 1)
        if share > tolerance:
            examples = "; ".join(sorted(shared)[:SHOWN])
            findings.append(
                f"{share:.1%} of {name}'s long lines stand in train as well, such as: {examples}. {_advice(share)}"
            )
    return findings


def shared_spans(texts: Texts, tolerance: float, one_in: int = 1) -> list[str]:
    """Return a line for every part of whose text more than allowed stands in train, in spans that cross lines.

    Case and spacing aside, every span of SPAN characters is looked up by its hash; or one in so many.
    """
    hashes = {name: _span_hashes(text, one_in) for name, text in texts.items()}
    findings = []
    for name in PARTS[1:]:
        share = _share_inside(hashes[name], hashes["train"])
        if share > tolerance:
            findings.append(
                f"{share:.1%} of {name}'s spans of {SPAN} characters stand in train as well. {_advice(share)}"
            )
    return findings


def _advice(share: float) -> str:
    if share > 0.9:
        return "The same text is in both: leave one of the two out"
    return (
        f"If they are headings that works have in common, remove them, or set split.shared_lines to {share + 0.01:.2f}"
    )


def _span_hashes(text: Iterable[str], one_in: int) -> np.ndarray:
    """Return the distinct hashes of a text's spans, or of one in so many of them."""
    hashes, before, space = [np.zeros(0, np.uint64)], np.zeros(0, np.uint64), ""
    for chunk in text:
        if not (plain := " ".join(chunk.casefold().split())):
            space = " "
            continue
        codes = np.concatenate([before, character_codes((" " if chunk[:1].isspace() else space) + plain)])
        if len(codes) >= SPAN:
            hashes.append(sampled(span_hashes(codes, SPAN), one_in))
        before, space = codes[-(SPAN - 1) :], " " if chunk[-1:].isspace() else ""
    return _distinct(np.concatenate(hashes))


def _distinct(hashes: np.ndarray) -> np.ndarray:
    """Return the distinct hashes, sorted; `np.unique` takes ten times as long, by a hash table of its own."""
    hashes = np.sort(hashes)
    return hashes[np.append(True, hashes[1:] != hashes[:-1])] if len(hashes) else hashes


def _share_inside(hashes: np.ndarray, others: np.ndarray) -> float:
    """Return which share of some hashes stands among others; both are sorted."""
    if not (len(hashes) and len(others)):
        return 0.0
    places = np.minimum(np.searchsorted(others, hashes), len(others) - 1)
    return float(np.mean(others[places] == hashes))


def foreign_tokens(train: Iterable[str], vocabulary: set[str]) -> list[str]:
    """Return a line if the vocabulary holds what train does not. `train`: in the chunks that it was fitted on."""
    foreign = vocabulary - {"[UNK]"}
    for chunk in train:
        foreign -= set(chunk)
        foreign = {token for token in foreign if len(token) == 1 or token not in chunk}
    return [f"{len(foreign)} token(s) do not stand in train: {', '.join(map(repr, sorted(foreign)[:SHOWN]))}"] * bool(
        foreign
    )


def _long_lines(text: Iterable[str]) -> Iterator[str]:
    plain = (" ".join(line.casefold().split()) for chunk in text for line in chunk.split("\n"))
    return (line for line in plain if len(line) >= LONG and sum(map(str.isalpha, line)) >= LONG)
