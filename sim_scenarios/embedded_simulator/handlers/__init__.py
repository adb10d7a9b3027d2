"""Remote procedure calls by topic: each handler takes plain arguments apart, calls the world, and packs the answer."""
