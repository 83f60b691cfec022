"""What decides how a language model learns and what its weights mean: its contract, its data, its network."""
