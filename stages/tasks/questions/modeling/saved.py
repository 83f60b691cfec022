"""A trained classifier of questions; beside the replicas lies its vocabulary, tokenizer.json."""

from functools import cached_property

from stages.tasks.classification.modeling.saved import SavedClassifier
from stages.tasks.questions.modeling.questions import QuestionPreprocessor


class Saved(SavedClassifier):
    """A classifier of questions that `train` wrote."""

    task = "questions"
    builds_on = "classification"
    item = "question"

    @cached_property
    def preprocessor(self) -> QuestionPreprocessor:
        """The vocabulary."""
        return QuestionPreprocessor.load(self.folder / "tokenizer.json")
