"""Public data sets as recordings: one module finds the pairs of each layout, one place writes the shards."""
