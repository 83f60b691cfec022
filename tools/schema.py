"""The typed parameters → params.schema.json, by which an editor completes, explains and checks params.yaml."""

import json
from pathlib import Path

from stages.params import Params

PATH = Path("params.schema.json")


def schema() -> str:
    """Return the JSON schema of params.yaml."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Params.model_json_schema()}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema(), encoding="utf-8")
    print(f"wrote {PATH}")
