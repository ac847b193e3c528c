"""What a person should know of a plan, in sentences: zone, hardware, time, then what is doubtful.

The order is that of what usually saves most. Whether a gain is worth it is decided by a table.
"""

from __future__ import annotations

from brizna.core.errors import Said
from brizna.core.factors import factor
from brizna.plan._candidate import micros
from brizna.plan._workload import instant_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from brizna.core.estimate import Estimate
    from brizna.plan._candidate import Candidate
    from brizna.plan._plan import Outcome, Point

_ROOM = "brizna.plan"


def least_saving() -> float:
    """Return the share of what running at once costs below which a plan is not worth it."""
    return factor(_ROOM, "advice", "plan/least-saving").value


def hysteresis() -> float:
    """Return the share of what is left that a new plan must save to replace one under way."""
    return factor(_ROOM, "advice", "plan/hysteresis").value


def is_worth(saved: Estimate | None, share: Estimate | None) -> bool:
    """Tell whether a saving is neither small nor inside its doubt."""
    if saved is None or share is None:
        return False
    return saved.low.value > 0 and share.best.value >= least_saving()


def advise(
    candidates: Sequence[Candidate],
    at_once: Mapping[str, Outcome],
    by_site: Mapping[str, Outcome],
    best: Outcome,
) -> list[str]:
    """Return what to do in order: zone, hardware, time.

    Args:
        candidates: The sites, the first being where the job would run if nobody planned.
        at_once: What starting at once costs, by site.
        by_site: The best at each site.
        best: What was chosen.
    """
    home = candidates[0]
    here = at_once.get(home.offer.name)
    if here is None:
        return []
    found: list[Said] = []
    elsewhere = [one for one in candidates if _zone(one) != _zone(home)]
    found += _better(
        here,
        [at_once[one.offer.name] for one in elsewhere if one.offer.name in at_once],
        "Place: at once at {site}, the job makes {share} % less carbon than at {here}.",
        "Place: no other place that was asked about makes less carbon at once than {here}.",
    )
    machines = [one for one in candidates[1:] if _zone(one) == _zone(home)]
    found += _better(
        here,
        [at_once[one.offer.name] for one in machines if one.offer.name in at_once],
        "Hardware: on {site}, in the same place, it makes {share} % less carbon than on {here}.",
        "Hardware: no other machine there that was asked about makes less carbon than {here}.",
    )
    found += _waiting(at_once.get(best.site), by_site[best.site])
    return [str(said) for said in found]


def _zone(candidate: Candidate) -> str | None:
    return candidate.offer.site.zone


def _better(here: Outcome, others: Sequence[Outcome], better: str, none: str) -> Iterator[Said]:
    if not others:
        return
    best = min(others, key=lambda one: one.carbon_g.best.value)
    share = _less(best, here)
    if share >= least_saving():
        yield Said(better, site=best.site, share=_percent(share), here=here.site)
    else:
        yield Said(none, here=here.site)


def _waiting(at_once: Outcome | None, best: Outcome) -> Iterator[Said]:
    if at_once is None:
        return
    share = _less(best, at_once)
    if share >= least_saving():
        yield Said(
            "Time: choosing the hours at {site} makes {share} % less carbon than at once there.",
            site=best.site,
            share=_percent(share),
        )
    else:
        yield Said(
            "Time: choosing the hours at {site} hardly changes its carbon.",
            site=best.site,
        )


def verdict(saved: Estimate | None, share: Estimate | None) -> Iterator[str]:
    """Yield why a plan is not worth it, if it is not."""
    if saved is None or share is None or is_worth(saved, share):
        return
    if share.best.value < least_saving():
        yield str(
            Said(
                "Not worth it: the plan saves less than {least} % of the carbon of running at "
                "once.",
                least=_percent(least_saving()),
            )
        )
    else:
        yield str(Said("Not worth it for sure: the saving lies within its doubt."))


