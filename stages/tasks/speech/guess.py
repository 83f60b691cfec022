"""What an entry of recordings would be, from the first of them and the table beside them."""

import numpy as np

from stages.config.schema import PARTS
from stages.runtime.errors import UserError
from stages.tasks.guess import Choice, Guess, Sample, column_for, column_of_files, named, round_up

PATHS = ("path", "file", "file_name", "filename", "audio", "wav", "recording", "clip", "id")
TEXTS = ("text", "sentence", "transcript", "transcription", "utterance", "words", "label")
ROLES = {"reading.recording": "its values name the files", "reading.label": "what the recordings say"}
SPEAKERS = ("speaker", "speaker_id", "client_id", "voice")


def suits(sample: Sample) -> int:
    """Return how well data suit: recordings beside which a table lies surely do."""
    return 4 if sample.signals and sample.columns else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: it is not clear which column holds what.
        UserError: there are no recordings.
    """
    if not sample.signals:
        raise UserError("there are no recordings among the data")
    choices: list[Choice] = []
    if sample.columns:
        recording = column_of_files(sample, "reading.recording", PATHS, "names the recordings")
        others = [column for column in sample.columns if column is not recording]
        text = column_for(sample, "reading.label", TEXTS, "is what they say", others[0] if len(others) == 1 else None)
        for key, column, default in (("reading.recording", recording, "path"), ("reading.label", text, "text")):
            if column.name != default:
                choices.append(sample.choose(key, column.name, ROLES[key]))
        if (speaker := sample.column("reading.speaker") or named(sample.columns, SPEAKERS)) is not None:
            because = f"{speaker.distinct} voices: none of them is in two parts"
            if speaker.distinct >= len(PARTS) or "reading.speaker" in sample.given:
                choices.append(sample.choose("reading.speaker", speaker.name, because))
            else:
                choices.append(Choice(None, f"not used: {speaker.name}", "fewer voices than parts"))
    return Guess((*choices, *sample.part_remarks(), *_window(sample)))


def _window(sample: Sample) -> list[Choice]:
    lengths = np.array([len(signal.values) for signal in sample.signals])
    longest = round_up(float(lengths.max()) * 1.2)
    because = f"frames; the longest of the first {len(lengths):,} recordings has {lengths.max()}"
    stacked = 4 if np.median(lengths) > 100 else 2
    return [
        sample.choose("window.maximum_length", longest, because),
        sample.choose("window.frames_per_vector", stacked, "frames that an encoder reads as one: it is faster"),
    ]
