"""The commands of `recur`: what their words and options mean. What they do is in the modules beside this one.

Those are imported when a command runs, so that `recur --help` waits for nothing.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from stages.app.common import NestedFormat, TableFormat, TextSource, parse_settings
from stages.config.paths import Paths
from stages.runtime.command import errors_for_people
from stages.runtime.errors import UsageError

TEXTS_EPILOG = (
    "Without TEXT and --file, texts are read from standard input, one per line. {blank} A text that begins with a dash "
    "goes after --."
)
BLANK_LABEL = "A blank line is a text without words; a neural model answers it with the classes' shares in train."
BLANK_OUTPUT = "A blank line gets an empty output."

DatasetName = Annotated[str, typer.Argument(metavar="DATASET", help="A folder below models/.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A folder below models/DATASET/.")]
Texts = Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="Texts to read.")]
TextFile = Annotated[
    str | None,
    typer.Option("--file", metavar="FILE", help="Read texts from a UTF-8 file, one per line; - is standard input."),
]

program = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


def main() -> None:
    """Run the command that the command line names."""
    with errors_for_people():
        program(prog_name="recur")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"recur {version('recur')}")
        except PackageNotFoundError:  # run from the sources
            print("recur, not installed")
        raise typer.Exit


@program.callback()
def recur(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Add, try and run datasets, and ask the models that were trained. Run it from the project's folder."""


@program.command("try")
def try_(
    target: Annotated[
        str, typer.Argument(metavar="FILE|DATASET", help="A file, a folder or a URL; or a dataset of params.yaml.")
    ],
    minutes: Annotated[float, typer.Option(metavar="N", min=0.1, help="How long it may take, about.")] = 3.0,
) -> None:
    """Find out within minutes which model does best on your data.

    Baselines come first, then networks as long as there is time. All of it happens in a scratch folder. If the data do
    not tell what is what, add them by `recur add`, which has options, and try the dataset.
    """
    from stages.app.trial import run_trial

    run_trial(Paths(), target, minutes)


@program.command()
def run(
    datasets: Annotated[
        list[str] | None, typer.Argument(metavar="[DATASET]...", help="Datasets of params.yaml; none: all of them.")
    ] = None,
) -> None:
    """Run the pipeline, all of it or for some datasets alone, and report on what there is."""
    from stages.app.pipeline import run_pipeline

    run_pipeline(Paths(), datasets or [])


@program.command(epilog=TEXTS_EPILOG.format(blank=BLANK_LABEL))
def predict(
    dataset: DatasetName,
    model: ModelName,
    texts: Texts = None,
    file: TextFile = None,
    output_format: Annotated[
        TableFormat | None,
        typer.Option(
            "--format", help="By default table on a terminal and csv elsewhere; jsonl has an object for each text."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed alone, not all of them.")
    ] = None,
    attention: Annotated[
        bool,
        typer.Option(
            "--attention",
            help="Add each token with its weight, averaged over heads and runs, to jsonl. What is cut off a long text "
            "has none.",
        ),
    ] = False,
) -> None:
    """Label texts, or the signals in files, with a trained classifier.

    For a classifier of signals each TEXT is the path of a file.

    Probabilities are the mean over the runs of all seeds.
    """
    from stages.app.predict import predict as run

    run(Paths(), dataset, model, TextSource(texts or [], file), output_format, seed, attention)


@program.command()
def generate(
    dataset: DatasetName,
    model: ModelName,
    prompt: Annotated[
        str,
        typer.Option(metavar="TEXT", help="What the text follows; by default the end of a line.", show_default=False),
    ] = "\n",
    temperature: Annotated[float, typer.Option(metavar="T", help="0: always the likeliest token.")] = 0.8,
    top_k: Annotated[int | None, typer.Option(metavar="K", help="Draw from the K likeliest tokens only.")] = None,
    top_p: Annotated[
        float | None, typer.Option(metavar="P", help="Draw from the likeliest tokens that have probability P together.")
    ] = None,
    beam: Annotated[
        int | None, typer.Option(metavar="WIDTH", help="Search for the likeliest text instead of drawing.")
    ] = None,
    length: Annotated[int, typer.Option(metavar="N", help="Characters.")] = 500,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the draws: the same seed gives the same text.")] = 0,
    replica: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed; by default the first.")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Print each token as it is generated.")] = False,
) -> None:
    """Generate text with a trained language model."""
    from stages.app.generate import generate as run
    from stages.tasks.generation.sampling import Strategy

    strategy = Strategy(temperature, top_k, top_p)
    run(Paths(), dataset, model, prompt, strategy, length, seed, beam, replica, stream)


