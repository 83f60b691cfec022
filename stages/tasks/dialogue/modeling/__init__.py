"""What decides how replies are learned, beside what all models of pairs share."""
