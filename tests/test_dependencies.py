"""The stages' dependencies on code and parameters: a stage reruns when something changes that it uses, and only then.

What a stage uses is followed through imports, also those within functions. A task is followed method by method: `split`
uses what `Task.split` and `Task.describe` need, not what `Task.audit` does.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.tasks.discovery import find_task
from tests.tasks.models import model_names

PROJECT = Path(__file__).parents[1]
TASKS = sorted(path.parent.name for path in PROJECT.glob("stages/tasks/*/config.py"))
CONFIGS = sorted(PROJECT.glob("stages/tasks/*/config.py"))
GRAPHS = [PROJECT / "dvc.yaml", *sorted(PROJECT.glob("stages/*/dvc.yaml"))]
BASE = "stages/tasks/base.py"
# They decide how something runs and is read, or declare and call what does the work.
NEUTRAL = (
    "stages/__init__.py",
    "stages/runtime/",
    "stages/config/",
    "stages/nn/model.py",
    "stages/tasks/discovery.py",
    BASE,
)
BY_NAME = {"train": {"primary"}}  # it writes the name of the primary metric, and measures by what is in modeling/
MODEL = "models/${item.dataset}/${item.model}"


@cache
def stages(path: Path) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = YAML(typ="safe").load(path)["stages"]
    return content


STAGES = [(path.parent.name, name) for path in GRAPHS[1:] for name in stages(path)]


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"))


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, but for imports that are there for the type checker alone."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from at_run_time(child)


def source(module: str) -> str | None:
    """Return the file of one of the project's modules; a package's is left out: it holds words alone."""
    path = Path(*module.split(".")).with_suffix(".py")
    return path.as_posix() if module.startswith("stages.") and (PROJECT / path).exists() else None


def imports(node: ast.AST) -> set[str]:
    """Return the project's source files that a node imports, at once or later."""
    modules: set[str] = set()
    for part in at_run_time(node):
        if isinstance(part, ast.ImportFrom):
            modules |= {part.module or ""} | {f"{part.module}.{name.name}" for name in part.names}
        elif isinstance(part, ast.Import):
            modules |= {name.name for name in part.names}
    return {path for module in modules if (path := source(module))}


def definitions(path: str) -> dict[str, ast.AST]:
    """Return what defines each name of a module: a function, a class, an assignment or an import."""
    names: dict[str, ast.AST] = {}
    for node in tree(path).body:
        names |= dict.fromkeys(_names(node), node)
    return names


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom | ast.Import):
        return [name.asname or name.name for name in node.names]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def task_class(path: str) -> dict[str, ast.AST]:
    """Return what defines each attribute of the task's class in a module, or of `Task` itself."""
    classes = [node for node in tree(path).body if isinstance(node, ast.ClassDef)]
    chosen = [
        node for node in classes if node.name == "Task" or any(ast.unparse(base) == "Task" for base in node.bases)
    ]
    return {name: node for node in chosen[0].body for name in _names(node)}


def task_attributes(node: ast.AST) -> set[str]:
    """Return the attributes of a task that a node uses."""
    accesses = [part for part in at_run_time(node) if isinstance(part, ast.Attribute)]
    return {part.attr for part in accesses if _is_a_task(ast.unparse(part.value))}


def _is_a_task(owner: str) -> bool:
    return owner in ("task", "self") or owner.startswith("find_task(") or owner.endswith("['task']")


def attributes_of_stage(files: set[str], start: str, ignored: set[str]) -> set[str]:
    """Return the attributes of a task that a stage uses, those that `Task` itself calls in turn among them."""
    base, helpers = task_class(BASE), definitions(BASE)
    attributes = {name for path in files for name in task_attributes(tree(path))} & base.keys()
    for node in ast.walk(tree(start)):
        if isinstance(node, ast.ImportFrom) and node.module == "stages.tasks.base":
            functions = [helpers[name.name] for name in node.names if isinstance(helpers[name.name], ast.FunctionDef)]
            attributes |= {name for function in functions for name in task_attributes(function)} & base.keys()
    attributes -= ignored
    while more := ({name for each in attributes for name in task_attributes(base[each])} & base.keys()) - attributes:
        attributes |= more
    return attributes


def files_of_attributes(path: str, attributes: set[str]) -> tuple[set[str], set[str]]:
    """Return the source files that some attributes of a task's class need, and keys of parameters that they read."""
    own, names = task_class(path), definitions(path)
    waiting, done = [own[name] for name in sorted(attributes & own.keys())], []
    files: set[str] = set()
    while waiting:
        node = waiting.pop()
        done.append(node)
        files |= imports(node)
        mentioned = {part.id for part in at_run_time(node) if isinstance(part, ast.Name)}
        found = [own[name] for name in task_attributes(node) & own.keys()]
        found += [names[name] for name in mentioned & names.keys() if name != "TASK"]
        waiting += [node for node in found if node not in done]
    return files, {key for node in done for key in keys(node)}


