"""All that decides what a classifier's trained weights mean, and how its training goes."""
