"""The processes that run a score: a supervisor without net or client, and workers with a server each."""
