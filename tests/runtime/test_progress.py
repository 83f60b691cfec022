"""Progress is for people: without a terminal there is none."""

from stages.runtime.progress import progress


def test_progress_is_quiet_without_a_terminal(capfd):
    assert list(progress(iter("abc"), desc="letters")) == ["a", "b", "c"]
    assert capfd.readouterr().err == ""
