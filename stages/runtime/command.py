"""What every command line shares: its words become arguments, and errors are shown without a traceback."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from stages.runtime.errors import UserError
from stages.runtime.processes import end_with_parent


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
