"""What classes mean to a driver, in every label set that there is."""

from __future__ import annotations

import pytest

from datasets.labels import CARLA_29, LABEL_SETS, LabelClass, LabelSet, label_set
from harness.closed_loop.mask_driver.roles import Role, require_road, roles_of
from harness.errors import CheckpointError


def test_the_tags_of_carla_have_the_roles_that_their_names_say() -> None:
    roles = roles_of(CARLA_29)
    expected = {
        "Roads": Role.ROAD, "RoadLines": Role.LINE, "Sidewalks": Role.GROUND, "Terrain": Role.GROUND,
        "Car": Role.VEHICLE, "Bicycle": Role.VEHICLE, "Pedestrians": Role.WALKER, "Rider": Role.WALKER,
        "Poles": Role.OBSTACLE, "TrafficLight": Role.OBSTACLE, "Sky": Role.UNKNOWN, "Buildings": Role.UNKNOWN,
    }  # fmt: skip
    assert {name: Role(roles.lookup[CARLA_29.class_id(name)]) for name in expected} == expected
    assert roles.road == (CARLA_29.class_id("Roads"),)
    assert roles.lines == (CARLA_29.class_id("RoadLines"),)
    assert roles.lookup[255] == Role.UNKNOWN


@pytest.mark.parametrize("name", sorted(set(LABEL_SETS) - {"carvana2"}))
def test_every_set_of_streets_has_a_road(name: str) -> None:
    labels = label_set(name)
    roles = roles_of(labels)
    require_road(roles, labels)
    assert all("road" in labels.names[i].lower() or "lane" in labels.names[i].lower() for i in roles.road)
    assert not set(roles.road) & set(roles.lines)


def test_lines_that_a_set_counts_as_road_are_road() -> None:
    labels = label_set("cityscapes19")
    assert roles_of(labels).lines == ()
    assert roles_of(labels).lookup[labels.class_id("road")] == Role.ROAD


def test_a_set_without_a_road_is_refused() -> None:
    labels = LabelSet(name="cats", classes=(LabelClass(name="cat", color=(1, 2, 3)),))
    with pytest.raises(CheckpointError, match="no class for the road"):
        require_road(roles_of(labels), labels)
