"""What can be spawned: one file a kind of actor."""
