"""What models that describe pictures share."""
