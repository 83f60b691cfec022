"""Raw files → one tidy table of replies; stages/tasks/dialogue/__init__.py names its columns."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from stages.config.dataset import Dataset
from stages.data.encoding import inspect_text
from stages.data.formats import open_table
from stages.data.formats.json_lines import JsonLines
from stages.data.official import part_by_word
from stages.data.raw import RawFile, account, part_remarks, raw_files, refuse_equal_stems, refuse_unused_keys, shown
from stages.data.table import Table
from stages.data.tables import Column
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.dialogue.config import Reading
from stages.tasks.replies import history
from stages.tasks.seq2seq.loader import choose

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("conversation", pa.string()),
        ("turn", pa.int64()),
        ("source", pa.string()),
        ("target", pa.string()),
        ("speaker", pa.string()),
        ("part", pa.string()),
    ]
)
FEWEST = 2  # turns of a conversation that has a reply


class Turn(NamedTuple):
    """What one speaker says before another does."""

    speaker: str | None
    text: str


class Conversation(NamedTuple):
    """A conversation as it stands in a file."""

    row: int
    part: str | None
    turns: list[Turn]


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file is not what `reading` says, or holds no reply.
    """
    files = raw_files(dataset, reading)
    refuse_equal_stems(files)
    accounts, rows, found, short = list[dict[str, Any]](), list[dict[str, Any]](), 0, 0
    read_file = _chitchat if reading.format == "chitchat" else _json_lines
    for file in progress(files, desc="read", unit="file"):
        count = 0
        for conversation in read_file(file, accounts):
            count += 1
            short += len(conversation.turns) < FEWEST
            rows += _replies(file, conversation)
        found += count
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    chosen = choose(table, table["conversation"].to_pylist(), reading.conversations, "conversations")
    if not chosen.num_rows:
        raise UserError(f"{dataset.raw} holds no conversation of {FEWEST} turns: look at {dataset.key('reading')}")
    dropped = Counter({"reply beyond reading.conversations": len(rows) - chosen.num_rows})
    remarks = part_remarks(files)
    if short:
        remarks.append(f"{short} of {found} conversations have no reply: they are of fewer than {FEWEST} turns")
    return Table(chosen.combine_chunks(), accounts, len(rows), dict(+dropped), remarks=remarks)


def _replies(file: RawFile[Reading], conversation: Conversation) -> Iterator[dict[str, Any]]:
    """Yield a row for each turn but the first."""
    name, turns = f"{file.stem}-{conversation.row}", conversation.turns
    for number in range(1, len(turns)):
        yield {
            "id": f"{name}-{number + 1}",
            "file": file.path.name,
            "row": conversation.row,
            "conversation": name,
            "turn": number + 1,
            "source": history([turn.text for turn in turns[:number]], file.reading.history, file.reading.words),
            "target": turns[number].text,
            "speaker": turns[number].speaker,
            "part": conversation.part,
        }


def joined(said: Iterator[tuple[str | None, str]]) -> list[Turn]:
    """Return turns: what a speaker says several times in a row is one; without speakers each text is a turn."""
    tidy = ((speaker, " ".join(text.split())) for speaker, text in said)
    turns: list[Turn] = []
    for speaker, texts in groupby((each for each in tidy if each[1]), key=lambda each: each[0]):
        spoken = [text for _, text in texts]
        turns += [Turn(None, text) for text in spoken] if speaker is None else [Turn(speaker, " ".join(spoken))]
    return turns


# --- JSON Lines ---


def _json_lines(file: RawFile[Reading], accounts: list[dict[str, Any]]) -> Iterator[Conversation]:
    """Yield the conversation of each line.

    Raises:
        UserError: lines are none; names them.
    """
    table = open_table(file, (JsonLines,), default=JsonLines)
    keys = {"turns": file.reading.turns, "part": file.reading.part}
    advice = f"fix the file, or choose another key by {file.key('turns')}"
    for batch in table.batches([Column(name, key) for key, name in keys.items() if name is not None]):
        parts = [file.part] * len(batch.rows) if file.reading.part is None else batch.values(file.reading.part)
        for row, value, part in zip(batch.rows, batch.values(file.reading.turns), parts, strict=True):
            said = _said(value)
            if said is None:
                problem = f"'{file.reading.turns}' must hold a list of texts, or of objects with text and speaker, but "
                table.faults.add(problem, advice, f"row {row}: {shown(value)}")
            elif part and part_by_word(str(part)) is None:
                choice = f"fix the file, or set {file.key('part')} to null"
                table.faults.add(f"'{file.reading.part}' must name a part, but ", choice, f"row {row}: {shown(part)}")
            else:
                yield Conversation(row, part_by_word(str(part)) if part else file.part, joined(iter(said)))
    table.faults.refuse()
    accounts.append(table.account())


def _said(value: Any) -> list[tuple[str | None, str]] | None:
    """Return speakers and texts of a list of turns; None if it is none."""
    if not isinstance(value, list):
        return None
    pairs: list[tuple[str | None, str]] = []
    for each in value:
        speaker, text = (each.get("speaker"), each.get("text")) if isinstance(each, dict) else (None, each)
        if not isinstance(text, str) or not isinstance(speaker, str | int | None):
            return None
        pairs.append((None if speaker is None else str(speaker), text))
    return pairs


# --- The file of chitchat-dataset ---


def _chitchat(file: RawFile[Reading], accounts: list[dict[str, Any]]) -> Iterator[Conversation]:
    """Yield the conversations of an object whose values hold lists of lists of messages.

    Raises:
        UserError: the file is no such object.
    """
    refuse_unused_keys(file, "chitchat", {"encoding"})
    text = inspect_text(file)
    try:
        with text.open() as stream:
            content = json.load(stream)
        conversations = [
            [(str(message["sender"]), message["text"] + "") for messages in each["messages"] for message in messages]
            for each in content.values()
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{file.path} is not the file of chitchat-dataset: {type(error).__name__}: {error}") from None
    for row, said in enumerate(conversations, start=1):
        yield Conversation(row, file.part, joined(iter(said)))
    accounts.append(account(file.path, len(conversations), text.encoding, text.guessed))
