"""Which class of one set is which of another, by name: one table for each pair of sets that are compared directly.

Every set but user-made ones has a table to and from the 29 tags of CARLA 0.9.14+, so that any two sets meet there. Sets
that share more than those 29 tags have a direct table, which is exact. A class that a table leaves out has no
counterpart and is ignored.

Sources: the CARLA documentation of each tag, ``trainId`` of Cityscapes, the grouping of CamVid that SegNet made
customary. Where a class is wider than its counterpart, its usual content decides: Vehicles are cars, Truck_Bus trucks.
"""

from __future__ import annotations

from datasets.labels.carla_sets import CARLA_13, CARLA_23, CARLA_29
from datasets.labels.label_set import LabelSet
from datasets.labels.public_sets import CAMVID_11, CAMVID_32, CARVANA_2, CITYSCAPES_19, CITYSCAPES_34, LYFT_13

HUB = CARLA_29
"""The set in which any two sets meet."""

LABEL_SETS: dict[str, LabelSet] = {
    table.name: table
    for table in (
        *(CARLA_29, CARLA_23, CARLA_13),
        *(CITYSCAPES_19, CITYSCAPES_34, CAMVID_32, CAMVID_11, LYFT_13, CARVANA_2),
    )
}
"""All built-in sets by name."""

Names = dict[str, str]
"""Source class -> target class."""


def _same_names(source: LabelSet, target: LabelSet) -> Names:
    return {name: name for name in source.names if name in target.names}


def _from_groups(groups: dict[str, str]) -> Names:
    """Source class -> target class, of target class -> its source classes."""
    return {name: target for target, names in groups.items() for name in names.split()}


_VEHICLES = {name: "Vehicles" for name in ("Car", "Truck", "Bus", "Train", "Motorcycle", "Bicycle")}
_CARLA_29_TO_13: Names = {
    **_same_names(CARLA_29, CARLA_13),
    **_VEHICLES,
    **{"NONE": "None", "Sky": "None", "Terrain": "Vegetation", "Rider": "Pedestrians"},
    **{"TrafficLight": "TrafficSigns", "GuardRail": "Fences"},
    **{name: "Other" for name in ("Static", "Dynamic", "Water", "Ground", "Bridge", "RailTrack")},
}
_CARLA_13_TO_29: Names = {**_same_names(CARLA_13, CARLA_29), "None": "NONE", "Vehicles": "Car"}

# trainId + 1 = tag, by design of the 29 tags.
_CITYSCAPES_19_TO_CARLA_29: Names = dict(zip(CITYSCAPES_19.names, CARLA_29.names[1:20], strict=True))
_CARLA_29_TO_CITYSCAPES_19: Names = {tag: name for name, tag in _CITYSCAPES_19_TO_CARLA_29.items()}
_CARLA_29_TO_CITYSCAPES_19["RoadLines"] = "road"

_CITYSCAPES_34_TO_CARLA_29: Names = {
    **_CITYSCAPES_19_TO_CARLA_29,
    **{name: "NONE" for name in ("unlabeled", "ego vehicle", "rectification border", "out of roi")},
    **{"static": "Static", "dynamic": "Dynamic", "ground": "Ground", "parking": "Ground", "rail track": "RailTrack"},
    **{"guard rail": "GuardRail", "bridge": "Bridge", "tunnel": "Buildings", "polegroup": "Poles"},
    **{"caravan": "Truck", "trailer": "Truck"},
}
_CARLA_29_TO_CITYSCAPES_34: Names = {
    **_CARLA_29_TO_CITYSCAPES_19,
    **{"NONE": "unlabeled", "Static": "static", "Dynamic": "dynamic", "Ground": "ground", "RailTrack": "rail track"},
    **{"GuardRail": "guard rail", "Bridge": "bridge"},
}

