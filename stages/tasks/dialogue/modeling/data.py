"""Conversations as models of pairs read them."""

from functools import cached_property

import pandas as pd

from stages.runtime.files import read_json
from stages.tasks.seq2seq.modeling.data import PreparedTexts

META = "meta.json"


class PreparedDialogue(PreparedTexts):
    """What `tokenize` wrote for one dataset, to data/prepared/<dataset>/tokens."""

    @cached_property
    def limits(self) -> dict[str, int]:
        """How many turns a reply is given for, `history`, and how many of their `words`."""
        limits: dict[str, int] = read_json(self.folder / META)
        return limits

    def texts(self, part: str) -> tuple[list[str], list[str]]:
        """Return what was said and the replies of a part, whose file lies beside the folder."""
        rows = pd.read_parquet(self.folder.parent / "parts" / f"{part}.parquet", columns=["source", "targets"])
        return rows["source"].tolist(), [targets[0] for targets in rows["targets"]]
