"""What forms of law ask for beside figures and facts: words and numbers made from the records."""

from __future__ import annotations

from datetime import datetime, timedelta

from brizna.core.errors import Said
from brizna.core.estimate import Estimate
from brizna.report._instants import tell_instant
from brizna.report._known import cards, hardware_words, processors
from brizna.report._method import method
from brizna.report._texts import texts
from brizna.report._view import shares
from brizna.report._words import name_basis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.report._dossier import Dossier, Figure
    from brizna.report._filling import Filling

    Words = Callable[[Filling, str], str | None]
    Counted = tuple[float, Figure, str]
    Numbers = Callable[[Filling, str], list[Counted] | str]

_MONTH_S = 365.25 / 12 * 86400
_RANGES_MONTHS = (1, 3, 6)
_TRAINING = {"training", "pre-training", "fine-tuning"}
_USE = {"inference", "deployment", "monitoring"}
_AROUND = {"inception", "data", "data-preparation", "search", "evaluation"}
"""Stages, as tags ``stage:NAME`` or the fact ``stage`` name them, that count with a training."""


def _title(form: Filling, field: str) -> str | None:  # noqa: ARG001 - one shape for all of them
    return form.dossier.title


def _period(form: Filling, field: str) -> str | None:  # noqa: ARG001 - as above
    _ = form.style.say
    dossier = form.dossier
    span = _("{start} to {end}").format(
        start=tell_instant(dossier.started, form.lang), end=told_end(dossier, form.lang)
    )
    asked = dossier.selection.period
    return f"{asked}: {span}" if asked else span


def _runs(form: Filling, field: str) -> str | None:  # noqa: ARG001 - as above
    views = form.dossier.views
    count = texts(form.lang).ngettext("{count} run", "{count} runs", len(views))
    return count.format(count=form.style.count(len(views)))


def _place(form: Filling, field: str) -> str | None:
    named = place(form)
    if named is None:
        form.lack(field, str(Said("the grid zone is not known")), fact="location")
    return named


def place(form: Filling) -> str | None:
    """Return where the runs were: what was declared, and their grid zones; None if unknown."""
    _ = form.style.say
    facts = form.dossier.facts
    named: list[str] = []
    for key in ("location", "country", "region", "provider"):
        if facts[key] and not any(facts[key] in one for one in named):
            named.append(facts[key])
    zones = sorted({view["site"]["zone"] for view in form.dossier.views if view["site"]["zone"]})
    if zones:
        named.append(_("grid zone {zone}").format(zone=", ".join(zones)))
    return ", ".join(named) or None


def _operator(form: Filling, field: str) -> str | None:  # noqa: ARG001 - as above
    _ = form.style.say
    provider = form.dossier.facts["provider"]
    return provider or _("taken as the organisation itself: no provider was declared")


def _hardware(form: Filling, field: str) -> str | None:
    named = hardware_words(form.dossier)
    if named is None:
        form.lack(field, str(Said("no hardware was recorded")), fact="hardware")
    return named


def _basis(form: Filling, field: str) -> str | None:
    _ = form.style.say
    energy = form.dossier.amount("energy_j")
    if not isinstance(energy, Estimate):
        form.lack(field, form.dossier.reason("energy_j"))
        return None
    facility = form.dossier.amount("facility_energy_j")
    weakest = facility if isinstance(facility, Estimate) else energy
    told = _("estimated") if energy.basis != "metered" else _("known: read from counters")
    said = _("{told}; weakest part: {basis}").format(
        told=told, basis=name_basis(weakest.basis, form.lang)
    )
    metered = [sum(s for _k, s, b in shares(view) if b == "metered") for view in form.dossier.views]
    if len(metered) == 1 and 0 < metered[0] < 1:
        said += "; " + _("{share} of the computers' energy metered").format(
            share=form.style.percent(metered[0])
        )
    return said


def _unit(form: Filling, field: str) -> str | None:
    units = [view["footprint"]["functional_unit"] for view in form.dossier.views]
    if any(unit is None for unit in units) or len({unit["name"] for unit in units}) > 1:
        form.lack(field, str(Said("no functional unit, the same for all runs, was named")))
        return None
    count = sum(unit["count"] for unit in units)
    return f"{form.style.number(count)} × {units[0]['name']}"


def _range(form: Filling, field: str) -> str | None:
    """Return in which of the form's ranges the time of the training lies."""
    _ = form.style.say
    duration_s = form.dossier.amount("duration_s")
    if not isinstance(duration_s, float):
        form.lack(field, form.dossier.reason("duration_s"))
        return None
    words = (
        _("less than 1 month"),
        _("1 to 3 months"),
        _("3 to 6 months"),
        _("more than 6 months"),
    )
    return words[sum(duration_s >= months * _MONTH_S for months in _RANGES_MONTHS)]


def _stage(form: Filling, field: str) -> str | None:
    found = stages(form.dossier)
    if not found:
        form.lack(field, "nobody declared it", fact="stage")
        return None
    return ", ".join(sorted(found))


