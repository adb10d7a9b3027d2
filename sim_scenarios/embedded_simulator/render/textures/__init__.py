"""Painters of the tileable textures that `render/materials.py` bakes."""
