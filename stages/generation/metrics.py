"""The figures of language models, as functions of sums over blocks of text."""

import numpy as np

COLUMNS = ("characters", "words", "bits")


def figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of weighted sums of characters, words and bits, (…, 3) → (…,) each.

    bits_per_character; word_perplexity, 2 to the bits a word, white space and punctuation counted with the words.
    """
    characters, words, bits = np.moveaxis(sums, -1, 0)
    return {"bits_per_character": bits / characters, "word_perplexity": 2.0 ** (bits / np.maximum(words, 1))}
