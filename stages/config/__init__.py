"""Typed parameters: their building blocks, the reader of params.yaml, and what it resolves to."""
