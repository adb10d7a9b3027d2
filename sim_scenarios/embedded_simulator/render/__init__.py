"""Draws a town and its traffic on the CPU: colours, semantic tags, instances and depth.

The stages of a picture, in the order in which ``renderer.py`` runs them:

* once for a town: ``model_source`` (shapes and materials), ``ground``, ``library``, ``model_table``, ``scene``
* for a snapshot: ``actors`` (poses, joints, lamps), ``weather_look`` (CARLA's weather as colours and densities)
* what is seen: ``culling``, ``projection``, ``triangle_setup``, ``raster`` (together a ``visibility`` pass)
* what it looks like: ``surface``, ``shadows``, ``occlusion``, ``lamps`` and ``sky`` in ``lighting``, ``reflection``
* what a camera makes of it: ``camera_stages`` has the order of ``defocus``, ``motion_blur``, ``lens``, ``lens_drops``,
  ``fringe``, ``bloom``, ``exposure``, ``film`` and ``post``; ``optics`` is how it is set

Tags, instances and depth are done after ``raster``; nothing but ``lens`` touches them later.
"""
