"""What is staged for the ego on its route: a car ahead that brakes, a car in the lane, somebody who crosses the road.

Decisions:

- Places are metres along the ego's route, from where it begins, so that one description fits any route, and a trigger
  is a distance between the ego and what is staged: whoever drives, and however fast, meets the same situation.
- Nothing here is random: what a staged actor does follows from this description and from where the ego is.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

VehicleBlueprint = Annotated[str, Field(pattern=r"^vehicle\.")]
AlongRoute = Annotated[float, Field(gt=0.0, le=10_000.0)]
"""[m] along the ego's route, from where it begins."""
Speed = Annotated[float, Field(gt=0.0, le=60.0)]
"""[m/s]"""
Distance = Annotated[float, Field(gt=0.0, le=500.0)]
"""[m]"""


class _Staged(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class LeadVehicle(_Staged):
    """A car ahead on the ego's route: it drives off with the ego, brakes to a standstill, waits, and drives on."""

    kind: Literal["lead_vehicle"]
    blueprint: VehicleBlueprint = "vehicle.audi.tt"
    ahead_m: AlongRoute = 20.0
    """Along the route, from the ego's start to its own: from origin to origin."""
    speed: Speed = 6.0
    """[m/s] that it keeps while it drives."""
    trigger_m: Distance | None = None
    """It brakes once the ego is this near along the route [m], origin to origin, but not before it had its speed."""
    at_s: Annotated[float, Field(ge=0.0, le=3600.0)] | None = None
    """It brakes at this time [s] after the first recorded tick."""
    deceleration: Annotated[float, Field(gt=0.0, le=10.0)] = 5.0
    """[m/s2]"""
    stands_s: Annotated[float, Field(ge=0.0, le=3600.0)] = 4.0
    """[s] between its standstill and when it drives on."""

    @model_validator(mode="after")
    def _brakes_for_one_reason(self) -> LeadVehicle:
        if (self.trigger_m is None) == (self.at_s is None):
            raise ValueError("give a lead_vehicle either trigger_m or at_s: when does it brake?")
        if self.trigger_m is not None and self.trigger_m >= self.ahead_m:
            raise ValueError(
                f"a lead_vehicle {self.ahead_m:g} m ahead cannot wait until the ego is {self.trigger_m:g} m near: "
                "let trigger_m be less than ahead_m"
            )
        return self


class ParkedInLane(_Staged):
    """A car that stands in the lane of the ego's route, with its hand brake on."""

    kind: Literal["parked_in_lane"]
    blueprint: VehicleBlueprint = "vehicle.audi.tt"
    at_m: AlongRoute
    """Along the route."""
    offset_m: Annotated[float, Field(ge=-10.0, le=10.0)] = 0.0
    """[m] to the right of the lane's middle."""


class CrossingWalker(_Staged):
    """Somebody who waits beside the road and crosses it straight when the ego comes near."""

    kind: Literal["crossing_walker"]
    blueprint: Annotated[str, Field(pattern=r"^walker\.")] = "walker.pedestrian.0001"
    at_m: AlongRoute
    """Along the route."""
    side: Literal["right", "left"] = "right"
    """Where the walk begins, seen in the direction of travel."""
    start_offset_m: Distance = 4.0
    """[m] from the lane's middle to where it begins; it ends as far on the other side."""
    speed: Speed = 1.5
    """[m/s]"""
    trigger_m: Distance = 20.0
    """The walk begins once the ego's origin is this near along the route [m]."""


StagedActor: TypeAlias = Annotated[LeadVehicle | ParkedInLane | CrossingWalker, Field(discriminator="kind")]

STAGED_KINDS: tuple[type[LeadVehicle] | type[ParkedInLane] | type[CrossingWalker], ...] = (
    LeadVehicle,
    ParkedInLane,
    CrossingWalker,
)


def place_m(staged: LeadVehicle | ParkedInLane | CrossingWalker) -> float:
    """Where a staged actor begins, along the route [m]."""
    return staged.ahead_m if isinstance(staged, LeadVehicle) else staged.at_m
