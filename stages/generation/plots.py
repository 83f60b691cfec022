"""Pictures of language models."""

from stages.pictures import inline, legend, look, new_axes, styled


@styled
def by_position(models: dict[str, list[dict]], name: str) -> str:
    """Return a line a model: bits a character by the number of tokens that stand before it in a window.

    Args:
        models: of each model rows {from, to, bits_per_character}.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(3.4)
    handles = []
    for number, (model, rows) in enumerate(models.items()):
        places = [(row["from"] + row["to"]) / 2 + 1 for row in rows]
        handles += axes.plot(
            places, [row["bits_per_character"] for row in rows], label=model, marker=".", **look(number)
        )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="place in the window, in tokens", ylabel="bits a character")
    legend(figure, handles)
    told = (
        f"{model} {rows[0]['bits_per_character']:.2f} to {rows[-1]['bits_per_character']:.2f}"
        for model, rows in models.items()
    )
    return inline(
        figure, name, f"Bits a character by place in the window, from the first to the last: {'; '.join(told)}"
    )
