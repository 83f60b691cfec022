"""The parts and what was fitted on them → a report of leaks; any leak fails the run."""

from pathlib import Path

from stages.console import Problem, run
from stages.files import write_json
from stages.tasks import task_module


def audit(dataset: str) -> None:
    """Check a dataset's parts and what was fitted on them for leaks."""
    findings, rows = task_module(dataset, "auditing").findings(dataset)
    passed = not any(findings.values())
    path = Path("reports/audit") / f"{dataset}.json"
    write_json(path, {"dataset": dataset, "passed": passed, "rows": rows, "findings": findings})
    if not passed:
        lines = [f"  {check}: {line}" for check, found in findings.items() for line in found]
        raise Problem(f"{dataset} failed its audit ({path})\n" + "\n".join(lines))
    print(f"{dataset}: no leak found")


if __name__ == "__main__":
    run(audit)
