"""Closing the loop: a policy drives the ego from what it sees; every episode is logged, and judged from its log."""
