"""A file, a folder or a URL → an entry of params.yaml, with a reason for each key.

The stages' own code reads and splits the data by the new entry in a scratch project first, so that what is written
runs; params.yaml is replaced when all of it is known to hold.
"""

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from pydantic import BaseModel

from stages.app.common import write_output
from stages.app.params_file import with_entry, write_exact
from stages.app.sample import SIGNAL_ENDINGS, about_pictures, hidden, look, nested
from stages.audit import audit
from stages.check import check, refuse_missing_files
from stages.config.dataset import Dataset
from stages.config.loader import load
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import NAME_PATTERN, BaseParams
from stages.config.sources import Url
from stages.data.beside import UNTOLD
from stages.data.downloads import fetch_source
from stages.data.formats import is_table
from stages.data.pictures.picture import ENDINGS as PICTURE_ENDINGS
from stages.data.signals.sound import Recording
from stages.data.table import Table
from stages.reporting.validation import failure_message, make_report
from stages.runtime.errors import ConfigError, UsageError, UserError, nearest
from stages.runtime.files import sha256
from stages.split import split
from stages.tasks.discovery import FOLDER as STARTERS
from stages.tasks.discovery import find_task, load_params, section_types, task_names
from stages.tasks.guess import Choice, Guess, Sample, Undecided
from stages.validate import read_expectations, write_table

WIDTH = 120  # of a line in params.yaml
READ_AT_ONCE = 1 << 26  # bytes of raw files up to which they are read and split
PREPARED_AT_ONCE = 1 << 22  # and up to which they are also prepared and audited
NOT_WRITTEN = "nothing was written: mend the data, or give the key that is named above, as in -S split.test=0.2"
KEEP_PLAIN = re.compile(r"[A-Za-z_][\w ./%-]*(?<! )")
RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}  # the last six in YAML 1.1 alone


@dataclass(frozen=True)
class Entry:
    """A dataset's entry: where it belongs, and its choices in order."""

    task: str
    name: str
    choices: tuple[Choice, ...]

    def content(self) -> dict[str, Any]:
        """Return the entry as a mapping."""
        return nested((choice.key, choice.value) for choice in self.choices if choice.key is not None)

    def lines(self) -> list[str]:
        """Return the entry as lines of YAML, each key with its reason as a comment."""
        reasons = {choice.key: choice.because for choice in self.choices}
        return [f"{self.name}:", *_yaml(self.content(), reasons, "", 1)]


@dataclass(frozen=True)
class Proposal:
    """A new dataset's entry, and what params.yaml would be with it."""

    entry: Entry
    text: str  # of params.yaml
    params: BaseParams
    tried: str  # what came of reading and splitting the data by the entry, in a line


def add(
    paths: Paths,
    source: str,
    name: str | None = None,
    task: str | None = None,
    given: Mapping[str, Any] | None = None,
    dry_run: bool = False,
) -> None:
    """Write the entry of a new dataset into params.yaml, and what belongs to it; the arguments are `propose`'s.

    Args:
        paths, source, name, task, given: see `propose`.
        dry_run: print the entry only.

    Raises:
        UsageError: the name is taken, or the data do not tell what an option has to.
        UserError: the data cannot be read, or not by the entry; then nothing was written.
    """
    proposal = propose(paths, source, name, task, given)
    if not dry_run:
        refuse_missing_files(proposal.params, paths)
        write_exact(paths.params, proposal.text)
        check(paths)
    write_output(_told(proposal.entry, proposal.tried, paths, dry_run))


