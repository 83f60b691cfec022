"""What decides how a model of this task learns: its data in memory, its contract, its network."""
