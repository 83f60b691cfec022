"""Recur: one module a stage of dvc.yaml, one package a task.

Importing this package settles what must be settled before Keras or Great Expectations is imported, and hands a stage
over to a process that has imported them already, if `stages.runtime.warm` keeps one.
"""

import importlib.util
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["GX_ANALYTICS_ENABLED"] = "false"

if importlib.util.find_spec("pydantic") is None:
    sys.exit(f"error: {sys.executable} lacks Recur's packages: use `make repro`, or activate .venv before `dvc repro`")

if "RECUR_WARM" in os.environ and sys.argv[:1] == [
    "-m"
]:  # which it is while the package of a module to run is imported
    from stages.runtime.warm import start_warm

    start_warm()
