"""Running text read in chunks: the same text, in the same chunks as if it were in memory as a whole."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data.vocabulary import fit_vocabulary
from stages.tasks.generation import texts as module
from stages.tasks.generation.config import WindowConfig
from stages.tasks.generation.modeling import data
from stages.tasks.generation.modeling.data import UNKNOWN, encode, text_chunks
from stages.tasks.generation.spans import character_codes, sampled, span_hashes
from stages.tasks.generation.texts import PartText, count_characters
from stages.tasks.generation.windowing import _encoded_characters, _pre_tokenizer, fit_tokenizer

WORKS = st.lists(st.text(st.sampled_from("ab é\n字😀"), min_size=1, max_size=80), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def small_chunks():
    """Have chunks and pieces of a few characters, so that many boundaries are met."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(data, "CHUNK", 16)
        patched.setattr(module, "CHUNK", 16)
        patched.setattr(module, "PIECE", 7)
        yield


@settings(max_examples=200, deadline=None)
@given(works=WORKS)
def test_the_chunks_are_those_of_the_whole_text(small_chunks, tmp_path_factory, works):
    path = tmp_path_factory.mktemp("part") / "part.parquet"
    pd.DataFrame({"text": works}).to_parquet(path)
    assert list(PartText(path)) == list(text_chunks("".join(works)))
    assert count_characters(path) == len("".join(works))


@settings(max_examples=100, deadline=None)
@given(text=st.text(min_size=3, max_size=300), minimum=st.integers(1, 2), size=st.integers(4, 40))
def test_characters_get_the_ids_that_the_library_gives_them(text, minimum, size):
    config = WindowConfig(unit="character", vocabulary=size, minimum_frequency=minimum)
    expected = fit_vocabulary([text], config, [UNKNOWN], _pre_tokenizer(config))
    if expected.get_vocab_size() <= 2:
        return
    tokenizer, distinct = fit_tokenizer([text[:5], text[5:]], config)
    assert tokenizer.get_vocab() == expected.get_vocab() and distinct == len(set(text))
    ((ids, lengths),) = _encoded_characters(tokenizer, [text])
    assert [ids.tolist(), lengths.tolist()] == [values.tolist() for values in encode(expected, text)]


def test_a_drawn_share_of_the_spans_is_the_same_in_every_text():
    rng = pd.Series(range(20_000)).sample(frac=1, random_state=1)
    text = "".join(chr(0x4E00 + number) for number in rng)
    whole, end = (set(sampled(span_hashes(character_codes(part), 40), 8).tolist()) for part in (text, text[10_000:]))
    assert end < whole and 0.09 < len(whole) / 20_000 < 0.16
