"""Layers and networks that all tasks share."""
