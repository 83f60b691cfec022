"""What an entry of recordings would be, from the first of them and the table beside them."""

from collections.abc import Sequence

import numpy as np

from stages.tasks.guess import Choice, Column, Guess, Sample, Undecided, named, round_up

PATHS = ("path", "file", "file_name", "filename", "audio", "wav", "recording", "clip", "id")
TEXTS = ("text", "sentence", "transcript", "transcription", "utterance", "words", "label")
SPEAKERS = ("speaker", "speaker_id", "client_id", "voice")


def suits(sample: Sample) -> int:
    """Return how well data suit: recordings beside which a table lies surely do."""
    return 4 if sample.signals and sample.columns else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: it is not clear which column holds what.
    """
    if not sample.signals:
        raise Undecided("source", "where are the recordings")
    choices: list[Choice] = []
    if sample.columns:
        choices += _column(sample, "reading.recording", PATHS, "path", "names the recordings")
        choices += _column(sample, "reading.label", TEXTS, "text", "is what they say")
        if (speaker := sample.column("reading.speaker") or named(sample.columns, SPEAKERS)) is not None:
            because = f"{speaker.distinct} voices: none of them is in two parts"
            choices.append(sample.choose("reading.speaker", speaker.name, because))
    return Guess((*choices, *sample.part_remarks(), *_window(sample)))


def _column(sample: Sample, key: str, names: Sequence[str], default: str, role: str) -> list[Choice]:
    """Return the choice of a column, if it is not called as by default."""
    column: Column | None = sample.column(key) or named(sample.columns, names)
    if column is None:
        raise Undecided(key, f"which column {role}", [each.name for each in sample.columns])
    return [] if column.name == default else [sample.choose(key, column.name, f"the column {role}")]


def _window(sample: Sample) -> list[Choice]:
    lengths = np.array([len(signal.values) for signal in sample.signals])
    longest = round_up(float(lengths.max()) * 1.2)
    because = f"frames; the longest of the first {len(lengths):,} recordings has {lengths.max()}"
    stacked = 4 if np.median(lengths) > 100 else 2
    return [
        sample.choose("window.maximum_length", longest, because),
        sample.choose("window.frames_per_vector", stacked, "frames that an encoder reads as one: it is faster"),
    ]
