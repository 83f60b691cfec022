"""The claims of the course notes, each with the rows that decide it and one verdict over all datasets."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stages.evaluation.hypotheses import decision
from stages.evaluation.metric import Metric
from stages.evaluation.pairs import probability, with_corrected

FASTER = "Convolutions are faster than recurrence"
RACES = (("cnn", "lstm"), ("cnn", "gru"))
NOISE = 1.1  # speeds were measured once: two of them that differ by less count as equal
ITEMS = {"all": "all items", "longer": "longest quarter less shortest"}
HOLDS = {
    "yes": "Yes",
    "no": "No, the other is better",
    "not proven": "Not proven",
    "unfinished": "Undecided: training had not finished",
    "bound": "Not decidable: its figure is a bound",
    "equal": "Equally fast",
}


@dataclass(frozen=True)
class Claim:
    """What the notes claim, and on which datasets it holds.

    A row is {dataset, better, worse, items, value, other_value, difference, p, p_corrected, outcome, holds}, its
    numbers worded. Of `longer` items, value and other_value are the differences on the longest and on the shortest.
    """

    words: str
    rows: list[dict[str, Any]]

    @property
    def outcomes(self) -> dict[str, set[str]]:
        """The outcomes on each dataset, which has a row for each pair of models."""
        outcomes: dict[str, set[str]] = {}
        for row in self.rows:
            outcomes.setdefault(row["dataset"], set()).add(row["outcome"])
        return outcomes

    @property
    def about_length(self) -> bool:
        """Whether it is about longer items."""
        return any(row.get("about_length") for row in self.rows)

    @property
    def verdict(self) -> tuple[str, str]:
        """One word for all datasets, and on how many of them.

        A claim holds on a dataset where every pair of models shows it.
        """
        outcomes, found = self.outcomes, list(self.outcomes.values())
        holds = [dataset for dataset, those in outcomes.items() if those == {"yes"}]
        contrary = [dataset for dataset, those in outcomes.items() if "no" in those]
        partly = any("yes" in those for those in found)
        if partly and contrary:
            return "Mixed", f"holds {_on(holds, outcomes)}, the contrary {_on(contrary, outcomes)}"
        if holds:
            return "Holds", _on(holds, outcomes)
        if contrary:
            return "Contradicted", _on(contrary, outcomes)
        if partly:
            return "Mixed", "holds for some pairs of models"
        if all(those == {"unfinished"} for those in found):
            return "Undecided", "training had not finished"
        if all(those == {"bound"} for those in found):
            return "Not decidable", "for the figure is a bound of what it would be"
        return "Not shown", _on(outcomes, outcomes) if len(outcomes) == 1 else "on any dataset"


def _on(datasets: Collection[str], asked: Collection[str]) -> str:
    if not datasets:
        return "on none"
    return f"on {len(datasets)} of {len(asked)} datasets" if len(asked) > 1 else f"on {''.join(asked)}"


def claims(contexts: Mapping[str, Mapping[str, Any]]) -> list[Claim]:
    """Return the notes' claims on the datasets of which they were asked.

    The rows on speed come from timings: they differ from run to run.

    Args:
        contexts: of each dataset what `stages.reporting.context.dataset_context` returned, with its `task`.
    """
    rows_of: dict[str, list[dict[str, Any]]] = {}
    for dataset, context in contexts.items():
        for row in context["hypotheses"]:
            rows_of.setdefault(row["words"], []).append({"dataset": dataset} | _worded(row, context["task"].primary))
    races = [{"dataset": name} | row for name, context in contexts.items() for row in _races(context)]
    return [Claim(words, rows) for words, rows in (rows_of | ({FASTER: races} if races else {})).items()]


def decided(contexts: Mapping[str, Mapping[str, Any]], confidence: float) -> dict[str, list[dict[str, Any]]]:
    """Return of each dataset the rows of its claims, with `p_corrected` and whether each `holds`.

    p is corrected for all claims on all datasets, since they stand on one page.
    """
    rows = [(dataset, row) for dataset, context in contexts.items() for row in context["compare"]["hypotheses"]]
    by_dataset: dict[str, list[dict[str, Any]]] = {dataset: [] for dataset in contexts}
    for (dataset, _), row in zip(rows, with_corrected([row for _, row in rows]), strict=True):
        holds = decision(row, contexts[dataset]["task"].primary, confidence)
        by_dataset[dataset].append(row | {"holds": holds})
    return by_dataset


def _worded(row: Mapping[str, Any], primary: Metric) -> dict[str, Any]:
    longer = row["items"] == "longer"
    values = (row[primary.name], row[f"other_{primary.name}"])
    value, other_value = (primary.signed(each) if longer else f"{each:.3f}" for each in values)
    return {
        "better": row["better"],
        "worse": row["worse"],
        "items": f"{ITEMS[row['items']]} ({row['num_items']:,})",
        "value": value,
        "other_value": other_value,
        "difference": primary.versus(row),
        "p": probability(row["p"]),
        "p_corrected": probability(row["p_corrected"]),
        "outcome": row["holds"],
        "holds": "No, it helps less on long ones" if longer and row["holds"] == "no" else HOLDS[row["holds"]],
        "about_length": longer,
    }


def _races(context: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield how fast models are in training and in prediction, on a dataset of which claims were asked."""
    models = context["models"]
    for better, worse in RACES:
        if context["compare"]["hypotheses"] and {better, worse} <= models.keys():
            for row in _race(models[better]["timings"], models[worse]["timings"]):
                yield {"better": better, "worse": worse} | row


def _race(timings: Mapping[str, Any], others: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for work, stage in {"in training": "train", "in prediction": "evaluate"}.items():
        fast, slow = (times[stage]["examples_per_second"] for times in (timings, others))
        ratio = fast / max(slow, 0.001)
        outcome = "yes" if ratio > NOISE else "no" if ratio < 1 / NOISE else "equal"
        values = {"value": f"{fast:,.0f}/s", "other_value": f"{slow:,.0f}/s", "difference": f"{ratio:.2f} ×"}
        holds = "No, the other is faster" if outcome == "no" else HOLDS[outcome]
        yield {"items": work, "p": "–", "p_corrected": "–", "outcome": outcome, "holds": holds} | values
