"""Replaying logged drives for their pictures: frames as PNG files, videos, or an ordinary recording."""
