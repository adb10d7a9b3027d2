"""Procedural models: vehicles, walkers, street furniture, planting, traffic lights and buildings."""