def keys(node: ast.AST) -> set[str]:
    """Return the keys of a dataset's or a task's parameters that a node reads."""
    read: set[str] = set()
    for part in at_run_time(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            place = {"params": 0, "task_params": 1}.get(part.func.attr, len(part.args))  # of the key among arguments
            read |= {key.value for key in part.args[place : place + 1] if isinstance(key, ast.Constant)}
    return read


def closure(start: set[str]) -> set[str]:
    """Return some source files and all that they import; neutral ones and tasks are not followed."""
    waiting, files = set(start), set()
    while waiting:
        path = waiting.pop()
        files.add(path)
        if not path.startswith(NEUTRAL) and not path.endswith(("/task.py", "/config.py")):
            waiting |= imports(tree(path)) - files
    return files


def used(task: str, stage: str) -> tuple[set[str], set[str]]:
    """Return the source files that a stage of a task uses, and the keys of parameters that it reads."""
    start, own = f"stages/{stage}.py", f"stages/tasks/{task}/task.py"
    shared = closure({start})
    attributes = attributes_of_stage(shared - {BASE}, start, BY_NAME.get(stage, set()))
    direct, read = files_of_attributes(own, attributes)
    files = shared | closure(direct) | {own}
    for path in files:
        if not path.startswith(NEUTRAL) and path != own:
            read |= keys(tree(path))
    if stage == "train":
        models = {f"stages/models/{find_task(task).family}/{name}.py" for name in model_names(task)}
        shared = (path for path in closure(models) if path.startswith("stages/data/") or path.count("/") == 2)
        files |= models | {path for path in shared if path.startswith(("stages/data/", "stages/tasks/"))}
    return files, read


def covers(listed: str, path: str) -> bool:
    """Tell whether a dependency is a file or the folder of it; a model's own file stands for all models' files."""
    folder, _, name = listed.rpartition("/")
    return path == listed or path.startswith(f"{listed}/") or (name == "${item.model}.py" and path.startswith(folder))


def code(stage: dict[str, Any]) -> list[str]:
    return [path for path in stage["deps"] if path.startswith("stages/")]


@pytest.mark.parametrize(("task", "name"), STAGES)
def test_a_stage_lists_the_code_that_it_uses(task, name):
    stage = stages(PROJECT / "stages" / task / "dvc.yaml")[name]
    files, _ = used(task, name)
    excused = (*NEUTRAL, f"stages/tasks/{task}/task.py", *(path.relative_to(PROJECT).as_posix() for path in CONFIGS))
    if MODEL in stage["deps"]:  # the code that it was made by: model.json carries its hash
        excused += ("stages/evaluation/hypotheses.py",)  # it comes along with the metrics, for `compare`
        family = find_task(task).family
        excused += ("stages/nn/", "stages/training/", f"stages/models/{family}/")
        excused += (f"stages/tasks/{task}/modeling/", f"stages/tasks/{family}/modeling/")
    needed = {path for path in files if not path.startswith(excused)}
    lacking = {path for path in needed if not any(covers(listed, path) for listed in code(stage))}
    assert not lacking


@pytest.mark.parametrize(("task", "name"), STAGES)
def test_a_stage_lists_no_code_that_it_does_not_use(task, name):
    files, _ = used(task, name)
    texts = "".join(ast.unparse(tree(path)) for path in files)
    listed = code(stages(PROJECT / "stages" / task / "dvc.yaml")[name])
    unused = {path for path in listed if not any(covers(path, file) for file in files)}
    assert not {path for path in unused if path.endswith(".py") or Path(path).name not in texts}  # or it is a template


@pytest.mark.parametrize(("task", "name"), STAGES)
def test_a_stage_lists_the_parameters_that_it_reads(task, name):
    if name in ("fetch", "train"):
        pytest.skip("it reads them through functions of all tasks")
    listed = stages(PROJECT / "stages" / task / "dvc.yaml")[name]["deps"]
    _, read = used(task, name)
    assert {Path(path).stem for path in listed if path.startswith("data/params/")} == read


def test_the_ends_of_the_graph_list_the_code_that_they_use():
    ends = stages(PROJECT / "dvc.yaml")
    for name, stage in ends.items():
        files = closure({f"stages/{name}.py"})
        excused = NEUTRAL if name == "report" else ("stages/__init__.py", "stages/runtime/")
        needed = {path for path in files if not path.startswith(excused)}
        assert not {path for path in needed if not any(covers(listed, path) for listed in code(stage))}, name


def test_every_dependency_on_code_is_there():
    for path in GRAPHS:
        for name, stage in stages(path).items():
            for listed in code(stage):
                place = PROJECT / listed
                exists = any(place.parent.glob("*.py")) if "${" in place.name else place.exists()
                assert exists, f"{path}: {name} depends on {listed}"


def test_every_dependency_on_parameters_is_written_by_check(tmp_path):
    from stages.config.loader import load
    from stages.config.paths import Paths
    from stages.config.resolved import write_resolved
    from stages.tasks.discovery import section_types

    params = load(PROJECT / "params.yaml", section_types())
    write_resolved(params, Paths(tmp_path))
    for path in GRAPHS:
        section = params.sections().get(path.parent.name)
        for stage in stages(path).values():
            for listed in stage["deps"]:
                if listed.startswith("data/params/"):
                    for dataset in section.datasets if section else [""]:
                        for model in section.model_names() if section else [""]:
                            file = listed.replace("${item.dataset}", dataset).replace("${item.model}", model)
                            assert (tmp_path / file).is_file(), file


def test_only_what_judges_models_depends_on_the_test_part():
    for path in GRAPHS[1:]:
        for name, stage in stages(path).items():
            reads_test = {"data/prepared/${item.dataset}/parts", "data/prepared/${item.dataset}/parts/test.parquet"}
            if reads_test & set(stage["deps"]):
                assert name in ("audit", "evaluate"), f"{path}: {name}"


def test_the_graph_is_short():
    assert all(len(path.read_text(encoding="utf-8").splitlines()) < 110 for path in GRAPHS)
