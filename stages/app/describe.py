"""A trained model and pictures → what they show, from models/<dataset>/<model> alone."""

from collections.abc import Sequence

from stages.app.common import NestedFormat, find_model
from stages.app.files_of_pictures import read_pictures
from stages.app.translate import check_options, open_first, write_for_files
from stages.config.paths import Paths
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.captioning.modeling.saved import Saved


def describe(
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
    """Write what pictures show to standard output.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        files: of pictures.
        beam, best: hypotheses that the search keeps, and outputs for each picture, the best first.
        alignments: add which places of the picture each word comes from.
        output_format: None: a table on a terminal, JSON Lines elsewhere.
        seed: that the model was trained with; None: its first.

    Raises:
        UserError: no such model or seed, an option out of range, or files that are no pictures: names all of them.
    """
    check_options(beam, best)
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    translator, known = open_first(saved, seed, alignments), saved.preprocessor
    pictures = read_pictures(files, len(known.mean), known.longest_side)
    write_for_files(
        translator, [(name, picture) for name, picture, _ in pictures], beam, best, alignments, output_format
    )
