"""What the README tells its readers to type."""

import re

from ruamel.yaml import YAML

from tests.project import PROJECT

TEXT = (PROJECT / "README.md").read_text(encoding="utf-8")
# A paragraph that names where an entry goes, and the entry in a block of YAML.
ENTRY = re.compile(r"`(\w+)\.datasets`(?:(?!`\w+\.datasets`).)*?```yaml\n(my_\w+:\n.*?)```", re.DOTALL)


def entries() -> dict[str, tuple[str, str]]:
    """Return the task and the text of each entry that the README shows, by the dataset's name."""
    shown = {next(iter(YAML(typ="safe").load(text))): (task, text) for task, text in ENTRY.findall(TEXT)}
    assert len(shown) == TEXT.count("```yaml\nmy_"), "an entry without a paragraph that names its task"
    return shown
