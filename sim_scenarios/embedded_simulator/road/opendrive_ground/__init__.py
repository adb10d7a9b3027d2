"""The ground of a town that is known as OpenDRIVE only: carriageways, junctions, bridges, paint, land, ways to walk.

``cross_sections`` cuts roads into stretches, everything else works on those; ``road/opendrive_town.py`` puts a town
together from the parts, which can be used on their own, too.
"""
