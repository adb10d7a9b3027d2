"""A map of two streets that meet at a junction, and of a third one that leads nowhere."""

from __future__ import annotations

import math

import carla

LENGTH_M = 100.0


def road(
    number: int, x: float, y: float, heading: float, *, length: float = LENGTH_M, links: str = "", junction: int = -1,
    beside: str = '<lane id="-2" type="sidewalk" level="false"><width sOffset="0" a="4" b="0" c="0" d="0"/></lane>',
    lane_link: str = "",
) -> str:  # fmt: skip
    return f"""<road name="" length="{length}" id="{number}" junction="{junction}"><link>{links}</link><planView>
      <geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{length}"><line/></geometry></planView>
      <lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>
      <lane id="-1" type="driving" level="false"><link>{lane_link}</link>
      <width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>{beside}</right></laneSection></lanes></road>"""


def successor(number: int, *, kind: str = "road") -> str:
    contact = ' contactPoint="start"' if kind == "road" else ""
    return f'<successor elementType="{kind}" elementId="{number}"{contact}/>'


def predecessor(number: int, *, kind: str = "road") -> str:
    contact = ' contactPoint="end"' if kind == "road" else ""
    return f'<predecessor elementType="{kind}" elementId="{number}"{contact}/>'


SAME_LANE = '<predecessor id="-1"/><successor id="-1"/>'
TOWN = carla.Map(
    "made up",
    '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4"/>'
    # Eastward to a junction, from which one way goes on eastward and another one turns north.
    + road(1, 0.0, 0.0, 0.0, links=successor(10, kind="junction"))
    + road(2, 120.0, 0.0, 0.0, links=predecessor(10, kind="junction"))
    + road(3, 120.0, 20.0, math.pi / 2, links=predecessor(10, kind="junction"))
    + road(4, 0.0, -300.0, 0.0)  # joined to nothing
    + road(5, 100.0, 0.0, 0.0, length=20.0, junction=10, links=predecessor(1) + successor(2), lane_link=SAME_LANE)
    + road(
        6, 100.0, 0.0, math.pi / 4, length=math.hypot(20.0, 20.0), junction=10,
        links=predecessor(1) + successor(3), lane_link=SAME_LANE,
    )
    + '<junction id="10" name="">'
    + "".join(
        f'<connection id="{through}" incomingRoad="1" connectingRoad="{through}" contactPoint="start">'
        '<laneLink from="-1" to="-1"/></connection>'
        for through in (5, 6)
    )
    + "</junction>"
    + "</OpenDRIVE>",
)  # fmt: skip
"""In OpenDRIVE's axes, whose y is CARLA's mirrored."""
