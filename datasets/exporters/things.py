"""Which classes are things, that can be counted, and which are stuff: what Cityscapes calls ``hasInstances``."""

from __future__ import annotations

from datasets.labels import LabelSet

_THINGS = frozenset(
    {
        # CARLA
        *("pedestrians", "rider", "vehicles", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
        # Cityscapes, where they differ
        *("person", "caravan", "trailer"),
        # CamVid, where they differ
        *("animal", "bicyclist", "cartluggagepram", "child", "motorcyclescooter", "othermoving", "pedestrian"),
        *("suvpickuptruck", "truck_bus"),
    }
)


def is_thing(labels: LabelSet) -> tuple[bool, ...]:
    """For each class of `labels` whether it is a thing.

    In the built-in sets the names decide; a class that groups others is a thing when all of those are.
    """
    grouping = labels.grouping
    if grouping is None:
        return tuple(name.lower() in _THINGS for name in labels.names)
    below = is_thing(grouping.source)
    members = [
        [below[number] for number, group in enumerate(grouping.class_ids) if group == class_id]
        for class_id in range(labels.num_classes)
    ]
    return tuple(bool(group) and all(group) for group in members)
