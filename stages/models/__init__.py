"""One folder a task, one file a model: the room of whoever adds a model."""
