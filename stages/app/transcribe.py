"""A trained recogniser of speech and files of sound → what they say, from models/<dataset>/<model> alone."""

import sys
from collections.abc import Sequence

import numpy as np

from stages.app.common import NestedFormat, find_model
from stages.app.files_of_signals import read_signals
from stages.app.translate import check_options, open_first, write_for_files
from stages.config.paths import Paths
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.speech.config import Reading
from stages.tasks.speech.modeling.saved import Saved


def transcribe(
    paths: Paths,
    dataset: str,
    model: str,
    files: Sequence[str],
    beam: int = 5,
    best: int = 1,
    alignments: bool = False,
    output_format: NestedFormat | None = None,
    seed: int | None = None,
) -> None:
    """Write what recordings say to standard output.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        files: of recordings, or of arrays such as the model was trained on.
        beam, best: hypotheses that the search keeps, and outputs for each recording, the best first.
        alignments: add which frames each word comes from.
        output_format: None: a table on a terminal, JSON Lines elsewhere.
        seed: that the model was trained with; None: its first.

    Raises:
        UserError: no such model or seed, an option out of range, or a file that is none of what the model reads.
    """
    check_options(beam, best)
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    recogniser = open_first(saved, seed, alignments)
    known = saved.preprocessor
    signals = read_signals(Reading(**known.reading), len(known.scaler.mean), files)
    if saved.neural:
        note_unread(signals, known.maximum["source"] * known.scaler.steps_per_frame)
    write_for_files(recogniser, signals, beam, best, alignments, output_format)


def note_unread(signals: Sequence[tuple[str, np.ndarray]], longest: int) -> None:
    """Say on standard error which recordings networks do not read to their end. `longest`: steps that they read."""
    if long := [name for name, values in signals if len(values) > longest]:
        print(f"note: {len(long)} recording(s) of more than {longest} frames: networks read so many", file=sys.stderr)
