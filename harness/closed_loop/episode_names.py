"""What an episode is called: to people, and in the names of its files."""

from __future__ import annotations

from harness.closed_loop.episode_log import EpisodeKey
from harness.run_dir import folder_name


def episode_text(key: EpisodeKey) -> str:
    """In words; different for different episodes."""
    again = f", repeat {key.repeat}" if key.repeat > 1 else ""
    return f"{key.scenario} under {key.weather} at {key.width}x{key.height} ({key.fov:g} deg) by {key.policy}{again}"


def episode_name(key: EpisodeKey) -> str:
    """For files, without an ending; every file system takes it, and different episodes have different ones."""
    view = f"{key.width}x{key.height}_{key.fov!r}deg"
    parts = (folder_name(key.scenario), folder_name(key.weather), view, folder_name(key.policy), f"r{key.repeat:02d}")
    return "_".join(parts)
