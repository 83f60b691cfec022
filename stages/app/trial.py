"""`recur try`: one dataset's verdict within minutes, in a scratch folder, before anything of the project changes.

The stages run one after the other, in this process and without DVC: first the data's, then the baselines, then the
networks in the order that their task expects most of, while time is left. A network trains for fewer steps than in
the graph, once for each of two seeds.
"""

import io
import os
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile, get_terminal_size
from time import perf_counter

from stages.app.add import propose, taken_for
from stages.app.common import write_output
from stages.audit import audit
from stages.check import add_expectations
from stages.compare import compare
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import BaseParams, NeuralConfig, TaskSection
from stages.config.sources import DatasetConfig, PathSource
from stages.evaluate import evaluate
from stages.fetch import fetch
from stages.generate import generate
from stages.report import report
from stages.runtime.errors import ConfigError, UserError, nearest
from stages.runtime.files import read_json, remove
from stages.runtime.progress import duration, tell
from stages.split import split
from stages.tasks.base import Task
from stages.tasks.discovery import find_task, load_params, stage_matrices
from stages.tokenize import tokenize
from stages.train import train
from stages.validate import validate
from stages.window import window

FOLDER = ".recur/try"
STEPS = 1000  # of a network's training at most
RESERVE = 10.0  # seconds for the comparison and the page
SHARE = 0.5  # of the time that is left, which one network may take
LEAST = 20.0  # seconds without which no network begins: to compile it takes about so long


@dataclass
class Trial:
    """One dataset in a scratch folder, and what has been measured so far."""

    params: BaseParams  # of this dataset alone
    task: Task
    dataset: Dataset  # in the scratch folder
    minutes: float
    began: float = field(default_factory=perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)  # that each model took which was measured

    @property
    def section(self) -> TaskSection:
        """The task's section of the parameters."""
        return self.params.sections()[self.task.name]

    @property
    def seconds_left(self) -> float:
        """How much time is left for models."""
        return 60 * self.minutes - RESERVE - (perf_counter() - self.began)

    def models(self) -> Iterator[str]:
        """Yield the models to try, while there is time: every baseline, then networks, the most promising first."""
        names = self.section.model_names()
        networks = [name for name in names if isinstance(self.section.model(name), NeuralConfig)]
        order = {name: place for place, name in enumerate(self.task.promising)}
        yield from (name for name in names if name not in networks)
        for name in sorted(networks, key=lambda name: (order.get(name, len(order)), name)):
            longest = max((self.seconds[name] for name in networks if name in self.seconds), default=0.0)
            if self.seconds_left <= max(longest, LEAST):
                return
            yield name

    def left_out(self) -> list[str]:
        """Return the models that there was no time for."""
        return [name for name in self.section.model_names() if name not in self.seconds]


def run_trial(paths: Paths, target: str, minutes: float) -> None:
    """Try a dataset, and print what is known as it comes: a table, the verdict, where the page is.

    Args:
        paths: of the project.
        target: a dataset of params.yaml, or a file, a folder or a URL, of which an entry is inferred.
        minutes: how long it may take, about.

    Raises:
        ConfigError: params.yaml has no such dataset, and there is no such file.
        UserError: its data cannot be used.
    """
    params = load_params(paths)
    if target not in params.tasks() and (Path(target).exists() or "://" in target):
        proposal = propose(paths, target)
        write_output([taken_for(proposal.entry), "\n"])
        trial = prepare_trial(proposal.params, paths, proposal.entry.name, minutes)
        hint = f"To keep it: recur add {shlex.quote(target)}; then, with all models, seeds and epochs: recur run"
    else:
        trial = prepare_trial(params, paths, target, minutes)
        hint = "All models, seeds and epochs of params.yaml: recur run"
    prepare_data(trial)
    try_models(trial)
    conclude(trial)
    print(f"{hint} {trial.dataset.name}")


def prepare_trial(params: BaseParams, paths: Paths, name: str, minutes: float) -> Trial:
    """Return a trial of a dataset, its scratch folder emptied and its parameters written.

    Raises:
        ConfigError: the parameters have no such dataset.
    """
    known = params.tasks()
    if name not in known:
        raise ConfigError(f"{paths.params} has no dataset '{name}', nor is there such a file: {nearest(name, known)}")
    task = find_task(known[name])
    params = only(params, task, name, paths.root)
    scratch = Paths(paths.root / FOLDER / name)
    remove(scratch.root)
    scratch.expectations.mkdir(parents=True)
    if (expectations := paths.expectations / f"{name}.yaml").exists():
        copyfile(expectations, scratch.expectations / f"{name}.yaml")
    with redirect_stdout(io.StringIO()):
        add_expectations(params, scratch)
    write_resolved(params, scratch)
    return Trial(params, task, Dataset(scratch, task.name, name), minutes)


