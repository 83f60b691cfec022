"""The pages' templates: shared ones lie beside this file, a task's own in its folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

SHARED = Path(__file__).parent / "templates"
TASKS = Path(__file__).parents[1] / "tasks"


def environment(filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Return the templates, which escape whatever comes from the data and load nothing.

    A shared one is found by its name, a task's as `<task>/report.html.j2`.
    """
    templates = Environment(
        loader=ChoiceLoader([FileSystemLoader(SHARED), FileSystemLoader(TASKS)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= filters
    return templates
