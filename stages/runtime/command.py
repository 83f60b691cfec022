"""What every command line shares: its words become arguments, and errors are shown without a traceback."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from stages.runtime.errors import UserError


def run(command: Callable[..., None]) -> None:
    """Call `command` with the words of the command line, one for each of its parameters."""
    program = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    program.command()(command)
    module = sys.modules[command.__module__].__spec__
    with errors_for_people():
        end_with_parent()
        program(prog_name=f"python -m {module.name}" if module else None)


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Show what the user can mend as a plain message on standard error, and exit with its code."""
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        path = error.filename or str(error)  # pandas and PyArrow name the file in the text alone
        missing = isinstance(error, FileNotFoundError) and _made_by_a_stage(Path(path))
        hint = ": run `dvc repro` first" if missing else ""
        print(f"error: {error.filename or 'the system'}: {error.strerror or error}{hint}", file=sys.stderr)
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
