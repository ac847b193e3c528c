"""What saved, and what would have: each beside what would have happened otherwise.

Only the store's records speak. A saving is the difference between two estimates, so that doubts
that both share cancel, and it says what it is measured against:

- plans that were carried out: against beginning at once;
- runs of one name: against as many at what one took on average in the period before; where that
  period has none, the later ones against the first of this period. That their work is the same is
  taken from their name, and must be said beside it. Runs of one name scatter; what they scatter by
  is a doubt of the difference, and where one run stands against one other it is not known, so that
  nothing is told;
- failed runs: against none having failed, which is the most that fewer failures can save;
- hours: the largest runs, each at the hour of its day at which it would have emitted least;
- idle machines: against being off whenever no run went on, where a baseline tells what they draw.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from math import fsum, sqrt
from shlex import join

from brizna.core.errors import BriznaError, CoverageError
from brizna.core.estimate import CHANCE, Estimate, exactly, total
from brizna.core.quantities import Carbon, Energy, Power
from brizna.core.records import Record
from brizna.core.trials import LEVEL, student
from brizna.store import Wanted, estimates_of, latest_baseline, read_plans
from brizna.verbs._elsewhere import Elsewhere, replay_elsewhere
from brizna.verbs._spent import Asked, Reserved, charge_runs, counted
from brizna.verbs._totals import Total, total_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.book import Book
    from brizna.store import Index, RunSummary, Store
    from brizna.verbs._settings import Settings
    from brizna.verbs._stretch import Stretch
    from brizna.verbs._totals import Group

_FOLLOWED = "brizna.followed/1"
_LARGEST = 3
"""So many runs are moved to other hours: they must be replayed sample by sample."""
_MOST_NAMES = 5
"""So many names that saved, and that cost more, are kept."""
_KINDS: Mapping[str, type[Energy | Carbon]] = {"energy_j": Energy, "carbon_g": Carbon}
_DAY_S = 86400.0


class Saved(Record):
    """Something that saved, or would have; below 0 it cost more.

    Attributes:
        way: ``plans``, ``name`` (against the period before), ``name-first`` (against the first run
            of the period), ``failed``, ``hours`` or ``idle``.
        about: The name of the runs, or the machine; empty for all runs.
        runs: How many runs it is about.
        against: How many runs they are compared with; None where they are compared with none.
        energy_j: What was saved; None where that is not known.
        carbon_g: The same of carbon.
        commands: What leads to both.
        reason: Why neither is known, in English as records hold it.
    """

    way: str
    about: str
    runs: int
    against: int | None
    energy_j: Estimate | None
    carbon_g: Estimate | None
    commands: tuple[str, ...]
    reason: str | None = None

    _forms: ClassVar = {}

    @property
    def is_told_apart(self) -> bool:
        """Whether its interval, of carbon or else energy, lies on one side of 0."""
        value = self.carbon_g or self.energy_j
        return value is not None and (value.low.value > 0 or value.high.value < 0)

    def shown(self) -> Saved:
        """Return it with its intervals, without the many doubts that these come from."""
        return self.replace(
            **{
                name: None
                if value is None
                else Total(figure="", value=value, runs=0).without_doubts().value
                for name, value in (("energy_j", self.energy_j), ("carbon_g", self.carbon_g))
            }
        )


class Scene(Record):
    """Where to look for savings.

    Attributes:
        store: Where the runs are.
        tags: What all of them have.
        seen: The days of the report.
        before: Those that they are compared with.
        failed: The failed runs of the period, summed; None if none failed.
    """

    store: Store
    tags: tuple[str, ...]
    seen: Stretch
    before: Stretch
    failed: Group | None


def ways_that_saved(scene: Scene) -> tuple[Saved, ...]:
    """Return what saved and what cost more: the largest first, those that cost more last."""
    runs = _runs(scene, scene.seen)
    named = sorted((one for one in _names(scene, runs) if one.is_told_apart), key=_largest_first)
    most = 2 * _MOST_NAMES
    largest = named if len(named) <= 2 * most else (*named[:most], *named[-most:])
    found = [*filter(None, [_plans(scene, runs)]), *_scattered(scene, runs, largest)]
    told = sorted((one for one in found if one.is_told_apart), key=_largest_first)
    saved = [one for one in told if _amount(one) > 0]
    more = [one for one in told if _amount(one) < 0]
    return (*saved[:_MOST_NAMES], *more[-_MOST_NAMES:])


def ways_that_would(
    scene: Scene,
    settings: Settings,
    *,
    at: datetime,
    environ: Mapping[str, str],
    book: Book,
) -> tuple[Saved, ...]:
    """Return what would have saved, the largest first; what is not known comes last.

    Other hours are left out where their interval does not say whether they would have been cleaner.

    Args:
        scene: Where to look.
        settings: Those in force, for the hours of a grid.
        at: The present, aware.
        environ: Holds the keys of sources.
        book: The factors in force.
    """
    runs = _runs(scene, scene.seen)
    found = [
        *filter(None, [_failed(scene), _hours(scene, runs, settings, environ)]),
        *_idle(scene, runs, at, book),
    ]
    told = (one for one in found if one.way != "hours" or one.carbon_g is None or one.is_told_apart)
    return tuple(sorted(told, key=_largest_first))


def _runs(scene: Scene, stretch: Stretch) -> list[RunSummary]:
    start, end = (
        datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (stretch.start, stretch.end)
    )
    return counted(scene.store, Asked(tags=scene.tags, start=start, end=end))


def _amount(saved: Saved) -> float:
    value = saved.carbon_g or saved.energy_j
    return 0.0 if value is None else value.best.value


def _largest_first(saved: Saved) -> tuple[bool, bool, float, str]:
    unknown = saved.carbon_g is None and saved.energy_j is None
    return unknown, saved.carbon_g is None, -_amount(saved), saved.about


# ------------------------------------------------------------------------------------- what saved


def _plans(scene: Scene, runs: Sequence[RunSummary]) -> Saved | None:
    """Return what waiting for cleaner hours saved; None where no run followed a plan."""
    plans = read_plans(scene.store)
    known: list[Estimate] = []
    followed: list[str] = []
    for run in runs if plans else ():
        kept = scene.store.records(run.id, schema=_FOLLOWED)
        saving_g = kept[-1]["saving_g"] if kept else None
        if saving_g is not None:
            known.append(_doubted(saving_g, plans.get(kept[-1]["plan"])))
            followed.append(run.id)
    if not known:
        return None
    return Saved(
        way="plans",
        about="",
        runs=len(known),
        against=None,
        energy_j=None,
        carbon_g=total(known),
        commands=tuple(f"brizna show {run_id}" for run_id in followed),
    )


def _doubted(saving_g: float, plan: Mapping[str, Any] | None) -> Estimate:
    """Return what a plan saved, doubted in the proportion in which the plan doubted its promise."""
    promised = None if plan is None else plan["saving_g"]
    if not promised or not promised["best"]:
        return Estimate(Carbon(saving_g), basis="modelled")
    return Estimate.from_json(Carbon, promised).scaled(saving_g / promised["best"])


def _names(scene: Scene, runs: Sequence[RunSummary]) -> list[Saved]:
    """Return what runs of each name took less, or more, than those of their name before."""
    now, last = _by_name(scene, scene.seen), _by_name(scene, scene.before)
    found = [
        _against(scene, name, group, last[name]) for name, group in now.items() if name in last
    ]
    firsts: dict[str, RunSummary] = {}
    for run in sorted(runs, key=lambda one: (one.started or "", one.id)):
        if run.name in now and run.name not in last and run.outcome == "succeeded":
            firsts.setdefault(run.name, run)
    known = _figures_of(scene.store, [run.id for run in firsts.values()])
    found += [
        _since_first(scene, now[name], run, known.get(run.id, {}))
        for name, run in firsts.items()
        if now[name].runs > 1
    ]
    return found


def _by_name(scene: Scene, stretch: Stretch) -> dict[str, Group]:
    """Return the runs of a stretch that succeeded, by their name, if they have one."""
    wanted = Wanted(tags=scene.tags, start=stretch.start, end=stretch.end)
    groups = total_runs(
        scene.store, by=("name", "outcome"), figures=tuple(_KINDS), wanted=wanted
    ).groups
    return {
        group.key["name"]: group
        for group in groups
        if group.key["name"] is not None and group.key["outcome"] == "succeeded"
    }


def _against(scene: Scene, name: str, now: Group, last: Group) -> Saved:
    """Return what runs took less than as many would have at the mean of those before."""
    first, second = _known(now), _known(last)
    saved = {
        figure: second[figure].scaled(now.runs / last.runs) - first[figure]
        for figure in _KINDS
        if figure in first and figure in second and now.view == last.view
    }
    commands = (_command(scene, scene.seen), _command(scene, scene.before))
    return _saved(("name", name), (now.runs, last.runs), saved, commands)


def _since_first(
    scene: Scene, now: Group, run: RunSummary, figures: Mapping[str, Estimate]
) -> Saved:
    """Return what the later runs of a name took less than as many would have at the first's."""
    known, later = _known(now), now.runs - 1
    saved = {
        figure: figures[figure].scaled(later) - (known[figure] - figures[figure])
        for figure in _KINDS
        if figure in known and figure in figures
    }
    commands = (_command(scene, scene.seen), f"brizna explain {run.id}")
    return _saved(("name-first", run.name or ""), (later, 1), saved, commands)