def propose(
    paths: Paths,
    source: str,
    name: str | None = None,
    task: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> Proposal:
    """Infer the entry of a new dataset, and try it.

    Args:
        paths: of the project.
        source: a file, a folder or a URL.
        name: of the dataset; None: by the source's.
        task: of the dataset; None: by what the data look like.
        given: keys of the entry, with dots, that shall not be guessed.

    Raises:
        UsageError: the name is taken, or the data do not tell what an option has to.
        UserError: the data cannot be read, or not by the entry.
    """
    params = load_params(paths)
    name = _name(params, source, name)
    with TemporaryDirectory(prefix="recur-") as folder:
        scratch = Paths(Path(folder))
        place = _provide(paths, source, scratch.root / "data/raw" / name)
        with _named_as_given(scratch.root / "data/raw" / name, source):
            chosen, guess, sample = _guess(scratch.root / "data/raw" / name, source, task, dict(given or {}))
            entry = Entry(chosen, name, (*place, *guess.remaining(sample)))
            text = with_entry(
                paths.params.read_bytes().decode(), chosen, name, entry.content(), entry.lines(), _models(chosen)
            )
            new = _valid(paths, text)
            return Proposal(entry, text, new, _try(scratch, new, entry, paths.expectations))


# --- Name and place ---


def _name(params: BaseParams, source: str, name: str | None) -> str:
    """Return the dataset's name.

    Raises:
        UsageError: it is taken, or no name.
    """
    stem = Path(source.rstrip("/")).name.partition(".")[0] or Path(source).resolve().name
    found = name or re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower()[:50]
    if name is None and found[:1].isdigit():  # alone it would be a number to YAML
        found = f"data_{found}"
    if not re.match(NAME_PATTERN, found) or len(found) > 60 or not found[0].isalpha() or found.lower() in RESERVED:
        raise UsageError(f"'{found or stem}' is no name: give --name with letters first, digits and underscores")
    taken = params.tasks()
    if found in taken:
        raise UsageError(
            f"{taken[found]}.datasets has a dataset '{found}': give --name, or first `recur add --remove {found}`"
        )
    return found


def _provide(paths: Paths, source: str, raw: Path) -> list[Choice]:
    """Make the raw files of a scratch project: links to local ones, or a download; return the entry's source."""
    raw.mkdir(parents=True)
    if "://" in source:
        with contextlib.redirect_stdout(io.StringIO()):  # which would say that it is not pinned
            fetch_source(Url(url=source), raw, "source")
        (file,) = raw.iterdir()
        pinned = Choice("source.sha256", sha256(file), "so that a change there is noticed")
        return [Choice("source.url", source), pinned]
    path = Path(source).absolute()
    if not path.exists():
        raise UserError(f"there is no file or folder '{source}' in {Path.cwd()}")
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if not file.name.startswith("."))
    if within := _in_subfolders(path, files):
        _link(within, path, raw)
        return [*_place(paths, path), Choice("source.subfolders", True, "the files lie in its folders")]
    if not any(file.is_file() for file in files):
        folders = ", ".join(file.name for file in files[:3])
        hint = f"; its subfolders ({folders}) are not read: move their files up" if folders else ""
        raise UserError(f"the folder {source} holds no files{hint}")
    _link([file for file in files if file.is_file()], path if path.is_dir() else path.parent, raw)
    return _place(paths, path)


def _link(files: Sequence[Path], folder: Path, raw: Path) -> None:
    """Link files below a folder to the same places below the raw files."""
    for file in files:
        target = raw / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(file)


def _in_subfolders(path: Path, files: Sequence[Path]) -> list[Path]:
    """Return the files of signals or the pictures in a folder's subfolders, unless such files lie in the folder itself.

    With recordings or pictures also the tables, which may tell what they hold.
    """
    known = {*SIGNAL_ENDINGS, *PICTURE_ENDINGS}
    if path.is_file() or any(file.suffix.lower() in known for file in files):
        return []
    below = sorted(file for file in path.rglob("*") if file.is_file() and not hidden(file, path))
    inside = [file for file in below if file.suffix.lower() in known]
    if not any(file.suffix.lower() in SIGNAL_ENDINGS for file in inside) and not about_pictures(below, {}):
        return []
    if not any(file.suffix.lower() in (*Recording.ENDINGS, *PICTURE_ENDINGS) for file in inside):
        return inside
    return [*inside, *(file for file in below if is_table(file) or file.suffix.lower() in UNTOLD)]


