"""Results of made-up models on a dataset, as the stages write them, and what a browser makes of a page about them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.resolved import ReportFile, TaskContent
from stages.runtime.files import read_json, write_json
from stages.tasks.base import Task

OUTPUTS = ("summary.json", "leaderboard.md", "index.html", "examples.html")
TEST = {  # each model's primary metric on test
    "majority": 0.5,
    "tfidf_logreg": 0.8,
    "nbsvm": 0.79,
    "rnn": 0.7,
    "lstm": 0.85,
    "gru": 0.84,
    "bilstm": 0.83,
    "attention": 0.86,
    "cnn": 0.9,
    "cnn_lstm": 0.88,
}
VALIDATION = TEST | {"lstm": 0.9, "cnn": 0.85, "cnn_lstm": 0.85}
BASELINES = ("majority", "tfidf_logreg", "nbsvm")
FOUR = ("majority", "tfidf_logreg", "lstm", "cnn")
SECONDS, SPEED = 987.6, {"train": 3456.7, "evaluate": 200.0}


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(list(rows), columns=columns).to_csv(path, index=False)


def write_results(dataset: Dataset, task: Task, models: Sequence[str] = FOUR) -> None:
    """Write all that the report reads of a dataset, but for what only its task writes."""
    name_models(dataset, models)
    write_json(dataset.report("compare"), comparison(task, models))
    for name in models:
        write_model(dataset, task, name)
    parts = {part: {"rows": rows, "hash": f"hash of {part}"} for part, rows in (("train", 16), ("test", 4))}
    dropped = {"contradicting labels": 1234, "repeated": 0}
    write_json(dataset.report("split"), {"official": ["test"], "rows": 30, "dropped": dropped, "parts": parts})
    write_json(dataset.report("prepare"), {"length": 4})
    write_json(dataset.report("audit"), {"passed": True, "findings": {"shared_texts": []}})
    checked = {"success": True, "files": [{"name": "mine.csv"}], "rows_read": 5678, "rows_dropped": {"blank line": 7}}
    write_json(dataset.report("validation"), checked | {"rows": 30, "expectations": [{"success": True}]})


def name_models(dataset: Dataset, models: Sequence[str]) -> None:
    """Write what the report is about."""
    content = TaskContent(datasets=(dataset.name,), models=tuple(models))
    file = ReportFile(tasks={dataset.task: content}, confidence=0.95)
    write_json(dataset.paths.resolved / "report.json", file.model_dump(mode="json"))


def versus(one: str, other: str) -> dict[str, Any]:
    """Return the difference of two models, its interval, and p-values that prove it if it is larger than 0.03."""
    difference = TEST[one] - TEST[other]
    ends = {"difference": difference, "low": difference - 0.02, "high": difference + 0.02}
    p = (0.0012, 0.0123) if abs(difference) > 0.03 else (0.2, 0.4)
    return ends | {"p": p[0], "p_corrected": p[1], "independent": 2000.0, "over_seeds": True}


def comparison(task: Task, models: Sequence[str]) -> dict[str, Any]:
    """Return what `compare` writes; the best on validation is not the best on test."""
    baselines = [name for name in BASELINES if name in models]
    best = max(models, key=lambda name: VALIDATION[name])
    best_baseline = max(baselines, key=lambda name: VALIDATION[name], default=None)
    rows: dict[str, dict[str, Any]] = {}
    for name in models:
        values = {"mean": TEST[name], "low": TEST[name] - 0.04, "high": TEST[name] + 0.03}
        values |= {"sd": None, "seeds": 1} if name in baselines else {"sd": 0.01, "seeds": 2}
        rows[name] = {
            "metrics": {metric.name: values for metric in task.metrics},
            "baseline": name in baselines,
            "still_improving": False,
            f"validation_{task.primary.name}": VALIDATION[name],
        }
        if best_baseline not in (None, name):
            rows[name]["against_baseline"] = versus(name, str(best_baseline))
    signature = {"part": "test", "split": "abc123", "items": 2000, "seeds": [1, 2], "vocabulary": 4321}
    return {
        "best": best,
        "best_baseline": best_baseline,
        "models": rows,
        "verdict": f"{best} is <best> of all.",
        "sample": {"items": 2000, "independent": 2000.0, "fewest": 5, "words": "items, each by itself"},
        "by_group": {},
        "signature": signature | {"average": "mean over seeds", "calibration_bins": 15},
        "pairs": [{"one": one, "other": other} | versus(one, other) for one, other in combinations(models, 2)],
        "hypotheses": [_decided(task, row) for row in task.hypotheses if {row.better, row.worse} <= set(models)],
    }


def _decided(task: Task, hypothesis: Any) -> dict[str, Any]:
    primary = task.primary.name
    row = versus(hypothesis.better, hypothesis.worse)
    del row["p_corrected"]
    means = {primary: TEST[hypothesis.better], f"other_{primary}": TEST[hypothesis.worse]}
    words = {key: getattr(hypothesis, key) for key in ("words", "better", "worse", "items")}
    return words | {"num_items": 512} | means | row | {"undecidable": None}


def write_model(dataset: Dataset, task: Task, name: str) -> None:
    """Write what `train` and `evaluate` write about one model."""
    about = {"num_params": 12345, "bytes": 2_300_678, "signature": {"part": "test"}}
    write_json(dataset.report("evaluation", name), about)
    for stage, speed in SPEED.items():
        timing = {"fit_seconds": SECONDS, "examples_per_second": speed * (10 if name == "cnn" else 1)}
        write_json(dataset.report(f"timings/{stage}", name), timing)
    metrics = [f"validation_{metric.name}" for metric in task.metrics]
    seeds = ((1, 1),) if name in BASELINES else tuple((seed, epoch) for seed in (1, 2) for epoch in (1, 2))
    rows = [(seed, epoch, None if name in BASELINES else 1.0, *(epoch / 4 for _ in metrics)) for seed, epoch in seeds]
    write_table(dataset.plot("curves", name), ("seed", "epoch", "train_loss", *metrics), rows)


def update_json(path: Path, more: Mapping[str, Any]) -> None:
    """Add keys to a JSON file."""
    write_json(path, read_json(path) | more)


class Page(HTMLParser):
    """What a browser makes of a page: tags, ids, links to places on it, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str | None] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for key, value in attrs:
            assert not key.startswith("on")
            if key == "id":
                self.ids.append(value)
            if key == "href":
                self.links.append(value or "")
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))


def check_page(text: str, other: str) -> Page:
    """Return a page that loads nothing, is well-formed, and links to what there is or to the `other` page."""
    assert not re.search(r"https?:|//|@import|\bsrc=|javascript:", text, re.IGNORECASE)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link.partition("#")[0] for link in page.links} <= {"", other}
    return page


def table_rows(text: str, label: str) -> list[list[str]]:
    """Return the texts of the cells, row by row, of the first table with this label."""
    table = re.search(rf'aria-label="{label}.*?</table>', text, re.DOTALL)
    assert table, f"no table {label}"
    rows = re.findall(r"<tr.*?</tr>", table[0], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def read(dataset: Dataset, name: str) -> str:
    """Return one of the report's outputs."""
    return (dataset.paths.reports / name).read_text(encoding="utf-8")
