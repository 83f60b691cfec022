"""Speed and memory as ratios: `make bench`, or `python -m tools.bench NAME…` for some of the measurements."""
