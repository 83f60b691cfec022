"""Which rows go to which part: the parameters that tasks share."""

from pydantic import Field

from stages.config.schema import Frozen


class HashSplit(Frozen):
    """Which rows go to which part, by a hash of what they hold or of their group; official parts stand."""

    validation: float = Field(default=0.1, gt=0, lt=0.5, description="share of the rows, or of their groups")
    test: float = Field(default=0.1, gt=0, lt=0.5, description="share of the rows, or of their groups")
    salt: str = Field(default="recur", description="another salt gives another split")
