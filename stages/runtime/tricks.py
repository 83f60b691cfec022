"""Every trick that makes a run faster or smaller without changing its result, and the one switch for all of them.

| trick | where | measured gain |
|---|---|---|
| `block_optional_imports` | imports.py | 2 s less for each process that imports Keras |
| garbage collection frozen after the import | imports.py | half a second less |
| `tune_allocator` | allocator.py | a step takes 1.3 to 1.75 times less; a third less memory |
| `trim_memory` | allocator.py | up to 100 MB less after compiling |
| `batched_init` | initialization.py | an epoch's time less for each network that is built |
| `run_warm` | warm.py | 1 to 3 s less for each stage that `make repro` runs |
| replicas are copies of the process that starts them | ../training/parallel.py | 3 to 9 s less for three of them |
| one process compiles while the others wait | compilation.py | three replicas compile in a third of the time |

The environment variable `RECUR_PLAIN=1` switches all of them off: a training then gives the same bytes, later.
"""

import os

SWITCH = "RECUR_PLAIN"


def tricks_enabled() -> bool:
    """Tell whether tricks are used, which they are unless `RECUR_PLAIN` is set."""
    return not os.environ.get(SWITCH)
