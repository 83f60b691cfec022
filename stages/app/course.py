"""How far a run of the graph is: its stages, how long each took when it last ran, and what DVC says of them."""

import re
from collections.abc import Iterable
from time import monotonic

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import ComparisonFile, read_resolved
from stages.runtime.files import read_json, write_json
from stages.runtime.progress import duration
from stages.tasks.discovery import stage_matrices

RUNNING = re.compile(r"Running stage '(.+)':")
SKIPPED = re.compile(r"Stage '(.+)' (?:didn't change, skipping|is cached - skipping run.*)")
CHATTER = re.compile(  # what DVC prints each time it runs
    r"\s*|> python -m stages\..*|(?:Generating|Updating) lock file .*"
    r"|To (?:track the changes with git|enable auto staging), run:|\s+git add .*"
    r"|\s+dvc config core\.autostage true|Use `dvc push` to send your updates.*"
)
FIRST_TRAINING, FIRST_TIME = 20.0, 2.0  # seconds that a stage is taken to need whose time is not known


def addresses(dataset: Dataset) -> list[str]:
    """Return a dataset's stages as DVC calls them, in the order of the graph."""
    models = read_resolved(dataset.paths.task_params(dataset.task, "comparison"), ComparisonFile).models
    return [
        f"stages/{dataset.task}/dvc.yaml:{stage}@{item}"
        for stage, keys in stage_matrices(dataset.task).items()
        for item in ([f"{dataset.name}-{model}" for model in models] if "model" in keys else [dataset.name])
    ]


class Course:
    """What is known of a run while DVC does it."""

    def __init__(self, paths: Paths, stages: Iterable[str]) -> None:
        """Look up how long the stages took when they last ran here; of trainings, where the project was run last."""
        self._file = paths.root / ".recur/seconds.json"
        self._seconds: dict[str, float] = read_json(self._file) if self._file.exists() else {}
        self._left = {stage: self._seconds.get(stage) or _reported(paths, stage) for stage in stages}
        self._count = len(self._left)
        self._running: tuple[str, float] | None = None
        self.ran = 0

    def follow(self, line: str) -> str | None:
        """Take in a line of DVC's; return what a person should see in its place, None for nothing."""
        if skipped := SKIPPED.fullmatch(line):
            self._left.pop(skipped[1], None)
            return None
        if running := RUNNING.fullmatch(line):
            self.end_stage()
            stage, self.ran = running[1], self.ran + 1
            seconds = sum(self._left.values())
            self._left.pop(stage, None)
            self._running = stage, monotonic()
            place = f"[{max(self._count - len(self._left), 1)} of {self._count}] {stage}"
            return f"{place}, up to {duration(seconds)} left"
        return None if CHATTER.fullmatch(line) else line

    def end_stage(self) -> None:
        """Keep how long the stage took that has just ended, if one ran."""
        if self._running is not None:
            stage, began = self._running
            self._seconds[stage] = round(monotonic() - began, 1)
            self._running = None
            write_json(self._file, self._seconds)

    def summary(self) -> str:
        """Say how many stages ran."""
        return f"{self._count:,} stages: {self.ran:,} ran, {self._count - self.ran:,} were up to date"


def _reported(paths: Paths, stage: str) -> float:
    """Return the seconds that a stage took by the committed report, which has those of trainings."""
    name, _, item = stage.rpartition(":")[2].partition("@")
    if name != "train":
        return FIRST_TIME
    dataset, _, model = item.partition("-")
    file = paths.reports / "timings/train" / dataset / f"{model}.json"
    return float(read_json(file)["wall_seconds"]) if file.exists() else FIRST_TRAINING
