"""How signals become frames: the parameters that the tasks of signals and of speech share."""

from typing import Literal

from pydantic import Field

from stages.config.schema import Frozen


class WindowConfig(Frozen):
    """How a signal becomes frames. What is fitted is fitted on train alone."""

    scaler: Literal["standard", "each", "none"] = Field(
        default="standard",
        description="standard: each channel's mean over train is taken off, and it is divided by its deviation; each: "
        "by the signal's own, so that its level and size do not count; none: values stay as they are",
    )
    steps_per_frame: int = Field(default=1, ge=1, description="so many steps become one frame, their mean")
    maximum_length: int = Field(default=512, ge=1, description="frames; the rest of a longer signal is cut off")
