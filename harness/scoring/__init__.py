"""Counting what a net gets right: confusion matrices, the metrics made of them, live and offline scores."""
