"""What developers and the Makefile run beside the stages."""