def warnings(best: Outcome, now: Outcome | None, candidates: Sequence[Candidate]) -> Iterator[str]:
    """Yield what speaks against a plan: other signals, unlike series, profiles."""
    if now is not None and best != now:
        yield from _disagreements(best, now)
    first, *others = [one.carbon for one in candidates]
    for other in others:
        for field in ("kind", "scope", "basis"):
            mine, theirs = getattr(first, field), getattr(other, field)
            if mine != theirs:
                yield str(
                    Said(
                        "The series of {one} and {other} do not say the same ({field}: {mine}, "
                        "{theirs}): the difference between the places is doubtful.",
                        one=candidates[0].offer.name,
                        other=_named(candidates, other),
                        field=field,
                        mine=mine or Said("not stated"),
                        theirs=theirs or Said("not stated"),
                    )
                )
                break
    chosen = next(one for one in candidates if one.offer.name == best.site)
    if chosen.carbon.origin == "observed" and micros(chosen.carbon.end) > micros(
        instant_of(best.start)
    ):
        yield str(
            Said(
                "The hours of {site} come from a series that is no forecast: what the plan saves "
                "is what perfect knowledge of them would.",
                site=best.site,
            )
        )
    if chosen.carbon.origin == "profile" and len(set(chosen.carbon.values)) == 1:
        yield str(
            Said(
                "Of the hours of {site} only an annual figure is known, by which all are alike: a "
                "forecast, or a profile of what is usual, would tell them apart.",
                site=best.site,
            )
        )
    elif chosen.carbon.origin == "profile":
        yield str(
            Said(
                "The hours of {site} are known from a profile of what is usual only: a forecast "
                "of its days would plan better.",
                site=best.site,
            )
        )


def _named(candidates: Sequence[Candidate], signal: object) -> str:
    return next(one.offer.name for one in candidates if one.carbon is signal)


def _disagreements(best: Outcome, now: Outcome) -> Iterator[str]:
    less = best.carbon_g.best.value < now.carbon_g.best.value
    more = (best.marginal_g or 0.0) > (now.marginal_g or 0.0)
    if less and more and best.marginal_g is not None and now.marginal_g is not None:
        yield str(
            Said(
                "Average and marginal intensity rank the hours differently: by the marginal one "
                "the plan adds {more} % more carbon than running at once.",
                more=_percent(best.marginal_g / now.marginal_g - 1) if now.marginal_g else "?",
            )
        )
    if (
        less
        and best.renewable_share is not None
        and now.renewable_share is not None
        and best.renewable_share < now.renewable_share
    ):
        yield str(
            Said(
                "Carbon and the renewable share rank the hours differently: the plan runs on "
                "{plan} % renewable energy, running at once on {now} %.",
                plan=_percent(best.renewable_share),
                now=_percent(now.renewable_share),
            )
        )


def fronted(points: Sequence[Point], *, by_cost: bool) -> tuple[Point, ...]:
    """Return the points that no other beats, from most to least carbon, with what a tonne costs.

    Args:
        points: Any, in any order.
        by_cost: Whether carbon is weighed up against money; against the time of the end if not.
    """

    def other(point: Point) -> float | str:
        return (point.cost or 0.0) if by_cost else point.finish

    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (other(one), one.carbon_g, one.start)):
        if kept and point.carbon_g >= kept[-1].carbon_g:
            continue
        before = kept[-1] if kept else None
        kept.append(point.replace(per_tonne=_per_tonne(before, point, by_cost=by_cost)))
    return tuple(kept)


def _per_tonne(before: Point | None, point: Point, *, by_cost: bool) -> float | None:
    if before is None:
        return None
    from brizna.core.quantities import Carbon

    tonnes = Carbon(before.carbon_g - point.carbon_g).to("t")
    if by_cost:
        return ((point.cost or 0.0) - (before.cost or 0.0)) / tonnes
    late = instant_of(point.finish) - instant_of(before.finish)
    return late.total_seconds() / 3600 / tonnes


def _less(one: Outcome, other: Outcome) -> float:
    """Return how much less carbon one way makes than another, as a share of that."""
    whole = other.carbon_g.best.value
    return (whole - one.carbon_g.best.value) / whole if whole > 0 else 0.0


def _percent(share: float) -> int:
    return round(share * 100)
