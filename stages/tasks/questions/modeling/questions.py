"""Questions as classifiers read them: the vocabulary, in which a line break is a token, and what `tokenize` wrote."""

from dataclasses import dataclass
from functools import cached_property

from stages.tasks.classification.modeling.texts import PreparedTexts, TextPreprocessor
from stages.tasks.sentences import LINE_BREAK, Questions


@dataclass(frozen=True)
class QuestionPreprocessor(TextPreprocessor):
    """A vocabulary, in which a line break is a token."""

    @property
    def line_break(self) -> int:
        """The id of a line break."""
        number = self.tokenizer.token_to_id(LINE_BREAK)
        assert number is not None  # it stands in every text of train
        return int(number)

    @property
    def input(self) -> Questions:
        """Tokens of the vocabulary, in lines."""
        return Questions(self.tokenizer.get_vocab_size(), self.line_break)


@dataclass(frozen=True)
class PreparedQuestions(PreparedTexts):
    """What `tokenize` wrote for one dataset, to data/prepared/<dataset>/tokens."""

    @cached_property
    def preprocessor(self) -> QuestionPreprocessor:
        """The vocabulary."""
        return QuestionPreprocessor.load(self.folder / "tokenizer.json")
