"""What a stage's command line shares: arguments, errors for people, progress, and ending with its parent."""

import argparse
import ctypes
import difflib
import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tqdm import tqdm


class Problem(Exception):
    """Something a person can mend: what is wrong, where, and what to do. Shown without a traceback."""

    exit_code = 1


class BadParameters(Problem):
    """params.yaml does not say what it should."""

    exit_code = 2


def run(stage: Callable[..., None], parser: argparse.ArgumentParser | None = None) -> None:
    """Call `stage` with the command line's words, one for each of its parameters; exit with a plain message.

    A command line with options has a parser of its own, which gives each parameter its value.
    """
    module = inspect.getmodule(stage).__spec__.name
    if parser is None:
        parser = argparse.ArgumentParser(
            prog=f"python -m {module}", description=inspect.getdoc(stage).partition("\n")[0]
        )
        for parameter in inspect.signature(stage).parameters:
            parser.add_argument(parameter)
    arguments = vars(parser.parse_intermixed_args())  # options may also stand between words
    end_with_parent()
    try:
        stage(**arguments)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
    except OSError as error:
        path = error.filename or str(error)  # pandas and PyArrow name the file in the text alone
        missing = isinstance(error, FileNotFoundError) and _made_by_a_stage(Path(path))
        hint = ": run `dvc repro` first" if missing else ""
        print(f"error: {error.filename or module}: {error.strerror or error}{hint}", file=sys.stderr)
        sys.exit(1)


def _made_by_a_stage(path: Path) -> bool:
    return path.parts[:1] in (("data",), ("models",), ("reports",)) and path.parts[:2] != ("data", "own")


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it dies (Linux; elsewhere nothing happens).

    A killed `dvc repro` would otherwise leave its stage running, to write into outputs that were made again.
    """
    if sys.platform == "linux":
        parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)
        if os.getppid() == 1 and os.environ.get("DVC_STAGE"):  # the parent died before the call
            os.kill(os.getpid(), signal.SIGTERM)


def nearest(found: str, choices: Iterable[str]) -> str:
    """Return a hint that names the nearest spelling, if one is near, and every valid choice."""
    choices = sorted(map(str, choices))
    near = difflib.get_close_matches(str(found), choices, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}valid: {', '.join(choices) or 'none'}"


def progress(items: Iterable | None = None, **options) -> tqdm:
    """Return a progress bar with rate and time left; it stays quiet when standard error is no terminal."""
    return tqdm(items, disable=None, dynamic_ncols=True, leave=False, **options)
