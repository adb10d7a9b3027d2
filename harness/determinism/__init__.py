"""Whether a server repeats itself: drives and replays done twice, and where and by how much they differ."""
