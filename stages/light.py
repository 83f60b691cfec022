"""Keras without what it imports for wrappers and pictures that nothing here uses: two seconds less a process."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED_BY_US = ("matplotlib", "pandas", "sklearn", "tensorflow", "torch")


@contextmanager
def light_imports() -> Iterator[None]:
    """Have `import` not find some packages within the block; Keras takes them for optional.

    What is imported stays: garbage collection leaves it alone, then and later, which saves another half a second.
    """
    hidden = {name: sys.modules.pop(name, None) for name in UNUSED_BY_US}
    sys.modules |= dict.fromkeys(UNUSED_BY_US)
    gc.disable()
    try:
        yield
    finally:
        for name, module in hidden.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
        gc.freeze()
        gc.enable()
