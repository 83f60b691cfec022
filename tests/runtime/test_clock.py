"""The clock of the processors' time stands still while a block says so."""

from contextlib import suppress

from stages.runtime.clock import Clock


def test_a_stopped_clock_goes_on_after_an_error(monkeypatch):
    now = iter([0.0, 1.0, 4.0, 6.0])
    monkeypatch.setattr("stages.runtime.clock.process_time", lambda: next(now))
    ours = Clock()
    assert ours.seconds() == 0
    with suppress(ValueError), ours.stopped():
        raise ValueError
    assert ours.seconds() == 3  # 6 less the 3 that it stood still
