"""Numbers in words, the same on every page."""

import math
import re
from collections.abc import Mapping
from typing import Any

MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$&])")


def interval(values: Mapping[str, Any]) -> str:
    """Word a mean and its interval, if it has one: 0.795 [0.770, 0.820].

    Of large ones four digits: 78.10 [77.02, 79.21].
    """
    size = abs(values["mean"])
    decimals = min(3, max(0, 3 - math.floor(math.log10(size)))) if size else 3
    mean = f"{values['mean']:,.{decimals}f}"
    if values["low"] is None:
        return mean
    return f"{mean} [{values['low']:,.{decimals}f}, {values['high']:,.{decimals}f}]"


def seconds(value: float) -> str:
    """Word a duration in seconds: 0.05, 3.4, 1,234."""
    if value < 0.005:
        return "<0.01"
    return f"{value:,.2f}" if value < 1 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def spread(sd: float | None) -> str:
    """Word a standard deviation over seeds, which one seed does not have."""
    return "–" if sd is None else f"{sd:.3f}"


def megabytes(count: int) -> str:
    """Word a number of bytes in MB of a million each: 12.4."""
    return f"{count / 1e6:,.1f}" if count >= 5e4 else "<0.1"


def signature_line(compared: Mapping[str, Any]) -> str:
    """Word what the metrics were measured on; the seeds are the chosen model's."""
    signature = compared["signature"]
    seeds = ", ".join(map(str, signature["seeds"]))
    known = ("part", "items", "split", "seeds", "vocabulary", "average")
    more = [f"{name.replace('_', ' ')}: {value}" for name, value in signature.items() if name not in known]
    vocabulary = f"vocabulary {signature['vocabulary']:,}, " if "vocabulary" in signature else ""
    measured_on = (
        f"{signature['items']:,} {signature['part']} {compared['sample']['words']}; "
        f"split {signature['split']}, seeds {seeds} ({compared['best']}), {vocabulary}{signature['average']}"
    )
    return "; ".join([measured_on, *more])


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))
