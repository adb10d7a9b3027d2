"""Draws a town and its traffic on the CPU: colours, semantic tags, instances and depth."""
