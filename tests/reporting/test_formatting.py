"""Numbers in words, and texts in Markdown."""

from stages.reporting.formatting import (
    escape_markdown,
    interval,
    megabytes,
    seconds,
    signature_line,
    spread,
)

SAMPLE = {"words": "items, each by itself"}
SIGNATURE = {"items": 2000, "part": "test", "split": "abc", "seeds": [1, 2], "average": "mean over seeds"}


def test_numbers_in_words():
    assert interval({"mean": 0.795, "low": 0.77, "high": 0.82}) == "0.795 [0.770, 0.820]"
    assert interval({"mean": 78.1, "low": 7.654, "high": 79.0}) == "78.10 [7.65, 79.00]"
    assert interval({"mean": 4712.289, "low": 4356.989, "high": 5066.757}) == "4,712 [4,357, 5,067]"
    assert interval({"mean": 0.0, "low": -0.1, "high": 0.1}) == "0.000 [-0.100, 0.100]"
    assert [seconds(value) for value in (0.001, 0.0512, 3.14, 1234.5)] == ["<0.01", "0.05", "3.1", "1,234"]
    assert [spread(value) for value in (None, 0.0123)] == ["–", "0.012"]
    assert [megabytes(count) for count in (2_345_678, 49_999, 1_234_567_890)] == ["2.3", "<0.1", "1,234.6"]
    assert interval({"mean": 0.05, "low": None, "high": None}) == "0.050"


def test_markdown_is_escaped():
    assert escape_markdown("a|b_c*d\n<e> `f` [g](h) $i$ &lt; #1 ~j~ \\k") == (
        "a\\|b\\_c\\*d \\<e\\> \\`f\\` \\[g\\](h) \\$i\\$ \\&lt; \\#1 \\~j\\~ \\\\k"
    )


def test_a_signature_in_words():
    assert signature_line({"signature": SIGNATURE, "best": "gru", "sample": SAMPLE}) == (
        "2,000 test items, each by itself; split abc, seeds 1, 2 (gru), mean over seeds"
    )
    more = SIGNATURE | {"vocabulary": 4321, "calibration_bins": 15}
    assert signature_line({"signature": more, "best": "gru", "sample": SAMPLE}) == (
        "2,000 test items, each by itself; split abc, seeds 1, 2 (gru), vocabulary 4,321, mean over "
        "seeds; calibration bins: 15"
    )
