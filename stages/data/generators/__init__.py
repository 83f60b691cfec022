"""Data that are made by a seed, a generator a file: its `write(folder, seed, count)` writes raw files."""
