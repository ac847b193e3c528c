"""Whether federated learning suits a case: eight criteria with their numbers, and a verdict.

The criteria are those of section 4.1 of the guide [1]: four that speak for federating, four that
speak against. Each is judged by a number computed from the case, beside its threshold, by the
ends of its interval: what the doubts leave open stays open. None is a box that somebody ticks.

Traffic is compared as bytes: federating moves ``2 S R K`` of them (an update of size S down and up,
in R rounds, with K clients that finish each), centralising moves the raw data once.

References:
    [1] PNAV, Guía de buenas prácticas, section 4.1.
"""

from __future__ import annotations

from brizna.check._federation_words import NAMES, WORDS
from brizna.core.declared import CaseInput
from brizna.core.errors import Said
from brizna.core.estimate import Estimate, estimate_of, exactly, total
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar

    from brizna.check._federation_case import FederationCase

_ONE = exactly(Ratio(1))
_GIGA = exactly(Ratio(1e-9))
_MBIT_PER_GB = exactly(Ratio(8000))
_DAY_H = exactly(Ratio(24))
_SECOND = exactly(Duration(1))


class Flip(Record):
    """Where an answer turns, if one number of the case moves and all others stay.

    Attributes:
        field: The number, as the case calls it.
        at: Where it turns, in the unit of the field.
    """

    field: str
    at: Estimate

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"at": estimate_of(Ratio)}


class Criterion(Record):
    """What one criterion says of a case.

    Attributes:
        name: Which: ``sensitivity``, ``volume``, ``light-model``, ``patience``; ``heterogeneity``,
            ``battery``, ``size``, ``network``, ``reach``, ``traceability``.
        paragraph: Where the guide states it.
        says: ``for`` or ``against`` federating, ``neither``, or ``cannot-tell``.
        reason: In one sentence, in English.
        number: What it was judged by; None where it is no number, or is not known.
        threshold: What that was held against; None where it is no number.
        source: Who sets the threshold.
        flips: Where its answer turns.
        forbids: Whether it makes federating impossible as stated.
    """

    name: str
    paragraph: str
    says: str
    reason: str
    number: Estimate | None = None
    threshold: float | None = None
    source: str | None = None
    flips: tuple[Flip, ...] = ()
    forbids: bool = False

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "number": estimate_of(Ratio),
        "flips": each(Flip.from_json),
    }


class Traffic(Record):
    """What both ways move and take, as far as the case says.

    Attributes:
        update_gb: Of one client in one round, one way.
        moved_gb: By federating, in all.
        raw_gb: By centralising.
        round_s: From the start of a round until its slowest client is done.
        total_s: Until the end, with the hours of the day in which clients do nothing.
        federated_j: Clients, their waiting and the network.
        computing_j: Of that, the clients' computing.
        waiting_j: Of that, clients that wait for the slowest one.
        network_j: Of that, the network.
        central_j: Training in one place and moving the data there.
    """

    update_gb: Estimate
    moved_gb: Estimate
    raw_gb: Estimate | None = None
    round_s: Estimate | None = None
    total_s: Estimate | None = None
    federated_j: Estimate | None = None
    computing_j: Estimate | None = None
    waiting_j: Estimate | None = None
    network_j: Estimate | None = None
    central_j: Estimate | None = None

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **dict.fromkeys(("update_gb", "moved_gb", "raw_gb"), estimate_of(Ratio)),
        **dict.fromkeys(("round_s", "total_s"), estimate_of(Duration)),
        **dict.fromkeys(
            ("federated_j", "computing_j", "waiting_j", "network_j", "central_j"),
            estimate_of(Energy),
        ),
    }


