"""Pictures of sequence to sequence."""

from stages.pictures import inline, legend, look, new_axes, styled


@styled
def by_length(models: dict[str, list[dict]], figure: str, words: str, colours: list[str], name: str) -> str:
    """Return a line a model: a figure by the source's length, in bands of about as many sources each.

    Args:
        models: of each model rows {from, to, <figure>}.
        figure: the key of what is drawn.
        words: what it is.
        colours: all models' names, so that a model has the same colour in every picture.
        name: of the picture, its own on the page.
    """
    drawn, axes = new_axes(3.6)
    handles = []
    for model, rows in models.items():
        places = [(row["from"] + row["to"]) / 2 for row in rows]
        style = look(colours.index(model))
        handles += axes.plot(places, [row[figure] for row in rows], label=model, marker=".", **style)
    axes.set(xlabel="tokens of the source", ylabel=words)
    axes.set_ylim(bottom=0)
    legend(drawn, handles)
    told = (f"{model} {', '.join(f'{row[figure]:.3f}' for row in rows)}" for model, rows in models.items())
    return inline(drawn, name, f"{words.capitalize()} by the source's length, from short to long: {'; '.join(told)}")
