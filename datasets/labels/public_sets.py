"""The classes of public data sets, with the names, ids and colours that each of them prints."""

from __future__ import annotations

from datasets.labels.label_set import LabelSet, classes_of

CITYSCAPES_19 = LabelSet(
    name="cityscapes19",
    classes=classes_of(
        ("road", 128, 64, 128),
        ("sidewalk", 244, 35, 232),
        ("building", 70, 70, 70),
        ("wall", 102, 102, 156),
        ("fence", 190, 153, 153),
        ("pole", 153, 153, 153),
        ("traffic light", 250, 170, 30),
        ("traffic sign", 220, 220, 0),
        ("vegetation", 107, 142, 35),
        ("terrain", 152, 251, 152),
        ("sky", 70, 130, 180),
        ("person", 220, 20, 60),
        ("rider", 255, 0, 0),
        ("car", 0, 0, 142),
        ("truck", 0, 0, 70),
        ("bus", 0, 60, 100),
        ("train", 0, 80, 100),
        ("motorcycle", 0, 0, 230),
        ("bicycle", 119, 11, 32),
    ),
)
"""Cityscapes' 19 evaluated classes in ``trainId`` order."""

CITYSCAPES_34 = LabelSet(
    name="cityscapes34",
    ignored=frozenset({0, 1, 2, 3}),
    classes=classes_of(
        ("unlabeled", 0, 0, 0),
        ("ego vehicle", 0, 0, 0),
        ("rectification border", 0, 0, 0),
        ("out of roi", 0, 0, 0),
        ("static", 0, 0, 0),
        ("dynamic", 111, 74, 0),
        ("ground", 81, 0, 81),
        ("road", 128, 64, 128),
        ("sidewalk", 244, 35, 232),
        ("parking", 250, 170, 160),
        ("rail track", 230, 150, 140),
        ("building", 70, 70, 70),
        ("wall", 102, 102, 156),
        ("fence", 190, 153, 153),
        ("guard rail", 180, 165, 180),
        ("bridge", 150, 100, 100),
        ("tunnel", 150, 120, 90),
        ("pole", 153, 153, 153),
        ("polegroup", 153, 153, 153),
        ("traffic light", 250, 170, 30),
        ("traffic sign", 220, 220, 0),
        ("vegetation", 107, 142, 35),
        ("terrain", 152, 251, 152),
        ("sky", 70, 130, 180),
        ("person", 220, 20, 60),
        ("rider", 255, 0, 0),
        ("car", 0, 0, 142),
        ("truck", 0, 0, 70),
        ("bus", 0, 60, 100),
        ("caravan", 0, 0, 90),
        ("trailer", 0, 0, 110),
        ("train", 0, 80, 100),
        ("motorcycle", 0, 0, 230),
        ("bicycle", 119, 11, 32),
    ),
)
"""All ids that gtFine ``labelIds`` images hold. Several share a colour: never read labels out of colour images."""

CAMVID_32 = LabelSet(
    name="camvid32",
    ignored=frozenset({30}),
    classes=classes_of(
        ("Animal", 64, 128, 64),
        ("Archway", 192, 0, 128),
        ("Bicyclist", 0, 128, 192),
        ("Bridge", 0, 128, 64),
        ("Building", 128, 0, 0),
        ("Car", 64, 0, 128),
        ("CartLuggagePram", 64, 0, 192),
        ("Child", 192, 128, 64),
        ("Column_Pole", 192, 192, 128),
        ("Fence", 64, 64, 128),
        ("LaneMkgsDriv", 128, 0, 192),
        ("LaneMkgsNonDriv", 192, 0, 64),
        ("Misc_Text", 128, 128, 64),
        ("MotorcycleScooter", 192, 0, 192),
        ("OtherMoving", 128, 64, 64),
        ("ParkingBlock", 64, 192, 128),
        ("Pedestrian", 64, 64, 0),
        ("Road", 128, 64, 128),
        ("RoadShoulder", 128, 128, 192),
        ("Sidewalk", 0, 0, 192),
        ("SignSymbol", 192, 128, 128),
        ("Sky", 128, 128, 128),
        ("SUVPickupTruck", 64, 128, 192),
        ("TrafficCone", 0, 0, 64),
        ("TrafficLight", 0, 64, 64),
        ("Train", 192, 64, 128),
        ("Tree", 128, 128, 0),
        ("Truck_Bus", 192, 128, 192),
        ("Tunnel", 64, 0, 64),
        ("VegetationMisc", 192, 192, 0),
        ("Void", 0, 0, 0),
        ("Wall", 64, 192, 0),
    ),
)
"""CamVid's own classes, in the alphabetical order of its ``class_dict.csv``."""

CAMVID_11 = LabelSet(
    name="camvid11",
    classes=classes_of(
        ("Sky", 128, 128, 128),
        ("Building", 128, 0, 0),
        ("Pole", 192, 192, 128),
        ("Road", 128, 64, 128),
        ("Pavement", 60, 40, 222),
        ("Tree", 128, 128, 0),
        ("SignSymbol", 192, 128, 128),
        ("Fence", 64, 64, 128),
        ("Car", 64, 0, 128),
        ("Pedestrian", 64, 64, 0),
        ("Bicyclist", 0, 128, 192),
    ),
)
"""The usual 11 classes of CamVid, in SegNet's order; its id 11, unlabelled, is the ignore id here."""

LYFT_13 = LabelSet(
    name="lyft13",
    ignored=frozenset({0}),
    classes=classes_of(
        ("None", 0, 0, 0),
        ("Buildings", 70, 70, 70),
        ("Fences", 190, 153, 153),
        ("Other", 72, 0, 90),
        ("Pedestrians", 220, 20, 60),
        ("Poles", 153, 153, 153),
        ("RoadLines", 157, 234, 50),
        ("Roads", 128, 64, 128),
        ("Sidewalks", 244, 35, 232),
        ("Vegetation", 107, 142, 35),
        ("Vehicles", 0, 0, 255),
        ("Walls", 102, 102, 156),
        ("TrafficSigns", 220, 220, 0),
    ),
)
"""The Lyft-Udacity challenge: CARLA's 13 tags in the challenge's colours."""

CARVANA_2 = LabelSet(name="carvana2", classes=classes_of(("background", 0, 0, 0), ("car", 255, 255, 255)))
"""Carvana: a car, and everything else."""