def _place(paths: Paths, path: Path) -> list[Choice]:
    """Return where a local source is: from the project's folder if it lies in there."""
    root = paths.root.absolute()
    shown = Path(os.path.normpath(path))
    if shown.is_relative_to(root):
        return [Choice("source.path", shown.relative_to(root).as_posix())]
    return [Choice("source.path", str(shown), "outside the project: CI will not have it")]


@contextlib.contextmanager
def _named_as_given(raw: Path, source: str) -> Iterator[None]:
    """Have errors name the user's files, not the scratch project's."""
    given = Path(source)
    try:
        yield
    except Undecided as error:
        raise UsageError(f"recur add {source}: {error}") from None
    except UserError as error:
        message = str(error)
        for file in raw.iterdir():
            message = message.replace(str(file), str(given / file.name if given.is_dir() else source))
        message = message.replace(str(raw), source).replace(f"{raw.parents[2]}/", "")
        raise type(error)(message) from None


# --- Guess ---


def _guess(raw: Path, source: str, task: str | None, given: dict[str, Any]) -> tuple[str, Guess, Sample]:
    """Return the task, what it makes of the data, and what they look like; ask where somebody can answer."""
    if task is not None and task not in task_names():
        raise UsageError(f"there is no task '{task}': {nearest(task, task_names())}")
    while True:
        try:
            sample = look(raw, given)
            chosen = task or _choose_task(sample, given)
            return chosen, find_task(chosen).guess(sample), sample
        except Undecided as question:
            answer = _ask(source, question)
            if question.key == "task":
                task = answer
            else:
                given[question.key] = [answer] if question.key == "reading.values" else answer


def _choose_task(sample: Sample, given: Mapping[str, Any]) -> str:
    """Return the task that the data suit best, of those whose entries have the given keys.

    Raises:
        Undecided: there is none, or several suit as well.
    """
    able = [task for task in task_names() if all(_has_key(task, key) for key in given)]
    suits = {task: find_task(task).suits(sample) for task in able}
    best = [task for task, how_well in suits.items() if how_well and how_well == max(suits.values())]
    if len(best) != 1:
        doubt = "" if best else "it looks like none of the tasks: "
        raise Undecided("task", f"{doubt}which task is it for", best or able or task_names())
    return best[0]


def _has_key(task: str, key: str) -> bool:
    """Tell whether the entries of a task have a key."""
    kind: Any = get_args(section_types()[task].model_fields["datasets"].annotation)[1]
    for name in key.split("."):
        fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
        if name not in fields:
            return False
        kind = fields[name].annotation
    return True


def _ask(source: str, question: Undecided) -> str:
    """Return the answer of whoever sits at the terminal.

    Raises:
        Undecided: nobody does.
    """
    if not sys.stdin.isatty():
        raise question
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    answer = input(f"{source}: {question.question}{choices}? ").strip()
    if not answer or (question.choices and answer not in question.choices):
        raise question
    return answer


def _models(task: str) -> list[str]:
    """Return all models of a task."""
    return sorted(section_types()[task]().models.__class__.model_fields)


# --- Try ---


def _valid(paths: Paths, text: str) -> BaseParams:
    """Return the parameters that a new params.yaml would hold.

    Raises:
        ConfigError: it would not be well-formed.
    """
    with TemporaryDirectory(prefix="recur-") as folder:
        path = Path(folder) / "params.yaml"
        path.write_bytes(text.encode())
        try:
            return load(path, section_types())
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(path), f"{paths.params} with the new entry")) from None


