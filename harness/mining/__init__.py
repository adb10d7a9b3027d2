"""Frames of driven episodes that are worth learning from, and episodes as recordings."""
