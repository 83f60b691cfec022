"""What all tests share: reproducible examples, one thread and a compilation cache for Keras."""

from hypothesis import settings

from stages.runtime.jax_setup import prepare_jax

settings.register_profile("recur", derandomize=True, deadline=None, max_examples=50, database=None)
settings.load_profile("recur")
prepare_jax()
