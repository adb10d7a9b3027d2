"""The simulator as the harness sees it. These are the only files that import carla; none knows nets or shards."""
