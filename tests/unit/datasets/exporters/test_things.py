from __future__ import annotations

from datasets.exporters.things import is_thing
from datasets.labels import CAMVID_11, CARLA_29, CITYSCAPES_34, LYFT_13, Grouping, LabelClass, LabelSet


def things(labels: LabelSet) -> list[str]:
    return [name for name, thing in zip(labels.names, is_thing(labels), strict=True) if thing]


def test_things_of_the_built_in_sets() -> None:
    # hasInstances of Cityscapes' own scripts
    assert things(CITYSCAPES_34) == [
        *("person", "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle", "bicycle")
    ]
    vehicles = ["Car", "Truck", "Bus", "Train", "Motorcycle", "Bicycle"]
    assert things(CARLA_29) == ["Pedestrians", "Rider", *vehicles]
    assert things(CAMVID_11) == ["Car", "Pedestrian", "Bicyclist"]
    assert things(LYFT_13) == ["Pedestrians", "Vehicles"]


def test_a_group_is_a_thing_when_all_its_members_are() -> None:
    ids = [255] * 29
    ids[CARLA_29.class_id("Car")] = ids[CARLA_29.class_id("Bus")] = 0
    ids[CARLA_29.class_id("Rider")] = ids[CARLA_29.class_id("Roads")] = 1
    mine = LabelSet(
        name="mine",
        classes=tuple(LabelClass(name=name, color=(0, 0, 0)) for name in ("motors", "mixed", "empty")),
        grouping=Grouping(source=CARLA_29, class_ids=tuple(ids)),
    )
    assert things(mine) == ["motors"]