@program.command()
def forecast(
    dataset: DatasetName,
    model: ModelName,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Forecast after this file's last values. If the dataset has covariates, more rows hold those to come.",
        ),
    ] = None,
    output_format: Annotated[
        TableFormat, typer.Option("--format", help="jsonl has an object for each step.")
    ] = TableFormat.TABLE,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there instead of printing.")] = None,
) -> None:
    """Forecast what comes after the last known values.

    Each step has a median and intervals of 80 and 95 %.
    """
    from stages.app.forecast import forecast as run

    run(Paths(), dataset, model, source, output_format, output)


@program.command(epilog=TEXTS_EPILOG.format(blank=BLANK_OUTPUT))
def translate(
    dataset: DatasetName,
    model: ModelName,
    texts: Texts = None,
    file: TextFile = None,
    beam: Annotated[int, typer.Option(metavar="WIDTH", help="Hypotheses that the search keeps; 1: greedy.")] = 5,
    best: Annotated[int, typer.Option(metavar="N", help="Outputs for each text, the best first.")] = 1,
    length_penalty: Annotated[
        float, typer.Option(metavar="P", help="A score is divided by the length to this power.")
    ] = 1.0,
    alignments: Annotated[
        bool, typer.Option("--alignments", help="Show where the model attended as it wrote.")
    ] = False,
    output_format: Annotated[
        NestedFormat | None, typer.Option("--format", help="By default table on a terminal and jsonl elsewhere.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed; by default the first.")
    ] = None,
) -> None:
    """Translate texts with a trained sequence-to-sequence model.

    One run answers, by beam search.
    """
    from stages.app.translate import translate as run

    source = TextSource(texts or [], file)
    run(Paths(), dataset, model, source, beam, best, length_penalty, alignments, output_format, seed)


@program.command()
def transcribe(
    dataset: DatasetName,
    model: ModelName,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Recordings, or arrays as the model's own.")],
    beam: Annotated[int, typer.Option(metavar="WIDTH", help="Hypotheses that the search keeps; 1: greedy.")] = 5,
    best: Annotated[int, typer.Option(metavar="N", help="Outputs for each recording, the best first.")] = 1,
    alignments: Annotated[bool, typer.Option("--alignments", help="Show which frames each word comes from.")] = False,
    output_format: Annotated[
        NestedFormat | None, typer.Option("--format", help="By default table on a terminal and jsonl elsewhere.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed; by default the first.")
    ] = None,
) -> None:
    """Write down what recordings say, with a trained model of speech.

    One run answers, by beam search.
    """
    from stages.app.transcribe import transcribe as run

    run(Paths(), dataset, model, files, beam, best, alignments, output_format, seed)


@program.command()
def describe(
    dataset: DatasetName,
    model: ModelName,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Pictures.")],
    beam: Annotated[int, typer.Option(metavar="WIDTH", help="Hypotheses that the search keeps; 1: greedy.")] = 5,
    best: Annotated[int, typer.Option(metavar="N", help="Outputs for each picture, the best first.")] = 1,
    alignments: Annotated[
        bool, typer.Option("--alignments", help="Show where in the picture each word comes from.")
    ] = False,
    output_format: Annotated[
        NestedFormat | None, typer.Option("--format", help="By default table on a terminal and jsonl elsewhere.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed; by default the first.")
    ] = None,
) -> None:
    """Describe pictures with a trained model.

    One run answers, by beam search.
    """
    from stages.app.describe import describe as run

    run(Paths(), dataset, model, files, beam, best, alignments, output_format, seed)


@program.command()
def detect(
    dataset: DatasetName,
    model: ModelName,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Pictures.")],
    score: Annotated[float, typer.Option(metavar="SHARE", help="That a detection has at least, from 0 to 1.")] = 0.5,
    output_format: Annotated[
        NestedFormat | None, typer.Option("--format", help="By default table on a terminal and jsonl elsewhere.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed; by default the first.")
    ] = None,
) -> None:
    """Find objects in pictures with a trained model."""
    from stages.app.detect import detect as run

    run(Paths(), dataset, model, files, score, output_format, seed)


@program.command()
def ask(
    dataset: DatasetName,
    model: ModelName,
    questions: Annotated[list[str], typer.Argument(metavar="QUESTION", help="About the text.")],
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="The text; -, or none: standard input.")
    ] = None,
    output_format: Annotated[
        NestedFormat | None, typer.Option("--format", help="By default table on a terminal and jsonl elsewhere.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed alone, not all of them.")
    ] = None,
) -> None:
    """Answer questions about a text with a trained model, and show the sentences that it looked at.

    Probabilities are the mean over the runs of all seeds; looks are those of the first.
    """
    from stages.app.ask import ask as run

    run(Paths(), dataset, model, questions, TextSource([], file), output_format, seed)


