"""The figures of sequence to sequence, as functions of sums over sources.

BLEU and chrF are sacrebleu's: it counts the n-grams of each output, and the sums of these counts give the corpus's
figure by its formula, so that a bootstrap needs no counting anew.
"""

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

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
    """Return what edits are counted in: characters where the target's unit is one, else what white space parts."""
    return list(text) if unit == "character" else text.split()


def distance(one: list, other: list) -> int:
    """Return the edit distance of two sequences: insertions, deletions and substitutions (Levenshtein 1966)."""
    row = np.arange(len(other) + 1)
    steps = np.arange(len(other) + 1)
    for item in one:
        changed = np.array([item != there for there in other], int)
        best = np.minimum(row[1:] + 1, row[:-1] + changed)
        row = np.minimum.accumulate(np.concatenate([[row[0] + 1], best]) - steps) + steps  # insertions, all at once
    return int(row[-1])


def contributions(outputs: list[str], references: list[list[str]], unit: str) -> np.ndarray:
    """Return what each output adds to the sums that `figures` reads, (outputs, COLUMNS).

    Args:
        outputs: a text a source.
        references: of each source one text or more.
        unit: of the target's vocabulary.

    Edits are those to the closest reference, in units; of equally close ones, the first.
    """
    rows = np.zeros((len(outputs), len(COLUMNS)))
    for row, output, texts in zip(rows, outputs, references, strict=True):
        own = units_of(output, unit)
        edits, units = min(
            ((distance(own, other), len(other)) for other in (units_of(text, unit) for text in texts)),
            key=lambda found: found[0],
        )
        row[:3] = output in texts, edits, units
    given = streams(references)
    for start, metric in ((3, bleu()), (3 + len(BLEU_COLUMNS), chrf())):
        counted = np.array(metric._extract_corpus_statistics(outputs, given))  # no public name gives the counts
        rows[:, start : start + counted.shape[1]] = counted
    return rows


def bleu() -> BLEU:
    """Return BLEU as the field reports it: cased, 13a, exponential smoothing (Papineni et al. 2002; Post 2018)."""
    return BLEU()


def chrf() -> CHRF:
    """Return chrF2: n-grams of up to six characters, white space left out (Popović 2015)."""
    return CHRF()


def signatures(references: list[list[str]]) -> dict[str, str]:
    """Return sacrebleu's signatures."""
    metrics = {"bleu": bleu(), "chrf": chrf()}
    for metric in metrics.values():
        metric.corpus_score([texts[0] for texts in references], streams(references))
    return {name: str(metric.get_signature()) for name, metric in metrics.items()}


def streams(references: list[list[str]]) -> list[list[str | None]]:
    """Return the references as sacrebleu takes them: the first of all sources, the second of all, …"""
    most = max(map(len, references))
    return [[texts[place] if place < len(texts) else None for texts in references] for place in range(most)]


def figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of weighted sums of `contributions`, (…, columns + 1) → (…,) each.

    The first column counts the sources. word_error_rate: the share of outputs that are no reference;
    phone_error_rate: edits a unit of the closest references; bleu and chrf from 0 to 100; exact_match.
    """
    count, exact, edits, units = np.moveaxis(sums[..., :4], -1, 0)
    counts = sums[..., 4 : 4 + len(BLEU_COLUMNS)]
    return {
        "word_error_rate": 1 - exact / count,
        "phone_error_rate": edits / np.maximum(units, 1),
        "bleu": _bleu(counts),
        "chrf": _chrf(sums[..., 4 + len(BLEU_COLUMNS) :]),
        "exact_match": exact / count,
    }


def _bleu(counts: np.ndarray) -> np.ndarray:
    """Return BLEU of n-gram counts (…, 10); an order without hits counts as ½, ¼, … of one (Chen & Cherry 2014)."""
    output, reference = counts[..., 0], counts[..., 1]
    hits, runs = counts[..., 2 : 2 + ORDER], counts[..., 2 + ORDER :]
    missed = np.cumsum((hits <= 0) & (runs > 0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(hits > 0, hits, 0.5**missed) / runs)
        penalty = np.minimum(1 - reference / output, 0)
        found = 100 * np.exp(logs.mean(axis=-1) + penalty)
    return np.where((runs > 0).all(axis=-1) & (hits > 0).any(axis=-1), found, 0.0)


def _chrf(counts: np.ndarray) -> np.ndarray:
    """Return chrF2 of counts (…, 18): precision and recall are means over the orders that both sides have."""
    output, reference, shared = np.moveaxis(counts.reshape(*counts.shape[:-1], 6, 3), -1, 0)
    both = (output > 0) & (reference > 0)
    orders = np.maximum(both.sum(axis=-1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(both, shared / output, 0).sum(axis=-1) / orders
        recall = np.where(both, shared / reference, 0).sum(axis=-1) / orders
        found = 100 * 5 * precision * recall / (4 * precision + recall)
    return np.where(precision + recall > 0, found, 0.0)
