"""The typed parameters, metrics and results → params.schema.json, docs/parameters.md, docs/summary.md, README's table.

An editor completes, explains and checks params.yaml by the schema; the pages are for people. `make reference` writes
them anew, and a test tells when one is out of date.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from stages.config.loader import params_type
from stages.config.schema import BaseParams, EvaluationConfig, Frozen
from stages.reporting.summary import answers
from stages.tasks.base import Task
from stages.tasks.discovery import find_task, section_types, task_names

PARAMETERS = """\
# Parameters

Every key of params.yaml with its default, made from the typed parameters by `make reference`. A key without a default
is required. `check` writes the values that a run uses, defaults filled in, below data/params/.
"""
SUMMARY = """\
# reports/summary.json

The results for machines, made from the metrics' definitions by `make reference`. The file holds no timings, so the same
results give the same bytes. Its keys are kept stable; CHANGELOG.md lists those that were renamed. All of them lie below
`datasets.<dataset>`:

| key | value |
|---|---|
| best | the model with the best primary metric on validation |
| best_baseline | the baseline with the best primary metric on validation; null where there is none |
| verdict | in words: does `best` beat the baselines, and what does the answer rest on? |
| sample | {independent, fewest, words}: as how many independent items the test part counts, in the comparison of \
`best` with `best_baseline`; without how many nothing is said; and the same in words |
| by_group | where the test part has several works: of each &lt;work&gt; {&lt;model&gt;: the primary metric} |
| signature | what the metrics of `best` were measured on: {part, split, items, seeds, …} |
| models.&lt;model&gt;.baseline | whether the model is a baseline |
| models.&lt;model&gt;.still_improving | whether at least half of its runs were still improving on validation, by \
more than a hundredth of the error, when their training ended; nothing is decided against such a model |
| models.&lt;model&gt;.validation_&lt;primary&gt; | the primary metric on validation, the mean over seeds |
| models.&lt;model&gt;.num_params | number of fitted values |
| models.&lt;model&gt;.bytes | size of the saved model: all its seeds and its preprocessor |
| models.&lt;model&gt;.metrics.&lt;metric&gt; | {mean, low, high, sd, seeds} on test: the mean over seeds, the \
interval's ends (null where there are too few independent items, or chance moves the figure to one side), the \
standard deviation over seeds (null for one seed), and how many seeds |
| models.&lt;model&gt;.against_baseline | {difference, low, high, p, p_corrected, independent, over_seeds} of the \
primary metric against `best_baseline`; left out where there is nothing to compare with. p is null where there are \
too few independent items, or the loser's figure is a bound of what it would be; p_corrected: after Holm's \
correction over all pairs; independent: as how many independent items the test part counts; over_seeds: whether \
every network in it has several seeds, without which no difference is proven |
| pairs | for every pair of models {one, other} and the same numbers: `one` minus `other` on test |
| hypotheses | for every claim of the course notes that is asked of the dataset {words, better, worse, items, \
num_items, &lt;primary&gt;, other_&lt;primary&gt;, the numbers of a pair, undecidable, holds}: does `better` beat \
`worse` on all items, or, where `items` is longer, by more on the longest quarter of them than on the shortest? The \
two figures are then the differences on either quarter. p_corrected: over the claims on all datasets of the report. \
holds: yes, no (the contrary is proven), not proven, unfinished (one of the two was still improving) or bound (the \
loser's figure is a bound) |

The first metric of a task is its primary metric.
"""
RESULTS_BEGIN = "<!-- made from reports/summary.json by `make reference` -->"
RESULTS_END = "<!-- end of the table -->"


def schema() -> str:
    """Return the JSON schema of params.yaml."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_params().model_json_schema()}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def parameters() -> str:
    """Return docs/parameters.md: a table for each mapping of params.yaml."""
    sections = [PARAMETERS]
    for path, kind in _mappings("", _params()):
        rows = [_row(name, field) for name, field in kind.model_fields.items() if not _is_shown_alone(field)]
        if rows:
            title = f"`{path}`" if path else "The top level"
            table = ["| key | values | default | meaning |", "|---|---|---|---|", *rows]
            words = " ".join((kind.__doc__ or "").split())
            sections.append("\n".join([f"## {title}", "", words, "", *table, ""]))
    return "\n".join(sections)


def summary() -> str:
    """Return docs/summary.md."""
    return SUMMARY + "".join(_metrics_of(find_task(name)) for name in task_names())


def readme() -> str:
    """Return README.md with its table of results as reports/summary.json has them."""
    before, _, rest = Path("README.md").read_text(encoding="utf-8").partition(RESULTS_BEGIN)
    _, _, after = rest.partition(RESULTS_END)
    datasets = json.loads(Path("reports/summary.json").read_text(encoding="utf-8"))["datasets"]
    tasks = {dataset: name for name in task_names() for dataset in _shipped(name)}
    results = {name: result for name, result in datasets.items() if name in tasks}
    primary = {name: find_task(tasks[name]).primary for name in results}
    rows = answers(results, primary, EvaluationConfig().confidence)
    return "\n".join([before + RESULTS_BEGIN, *rows, RESULTS_END + after])


def _shipped(task: str) -> list[str]:
    return list(YAML(typ="safe").load(Path("params.yaml")).get(task, {}).get("datasets", {}))


def _metrics_of(task: Task) -> str:
    rows = [
        f"| {metric.name} | {metric.title} | {_better(metric.higher_is_better)} | {metric.explanation} |"
        for metric in task.metrics
    ]
    return "\n".join(
        [
            f"\n## {task.title}: `{task.name}`",
            "",
            "| metric | title | better | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _better(higher: bool | None) -> str:
    return "nearer its level" if higher is None else "higher" if higher else "lower"


def _params() -> type[BaseParams]:
    return params_type(section_types())


def _mappings(path: str, kind: type[Frozen]) -> Iterator[tuple[str, type[Frozen]]]:
    """Yield every mapping with its path, in the order of the file."""
    yield path, kind
    for name, field in kind.model_fields.items():
        below = f"{path}.{name}" if path else name
        for part in _parts(field.annotation):
            if get_origin(part) is dict:
                part, below = get_args(part)[1], f"{below}.<name>"
            if isinstance(part, type) and issubclass(part, Frozen):
                yield from _mappings(below, part)


def _is_shown_alone(field: FieldInfo) -> bool:
    kinds = [get_args(part)[1] if get_origin(part) is dict else part for part in _parts(field.annotation)]
    return any(isinstance(kind, type) and issubclass(kind, Frozen) for kind in kinds)


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the choices of a type, without Annotated and None."""
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    elif annotation is not NoneType:
        yield annotation


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() else f"`{_plain(field.get_default(call_default_factory=True))}`"
    values = " or ".join(dict.fromkeys(_words(part) for part in _parts(field.annotation)))
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {values} | {default} | {meaning} |"


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list of {' or '.join(_words(part) for part in _parts(get_args(kind)[0]))}"
    names = {int: "a whole number", float: "a number", bool: "true, false", str: "text", NoneType: "null"}
    return names.get(kind) or (
        ", ".join(f"`{choice}`" for choice in kind) if hasattr(kind, "__members__") else str(kind)
    )


def _plain(value: object) -> str:
    value = value.model_dump(mode="json") if isinstance(value, Frozen) else value
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


OUTPUTS = {
    Path("params.schema.json"): schema,
    Path("docs/parameters.md"): parameters,
    Path("docs/summary.md"): summary,
    Path("README.md"): readme,
}

if __name__ == "__main__":
    for path, content in OUTPUTS.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content(), encoding="utf-8")
        print(f"wrote {path}")
