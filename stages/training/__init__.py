"""The training loop, replicas side by side, and saved models."""
