"""What decides how a forecaster learns: its data in memory, the contract, networks, calibration, training."""
