"""Training a segmentation net from scratch on recorded shards."""
