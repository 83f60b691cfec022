"""A trained model that describes pictures; beside the replicas lies what was fitted on train, preprocessor.json."""

from functools import cached_property

from stages.tasks.captioning.modeling.pictures import PicturePreprocessor
from stages.tasks.seq2seq.modeling.saved import SavedTranslator


class Saved(SavedTranslator):
    """A model that describes pictures, which `train` wrote."""

    task = "captioning"
    builds_on = "seq2seq"

    @cached_property
    def preprocessor(self) -> PicturePreprocessor:
        """What was fitted on train."""
        return PicturePreprocessor.load(self.folder / "preprocessor.json")
