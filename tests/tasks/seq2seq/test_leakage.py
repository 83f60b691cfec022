"""The audit of pairs: every kind of leak is named with its rows."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from stages.audit import audit
from stages.runtime.errors import UserError
from stages.tasks.seq2seq.leakage import (
    check_leaks,
    foreign_tokens,
    lost_sources,
    near_sources,
    shared_sources,
    split_references,
)
from stages.tasks.seq2seq.modeling.data import PreparedTexts
from tests.tasks.seq2seq.small import make_dataset

VERSE = "and the lord spoke to moses in the tent saying"


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path)


def rows(*sources: str) -> pd.DataFrame:
    """Return a part of sources with one reference each."""
    ids, targets = [f"r{number}" for number in range(len(sources))], [["x"] for _ in sources]
    return pd.DataFrame({"id": ids, "source": sources, "targets": targets})


def test_sources_that_parts_share():
    parts = {"train": rows("A word.", "more"), "validation": rows(), "test": rows("", "a  word")}
    assert shared_sources(parts) == ["train and test share 1 source(s), rows r0 = r1"]


def test_sources_that_are_nearly_the_same():
    parts = {"train": rows("A word.", VERSE), "validation": rows(), "test": rows(VERSE + " thus")}
    assert near_sources(parts, 0.6) == ["train and test hold 1 near pair(s) of sources: r1 = r0"]
    assert near_sources(parts, 0.95) == []


def test_a_source_that_stands_twice_in_a_part():
    assert split_references({"train": rows("a", "b", "a")}) == ["train holds sources twice: r2"]


def test_pairs_that_are_lost_or_come_from_nowhere():
    table = pd.DataFrame({"source": ["a", "b"], "target": ["x", "x"], "part": [None, None]})
    assert lost_sources(table, {"train": rows("a")}) == ["1 pair(s) of the table are in no part, such as 'b'"]
    assert lost_sources(table, {"train": rows("a", "b", "c")}) == ["1 pair(s) of the parts do not stand in the table"]
    assert lost_sources(table.assign(part="train"), {"train": rows("a")}) == []


def test_a_vocabulary_that_was_fitted_on_more_than_train(dataset):
    prepared, train = PreparedTexts(dataset.prepared / "tokens"), pd.read_parquet(dataset.part("train"))
    assert foreign_tokens(train, prepared, shared=False) == []
    without = train[~train["source"].str.contains("c")]
    assert foreign_tokens(without, prepared, shared=False) == [
        "1 token(s) of the source's vocabulary do not stand in train: 'c'",
        "1 token(s) of the target's vocabulary do not stand in train: ' C'",
    ]


def test_a_clean_dataset_passes_and_a_leak_fails_the_run(dataset):
    assert not any(check_leaks(dataset).values())
    audit(dataset)
    test = pq.read_table(dataset.part("test"))
    pq.write_table(pq.read_table(dataset.part("train")).slice(0, 1), dataset.part("validation"))
    with pytest.raises(UserError, match="train and validation share 1 source"):
        audit(dataset)
    report = json.loads(dataset.report("audit").read_text())
    assert not report["passed"] and report["rows"]["test"] == test.num_rows