def only(params: BaseParams, task: Task, name: str, root: Path) -> BaseParams:
    """Return parameters with one dataset alone, its local source by its absolute path, and budgets for a trial."""
    section = params.sections()[task.name]
    entry: DatasetConfig = section.datasets[name]
    if isinstance(entry.source, PathSource):
        source = entry.source.model_copy(update={"path": str((root / entry.source.path).absolute())})
        entry = entry.model_copy(update={"source": source})
    training = section.training
    bounds = {
        "min_steps": min(training.min_steps, STEPS),
        "max_steps": min(training.max_steps or STEPS, STEPS),
    }
    changes = {
        "datasets": {name: entry},
        "training": training.model_copy(update=bounds),
        "seeds": params.seeds_of(task.name)[: min(2, os.cpu_count() or 1)],
    }
    others = {other: type(section)() for other, section in params.sections().items()}
    return params.model_copy(update=others | {task.name: task.for_trial(section.model_copy(update=changes))})


def prepare_data(trial: Trial) -> None:
    """Run the stages of the data.

    Raises:
        UserError: the data cannot be used.
    """
    dataset, task = trial.dataset, trial.task
    print(f"{dataset.name}: {task.title}, in {dataset.paths.root}, about {trial.minutes:g} min")
    with redirect_stdout(io.StringIO()):
        fetch(dataset)
    validate(dataset)
    split(dataset)
    prepare = tokenize if "tokenize" in stage_matrices(task.name) else window
    prepare(dataset)
    audit(dataset)


def try_models(trial: Trial) -> None:
    """Train and measure models while there is time; print a row for each as it is done."""
    primary = trial.task.primary
    widths = (max(map(len, trial.section.model_names())), 8, len(primary.heading) + 14, len(primary.heading) + 8)
    print()
    _print_row(("model", "", f"{primary.heading} on validation", f"{primary.heading} on test", "time"), widths)
    for name in trial.models():
        began = perf_counter()
        neural = isinstance(trial.section.model(name), NeuralConfig)
        if neural:
            _limit(trial, trial.seconds_left * SHARE)
            tell(f"{name}: training, {duration(trial.seconds_left)} left for networks")
        with redirect_stdout(io.StringIO()):
            train(trial.dataset, name)
            evaluate(trial.dataset, name)
        trial.seconds[name] = perf_counter() - began
        result = read_json(trial.dataset.report("evaluation", name))
        figures = (result["validation"][primary.name], result["metrics"]["mean"][primary.name])
        note = " still improving" if result["still_improving"] else ""
        kind = "network" if neural else "baseline"
        row = (name, kind, *(f"{value:.4f}" for value in figures), duration(trial.seconds[name]) + note)
        _print_row(row, widths)


def _limit(trial: Trial, seconds: float) -> None:
    """Let the next network train for so long at most."""
    training = trial.section.training.model_copy(update={"minutes": max(seconds, 1.0) / 60})
    section = trial.section.model_copy(update={"training": training})
    write_resolved(trial.params.model_copy(update={trial.task.name: section}), trial.dataset.paths)


def _print_row(cells: Iterable[str], widths: Iterable[int]) -> None:
    name, kind, *numbers, seconds = cells
    first, second, *others = widths
    aligned = [cell.rjust(width) for cell, width in zip(numbers, others, strict=True)]
    print("  ".join([name.ljust(first), kind.ljust(second), *aligned, f" {seconds}"]).rstrip(), flush=True)


def conclude(trial: Trial) -> None:
    """Compare what was measured; print the verdict, and where the page is.

    Raises:
        UserError: no model was measured.
    """
    if not trial.seconds:
        raise UserError(f"no model of {trial.task.name} was measured: name some under {trial.task.name}.models")
    section, paths = trial.section, trial.dataset.paths
    measured = type(section.models)(**{name: section.model(name) for name in trial.seconds})
    update = {trial.task.name: section.model_copy(update={"models": measured})}
    write_resolved(trial.params.model_copy(update=update), paths)
    with redirect_stdout(io.StringIO()):
        compare(trial.dataset)
        if "generate" in stage_matrices(trial.task.name):
            for name in trial.seconds:
                generate(trial.dataset, name)
        report(paths)
    verdict = read_json(trial.dataset.report("compare"))["verdict"]
    if left_out := trial.left_out():
        verdict += f" No time was left for {', '.join(left_out)}: give more with --minutes."
    print("\n" + textwrap.fill(verdict, get_terminal_size().columns))
    print(f"\nThe page: {paths.reports / 'index.html'} ({duration(perf_counter() - trial.began)} in all)")
