"""A trained language model and a prompt → text that follows it, from models/<dataset>/<model> alone."""

from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np

from stages.app.common import choose_seeds, find_model, write_output
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.generation.modeling.contract import AutoregressiveModel, LanguageModel
from stages.tasks.generation.modeling.saved import Saved
from stages.tasks.generation.sampling import Strategy, beam_search, decode_tokens, encode_prompt


def generate(
    paths: Paths,
    dataset: str,
    model: str,
    prompt: str,
    strategy: Strategy,
    length: int,
    seed: int = 0,
    beam: int | None = None,
    replica: int | None = None,
    stream: bool = False,
) -> None:
    """Write text that follows a prompt to standard output.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        prompt: what the text follows.
        strategy: how tokens are drawn.
        length: characters.
        seed: the same seed gives the same text.
        beam: the width of a search for the likeliest text instead of drawing.
        replica: the seed that the model was trained with; None: its first.
        stream: write each token at once.

    Raises:
        UserError: no such model or seed, an empty prompt, or an option out of range.
    """
    _refuse_below_least({"--length": (length, 1), "--beam": (beam, 1), "--seed": (seed, 0)})
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    ids = encode_prompt(saved.tokenizer, prompt)
    _, language_model = next(saved.replicas(choose_seeds(saved, replica)[:1]))
    if beam is None:
        tokens: Iterable[int] = language_model.generate(ids, strategy, np.random.default_rng(seed))
    else:
        tokens = beam_search(_autoregressive(language_model, model), ids, length, beam)
    texts = chain(decode_tokens(saved.tokenizer, tokens, length), ["\n"])
    write_output(texts if stream else ["".join(texts)], flush=True)


def _refuse_below_least(options: Mapping[str, tuple[int | None, int]]) -> None:
    """Refuse the value of an option that is below the least one; options: (value, least) by name."""
    for option, (value, least) in options.items():
        if value is not None and value < least:
            raise UserError(f"{option} is {value}: it must be {least} or more")


def _autoregressive(language_model: LanguageModel, name: str) -> AutoregressiveModel[object]:
    if not isinstance(language_model, AutoregressiveModel):
        raise UserError(f"{name} generates whole chunks at once: --beam is for models that generate token by token")
    return language_model
