"""Pictures of classification results, as SVG that stands inside a page and takes on its looks.

Matplotlib draws with marker colours; `inline` replaces them with the page's CSS variables, so that a picture follows
the reader's light or dark theme. Text stays text, in the page's own font: it can be searched and read aloud, and
scripts that Matplotlib's font lacks are shown all the same. No text is read as mathematics, whatever `$` it holds.

The variables a page must define: --ink, --soft, --line, --accent and --series-0 to --series-7.
"""

import io
import math
import re
import warnings
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

INK, SOFT, LINE, ACCENT = "#010101", "#020202", "#030303", "#040404"
SERIES = [f"#0501{number:02x}" for number in range(8)]
DASHES = ["-", (0, (4, 2)), (0, (1, 1.5))]  # for more series than there are colours
VARIABLES = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", ACCENT: "var(--accent)"} | {
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
WIDTH = 5.0  # inches: at 72 units an inch the width of a telephone, where the text has the size of the page's
NUMBERED = 10  # a confusion matrix of more classes holds no numbers
TICKS = 20  # class names that fit along an axis; of more, every second or third is named
SHOWN = 16  # characters of a class name
PALEST, STRONGEST = 0.06, 0.6  # opacity of a cell: a number on it must stay readable in both themes

styled = style.context(["default", STYLE])  # "default": whatever a user's own matplotlibrc says


@styled
def intervals(models: dict[str, dict], best: str, baseline: str | None, name: str, title: str) -> str:
    """Return a dot and an interval a model, the best accuracy on top; a line marks the best baseline's mean.

    Args:
        models: of each model {mean, low, high}.
        best: the model to set off by colour.
        baseline: the model whose mean is drawn as a line, if any.
        name: of the picture, its own on the page.
        title: what the picture shows, for those who do not see it.
    """
    figure, axes = _axes(0.75 + 0.32 * len(models))
    rows = sorted(models, key=lambda model: (models[model]["mean"], model))
    for row, model in enumerate(rows):
        found, colour = models[model], ACCENT if model == best else SOFT
        axes.plot([found["low"], found["high"]], [row, row], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(found["mean"], row, "o", color=colour, markersize=7)
    if baseline is not None:
        axes.axvline(models[baseline]["mean"], color=INK, linewidth=1, linestyle=DASHES[1])
    axes.set_yticks(range(len(rows)), rows, color=INK)
    axes.tick_params(length=0)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("test accuracy")
    return inline(figure, name, title)


@styled
def curves(
    tables: dict[str, pd.DataFrame], column: str, colours: list[str], baseline: pd.DataFrame | None, name: str
) -> str:
    """Return a figure on validation by epoch, one line a seed, one colour a model.

    Args:
        tables: of each model its learning curves, with the columns seed, epoch and `column`.
        column: the figure, such as validation_accuracy.
        colours: all models' names, so that a model has the same colour in every picture.
        baseline: the learning curve of the best baseline, drawn as a level line, if any.
        name: of the picture, its own on the page.
    """
    label = column.replace("_", " ")
    figure, axes = _axes(3.2)
    handles = []
    for model, table in tables.items():
        look = _look(colours.index(model)) | {"linewidth": 1.1, "marker": ".", "markersize": 4}
        for _, rows in table.groupby("seed"):
            (line,) = axes.plot(rows["epoch"], rows[column], **look)
        line.set_label(model)
        handles.append(line)
    if baseline is not None:
        level = baseline[column].iloc[-1]
        handles.append(axes.axhline(level, color=INK, linewidth=1, linestyle=DASHES[1], label="best baseline"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    _legend(figure, handles)
    return inline(figure, name, f"{label} by epoch of {', '.join(tables)}")


@styled
def confusion(predictions: pd.DataFrame, labels: list[str], name: str, title: str) -> str:
    """Return a confusion matrix, shaded by the share of each actual class's items; counts where classes are few.

    Args:
        predictions: the columns actual and predicted, both of labels.
        labels: all labels, in the order of the rows and columns.
        name: of the picture, its own on the page.
        title: what the picture shows, for those who do not see it.
    """
    counts = pd.crosstab(predictions["actual"], predictions["predicted"])
    counts = counts.reindex(index=labels, columns=labels, fill_value=0).to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _axes(min(4.8, 1.2 + 0.6 * len(labels)))
    for row, column in np.argwhere(counts):
        opacity = PALEST + (STRONGEST - PALEST) * shares[row, column]
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=ACCENT, alpha=opacity, linewidth=0))
        if len(labels) <= NUMBERED:
            axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=10)
    _name_classes(axes, labels)
    axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), aspect="equal")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.set(xlabel="predicted", ylabel="actual")
    return inline(figure, name, title)


@styled
def lengths(histogram: pd.DataFrame, name: str, title: str) -> str:
    """Return how the parts' texts spread over lengths, as densities: parts of any size can be compared.

    Args:
        histogram: the columns part, tokens (a bin's upper edge) and texts.
        name: of the picture, its own on the page.
        title: what the picture shows, for those who do not see it.
    """
    figure, axes = _axes(2.6)
    handles = []
    for number, (part, rows) in enumerate(histogram.groupby("part", sort=False)):
        edges = np.concatenate([[0], rows["tokens"]])
        density = rows["texts"].to_numpy() / np.diff(edges) / max(rows["texts"].sum(), 1)
        look = _look(number)
        handles.append(axes.stairs(density, edges, label=part, color=look["color"], linewidth=1.4))
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.set_xlabel("tokens in a text")
    axes.set_ylabel("share of texts")
    _legend(figure, handles)
    return inline(figure, name, title)


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
    root.remove(root.find("metadata"))
    root.remove(root.find("defs/style/.."))  # its rule would hold for the whole page
    root.attrib = {"viewBox": root.get("viewBox"), "role": "img"}
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


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height))
    return figure, figure.add_subplot()


def _look(number: int) -> dict:
    cycle, place = divmod(number, len(SERIES))
    return {"color": SERIES[place], "linestyle": DASHES[cycle % len(DASHES)]}


def _legend(figure: Figure, handles: list) -> None:
    figure.legend(handles=handles, loc="outside upper left", ncols=3, frameon=False, handlelength=1.4)


def _name_classes(axes: Axes, labels: list[str]) -> None:
    step = math.ceil(len(labels) / TICKS)
    ticks, names = range(0, len(labels), step), [_short(label) for label in labels[::step]]
    size = 11 if len(labels) <= NUMBERED else 9
    rotation = 0 if len(labels) <= 2 else 45 if len(labels) <= NUMBERED else 90
    axes.set_yticks(ticks, names, color=INK, fontsize=size)
    axes.set_xticks(
        ticks, names, color=INK, fontsize=size, rotation=rotation, ha="right" if rotation == 45 else "center"
    )


def _short(label: str) -> str:
    """Return a label as one line of printable characters that fits beside an axis."""
    line = " ".join("".join(char if char.isprintable() else " " for char in label).split())
    return f"{line[: SHOWN - 1]}…" if len(line) > SHOWN else line
