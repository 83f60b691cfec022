"""Everything about the machine: files, processes, progress, JAX's environment and its tricks."""
