"""What the page of a run says: title, notices, numbers and figures, put together from its tables."""

from __future__ import annotations

from harness.reporting.driving.curve_sections import lateral_section, sweep_section
from harness.reporting.driving.definitions import definitions
from harness.reporting.driving.episode_sections import episode_section, infraction_section
from harness.reporting.driving.film import film_section
from harness.reporting.driving.headline import headlines
from harness.reporting.driving.link_section import link_section, loss_section
from harness.reporting.driving.maps import kind_shapes, scenario_maps
from harness.reporting.driving.outline import FEW, DriveOutline
from harness.reporting.driving.page import DrivePage, DriveSection, PolicyStyle
from harness.reporting.driving.pooled import Loss, PolicyResult
from harness.reporting.driving.source import DriveData
from harness.reporting.driving.summary_section import summary_section
from harness.scoring.statistics.bootstrap import Bootstrap


def build_page(
    outline: DriveOutline,
    data: DriveData,
    results: tuple[PolicyResult, ...],
    losses: tuple[Loss, ...],
    bootstrap: Bootstrap,
) -> DrivePage:
    """The whole page.

    Args:
        outline: of the run.
        data: what the run left.
        results: of each policy.
        losses: of the policies that are held against another.
        bootstrap: how the intervals of these were made.
    """
    maps = _map_section(outline, data)
    scenarios_with_map = frozenset(each.title for each in maps.maps)
    return DrivePage(
        title=f"Driving under weather: {data.description.get('suite', data.folder.name)}",
        lead=_lead(outline, data),
        notices=notices_of(data, results),
        headline=headlines(results, losses),
        sections=(
            summary_section(outline, data.summary),
            loss_section(outline, data.link),
            link_section(outline, data.episodes, data.link),
            *((sweep_section(outline, data.summary),) if outline.sweeps else ()),
            lateral_section(outline, data.ticks),
            film_section(outline, data),
            maps,
            episode_section(outline, data.episodes, scenarios_with_map),
            infraction_section(outline, data.infractions),
        ),
        definitions=_definitions(data, bootstrap),
        environment=_environment(data),
    )


def notices_of(data: DriveData, results: tuple[PolicyResult, ...]) -> tuple[str, ...]:
    """What a reader must know before believing a number."""
    notices = []
    unfinished = data.episodes[data.episodes["status"] != "done"]
    if len(unfinished):
        kinds = ", ".join(f"{count} {status}" for status, count in unfinished["status"].value_counts().items())
        notices.append(
            f"Incomplete: of {len(data.episodes)} planned episodes {kinds}. Rates and means are over those that are "
            "done; the table of episodes says which are missing and why."
        )
    few = [f"{result.policy} ({result.done})" for result in results if result.done < FEW]
    if few:
        notices.append(
            f"Few episodes: {', '.join(few)}. Intervals are wide, and those of scores are too narrow for so few."
        )
    return tuple(notices)


def _map_section(outline: DriveOutline, data: DriveData) -> DriveSection:
    return DriveSection(
        anchor="maps",
        title="Paths and events",
        text="Each scenario from above, x to the right and y downwards as CARLA's axes are, all weathers, sizes and "
        "repeats in one map. Grey: the lanes of the route, as wide as they are; dark bars: where its traffic has to "
        "wait. A line is the path of one episode in the colour of its policy, a symbol what went wrong there; a policy "
        "can be hidden.",
        policies=tuple(PolicyStyle(name=policy, style=outline.style(policy)) for policy in outline.policies),
        shapes=kind_shapes(data.infractions),
        maps=scenario_maps(outline, data),
        when_empty="Nothing was driven yet.",
    )


def _lead(outline: DriveOutline, data: DriveData) -> str:
    done = int((data.episodes["status"] == "done").sum())
    parts = [
        _count(len(outline.policies), "policy", "policies"),
        _count(len(outline.scenarios), "scenario"),
        _count(len(outline.weathers), "weather"),
        _count(len(outline.views), "image size"),
        _count(int(data.episodes["repeat"].nunique()), "repeat"),
    ]
    minutes = float(data.driven["duration_s"].sum()) / 60
    driven = f"{minutes:.{0 if minutes >= 10 else 1}f} minutes of simulated driving in all."
    return f"{', '.join(parts)}: {done} of {len(data.episodes)} planned episodes are done, {driven}"


def _definitions(data: DriveData, bootstrap: Bootstrap) -> tuple[tuple[str, str], ...]:
    words = {**(data.description.get("definitions") or {}), **definitions(bootstrap)}
    return tuple((str(name).replace("_", " "), str(text)) for name, text in words.items())


def _environment(data: DriveData) -> tuple[tuple[str, str], ...]:
    """Server, policies, models, rules, seeds and versions as lines."""
    description, environment = data.description, data.environment
    lines = [(name, in_words(description[name])) for name in ("server", "rules", "seeds") if description.get(name)]
    lines += [
        (f"policy {name}", in_words(origin))
        for name, origin in (description.get("policies") or {}).items()
        if origin != {"name": name}
    ]
    lines += [(f"model {name}", in_words(origin)) for name, origin in (description.get("models") or {}).items()]
    labels = description.get("labels") or {}
    if labels:
        lines.append(("labels", f"{labels.get('name')}: {len(labels.get('classes', ()))} classes"))
    lines += [
        (name.replace("_", " "), in_words(environment[name]))
        for name in ("packages", "command", "harness_version", "git_commit", "python", "platform")
        if environment.get(name)
    ]
    return tuple(lines)


def in_words(content: object) -> str:
    """JSON values as words."""
    if isinstance(content, dict):
        return ", ".join(f"{key} {in_words(value)}" for key, value in content.items() if value is not None)
    return " ".join(in_words(part) for part in content) if isinstance(content, list) else str(content)


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number} {what}" if number == 1 else f"{number} {several or f'{what}s'}"
