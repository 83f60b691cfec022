"""Pictures as SVG that stands inside a page and takes on its looks.

Matplotlib draws with marker colours; `inline` replaces them with the page's CSS variables, so that a picture follows
the reader's light or dark theme. Text stays text, in the page's own font: it can be searched and read aloud, and
scripts that Matplotlib's font lacks are shown all the same. No text is read as mathematics, whatever `$` it holds.

The variables that a page must define stand in `stages/reporting/templates/style.css.j2`: --ink, --soft, --line,
--accent, --back and --series-0 to --series-7.
"""

import io
import re
import warnings
from xml.etree import ElementTree

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

INK, SOFT, LINE, ACCENT, BACK = "#010101", "#020202", "#030303", "#040404", "#060606"
SERIES = [f"#0501{number:02x}" for number in range(8)]
DASHES = ["-", (0, (4, 2)), (0, (1, 1.5))]  # for more series than there are colours
NAMED = {INK: "ink", SOFT: "soft", LINE: "line", ACCENT: "accent", BACK: "back"}
VARIABLES = {colour: f"var(--{name})" for colour, name in NAMED.items()} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(SERIES)
}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "recur",  # the same ids each time
    "text.parse_math": False,
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "xtick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.color": LINE,
    "ytick.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "grid.color": LINE,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "figure.constrained_layout.use": True,
}
THIRD = 15  # letters of a legend's name of which three stand beside each other
WIDTH = 5.0  # inches: at 72 units an inch the width of a telephone, where the text has the size of the page's

styled = style.context(["default", STYLE])  # "default": whatever a user's own matplotlibrc says


def new_axes(height: float) -> tuple[Figure, Axes]:
    """Return an empty picture of the page's width and a height in inches."""
    figure = Figure(figsize=(WIDTH, height))
    return figure, figure.add_subplot()


def look(number: int) -> dict:
    """Return the colour and the dashes of a series; two series differ in at least one of them."""
    cycle, place = divmod(number, len(SERIES))
    return {"color": SERIES[place], "linestyle": DASHES[cycle % len(DASHES)]}


def legend(figure: Figure, handles: list) -> None:
    """Put a legend above the picture, as many names beside each other as its width has room for."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = 3 if longest <= THIRD else 2
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, frameon=False, handlelength=1.4)


def apart(places: list[float], gap: float) -> list[float]:
    """Return places moved so that neighbours lie at least `gap` apart, and in all as little as possible."""
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    moved = np.empty(len(places))
    moved[order] = isotonic_regression(np.asarray(places, float)[order] - steps).x + steps
    return moved.tolist()


def inline(figure: Figure, name: str, title: str) -> str:
    """Return a figure as an SVG element for an HTML page.

    Matplotlib's markup is changed as a tree, not as text, so that what a label says is never taken for markup.

    Args:
        figure: drawn with the colours of `VARIABLES`.
        name: put before every id, for ids must be unique on a page.
        title: what the picture shows, for those who do not see it.
    """
    drawn = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the browser has other fonts
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(drawn.getvalue())
    for element in root.iter():
        attributes = {_local(key): _adapt(_local(key), value, name) for key, value in element.attrib.items()}
        element.tag = _local(element.tag)
        element.attrib.clear()
        element.attrib.update(attributes)
    for place in ("metadata", "defs/style/.."):  # a style's rule would hold for the whole page
        unwanted = root.find(place)
        assert unwanted is not None
        root.remove(unwanted)
    root.attrib = {"viewBox": root.get("viewBox", ""), "role": "img"}
    heading = ElementTree.Element("title")
    heading.text = title
    root.insert(0, heading)
    return ElementTree.tostring(root, encoding="unicode")


def _local(tag: str) -> str:
    """Leave out the namespace: an HTML parser knows SVG by its element names."""
    return tag.rpartition("}")[2]


def _adapt(key: str, value: str, name: str) -> str:
    value = " ".join(value.split())
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return value.replace("#", f"#{name}-")
    if key == "clip-path":
        return value.replace("url(#", f"url(#{name}-")
    if key == "style":
        value = re.sub(r"font-family: [^;]*(; |$)", "", value)
        return re.sub(r"#\w{6}", lambda colour: VARIABLES.get(colour[0], colour[0]), value)
    return value