def _scattered(scene: Scene, runs: Sequence[RunSummary], found: Sequence[Saved]) -> list[Saved]:
    """Return savings of names, doubted by what runs of each name scatter by.

    A name is left out where too few runs of it are known to tell.
    """
    now, before = _ids_by_name(runs), _ids_by_name(_runs(scene, scene.before))
    doubted: list[Saved] = []
    for one in found:
        ids = now[one.about]
        later, earlier = (ids, before[one.about]) if one.way == "name" else (ids[1:], ids[:1])
        known = _figures_of(scene.store, [*later, *earlier])
        changes: dict[str, Estimate | None] = {}
        for figure in _KINDS:
            saved: Estimate | None = getattr(one, figure)
            sides = [
                [known[each][figure].best.value for each in side if figure in known.get(each, {})]
                for side in (later, earlier)
            ]
            reach = _reach(*sides)
            changes[figure] = None if saved is None or reach is None else _reaching(saved, reach)
        if any(value is not None for value in changes.values()):
            doubted.append(one.replace(**changes))
    return doubted


def _ids_by_name(runs: Sequence[RunSummary]) -> defaultdict[str, list[str]]:
    """Return the runs that succeeded by their name, in the order in which they began."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for run in sorted(runs, key=lambda one: (one.started or "", one.id)):
        if run.name is not None and run.outcome == "succeeded":
            found[run.name].append(run.id)
    return found


def _reach(later: Sequence[float], earlier: Sequence[float]) -> float | None:
    """Return by how much chance can move what later runs took less than as many earlier ones.

    Student's interval of a difference of two means, of one scatter, times the later runs; None
    where one run stands against one, or none is known.
    """
    freedom = len(later) + len(earlier) - 2
    if not later or not earlier or freedom < 1:
        return None
    means = [fsum(side) / len(side) for side in (later, earlier)]
    squares = fsum(
        (x - mean) ** 2 for side, mean in zip((later, earlier), means, strict=True) for x in side
    )
    error = sqrt(squares / freedom * (1 / len(later) + 1 / len(earlier)))
    return student(LEVEL, freedom) * error * len(later)


def _reaching(saved: Estimate, reach: float) -> Estimate:
    """Return a saving that chance can move so far."""
    best = saved.best.value
    ends = dict(saved.doubts)
    low, high = ends.pop(CHANCE, (best, best))
    ends[CHANCE] = (
        best - sqrt((best - low) ** 2 + reach**2),
        best + sqrt((high - best) ** 2 + reach**2),
    )
    return Estimate.of(saved.best, ends, basis=saved.basis, references=saved.references)


def _saved(
    way: tuple[str, str],
    counts: tuple[int, int],
    saved: Mapping[str, Estimate],
    commands: tuple[str, ...],
) -> Saved:
    return Saved(
        way=way[0],
        about=way[1],
        runs=counts[0],
        against=counts[1],
        energy_j=saved.get("energy_j"),
        carbon_g=saved.get("carbon_g"),
        commands=commands,
    )


def _known(group: Group) -> dict[str, Estimate]:
    """Return the figures of a group that are known of each of its runs."""
    return {one.figure: one.value for one in group.totals if one.runs == group.runs}


def _figures_of(store: Store, ids: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    def ask(index: Index) -> dict[str, dict[str, Estimate]]:
        return {
            run_id: estimates_of(layout, row, index.doubt)
            for run_id, (_view, layout, row) in index.figures_of(ids).items()
        }

    return store.through_index(ask)[0]


def _command(scene: Scene, stretch: Stretch) -> str:
    words = ["brizna", "runs", "total", "--by", "name,outcome"]
    words += ["--from", stretch.start, "--to", stretch.last]
    return join([*words, *(word for tag in scene.tags for word in ("--tag", tag))])


# ------------------------------------------------------------------------------------- what would


def _failed(scene: Scene) -> Saved | None:
    """Return what failed runs took; None if none failed."""
    if scene.failed is None:
        return None
    known = _known(scene.failed)
    words = ["brizna", "runs", "total", "--by", "outcome"]
    words += ["--from", scene.seen.start, "--to", scene.seen.last]
    return Saved(
        way="failed",
        about="",
        runs=scene.failed.runs,
        against=None,
        energy_j=known.get("energy_j"),
        carbon_g=known.get("carbon_g"),
        commands=(join([*words, *(word for tag in scene.tags for word in ("--tag", tag))]),),
    )


def _hours(
    scene: Scene, runs: Sequence[RunSummary], settings: Settings, environ: Mapping[str, str]
) -> Saved | None:
    """Return what the largest runs would have saved at other hours; None where they are too long.

    A run of a day or longer meets every hour whenever it begins.
    """
    known = _figures_of(scene.store, [run.id for run in runs])
    short = [
        run
        for run in runs
        if "carbon_g" in known.get(run.id, {}) and (run.duration_s or _DAY_S) < _DAY_S
    ]
    short.sort(key=lambda run: (-known[run.id]["carbon_g"].best.value, run.id))
    largest = short[:_LARGEST]
    zones = {run.id: scene.store.read(run.id).run.site.zone for run in largest}
    found: list[Estimate] = []
    reason: str | None = None
    for run in largest:
        try:
            found.append(_better_hour(scene.store, run.id, zones[run.id], settings, environ))
        except BriznaError as error:  # no hours are known of its grid: the report says why
            reason = str(error)
    if not largest:
        return None
    return Saved(
        way="hours",
        about="",
        runs=len(found) or len(largest),
        against=None,
        energy_j=None,
        carbon_g=total(found) if found else None,
        commands=tuple(
            join(["brizna", "show", run.id, "--elsewhere", "--zones", zones[run.id] or "-"])
            for run in largest
        ),
        reason=None if found else reason,
    )


def _better_hour(
    store: Store, run_id: str, zone: str | None, settings: Settings, environ: Mapping[str, str]
) -> Estimate:
    """Return what a run would have emitted less at the cleanest hour of its day to begin at.

    Raises:
        BriznaError: If the hours of its grid are not known.
    """
    if zone is None:
        raise CoverageError("No grid zone is known of the run: name it with --zone when it runs.")
    found = replay_elsewhere(store, run_id, Elsewhere(zones=(zone,)), settings, environ=environ)
    place = found["places"][0]
    if place["then"] is None or place["least"] is None:
        raise CoverageError("The hours of the grid of {zone} are not known.", zone=zone)
    then, least = (
        Estimate.from_json(Carbon, place[name]["carbon_g"]) for name in ("then", "least")
    )
    return then - least


def _idle(scene: Scene, runs: Sequence[RunSummary], at: datetime, book: Book) -> list[Saved]:
    """Return what each machine drew between the runs, where a baseline tells its idle power."""
    found: list[Saved] = []
    machines: dict[str, list[RunSummary]] = {}
    for run in runs:
        if run.machine is not None:
            machines.setdefault(run.machine, []).append(run)
    for machine, own in sorted(machines.items()):
        known = latest_baseline(scene.store, machine)
        if known is not None and known[0].channels:
            power = total([channel.power_w for channel in known[0].channels])
            found += filter(None, [_between(scene, machine, own, power, at, book)])
    return found


def _between(
    scene: Scene,
    machine: str,
    own: Sequence[RunSummary],
    power: Estimate,
    at: datetime,
    book: Book,
) -> Saved | None:
    """Return what a machine drew between its first run of the period and its last."""
    start = min(datetime.fromisoformat(run.started or "") for run in own)
    end = min(at, max(datetime.fromisoformat(run.started or "") for run in own))
    if end <= start or not power.best.value > 0:
        return None
    zone = scene.store.read(max(own, key=lambda run: run.started or "").id).run.site.zone
    facts: dict[str, Any] = {} if zone is None else {"zone": zone}
    reserved = Reserved(start=start, end=end, idle_w=power.best.value, facts=facts)
    charges = charge_runs(
        scene.store, Asked(tags=scene.tags, machine=machine), reserved=reserved, at=at, book=book
    )
    parts = [run.idle for run in charges.runs]
    doubt = power / exactly(Power(power.best.value))
    saved = {
        figure: total([part[figure] for part in parts if figure in part]) * doubt
        for figure in _KINDS
        if any(figure in part for part in parts)
    }
    if not saved:
        return None
    words = ("--reserved", start.isoformat(), end.isoformat(), "--on", machine)
    watts = f"{power.best.value:g}"
    return Saved(
        way="idle",
        about=machine,
        runs=len(own),
        against=None,
        energy_j=saved.get("energy_j"),
        carbon_g=saved.get("carbon_g"),
        commands=(join(["brizna", "charge", *words, "--idle-power", watts]),),
    )
