"""Measurements in processes of their own, so that memory, threads and compiled code are their own too."""

import json
import os
import subprocess
import sys
from typing import Any


def in_new_process(module: str, function: str, *arguments: str, **environment: str) -> Any:
    """Return what a function of a module of this package returns, a JSON value, called in a new process."""
    code = f"import json; from tools.bench import {module}; print(json.dumps({module}.{function}(*{arguments!r})))"
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"{module}.{function} failed; what it says above tells why")
    return json.loads(run.stdout.splitlines()[-1])
