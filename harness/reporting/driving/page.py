"""What the page of a run is made of; it is filled into ``driving.html`` by the machinery of the score's page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.reporting.charts import Chart
from harness.reporting.driving.axes import Cloud
from harness.reporting.driving.maps import KindShape, ScenarioMap
from harness.reporting.page import HeadlineGroup, Link, Picture, TablePart, fill

_TEMPLATE = Path(__file__).with_name("driving.html")


@dataclass(frozen=True, kw_only=True)
class Film:
    """One episode in pictures and words."""

    picture: Picture | None
    """None where no clip was kept."""
    title: str
    row: Link
    """Its row in the table of episodes."""
    sentences: tuple[str, ...]
    """What happened."""


@dataclass(frozen=True, kw_only=True)
class PolicyStyle:
    """A policy and its class in the style sheet."""

    name: str
    style: str


@dataclass(frozen=True, kw_only=True)
class DriveSection:
    """A section of the page: words, then what there is of figures, then tables."""

    anchor: str
    title: str
    text: str
    policies: tuple[PolicyStyle, ...] = ()
    """Legend of the maps; each can be hidden."""
    shapes: tuple[KindShape, ...] = ()
    """Symbols."""
    clouds: tuple[Cloud, ...] = ()
    charts: tuple[Chart, ...] = ()
    film: Film | None = None
    maps: tuple[ScenarioMap, ...] = ()
    parts: tuple[TablePart, ...] = ()
    when_empty: str = ""
    """What is said where there is nothing of all this."""

    @property
    def is_empty(self) -> bool:
        """Whether only words are there."""
        return not (self.clouds or self.charts or self.film or self.maps or self.parts)


@dataclass(frozen=True, kw_only=True)
class DrivePage:
    """Everything on the page, in its order."""

    title: str
    lead: str
    notices: tuple[str, ...]
    headline: tuple[HeadlineGroup, ...]
    sections: tuple[DriveSection, ...]
    definitions: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Anchor and name of each section."""
        return (
            *((section.anchor, section.title) for section in self.sections),
            ("definitions", "Definitions"),
            ("environment", "Environment"),
        )


def render(page: DrivePage) -> str:
    """The page as HTML."""
    return fill(_TEMPLATE, page)