_CAMVID_32_TO_11: Names = _from_groups(
    {
        "Sky": "Sky",
        "Building": "Building Wall Bridge Tunnel Archway",
        "Pole": "Column_Pole TrafficCone",
        "Road": "Road LaneMkgsDriv LaneMkgsNonDriv",
        "Pavement": "Sidewalk ParkingBlock RoadShoulder",
        "Tree": "Tree VegetationMisc",
        "SignSymbol": "SignSymbol Misc_Text TrafficLight",
        "Fence": "Fence",
        "Car": "Car SUVPickupTruck Truck_Bus Train OtherMoving",
        "Pedestrian": "Pedestrian Child CartLuggagePram Animal",
        "Bicyclist": "Bicyclist MotorcycleScooter",
    }
)
_CAMVID_32_TO_CARLA_29: Names = _from_groups(
    {
        "NONE": "Void",
        "Roads": "Road",
        "RoadLines": "LaneMkgsDriv LaneMkgsNonDriv",
        "Sidewalks": "Sidewalk",
        "Ground": "ParkingBlock RoadShoulder",
        "Buildings": "Building Archway Tunnel",
        "Walls": "Wall",
        "Bridge": "Bridge",
        "Fences": "Fence",
        "Poles": "Column_Pole",
        "TrafficLight": "TrafficLight",
        "TrafficSigns": "SignSymbol",
        "Other": "Misc_Text",
        "Vegetation": "Tree VegetationMisc",
        "Sky": "Sky",
        "Pedestrians": "Pedestrian Child",
        "Rider": "Bicyclist",
        "Car": "Car SUVPickupTruck",
        "Truck": "Truck_Bus",
        "Train": "Train",
        "Motorcycle": "MotorcycleScooter",
        "Dynamic": "Animal CartLuggagePram OtherMoving TrafficCone",
    }
)
_CARLA_29_TO_CAMVID_32: Names = _from_groups(
    {
        "Void": "NONE",
        "Road": "Roads",
        "LaneMkgsDriv": "RoadLines",
        "Sidewalk": "Sidewalks",
        "RoadShoulder": "Ground",
        "Building": "Buildings",
        "Wall": "Walls",
        "Bridge": "Bridge",
        "Fence": "Fences GuardRail",
        "Column_Pole": "Poles",
        "TrafficLight": "TrafficLight",
        "SignSymbol": "TrafficSigns",
        "Tree": "Vegetation",
        "VegetationMisc": "Terrain",
        "Sky": "Sky",
        "Pedestrian": "Pedestrians",
        "Bicyclist": "Rider Bicycle",
        "MotorcycleScooter": "Motorcycle",
        "Car": "Car",
        "Truck_Bus": "Truck Bus",
        "Train": "Train",
    }
)
_CAMVID_11_TO_CARLA_29: Names = {
    **{"Sky": "Sky", "Building": "Buildings", "Pole": "Poles", "Road": "Roads", "Pavement": "Sidewalks"},
    **{"Tree": "Vegetation", "SignSymbol": "TrafficSigns", "Fence": "Fences", "Car": "Car"},
    **{"Pedestrian": "Pedestrians", "Bicyclist": "Rider"},
}

DIRECT: dict[tuple[str, str], Names] = {
    ("carla23", "carla29"): {**_same_names(CARLA_23, CARLA_29), "Vehicles": "Car"},
    ("carla29", "carla23"): {**_same_names(CARLA_29, CARLA_23), **_VEHICLES, "Rider": "Pedestrians"},
    ("carla13", "carla29"): _CARLA_13_TO_29,
    ("carla29", "carla13"): _CARLA_29_TO_13,
    ("lyft13", "carla29"): _CARLA_13_TO_29,
    ("carla29", "lyft13"): _CARLA_29_TO_13,
    ("cityscapes19", "carla29"): _CITYSCAPES_19_TO_CARLA_29,
    ("carla29", "cityscapes19"): _CARLA_29_TO_CITYSCAPES_19,
    ("cityscapes34", "carla29"): _CITYSCAPES_34_TO_CARLA_29,
    ("carla29", "cityscapes34"): _CARLA_29_TO_CITYSCAPES_34,
    ("camvid32", "carla29"): _CAMVID_32_TO_CARLA_29,
    ("carla29", "camvid32"): _CARLA_29_TO_CAMVID_32,
    ("camvid11", "carla29"): _CAMVID_11_TO_CARLA_29,
    # As CamVid's own frames would be grouped, so that both ways to the 11 classes agree.
    ("carla29", "camvid11"): {
        tag: _CAMVID_32_TO_11[name] for tag, name in _CARLA_29_TO_CAMVID_32.items() if name in _CAMVID_32_TO_11
    },
    ("carvana2", "carla29"): {"car": "Car"},
    ("carla29", "carvana2"): {
        **{name: "background" for name in CARLA_29.names if name not in ("NONE", "Car")},
        "Car": "car",
    },
    ("camvid32", "camvid11"): _CAMVID_32_TO_11,
    ("cityscapes34", "cityscapes19"): _same_names(CITYSCAPES_34, CITYSCAPES_19),
    ("cityscapes19", "cityscapes34"): _same_names(CITYSCAPES_19, CITYSCAPES_34),
    ("carla13", "lyft13"): _same_names(CARLA_13, LYFT_13),
    ("lyft13", "carla13"): _same_names(LYFT_13, CARLA_13),
}
"""Source class -> target class for each (source, target) that is compared directly."""