def _quality(form: Filling, field: str) -> str | None:
    facts = form.dossier.facts
    if facts["quality"] is None:
        form.lack(field, "nobody declared it", fact="quality")
        return None
    reached = form.style.exactly(facts["quality"])
    return f"{reached} ({facts['quality_metric']})" if facts["quality_metric"] else reached


WORDS: Mapping[str, Words] = {
    "title": _title,
    "period": _period,
    "runs": _runs,
    "place": _place,
    "operator": _operator,
    "hardware": _hardware,
    "basis": _basis,
    "unit": _unit,
    "training-range": _range,
    "stage": _stage,
    "quality": _quality,
    "method": method,
}
"""What a field takes as ``words:NAME``."""


def _hardware_days(form: Filling, unit: str) -> list[Counted] | str:
    """Return for each kind of device its days: how many of them, times the time.

    Accelerators are the devices that count; processors only where there is none.
    """
    dossier = form.dossier
    if dossier.at_once:
        return str(Said("the runs overlapped: their times have no sum"))
    kinds = [cards(view) or processors(view) for view in dossier.views]
    if any(one != kinds[0] for one in kinds):
        return str(Said("the runs used different devices: report each kind by itself"))
    if not kinds[0]:
        return str(Said("no hardware was recorded"))
    found: list[Counted] = []
    for name, count in kinds[0].items():
        taken = form.take("duration_s", unit=unit, times=count)
        if taken is None:
            return dossier.reason("duration_s")
        found.append((*taken, name))
    return found


NUMBERS: Mapping[str, Numbers] = {
    "hardware-days": _hardware_days,
}
"""What a field takes as ``number:NAME``: numbers with their figures and kinds, or why not."""

NEVER: Mapping[str, Said] = {
    "direct": Said("brizna meters electricity: fuels and refrigerants are for others to add"),
    "whole-machine": Said(
        "this category counts the whole making of what was bought in the year, not its share by use"
    ),
    "upstream": Said(
        "the life-cycle factor of the electricity holds the fuel chain already; losses of the "
        "networks are not known here"
    ),
    "water-meter": Said("no meter of water was read; the factors' water is not the centre's own"),
}
"""Why a field that takes ``never:NAME`` stays empty unless somebody declares it."""

UNASKED: Mapping[str, Said] = {
    "carbon_market_g": Said("no contract's or supplier's intensity was declared (--market)"),
}
"""Why a figure is missing that a footprint holds only where what it needs was declared."""


def stages(dossier: Dossier) -> set[str]:
    """Return the stages that somebody declared of the runs, by their tags or else by the fact."""
    return {stage for view in dossier.views for stage in _stages_of(view, dossier)}


def without_stage(dossier: Dossier) -> int:
    """Return of how many runs nobody declared a stage."""
    return sum(not _stages_of(view, dossier) for view in dossier.views)


def _stages_of(view: Mapping[str, Any], dossier: Dossier) -> set[str]:
    found = {tag.removeprefix("stage:") for tag in view["tags"] if tag.startswith("stage:")}
    return found or ({dossier.facts["stage"]} if dossier.facts["stage"] else set())


def asked_of(when: str, dossier: Dossier) -> Dossier:
    """Return the runs that a field asks about: of mixed ones, those of its stage, if there are any.

    Args:
        when: As a field has it.
        dossier: All the runs.
    """
    stages_of = {"training": _TRAINING | _AROUND, "use": _USE}.get(when)
    if stages_of is None:
        return dossier
    found = {view["id"]: _stages_of(view, dossier) for view in dossier.views}
    part = {run for run, own in found.items() if own <= stages_of and (own or when == "training")}
    return dossier.part(part) if 0 < len(part) < len(dossier.views) else dossier


def out_of_place(when: str, dossier: Dossier) -> Said | None:
    """Return why a field does not ask about these runs; None where it does."""
    found = stages(dossier)
    is_training = not found or (bool(found & _TRAINING) and found <= _TRAINING | _AROUND)
    if when == "training" and not is_training:
        return Said(
            "the runs are not training alone but: {stages}", stages=", ".join(sorted(found))
        )
    if when == "use" and not (found and found <= _USE):
        return Said("the runs are not of the model's use (stage:inference)")
    if when == "own" and _is_bought(dossier):
        return Said("somebody else runs the machines, see the scope 3 field")
    if when == "cloud" and not _is_bought(dossier):
        return Said("no provider of the machines was declared")
    return None


def _is_bought(dossier: Dossier) -> bool:
    """Tell whether the machines are somebody else's, bought as a service."""
    premises = dossier.facts["premises"]
    if premises in ("on-premise", "public-cloud"):
        return premises == "public-cloud"
    return bool(dossier.facts["provider"])


def told_end(dossier: Dossier, lang: str) -> str:
    """Return when the last run ended, as the readers of a language are used to."""
    ends = (
        datetime.fromisoformat(view["started"]) + timedelta(seconds=view["duration_s"])
        for view in dossier.views
    )
    return tell_instant(max(ends).isoformat(), lang)