class FederationAdvice(Record):
    """Whether to federate.

    Attributes:
        name: What the person calls the case; None if nothing.
        verdict: ``federate``, ``centralise``, ``weigh`` (federating takes more energy and the data
            are restricted: what keeping them is worth, people decide), ``neither`` (the data must
            stay and federating cannot be done as stated) or ``cannot-tell``.
        reason: In one sentence, in English.
        by_numbers: What energy, or else bytes alone would say: ``federate``, ``centralise`` or
            ``cannot-tell``.
        is_forced: Whether something else than the numbers decides.
        flips: Where that turns.
        criteria: What each says.
        traffic: The numbers behind it.
        inputs: Facts of the case and of the tables.
        notes: What was left out or taken for granted.
        case: The case as it was declared, so that anybody can ask again; None if it is not known.
    """

    schema: ClassVar = "brizna.federation-advice/1"

    name: str | None
    verdict: str
    reason: str
    by_numbers: str
    flips: tuple[Flip, ...]
    criteria: tuple[Criterion, ...]
    traffic: Traffic
    inputs: tuple[CaseInput, ...] = ()
    notes: tuple[str, ...] = ()
    is_forced: bool = False
    case: dict[str, Any] | None = None

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "flips": each(Flip.from_json),
        "criteria": each(Criterion.from_json),
        "traffic": Traffic.from_json,
        "inputs": each(CaseInput.from_json),
        "notes": tuple,
    }


def advise_federation(
    case: FederationCase, thresholds: Mapping[str, tuple[float, str]]
) -> FederationAdvice:
    """Return whether federated learning suits a case.

    Args:
        case: With ``bytes_per_parameter``, ``sent``, ``reached`` and ``hours_per_day`` filled in.
        thresholds: By name (``sending``, ``waiting``, ``battery``, ``communication``, ``reached``,
            ``large``), the number and who sets it.
    """
    traffic = _traffic(case)
    weigh = _Weigh(case, traffic, thresholds)
    criteria = (
        weigh.sensitivity(),
        weigh.volume(),
        weigh.light_model(),
        weigh.patience(),
        weigh.heterogeneity(),
        weigh.battery(),
        weigh.size(),
        weigh.network(),
        weigh.reach(),
        weigh.traceability(),
    )
    verdict, reason, is_forced = _verdict(case, traffic, criteria)
    flips = _flips(case, traffic)
    return FederationAdvice(
        name=case.name,
        verdict=verdict,
        reason=str(reason),
        by_numbers=_by_numbers(traffic)[0],
        flips=flips,
        criteria=criteria,
        traffic=traffic,
        notes=tuple(map(str, _unturned(case, traffic, flips))),
        is_forced=is_forced,
    )


def _traffic(case: FederationCase) -> Traffic:
    facts = case.facts
    update = facts["parameters"] * facts["bytes_per_parameter"] * facts["sent"] * _GIGA
    finished = facts["rounds"] * facts["clients_per_round"]
    moved = update * finished * (_ONE + _ONE / facts["reached"])
    known: dict[str, Estimate | None] = {"raw_gb": facts.get("raw_gb")}
    if "work_s" in facts:
        known |= _times(facts, update)
        known |= _energies(facts, moved, known["round_s"])
    return Traffic(update_gb=update, moved_gb=moved, central_j=_central(facts), **known)


def _times(facts: Mapping[str, Estimate], update: Estimate) -> dict[str, Estimate | None]:
    sending = _sending(facts, update)
    if sending is None:
        return {"round_s": None, "total_s": None}
    round_s = facts["work_s"] / facts.get("slowest", _ONE) + sending
    total_s = round_s * facts["rounds"] * (_DAY_H / facts["hours_per_day"])
    return {"round_s": round_s, "total_s": total_s}


def _sending(facts: Mapping[str, Estimate], update: Estimate) -> Estimate | None:
    """Return for how long a client receives and sends in a round."""
    if "up_mbit" not in facts or "down_mbit" not in facts:
        return None
    per_mbit = _ONE / facts["up_mbit"] + _ONE / facts["down_mbit"]
    return update * _MBIT_PER_GB * per_mbit * _SECOND


