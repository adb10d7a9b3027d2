"""A recording in the rerun viewer."""
