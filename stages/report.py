"""All results → a page for readers, a page of texts, a leaderboard, and a summary for machines.

`reports/index.html` holds no texts of the data, which may not be passed on; `reports/examples.html` does. The keys of
`reports/summary.json` are documented in docs/summary.md and kept stable.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import ReportFile, read_resolved
from stages.evaluation.pairs import probability
from stages.reporting import charts
from stages.reporting.claims import claims, decided
from stages.reporting.context import dataset_context
from stages.reporting.formatting import interval, megabytes, seconds, signature_line, spread
from stages.reporting.pages import environment
from stages.reporting.summary import leaderboard, marks, summary
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import write_json, write_text
from stages.tasks.discovery import find_task

Contexts = dict[str, dict[str, Any]]
NOT_RUN = "not run yet"


def report(paths: Paths) -> None:
    """Write the report's pages, the leaderboard and the summary of the datasets whose results are there.

    Raises:
        UserError: there are results of no dataset.
    """
    file = read_resolved(paths.resolved / "report.json", ReportFile)
    contexts, left_out = gather(paths, file)
    templates = page_templates(contexts, left_out, file.confidence)
    results = summary(contexts)
    write_json(paths.reports / "summary.json", results)
    write_text(paths.reports / "leaderboard.md", leaderboard(contexts, results["datasets"], left_out, file.confidence))
    write_text(paths.reports / "examples.html", templates.get_template("examples.html.j2").render())
    write_text(paths.reports / "index.html", index(paths, templates, contexts))
    print(f"{paths.reports / 'index.html'}: {', '.join(contexts)}")
    for reason in dict.fromkeys(left_out.values()):
        names = ", ".join(dataset for dataset, its in left_out.items() if its == reason)
        print(f"left out: {names}: {reason}")


def gather(paths: Paths, file: ReportFile) -> tuple[Contexts, dict[str, str]]:
    """Return what is known of every dataset, with its `task`, and of those that are left out the reason.

    Raises:
        UserError: nothing is known of any.
    """
    contexts: Contexts = {}
    left_out: dict[str, str] = {}
    for name, content in file.tasks.items():
        task = find_task(name)
        for dataset in content.datasets:
            place = Dataset(paths, name, dataset)
            try:
                context = dataset_context(place, content.models, task.primary, file.confidence)
                contexts[dataset] = context | task.report_context(place, context["models"]) | {"task": task}
            except UserError as error:
                left_out[dataset] = str(error) if place.predictions("any").parent.exists() else NOT_RUN
                reason = error
    if left_out and not contexts:
        raise reason
    for dataset, rows in decided(contexts, file.confidence).items():
        contexts[dataset]["hypotheses"] = rows
    return contexts, left_out


def page_templates(
    contexts: Mapping[str, Mapping[str, Any]], left_out: Mapping[str, str], confidence: float
) -> Environment:
    """Return the pages' templates, with what all of them show."""
    tasks = {context["task"].name: context["task"] for context in contexts.values()}
    shared = (interval, megabytes, probability, seconds, signature_line, spread)
    filters = {function.__name__: function for function in shared}
    for task in tasks.values():
        filters |= task.template_filters()
    templates = environment(filters)
    metrics = {metric.title: metric for task in tasks.values() for metric in task.metrics}
    templates.globals |= {
        "contexts": contexts,
        "left_out": left_out,
        "confidence": f"{100 * confidence:g} %",
        "alpha": f"{1 - confidence:g}",
        "marks": marks,
        "glossary": list(metrics.values()),
    }
    return templates


def index(paths: Paths, templates: Environment, contexts: Contexts) -> str:
    """Return the report page."""
    drawn = {
        name: charts.of_comparison(name, context, context["task"].curve_metrics())
        | context["task"].charts(Dataset(paths, context["task"].name, name), context)
        for name, context in contexts.items()
    }
    return templates.get_template("report.html.j2").render(drawn=drawn, claims=claims(contexts))


def main() -> None:
    """Write the report's pages, the leaderboard and the summary."""
    report(Paths())


if __name__ == "__main__":
    run(main)