def _energies(
    facts: Mapping[str, Estimate], moved: Estimate, round_s: Estimate | None
) -> dict[str, Estimate | None]:
    if "busy_w" not in facts or "kwh_per_gb" not in facts:
        return {}
    invited = facts["rounds"] * facts["clients_per_round"] / facts["reached"]
    computing = facts["busy_w"] * facts["work_s"] * invited
    network = facts["kwh_per_gb"] * moved
    parts = [computing, network]
    waiting = None
    if "idle_w" in facts and round_s is not None:
        waiting = facts["idle_w"] * (round_s - facts["work_s"]) * invited
        parts.append(waiting)
    return {
        "federated_j": total(parts),
        "computing_j": computing,
        "waiting_j": waiting,
        "network_j": network,
    }


def _central(facts: Mapping[str, Estimate]) -> Estimate | None:
    needed = ("central_power_w", "central_hours", "central_kwh_per_gb", "raw_gb")
    if any(field not in facts for field in needed):
        return None
    training = facts["central_power_w"] * facts["central_hours"] * facts["central_pue"]
    return training + facts["central_kwh_per_gb"] * facts["raw_gb"]


class _Weigh:
    """The criteria, one method each."""

    def __init__(
        self,
        case: FederationCase,
        traffic: Traffic,
        thresholds: Mapping[str, tuple[float, str]],
    ) -> None:
        self._case = case
        self._facts = case.facts
        self._traffic = traffic
        self._thresholds = thresholds

    def sensitivity(self) -> Criterion:
        leaves = self._case.leaves
        says = "neither" if leaves == "freely" else "for"
        reason = {
            "freely": Said("the raw data may leave where they are"),
            "restricted": Said("the raw data may leave only under conditions"),
            "never": Said("the raw data must not leave where they are"),
        }[leaves]
        return _plain("sensitivity", says, reason).replace(source=self._case.basis)

    def volume(self) -> Criterion:
        raw, moved = self._traffic.raw_gb, self._traffic.moved_gb
        if raw is None:
            return self._unknown("volume")
        ratio = moved / raw
        rounds = Flip(field="rounds", at=self._facts["rounds"] / ratio)
        flips = (Flip(field="raw_gb", at=moved), rounds)
        return self._judged("volume", ratio, (1.0, "2 S R K < D"), flips)

    def light_model(self) -> Criterion:
        sending = _sending(self._facts, self._traffic.update_gb)
        if sending is None or "work_s" not in self._facts:
            return self._unknown("light-model")
        ratio, limit = sending / self._facts["work_s"], self._thresholds["sending"]
        at = self._facts["parameters"] / ratio * limit[0]
        return self._judged("light-model", ratio, limit, (Flip(field="parameters", at=at),))

    def patience(self) -> Criterion:
        total_s, within = self._traffic.total_s, self._facts.get("within_h")
        if total_s is None or within is None:
            return self._unknown("patience")
        ratio = total_s / within
        flips = (Flip(field="rounds", at=self._facts["rounds"] / ratio),)
        found = self._judged("patience", ratio, (1.0, "within_h"), flips)
        return found.replace(forbids=found.says == "against")

    def heterogeneity(self) -> Criterion:
        round_s, slowest = self._traffic.round_s, self._facts.get("slowest")
        if round_s is None or slowest is None:
            return self._unknown("heterogeneity")
        waits = self._facts["work_s"] / slowest - self._facts["work_s"]
        limit = self._thresholds["waiting"]
        return self._judged("heterogeneity", waits / round_s, limit, self._slowest(limit[0]))

    def _slowest(self, most: float) -> tuple[Flip, ...]:
        """Return how fast the slowest client must be: ``w/s - w = most (w/s + sending)``."""
        sending = _sending(self._facts, self._traffic.update_gb)
        if sending is None or most >= 1:
            return ()
        pace = (_ONE + sending / self._facts["work_s"] * most) / (1 - most)
        return (Flip(field="slowest", at=_ONE / pace),)

    def battery(self) -> Criterion:
        facts = self._facts
        if "battery_wh" not in facts:
            said = Said("no battery was declared: clients are taken to be on mains")
            return _plain("battery", "neither", said)
        if "busy_w" not in facts or "work_s" not in facts:
            return self._unknown("battery")
        share = facts["busy_w"] * facts["work_s"] / facts["battery_wh"]
        limit = self._thresholds["battery"]
        flips = (Flip(field="work_s", at=facts["work_s"] / share * limit[0] / _SECOND),)
        found = self._judged("battery", share, limit, flips)
        return found.replace(forbids=share.low.value > 1)

    def size(self) -> Criterion:
        facts = self._facts
        if "memory_gb" in facts:
            needed = facts["parameters"] * facts["training_bytes_per_parameter"] * _GIGA
            share = needed / facts["memory_gb"]
            if share.high.value > 1:
                flips = (Flip(field="parameters", at=facts["parameters"] / share),)
                found = self._judged("memory", share, (1.0, "memory_gb"), flips)
                return found.replace(name="size", forbids=found.says == "against")
        large, source = self._thresholds["large"]
        number = facts["parameters"] / large
        flips = (Flip(field="parameters", at=exactly(Ratio(large))),)
        found = self._judged("size", number, (1.0, source), flips)
        if number.high.value < 1:
            return found.replace(says="neither", reason=str(Said("the model is small")))
        raw, moved = self._traffic.raw_gb, self._traffic.moved_gb
        says = "cannot-tell" if raw is None else _beside(moved / raw, 1.0, "neither", "against")
        return found.replace(says=says, reason=str(WORDS["size"].reasons[says]))

    def network(self) -> Criterion:
        computing, network = self._traffic.computing_j, self._traffic.network_j
        if computing is None or network is None:
            return self._unknown("network")
        limit = self._thresholds["communication"]
        at = exactly(Ratio(limit[0])) * computing / self._traffic.moved_gb / _KWH
        return self._judged(
            "network", network / computing, limit, (Flip(field="kwh_per_gb", at=at),)
        )

    def reach(self) -> Criterion:
        limit = self._thresholds["reached"]
        flips = (Flip(field="reached", at=exactly(Ratio(limit[0]))),)
        return self._judged("reach", self._facts["reached"], limit, flips)

    def traceability(self) -> Criterion:
        case = self._case
        if case.exact is None and case.audited is None and case.inspected is None:
            return self._unknown("traceability")
        says, reason = "neither", Said("neither exact repetition nor a full trace is asked for")
        if case.exact:
            says, reason = "against", Said("the training must be repeatable bit for bit")
        elif case.inspected:
            says, reason = "against", Said("people must look at single data, to keep up quality")
        elif case.audited and case.ledger:
            reason = Said("each step must be traceable, and updates are kept in a ledger")
        elif case.audited:
            says, reason = "against", Said("each step must be traceable, and no ledger is kept")
        return _plain("traceability", says, reason)

    def _judged(
        self, name: str, number: Estimate, limit: tuple[float, str], flips: tuple[Flip, ...]
    ) -> Criterion:
        """Return what a number says beside its limit, which somebody sets."""
        rule = WORDS[name]
        says = _beside(number, limit[0], rule.below, rule.above)
        found = _plain(name, says, rule.reasons[says])
        return found.replace(number=number, threshold=limit[0], source=limit[1], flips=flips)

    def _unknown(self, name: str) -> Criterion:
        needs = [one for one in WORDS[name].needs if not self._is_said(one)]
        said = Said("the case does not say {fields}", fields=", ".join(needs))
        return _plain(name, "cannot-tell", said)

    def _is_said(self, field: str) -> bool:
        return field in self._facts or getattr(self._case, field, None) is not None


