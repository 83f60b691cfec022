"""The claims of the course notes: one verdict over all datasets."""

import pytest

from stages.reporting.claims import FASTER, Claim, claims, decided
from tests.toy_task import TASK


def claim(*outcomes: tuple[str, str]) -> Claim:
    return Claim("It helps", [{"dataset": dataset, "outcome": outcome} for dataset, outcome in outcomes])


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([("a", "yes")], "Holds on a"),
        ([("a", "yes"), ("a", "yes"), ("b", "yes")], "Holds on 2 of 2 datasets"),
        ([("a", "yes"), ("b", "not proven"), ("c", "unfinished")], "Holds on 1 of 3 datasets"),
        ([("a", "yes"), ("b", "no")], "Mixed holds on 1 of 2 datasets, the contrary on 1 of 2 datasets"),
        ([("a", "yes"), ("a", "no")], "Mixed holds on none, the contrary on a"),
        ([("a", "yes"), ("a", "not proven")], "Mixed holds for some pairs of models"),
        ([("a", "no"), ("b", "not proven")], "Contradicted on 1 of 2 datasets"),
        ([("a", "not proven"), ("b", "unfinished")], "Not shown on any dataset"),
        ([("a", "equal")], "Not shown on a"),
        ([("a", "bound")], "Not decidable for the figure is a bound of what it would be"),
        ([("a", "unfinished"), ("b", "unfinished")], "Undecided training had not finished"),
    ],
)
def test_one_verdict_over_all_datasets(outcomes, verdict):
    assert " ".join(claim(*outcomes).verdict) == verdict


def context(cnn: float, hypotheses: list) -> dict:
    speeds = {"cnn": cnn, "lstm": 100.0}
    models = {
        name: {"timings": {stage: {"examples_per_second": speed} for stage in ("train", "evaluate")}}
        for name, speed in speeds.items()
    }
    compared = {"compare": {"hypotheses": hypotheses}, "task": TASK}
    return compared | {"models": models, "hypotheses": decided({"mine": compared}, 0.95)["mine"]}


ASKED = {
    "words": "Convolutions serve",
    "better": "cnn",
    "worse": "lstm",
    "items": "all",
    "num_items": 9,
    TASK.primary.name: 0.5,
    f"other_{TASK.primary.name}": 0.6,
    **{"difference": 0.1, "low": 0.0, "high": 0.2, "p": 0.03, "over_seeds": True, "undecidable": None},
}


@pytest.mark.parametrize(("speed", "outcome"), [(110, "equal"), (95, "equal"), (111, "yes"), (90, "no")])
def test_speeds_count_as_equal_within_their_noise(speed, outcome):
    found = claims({"mine": context(speed, [ASKED])})
    assert [claim.words for claim in found] == ["Convolutions serve", FASTER]
    assert [row["outcome"] for row in found[1].rows] == [outcome, outcome]


def test_no_claim_is_made_of_a_dataset_of_which_none_was_asked():
    assert claims({"mine": context(200, [])}) == []
    assert {row["dataset"] for row in claims({"mine": context(200, []), "notes": context(200, [ASKED])})[1].rows} == {
        "notes"
    }


def test_p_is_corrected_for_all_claims_of_the_page():
    one = {"compare": {"hypotheses": [ASKED]}, "task": TASK}
    (alone,) = decided({"mine": one}, 0.95)["mine"]
    assert (alone["p_corrected"], alone["holds"]) == (0.03, "no")  # of an error, more is worse
    both = decided({"mine": one, "yours": one}, 0.95)
    assert [row["p_corrected"] for rows in both.values() for row in rows] == [0.06, 0.06]
    assert {row["holds"] for rows in both.values() for row in rows} == {"not proven"}
