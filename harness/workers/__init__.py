"""The processes that score and drive: a supervisor without net or client, and workers with a server each."""
