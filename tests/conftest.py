"""What all tests share: reproducible examples, one thread and a compilation cache for Keras."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from small_params import others

from stages import params
from stages.replicas import prepare_jax

CLASSIFIER = (
    """
seeds: [1]
parallel: {}
datasets:
  mine: {task: classification, source: {path: mine.csv}, reading: {}, split: {}, tokenizer: TOKENIZER}
classification: {datasets: [mine], training: {}, models: {majority: {}}}
"""
    + others("classification")
    + "evaluation: {}\n"
)

settings.register_profile("recur", derandomize=True, deadline=None, max_examples=50, database=None)
settings.load_profile("recur")
prepare_jax()


@pytest.fixture
def write_params() -> Callable[[str], None]:
    """Return a function that writes a small params.yaml for the text dataset `mine`, with a tokenizer's choices."""

    def write(tokenizer: str) -> None:
        Path("params.yaml").write_text(CLASSIFIER.replace("TOKENIZER", tokenizer))
        params.load.cache_clear()

    return write