def _plain(name: str, says: str, reason: Said) -> Criterion:
    paragraph = WORDS[name].paragraph
    return Criterion(name=name, paragraph=paragraph, says=says, reason=str(reason))


_KWH = exactly(Energy.of(1, "kWh"))


def _beside(number: Estimate, threshold: float, below: str, above: str) -> str:
    """Return one answer or the other by the ends of the interval, or that it cannot be told."""
    if number.high.value <= threshold:
        return below
    return above if number.low.value > threshold else "cannot-tell"


def _verdict(
    case: FederationCase, traffic: Traffic, criteria: tuple[Criterion, ...]
) -> tuple[str, Said, bool]:
    """Return the verdict, why, and whether something else than the numbers decides it."""
    forbidden = _fails([NAMES[one.name] for one in criteria if one.forbids])
    if case.leaves == "never":
        if forbidden:
            return "neither", Said("the data must stay, and {why}", why=forbidden), True
        return "federate", Said("the data must stay, and nothing forbids federating"), True
    if forbidden:
        return "centralise", forbidden, True
    if case.exact:
        return "centralise", Said("the training must be repeatable bit for bit"), True
    found, reason = _by_numbers(traffic)
    weighs = found == "centralise" and case.leaves == "restricted"
    return ("weigh" if weighs else found), reason, weighs


