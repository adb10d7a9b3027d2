"""Class ids for pictures, videos and shards: masks, overlays, panels and videos to look at."""
