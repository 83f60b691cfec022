"""Pairs: parts, vocabularies and batches, with what is refused in which words."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from stages.audit import audit
from stages.runtime.errors import UserError
from stages.tasks.seq2seq.config import Side, SplitConfig, Tokenizer
from stages.tasks.seq2seq.leakage import shared_sources
from stages.tasks.seq2seq.modeling.data import (
    BEGIN,
    END,
    UNKNOWN,
    Batches,
    EpochBatches,
    Rows,
    Vocabularies,
    bucket_bounds,
    shifted,
)
from stages.tasks.seq2seq.splitter import groups, split_pairs
from stages.tasks.seq2seq.tokenizer import fit_both, fit_tokenizer, learned
from tests.tasks.seq2seq.small import make_dataset

WORDS = [f"{a}{b}{c}" for a in "abc" for b in "def" for c in "ghijkl"]
TSV = "source\ttarget\n" + "".join(f"{word}\t{' '.join(word).upper()}\n" for word in WORDS)
VERSE = "and the lord spoke to moses in the tent saying"


def entry(maximum: int = 12) -> dict:
    """Return the keys of a dataset's entry for the texts above."""
    source, target = {"unit": "character", "maximum_length": maximum}, {"maximum_length": maximum}
    return {
        "split": {"validation": 0.2, "test": 0.2},
        "tokenizer": {"source": source, "target": target, "length_ratio": 4},
    }


def table(*pairs: tuple[str, str], parts: list[str | None] | None = None) -> pd.DataFrame:
    source, target = zip(*pairs, strict=True)
    ids = [f"r{number}" for number in range(len(pairs))]
    return pd.DataFrame({"id": ids, "source": source, "target": target, "part": parts or [None] * len(pairs)})


