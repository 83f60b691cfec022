"""The commands, keys, addresses and links of the README and of docs/ name what there is."""

import re
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.config.loader import params_type
from stages.tasks.discovery import section_types
from tests.project import PROJECT, call
from tests.readme import TEXT, entries
from tools.reference import OUTPUTS

PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(PROJECT.glob("docs/*.md"))]
WORDS = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
PARAMS = YAML(typ="safe").load(PROJECT / "params.yaml")


def named(pattern: str) -> list:
    """Return what the pages name by a pattern, each once."""
    return sorted(set(re.findall(pattern, WORDS)))


def of_page(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("key", named(r"-S '?([\w.]+)="))
def test_a_parameter_that_a_command_sets_is_in_params_yaml(key):
    section = PARAMS
    for name in key.split("."):  # `dvc exp run -S` sets no key that is not there, the default of a type or not
        assert name in section, f"{key}: params.yaml has no {name}"
        section = section[name]


@pytest.mark.parametrize("module", named(r"python -m ((?:stages|tools)\.[\w.]*\w)"))
def test_a_module_that_a_command_runs_is_there(module):
    path = PROJECT / module.replace(".", "/")
    assert module == "stages.X" or path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.parametrize("command", named(r"(?m)^    recur (\w+)"))
def test_a_command_of_the_program_is_there(command):
    program = "import sys; from stages.app import main; sys.argv[0] = 'recur'; main()"
    assert "Usage: recur" in call(PROJECT, sys.executable, "-c", program, command, "--help").stdout


@pytest.mark.parametrize(("file", "stage", "item"), named(r"(stages/\w+/dvc\.yaml):(\w+)@([\w-]+)"))
def test_the_address_of_a_stage_is_right(file, stage, item):
    stages = YAML(typ="safe").load(PROJECT / file)["stages"]
    section = PARAMS[Path(file).parent.name]
    dataset, _, model = item.partition("-")
    assert dataset in section["datasets"] and ("model" in stages[stage]["matrix"]) == bool(model)
    assert not model or model in section["models"]


@pytest.mark.parametrize("page", PAGES, ids=of_page)
def test_a_link_to_a_file_leads_to_one(page):
    for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert link.startswith("http") or (page.parent / link).exists(), link


@pytest.mark.parametrize("name", sorted(entries()))
def test_an_entry_of_the_readme_is_valid(name):
    task, text = entries()[name]
    models = {model: PARAMS[task]["models"][model] for model in PARAMS[task]["models"]}
    content = {task: {"datasets": YAML(typ="safe").load(text), "models": models}}
    params = params_type(section_types()).model_validate(content)
    assert list(params.sections()[task].datasets) == [name]


def test_the_example_of_an_error_is_one():
    (key,) = set(re.findall(r"params\.yaml:\d+: (\S+?): unknown key", TEXT))
    *parents, misspelt = key.split(".")
    section = PARAMS
    for name in parents:
        section = section[name]
    assert misspelt not in section


@pytest.mark.parametrize("path", sorted(OUTPUTS), ids=str)
def test_what_is_generated_is_current(path):
    assert (PROJECT / path).read_text(encoding="utf-8") == OUTPUTS[path](), "run `make reference`"


def test_an_editor_finds_the_schema():
    first = (PROJECT / "params.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.endswith("$schema=params.schema.json")
