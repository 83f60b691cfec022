"""What models that find objects in pictures share."""
