"""Tables in, tables and one HTML page out. Reads what a score wrote; knows no simulator, net or shard."""
