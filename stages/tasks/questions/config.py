"""The typed parameters of questions: their datasets, their training and their models."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

import stages.models.classification
from stages.config.reading import TableReading
from stages.config.schema import ModelsConfig, Name, TaskSection, models_config
from stages.config.split import HashSplit
from stages.tasks.classification.config import TokenizerConfig, Training, WithTokenizer


class Reading(TableReading):
    """How the raw files become a table of questions, what they are about, and their answers."""

    format: Literal["csv", "tsv", "jsonl", "parquet", "spreadsheet"] | None = Field(
        default=None, description="by the file's ending when null"
    )
    text: str = Field(
        default="text",
        description="the column of what is asked about: a text, of which each line and each sentence counts as one, or "
        "in jsonl and parquet a list of sentences",
    )
    question: str = Field(default="question", description="the column of questions")
    label: str = Field(default="label", description="the column of answers")
    kind: str | None = Field(
        default=None, description="the column that names a question's kind, by which results are shown; null: none"
    )
    facts: str | None = Field(
        default=None,
        description="the column of the sentences that an answer rests on, by their numbers from 1: a list, or numbers "
        "with spaces or commas between them; null: not known",
    )
    part: str | None = Field(
        default=None, description="the column that names official parts: train, validation (or dev), test"
    )
    replay: bool = Field(
        default=False, description="of the generator `stories`: work each answer out again, for the expectations"
    )
    rows: int | None = Field(default=None, ge=1, description="keep at most so many rows a part, chosen by a hash")


class QuestionsDataset(WithTokenizer):
    """A source of questions with one answer each."""

    reading: Reading = Reading()
    split: HashSplit = HashSplit()
    tokenizer: TokenizerConfig = TokenizerConfig()


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.classification, "questions", "tokens")


class Section(TaskSection):
    """Which questions are answered by which models."""

    datasets: dict[Name, QuestionsDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()
