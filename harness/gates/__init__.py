"""Demands on a score, for continuous integration: gates, their verdicts and a JUnit file."""
