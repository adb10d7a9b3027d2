"""CARLA 0.9.16's protocols without I/O: bytes to messages and back; for the server, the handlers and the sensors."""