@program.command()
def chat(
    dataset: DatasetName,
    model: ModelName,
    beam: Annotated[int, typer.Option(metavar="WIDTH", help="Hypotheses that the search keeps; 1: greedy.")] = 3,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help="Ask the run with this seed; by default the first.")
    ] = None,
) -> None:
    """Talk with a trained model of dialogue: a line is a turn, the end of the input the end.

    A demonstration: it knows the last turns alone, and nothing of the world.
    """
    from stages.app.chat import chat as run

    run(Paths(), dataset, model, beam, seed)


@program.command()
def backtest(
    dataset: DatasetName,
    model: ModelName,
    cutoffs: Annotated[int, typer.Option(metavar="N", help="Cut-offs, evenly spread over the test part.")] = 3,
    refit: Annotated[bool, typer.Option("--refit", help="Fit the model and its scaler anew before each.")] = False,
) -> None:
    """Measure a forecaster after several cut-offs of the test part."""
    from stages.app.backtest import backtest as run

    run(Paths(), dataset, model, cutoffs, refit)


@program.command()
def add(
    source: Annotated[
        str | None, typer.Argument(metavar="FILE|FOLDER|URL", help="The data; in a folder, files directly in it.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the dataset; by default the file's.")] = None,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="By default what the data look like.")] = None,
    text: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of the texts.")] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of the labels.")] = None,
    weight: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of the texts' weights in training.")] = None,
    part: Annotated[str | None, typer.Option(metavar="COLUMN", help="That names official parts.")] = None,
    pair_source: Annotated[
        str | None, typer.Option("--source", metavar="COLUMN", help="Of what is read, or what its file's name holds.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of what is to be written, or what its file's name holds.")
    ] = None,
    timestamp: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of the times.")] = None,
    values: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Of values to forecast; may be given again.")
    ] = None,
    covariates: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Known ahead; may be given again.")
    ] = None,
    series: Annotated[str | None, typer.Option(metavar="COLUMN", help="That names a row's series.")] = None,
    signal: Annotated[str | None, typer.Option(metavar="COLUMN", help="That names a row's signal.")] = None,
    time_format: Annotated[str | None, typer.Option(metavar="FORMAT", help="Of times, as strptime names it.")] = None,
    time_zone: Annotated[str | None, typer.Option(metavar="ZONE", help="Of times, such as Europe/Berlin.")] = None,
    frequency: Annotated[str | None, typer.Option(metavar="ALIAS", help="Of times: 30min, h, D, W, MS, …")] = None,
    gaps: Annotated[str | None, typer.Option(metavar="RULE", help="forbid, forward or interpolate.")] = None,
    horizon: Annotated[int | None, typer.Option(metavar="STEPS", help="To forecast at once.")] = None,
    season: Annotated[int | None, typer.Option(metavar="STEPS", help="Until the pattern comes again.")] = None,
    look_back: Annotated[int | None, typer.Option(metavar="STEPS", help="That a forecast may read.")] = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="csv, tsv, jsonl, …")] = None,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Of text, such as cp1252.")] = None,
    delimiter: Annotated[str | None, typer.Option(metavar="CHARACTER", help="Between fields.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Of a column of a file without header; one after the other."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("-S", "--set", metavar="KEY=VALUE", help="Any other key of the entry: -S tokenizer.unit=bpe."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the entry, and write nothing.")] = False,
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take a dataset out, with all that was made of it.")
    ] = None,
) -> None:
    """Write the entry of a new dataset into params.yaml, or remove one.

    It looks at the data, says what it takes for what and why, and tries whether the entry reads and splits them.
    """
    if (source is None) == (remove is None):
        raise UsageError("give the data, or --remove and the name of a dataset")
    if remove is not None:
        from stages.app.remove import remove_dataset

        remove_dataset(Paths(), remove)
        return
    from stages.app.add import add as run

    reading = {
        "text": text,
        "label": label,
        "weight": weight,
        "part": part,
        "source": pair_source,
        "target": target,
        "timestamp": timestamp,
        "values": values,
        "covariates": covariates,
        "series": series,
        "signal": signal,
        "time_format": time_format,
        "time_zone": time_zone,
        "frequency": frequency,
        "gaps": gaps,
        "format": format_,
        "encoding": encoding,
        "delimiter": delimiter,
        "columns": columns,
    }
    window = {"horizon": horizon, "season": season, "look_back": look_back}
    given: dict[str, Any] = {f"reading.{key}": value for key, value in reading.items() if value}
    given |= {f"window.{key}": value for key, value in window.items() if value is not None}
    run(Paths(), str(source), name, task, given | parse_settings(setting or []), dry_run)
