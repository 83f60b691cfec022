"""Choices that nothing would read are refused, not passed over."""

import pytest

from stages.tasks.discovery import section_types

SOURCE = {"path": "mine.csv"}
VECTORS = SOURCE | {"vectors": {"path": "glove.txt"}}


@pytest.mark.parametrize(
    ("task", "entry", "message"),
    [
        ("generation", {"source": VECTORS}, "source.vectors is given, but nothing reads it"),
        ("seq2seq", {"source": VECTORS}, "source.vectors is given, but nothing reads it"),
        ("classification", {"source": VECTORS}, "source.vectors is given, but nothing reads it"),
        (
            "seq2seq",
            {"source": SOURCE, "tokenizer": {"shared": True, "source": {"unit": "character"}}},
            "shared is true, so that target's choices are for both sides",
        ),
    ],
)
def test_it_is_refused(task, entry, message):
    with pytest.raises(ValueError, match=message):
        section_types()[task](datasets={"mine": entry}, models={})


@pytest.mark.parametrize(
    ("task", "entry"),
    [
        ("classification", {"source": VECTORS, "tokenizer": {"vectors": "file"}}),
        ("seq2seq", {"source": SOURCE, "tokenizer": {"shared": True, "target": {"unit": "bpe"}}}),
    ],
)
def test_what_is_read_stands_and_can_be_read_again(task, entry):
    kind = section_types()[task].model_fields["datasets"].annotation.__args__[1]
    once = kind(**entry)
    assert kind(**once.model_dump(mode="json")) == once  # as a stage reads it
