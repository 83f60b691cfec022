"""The stages' dependencies: DVC reruns a stage when a source file changes that it imports, and for no other file."""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.schema import TASKS

# They read, check and word; of the types, what has defaults that count is listed by the stages that take them.
NEUTRAL = {f"stages/{name}.py" for name in ("__init__", "console", "params", "predict", "schema")}
# They decide how a network is run: a model's training depends on them, and its users on the model.
RUNTIME = {f"stages/{name}.py" for name in ("clock", "compiling", "light", "network", "replicas", "training")}
MODEL = "models/${item.dataset}/${item.model}"


def read(path: str) -> dict:
    return YAML(typ="safe").load(Path(path))["stages"]


STAGES = [
    (task, name, stage)
    for task in sorted(TASKS)
    for path in (f"stages/{task}/dvc.yaml", f"stages/{task}/models/dvc.yaml")
    for name, stage in read(path).items()
]


def imports(path: Path, task: str) -> set[str]:
    """Return the modules of Recur that a source file imports, at once or later, directly or through its task."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stages"):
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("stages")}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "task_module":
            found.add(f"stages.{task}.{node.args[1].value}")
    return found


def used(start: set[str], task: str, known: set[str]) -> set[str]:
    """Return the source files that some modules are made of, but for known ones and what those alone bring in."""
    waiting, files = set(start), set()
    while waiting:
        place = Path(*waiting.pop().split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if path.exists() and path.as_posix() not in files | known:
            files.add(path.as_posix())
            waiting |= imports(path, task)
    return files


def test_tasks_packages_hold_words_alone():
    for task in TASKS:
        tree = ast.parse(Path(f"stages/{task}/__init__.py").read_text(encoding="utf-8"))
        assert [type(node) for node in tree.body] == [ast.Expr]


@pytest.mark.parametrize(("task", "name", "stage"), STAGES, ids=[f"{task}-{name}" for task, name, _ in STAGES])
def test_a_stage_lists_what_it_imports(task, name, stage):
    listed = {path for path in stage["deps"] if path.startswith("stages/") and path.endswith(".py")}
    carried = set()
    if MODEL in stage["deps"]:
        code = import_module(f"stages.{task}.saved").Saved.code
        carried = {f"stages/{task}/{path}" for path in code} | RUNTIME
    assert not listed & carried
    known = NEUTRAL | {f"stages/{task}/{path}.py" for task in TASKS for path in ("__init__", "params")} | carried
    assert used({f"stages.{name}"}, task, known) <= listed
    models = {f"stages.{task}.models.{path.stem}" for path in Path("stages", task, "models").glob("*.py")}
    own = {f"stages/{task}/params.py", f"stages/{task}/models/${{item.model}}.py"}
    assert listed - own <= used({f"stages.{name}"} | models, task, set())