def _fails(names: list[Said]) -> Said | None:
    """Return on what federating fails; None where nothing forbids it."""
    match names:
        case []:
            return None
        case [one]:
            return Said("federating fails on {one}", one=one)
        case [one, two]:
            return Said("federating fails on {one}, {two}", one=one, two=two)
        case _:
            one, two, three = names
            return Said("federating fails on {one}, {two}, {three}", one=one, two=two, three=three)


def _by_numbers(traffic: Traffic) -> tuple[str, Said]:
    ratio, by_energy = _ratio(traffic)
    if ratio is None:
        return "cannot-tell", Said("the case does not say {fields}", fields="raw_gb")
    found = _beside(ratio, 1.0, "federate", "centralise")
    if found == "cannot-tell":
        return found, Said("the doubts leave open which way takes less")
    reasons = {
        ("federate", True): Said("federating takes less energy"),
        ("federate", False): Said("federating moves fewer bytes"),
        ("centralise", True): Said("federating takes more energy"),
        ("centralise", False): Said("federating moves more bytes"),
    }
    return found, reasons[found, by_energy]


def _ratio(traffic: Traffic) -> tuple[Estimate | None, bool]:
    """Return federating over centralising, and whether that is energy: else it is bytes."""
    federated, central = traffic.federated_j, traffic.central_j
    if federated is not None and central is not None and central.low.value > 0:
        return federated / central, True
    return (None if traffic.raw_gb is None else traffic.moved_gb / traffic.raw_gb), False


def _flips(case: FederationCase, traffic: Traffic) -> tuple[Flip, ...]:
    """Return from how many rounds, and up to which amount of raw data, centralising is better."""
    ratio, by_energy = _ratio(traffic)
    if ratio is None:
        return ()
    flips = [Flip(field="rounds", at=case.facts["rounds"] / ratio)]
    if not by_energy:
        return (*flips, Flip(field="raw_gb", at=traffic.moved_gb))
    return (*flips, *_raw_flip(case, traffic))


def _unturned(case: FederationCase, traffic: Traffic, flips: tuple[Flip, ...]) -> tuple[Said, ...]:
    """Return why no amount of raw data turns what the numbers say, where none does."""
    ratio, by_energy = _ratio(traffic)
    if ratio is None or not by_energy or any(one.field == "raw_gb" for one in flips):
        return ()
    if case.facts["central_kwh_per_gb"].low.value <= 0:
        return (Said("no amount of raw data turns it: moving them is taken to need no energy"),)
    return (
        Said(
            "no amount of raw data turns it: training in one place may take as much as federating "
            "even where none moves"
        ),
    )


def _raw_flip(case: FederationCase, traffic: Traffic) -> tuple[Flip, ...]:
    federated, central = traffic.federated_j, traffic.central_j
    per_gb = case.facts["central_kwh_per_gb"]
    if federated is None or central is None or per_gb.low.value <= 0:
        return ()
    left = federated - (central - per_gb * case.facts["raw_gb"])
    return (Flip(field="raw_gb", at=left / per_gb),) if left.low.value > 0 else ()