def test_a_users_own_pairs(tmp_path):
    dataset = make_dataset(tmp_path, {"own.tsv": TSV}, entry=entry())
    audit(dataset)
    assert json.loads(dataset.report("audit").read_text())["passed"]
    report = json.loads(dataset.report("prepare").read_text())
    assert report["vocabulary"] == {"source": 12 + 4, "target": 12 + 4}
    parts = [pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")]
    assert sorted(source for part in parts for source in part["source"]) == sorted(WORDS)
    ids = np.load(dataset.prepared / "tokens/train.target.values.npy")
    assert (ids == END).sum() == len(parts[0]) == report["learned"]
    lengths = pd.read_csv(dataset.plot("lengths")).groupby("part")["texts"].sum()
    assert lengths.to_dict() == {
        f"{name} {side}": len(part)
        for name, part in zip(("train", "validation"), parts, strict=False)
        for side in ("source", "target")
    }


@pytest.mark.parametrize(("maximum", "lengths"), [(12, [4, 12]), (8, [4, 8]), (7, [7])])
def test_a_shorter_length_is_read_only_where_it_saves_half(tmp_path, maximum, lengths):
    dataset = make_dataset(tmp_path, {"own.tsv": TSV}, entry=entry(maximum))
    assert Vocabularies.load(dataset.prepared / "tokens/vocabularies.json").lengths == lengths


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("source\ttarget\na\tx\nb\tx\n", "no source is left for"),
        ("source\ttarget\n" + "".join(f"{word}\tx\n" for word in WORDS), "holds one word alone, ' x'"),
        (
            "source\ttarget\n" + "".join(f"{word}\t{'x y ' * 20}\n" for word in WORDS),
            "no pair of mine is left to learn from: raise seq2seq.datasets.mine.tokenizer's maximum_length or length_",
        ),
    ],
)
def test_pairs_that_are_refused(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        make_dataset(tmp_path, {"own.tsv": content}, entry=entry())


def test_different_targets_are_references_and_repeated_pairs_count_once():
    pairs = [("a", "x"), ("b", "y"), ("a", "z"), ("a", "x"), *((word, "w") for word in WORDS)]
    result = split_pairs(table(*pairs), SplitConfig(validation=0.3, test=0.3))
    (row,) = (row for part in result.parts.values() for row in part.itertuples() if row.source == "a")
    assert list(row.targets) == ["x", "z"] and row.id == "r0"
    assert result.dropped == {"repeated pair": 1}


@settings(max_examples=15)
@given(st.permutations([f"{word}{mark}" for word in WORDS[:12] for mark in ("", "!", "'")]))
def test_forms_of_a_source_stay_in_one_part_wherever_they_stand(sources):
    pairs = [(source.upper() if "!" in source else source, "x") for source in sources]
    config = SplitConfig(validation=0.3, test=0.3)
    parts = split_pairs(table(*pairs, *((word, "y") for word in WORDS[12:])), config).parts
    part_of = {source: name for name, part in parts.items() for source in part["source"]}
    assert all(part_of[source] == part_of[source.strip("!'").lower()] for source in part_of if source[-1] in "!'")
    assert all(part_of[word.upper() + "!"] == part_of[word] for word in WORDS[:12])


def test_sources_that_are_nearly_the_same_are_one_group():
    group = groups([VERSE, VERSE + " thus", "in the beginning was the word and the word", "short"], 0.6)
    assert group[0] == group[1] and len(set(group)) == 3
    assert len(set(groups(["a", "b c"], 0.6))) == 2


@pytest.mark.parametrize("similarity", [0.3, 0.6, 0.9, 1.0])
def test_groups_are_those_of_comparing_every_pair(similarity):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcd"), rng.integers(1, 9))) for _ in range(150)]
    runs = [set(zip(words, words[1:], words[2:], strict=False)) for words in map(str.split, texts)]
    near = np.array(
        [[bool(one | other) and len(one & other) >= similarity * len(one | other) for other in runs] for one in runs]
    )
    expected = connected_components(csr_matrix(near), directed=False)[1]
    assert groups(texts, similarity).tolist() == expected.tolist()


def test_many_sources_of_one_template_are_not_held_against_each_other():
    words = [f"{n}" for n in range(3000)]
    texts = [f"what is the price of {word} {word} in the city of {word} today" for word in words]
    assert len(set(groups(texts, 0.6))) == 3000


def test_one_source_may_be_very_long():
    long = " ".join(f"word{n}" for n in range(20_000))
    parts = split_pairs(table((long, "x"), *((f"source {n}", "y") for n in range(200))), SplitConfig()).parts
    assert sum(len(part) for part in parts.values()) == 201


def test_official_parts_stand_and_what_is_near_to_them_goes():
    pairs = [
        (VERSE, "x"),
        (VERSE + " thus", "y"),
        ("other words stand in this long verse here", "z"),
        *[("a", "b")] * 2,
    ]
    result = split_pairs(table(*pairs, parts=["test", "train", "train", "validation", None]), SplitConfig())
    assert result.parts["train"]["source"].tolist() == [pairs[2][0]]
    assert result.dropped == {"also in the test part": 1, "also in the validation part": 1}


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
def test_tokens_decoded_are_the_text(unit):
    texts = ["In the beginning, God (who is) made 2 lights.", "AA1 B", "[PAD] is no marker"]
    tokenizer = fit_tokenizer([texts], Side(unit=unit, vocabulary=80), "target")
    both = Vocabularies(tokenizer, {"source": 99, "target": 99}, {}, [], tokenizer)
    for text, ids in zip(texts, both.encode_targets(texts), strict=True):
        assert both.decode(ids) == text and ids[-1] == END and (ids[:-1] > END).all()
    assert UNKNOWN in both.encode_targets(["zzz ☃"])[0]
    assert len(both.encode_sources([texts[0] * 9])[0]) == 99 or unit == "word"


def test_a_vocabulary_without_capitals():
    tokenizer = fit_tokenizer([["A b"]], Side(lowercase=True), "source")
    assert tokenizer.encode("a B").tokens == ["▁a", "▁b"]


def test_a_vocabulary_that_is_empty_or_too_small():
    with pytest.raises(
        UserError, match=r"no word of train's source occurs 3 times; lower tokenizer.source.minimum_freq"
    ):
        fit_tokenizer([["a b"]], Side(minimum_frequency=3), "source")
    with pytest.raises(UserError, match=r"tokenizer.target.vocabulary is 5, but the characters .* are 8"):
        fit_tokenizer([["abc"]], Side(unit="bpe", vocabulary=5), "target")


def test_one_vocabulary_for_both_sides():
    vocabularies = fit_both(pd.DataFrame({"source": ["a b", "c"], "target": ["d", "e"]}), Tokenizer(shared=True))
    assert vocabularies.sizes == (5 + 4, 5 + 4, True)


def test_pairs_that_are_too_long_or_too_uneven_do_not_train():
    counts = {"source": np.array([5, 30, 3, 21]), "target": np.array([6, 4, 20, 21])}
    kept, reasons = learned(counts, {"source": 24, "target": 24}, 5)
    assert kept.tolist() == [True, False, False, True]
    assert reasons == {"longer than maximum_length": 1, "one side more than 5 times the other": 1}


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=60), st.integers(1, 4))
def test_an_epoch_holds_every_pair_once_within_its_buckets_lengths(sizes, buckets):
    sides = [Rows.gather([np.full(size[side], 4 + number) for number, size in enumerate(sizes)]) for side in (0, 1)]
    bounds = bucket_bounds(*(rows.lengths for rows in sides), buckets)
    seen = []
    batches = Batches(*sides, bounds, 64)
    pairs = EpochBatches(batches, batches.of_pass(1, 0), lambda source, target: (source, shifted(target)))
    for (source, before), target, weights in pairs:
        rows = source[weights > 0]
        seen += rows[:, 0].tolist()
        assert ((rows > 0).sum(axis=1) == [sizes[number - 4][0] for number in rows[:, 0]]).all()
        assert (before[:, 0] == BEGIN).all() and (before[:, 1:] == target[:, :-1]).all()
        assert (target[weights == 0] == 0).all()
    assert sorted(seen) == [4 + number for number in range(len(sizes))]


def test_a_word_of_a_script_without_spaces_is_a_character():
    texts = ["我爱北京 OK", "ฉันรัก 5"]
    tokenizer = fit_tokenizer([texts], Side(unit="word"), "target")
    assert tokenizer.encode(texts[0]).tokens == ["▁我", "爱", "北", "京", "▁OK"]
    assert [tokenizer.decode(tokenizer.encode(text).ids) for text in texts] == texts


def test_sources_that_differ_by_a_sign_are_sources_of_their_own():
    sums = [(f"{one} {sign} {other}", f"{sign}{one}") for one in range(12) for other in range(12) for sign in "+-*/"]
    parts = split_pairs(table(*sums), SplitConfig(validation=0.2, test=0.2)).parts
    assert sum(len(part) for part in parts.values()) == len(sums)
    assert not any(part["targets"].map(len).gt(1).any() for part in parts.values())
    assert shared_sources(parts) == []


def test_what_was_dropped_is_told_where_a_part_is_empty(tmp_path):
    content = "source\ttarget\na\tx\na\tx\nb\tx\n"
    message = r"\(sources: train 1, validation 0, test 1; pairs: 1 dropped \(repeated pair\)\): add pairs"
    with pytest.raises(UserError, match=message):
        make_dataset(tmp_path, {"own.tsv": content}, entry=entry())
