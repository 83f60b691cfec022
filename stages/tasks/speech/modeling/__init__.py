"""What decides how speech is learned from, beside what all models that write share."""
