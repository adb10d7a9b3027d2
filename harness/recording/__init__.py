"""Recording a suite: drives and replays become shards, with a list of what is missing in them and why."""
