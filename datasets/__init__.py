"""Images and labels on disk: label sets, shards, recording folders, and the torch data set that reads them."""
