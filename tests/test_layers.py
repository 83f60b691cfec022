"""Layers point one way, `stages/*.py` are exactly the stages, and models are alone in their folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.tasks.discovery import find_task

PROJECT = Path(__file__).parents[1]
STAGES = PROJECT / "stages"
LAYERS = {  # a folder below stages/, and what it may import beside itself
    "runtime": set(),
    "config": {"runtime"},
    "data": {"runtime", "config"},
    "nn": {"runtime", "config"},
    "training": {"runtime", "config", "nn"},
    "evaluation": {"runtime", "config"},
    "reporting": {"runtime", "config", "data", "evaluation"},
    "models": {"runtime", "config", "data", "nn", "training", "evaluation", "tasks"},
    "tasks": {"runtime", "config", "data", "nn", "training", "evaluation", "reporting", "models"},
    "app": {"runtime", "config", "data", "nn", "training", "evaluation", "reporting", "models", "tasks"},
}
ALL_LAYERS = set(LAYERS) - {"app"}
LAYERS["app"] |= {path.stem for path in STAGES.glob("*.py")}  # a command may run stages
MODULES = sorted(path for path in STAGES.rglob("*.py") if path != STAGES / "__init__.py")
TASKS = sorted(path.parent.name for path in STAGES.glob("tasks/*/config.py"))
BUILDS_ON = {task: other for task in TASKS if (other := find_task(task).builds_on)}


def imported(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, anywhere in it; `from a import b` may import a.b, too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def layer(module: str) -> str:
    """Return the layer of one of the project's modules; a stage's is its own name."""
    return module.split(".")[1] if module.count(".") else ""


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_what_is_below_it_alone(path):
    parts = path.relative_to(STAGES).parts
    allowed = ALL_LAYERS if len(parts) == 1 else LAYERS[parts[0]] | {parts[0]}
    layers = {layer(module) for module in imported(path) if module.split(".")[0] == "stages"} - {""}
    assert layers <= allowed


@pytest.mark.parametrize(
    "path", [path for path in MODULES if "tasks" in path.parts or "models" in path.parts], ids=name
)
def test_tasks_know_only_the_task_that_they_build_on(path):
    parts = path.relative_to(STAGES).parts
    task = parts[1] if len(parts) > 2 else ""
    others = {
        f"stages.{folder}.{other}"
        for folder in ("tasks", "models")
        for other in set(TASKS) - {task, BUILDS_ON.get(task)}
    }
    assert not {module for module in imported(path) if ".".join(module.split(".")[:3]) in others}


@pytest.mark.parametrize("path", [*STAGES.glob("*.py"), *STAGES.glob("training/*.py")], ids=name)
def test_stages_and_shared_code_name_no_task(path):
    texts = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not texts & set(TASKS)


def test_the_modules_of_stages_are_exactly_the_graphs_stages():
    graph = [PROJECT / "dvc.yaml", *sorted(STAGES.glob("*/dvc.yaml"))]
    stages: set[str] = set()
    for path in graph:
        for stage, content in YAML(typ="safe").load(path)["stages"].items():
            assert content["cmd"].split()[:3] == ["python", "-m", f"stages.{stage}"]
            stages.add(stage)
    assert {path.stem for path in STAGES.glob("*.py")} - {"__init__"} == stages


def test_each_task_has_its_graph_its_models_and_its_data_contract():
    assert sorted(path.parent.name for path in STAGES.glob("*/dvc.yaml")) == TASKS
    assert {path.parent.name for path in STAGES.glob("models/*/__init__.py")} == set(TASKS) - set(BUILDS_ON)
    for task in TASKS:
        for file in ("__init__.py", "task.py", "report.html.j2", "expectations.yaml"):
            assert (STAGES / "tasks" / task / file).exists(), f"{task} has no {file}"


@pytest.mark.parametrize("path", sorted(STAGES.glob("models/*/*.py")), ids=name)
def test_models_are_alone_in_their_folder(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.stem == "__init__":
        assert [type(node) for node in tree.body] == [ast.Expr]
    else:
        defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        defined |= {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert "Parameters" in defined and defined & {"build", "Model"}


def test_no_task_builds_on_one_that_builds_on_another():
    assert not set(BUILDS_ON) & set(BUILDS_ON.values())


def test_the_packages_of_tasks_hold_words_alone():
    for task in TASKS:
        tree = ast.parse((STAGES / "tasks" / task / "__init__.py").read_text(encoding="utf-8"))
        assert [type(node) for node in tree.body] == [ast.Expr]
