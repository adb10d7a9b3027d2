"""From one tick of the world to the measurements of its sensors, ready for the stream."""
