"""What an entry of labelled signals would be, from the first of them."""

from collections import Counter

import numpy as np

from stages.tasks.classification.guess import split_choices
from stages.tasks.guess import Choice, Guess, Sample, Undecided, round_up

LONGEST = 256  # frames: what recurrent networks read in a bearable time


def suits(sample: Sample) -> int:
    """Return how well data suit: see `Task.suits`."""
    return 3 if sample.signals or "reading.signal" in sample.given else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: the data are no signals.
    """
    if not sample.signals:
        if not sample.columns or "reading.signal" not in sample.given:
            raise Undecided(
                "reading.signal", "which column names the signal of a row", [c.name for c in sample.columns]
            )
        return Guess(tuple(split_choices(sample)))
    counts = Counter(str(signal.label) for signal in sample.signals)
    names = ", ".join(f"{label} {count}" for label, count in counts.most_common(5))
    more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
    channels = sample.signals[0].values.shape[1]
    remarks = [
        Choice(None, f"{len(counts)} labels", f"of the first {len(sample.signals):,} signals: {names}{more}"),
        Choice(None, f"{channels} channel(s)", "numbers at each step"),
        *sample.part_remarks(),
    ]
    return Guess((*remarks, *split_choices(sample), *_window(sample)))


def _window(sample: Sample) -> list[Choice]:
    lengths = np.array([len(signal.values) for signal in sample.signals])
    usual = float(np.quantile(lengths, 0.95))
    steps = max(1, int(np.ceil(usual / LONGEST)))
    longest = f"95 % of the signals have at most {usual:.0f} steps"
    choices = [sample.choose("window.scaler", "standard", "each channel by its mean and deviation over train")]
    if steps > 1:
        because = f"{longest}: the mean of {steps} is a frame, so that networks can read them"
        choices.append(sample.choose("window.steps_per_frame", steps, because))
    needed = -(-int(lengths.max()) // steps)
    length = min(round_up(needed), LONGEST) if needed > LONGEST else needed
    because = f"frames; the longest of the first signals has {needed}"
    return [*choices, sample.choose("window.maximum_length", length, because)]
