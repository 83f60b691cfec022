"""What each source adds to sums, from which all metrics are computed: sufficient statistics.

BLEU and chrF are sacrebleu's: it counts the n-grams of each output, and the sums of these counts give the corpus's
metric by its formula, so that a bootstrap needs no counting anew.
"""

from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

ORDER = 4  # of BLEU's n-grams
FIXED = ("exact", "edits", "units")
BLEU_COLUMNS = (
    "output_tokens",
    "reference_tokens",
    *(f"{what}_{n}" for what in ("hits", "runs") for n in (1, 2, 3, 4)),
)
CHRF_COLUMNS = tuple(f"{what}_{n + 1}" for n in range(6) for what in ("output_runs", "reference_runs", "shared_runs"))
COLUMNS = (*FIXED, *BLEU_COLUMNS, *CHRF_COLUMNS)


def units_of(text: str, unit: str) -> list[str]:
    """Return what edits are counted in: characters where the target's unit is one, else what white space separates."""
    return list(text) if unit == "character" else text.split()


def sufficient_statistics(outputs: list[str], references: list[list[str]], unit: str) -> np.ndarray:
    """Return what each output adds to the sums that metrics are computed from, (outputs, COLUMNS).

    Edits (insertions, deletions and substitutions: Levenshtein 1966) are those to the closest reference, in units; of
    equally close ones, the first.

    Args:
        outputs: a text for each source.
        references: of each source one text or more.
        unit: of the target's vocabulary.
    """
    rows = np.zeros((len(outputs), len(COLUMNS)))
    for row, output, texts in zip(rows, outputs, references, strict=True):
        hypothesis = units_of(output, unit)
        candidates = [units_of(text, unit) for text in texts]
        edits = [Levenshtein.distance(hypothesis, candidate) for candidate in candidates]
        closest = edits.index(min(edits))
        row[:3] = output in texts, edits[closest], len(candidates[closest])
    streams = reference_streams(references)
    for start, metric in ((3, bleu()), (3 + len(BLEU_COLUMNS), chrf())):
        counts = np.array(metric._extract_corpus_statistics(outputs, streams))  # no public name gives the counts
        rows[:, start : start + counts.shape[1]] = counts
    return rows


def count(statistics: np.ndarray) -> np.ndarray:
    """Return statistics (sources, COLUMNS) with a first column of ones, whose sum counts the sources."""
    return np.insert(statistics, 0, 1.0, axis=1)


def bleu() -> BLEU:
    """Return BLEU as the field reports it: cased, 13a, exponential smoothing (Papineni et al. 2002; Post 2018)."""
    return BLEU()


def chrf() -> CHRF:
    """Return chrF2: n-grams of up to six characters, white space left out (Popović 2015)."""
    return CHRF()


def signatures(references: list[list[str]]) -> dict[str, str]:
    """Return sacrebleu's signatures; of the corpus they name only whether sources have equally many references."""
    metrics = {"bleu": bleu(), "chrf": chrf()}
    few = list({len(texts): texts for texts in references}.values())  # a source for each number of references
    for metric in metrics.values():
        metric.corpus_score([texts[0] for texts in few], reference_streams(few))
    return {name: str(metric.get_signature()) for name, metric in metrics.items()}


def reference_streams(references: list[list[str]]) -> list[Any]:
    """Return the references as sacrebleu takes them: the first of all sources, the second of all, …"""
    most = max(map(len, references))
    return [[texts[place] if place < len(texts) else None for texts in references] for place in range(most)]


def bleu_score(sums: np.ndarray) -> np.ndarray:
    """Return BLEU of sums (…, columns); an order without hits counts as ½, ¼, … of one (Chen & Cherry 2014)."""
    counts = sums[..., 4 : 4 + len(BLEU_COLUMNS)]
    output, reference = counts[..., 0], counts[..., 1]
    hits, runs = counts[..., 2 : 2 + ORDER], counts[..., 2 + ORDER :]
    missed = np.cumsum((hits <= 0) & (runs > 0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(hits > 0, hits, 0.5**missed) / runs)
        penalty = np.minimum(1 - reference / output, 0)
        score = 100 * np.exp(logs.mean(axis=-1) + penalty)
    return np.where((runs > 0).all(axis=-1) & (hits > 0).any(axis=-1), score, 0.0)


def chrf_score(sums: np.ndarray) -> np.ndarray:
    """Return chrF2 of sums (…, columns): precision and recall are means over the orders that both sides have."""
    counts = sums[..., 4 + len(BLEU_COLUMNS) :]
    output, reference, shared = np.moveaxis(counts.reshape(*counts.shape[:-1], 6, 3), -1, 0)
    both = (output > 0) & (reference > 0)
    orders = np.maximum(both.sum(axis=-1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(both, shared / output, 0).sum(axis=-1) / orders
        recall = np.where(both, shared / reference, 0).sum(axis=-1) / orders
        score = 100 * 5 * precision * recall / (4 * precision + recall)
    return np.where(precision + recall > 0, score, 0.0)


def token_error_rate(sums: np.ndarray) -> np.ndarray:
    """Return the edits for each token of the closest references, (…, columns) → (…,)."""
    return np.asarray(sums[..., 2] / np.maximum(sums[..., 3], 1))


def sequence_error_rate(sums: np.ndarray) -> np.ndarray:
    """Return the share of sources whose output is none of their references, (…, columns) → (…,)."""
    return np.asarray(1 - sums[..., 1] / sums[..., 0])


# Metrics on validation; the first chooses between models.
VALIDATION = {"token_error_rate": token_error_rate, "sequence_error_rate": sequence_error_rate}
