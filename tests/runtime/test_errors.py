"""Hints name the nearest spelling, and errors their exit codes."""

from stages.runtime.errors import ConfigError, UsageError, UserError, nearest


def test_nearest():
    assert nearest("lsmt", ["lstm", "cnn"]) == "did you mean 'lstm'? valid: cnn, lstm"
    assert nearest("quite else", ("b", "a")) == "valid: a, b"
    assert nearest("a", []) == "valid: none"
    assert nearest(2024, {2023: 0, "x": 1}) == "did you mean '2023'? valid: 2023, x"


def test_exit_codes():
    assert [error("").exit_code for error in (UserError, ConfigError, UsageError)] == [1, 2, 2]
