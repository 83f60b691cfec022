"""What names the content of a part, for whoever reads a number that was measured on it."""

import hashlib
from collections.abc import Iterable, Sequence


def fingerprint(sources: Iterable[bytes], targets: Iterable[Sequence[str]]) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its sources and targets in their order."""
    digest = hashlib.sha256()
    for source, texts in zip(sources, targets, strict=True):
        digest.update("\t".join(texts).encode() + source)
    return digest.hexdigest()[:12]
