"""Recur: one module a stage of dvc.yaml, one package a task.

Importing this package settles what must be settled before NumPy, Keras or Great Expectations is imported, and hands a
stage over to a process that has imported them already, if `stages.runtime.warm` keeps one.
"""

import importlib.util
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
# One thread in linear algebra: sums of several threads differ in their last bits, with the cores and how a stage began.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ["GX_ANALYTICS_ENABLED"] = "false"

if importlib.util.find_spec("pydantic") is None:
    sys.exit(f"error: {sys.executable} lacks Recur's packages: use `make repro`, or activate .venv before `dvc repro`")

# The first word is -m while the package of the module to run is imported.
if "RECUR_WARM" in os.environ and sys.argv[:1] == ["-m"]:
    from stages.runtime.warm import start_warm

    start_warm()