def _try(scratch: Paths, params: BaseParams, entry: Entry, expectations: Path) -> str:
    """Read, split, prepare and audit the data by the new entry, as the stages do; return the parts' sizes, in a line.

    What they do not meet of what the file in the folder `expectations` says, or else the task's starter, is told too.

    Raises:
        UserError: the data stop it.
    """
    dataset, task = Dataset(scratch, entry.task, entry.name), find_task(entry.task)
    size = sum(path.stat().st_size for path in dataset.raw.rglob("*") if path.is_file())
    if size > READ_AT_ONCE:
        return f"not tried: {size >> 20} MiB are too many to be read at once; `dvc repro` will tell"
    write_resolved(params, scratch)
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            dataset.prepared.mkdir(parents=True)
            table = task.read(dataset)
            write_table(dataset.table, table.rows)
            split(dataset)
            sizes = output.getvalue().strip()
            if size <= PREPARED_AT_ONCE:
                dataset.vectors.mkdir(parents=True)
                task.prepare(dataset, dataset.prepared / task.prepared)
                audit(dataset)
                sizes += _unmet(dataset, table, expectations / f"{entry.name}.yaml")
    except UserError as error:
        raise type(error)(f"{error}\n{NOT_WRITTEN}") from None
    return sizes


def _unmet(dataset: Dataset, table: Table, path: Path) -> str:
    """Return which expectations a table does not meet, and what to do; nothing if it meets all."""
    from stages.data.expectations import check_table  # imports Great Expectations

    starter = STARTERS / dataset.task / "expectations.yaml"
    items = read_expectations(path if path.exists() else starter)
    report = make_report(dataset.name, table, check_table(table.rows.to_pandas(), items, path))
    if report["success"]:
        return ""
    return f"\nnote: {failure_message(report, path)}; `recur run` stops until then"


# --- Tell ---


def _yaml(content: Mapping[str, Any], reasons: Mapping[str | None, str], prefix: str, depth: int) -> Iterator[str]:
    """Yield lines of YAML, a key each, with its reason behind it, or above where the line would be too long."""
    indent = "  " * depth
    for key, value in content.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _yaml(value, reasons, f"{path}.", depth + 1)
            continue
        line, comment = f"{indent}{key}: {_scalar(value)}", _comment(reasons.get(path, ""))
        if comment and len(line) + len(comment) + 5 <= WIDTH - 4:  # the section's own indent
            yield f"{line}  {comment}".replace("  #", " #")
        else:
            yield from ([f"{indent}{comment}"] if comment else [])
            yield line


def _comment(reason: str) -> str:
    plain = "".join(letter if letter.isprintable() else "�" for letter in reason)
    return f"# {plain}" if plain else ""


def _scalar(value: Any) -> str:
    """Return a value as YAML writes it on one line: strings plain where nothing else could be meant, else as JSON."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, str) and KEEP_PLAIN.fullmatch(value) and value.lower() not in RESERVED and value.isascii():
        return value
    return json.dumps(value, ensure_ascii=not str(value).isprintable())


def _told(entry: Entry, tried: str, paths: Paths, dry_run: bool) -> Iterator[str]:
    """Yield what was taken for what, the entry, and what to do next."""
    if not dry_run:
        yield taken_for(entry)
        yield "\n"
    yield "\n".join(["  " * 2 + line for line in entry.lines()]) + "\n"
    if not dry_run:
        yield f"\n{tried}\n" if tried else ""
        yield (
            f"\nwritten below {entry.task}.datasets in {paths.params}; what the data must satisfy is in "
            f"{paths.expectations / entry.name}.yaml\n"
            f"next: recur try {entry.name}    a first answer in a few minutes\n"
            f"      recur run {entry.name}    all models, seeds and epochs of this dataset\n"
        )


def taken_for(entry: Entry) -> str:
    """Return a table of what was taken for what, and why."""
    return _table([("task", entry.task, "--task chooses another"), *map(_row, entry.choices)])


def _row(choice: Choice) -> tuple[str, str, str]:
    if choice.key is None:
        return "·", str(choice.value), choice.because
    return choice.key, _scalar(choice.value), choice.because


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    head = [("what", "taken for", "because"), *rows]
    widths = [min(max(len(row[place]) for row in head), 48) for place in range(2)]
    return "".join(f"{what:<{widths[0]}}  {value:<{widths[1]}}  {why}".rstrip() + "\n" for what, value, why in head)
