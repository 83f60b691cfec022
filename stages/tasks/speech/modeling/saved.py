"""A trained recogniser of speech; beside the replicas lies what was fitted on train, preprocessor.json."""

from functools import cached_property

from stages.tasks.seq2seq.modeling.saved import SavedTranslator
from stages.tasks.speech.modeling.frames import SpeechPreprocessor


class Saved(SavedTranslator):
    """A recogniser of speech that `train` wrote."""

    task = "speech"
    builds_on = "seq2seq"

    @cached_property
    def preprocessor(self) -> SpeechPreprocessor:
        """What was fitted on train."""
        return SpeechPreprocessor.load(self.folder / "preprocessor.json")
