"""Suites from files that other programs drive by: routes of the CARLA leaderboard, and OpenSCENARIO 1.x."""
