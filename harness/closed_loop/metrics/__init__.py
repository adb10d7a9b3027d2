"""How an episode was driven, from its log alone: no simulator, no carla, nothing that the log does not hold."""
