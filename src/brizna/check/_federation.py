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

from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, estimate_of, exactly, total
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.core.records import Record, each
from brizna.plan import CaseInput

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
        flips: Where that turns.
        criteria: What each says.
        traffic: The numbers behind it.
        inputs: Facts of the case and of the tables.
        notes: What was left out or taken for granted.
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
    verdict, reason = _verdict(case, traffic, criteria)
    return FederationAdvice(
        name=case.name,
        verdict=verdict,
        reason=str(reason),
        by_numbers=_by_numbers(traffic)[0],
        flips=_flips(case, traffic),
        criteria=criteria,
        traffic=traffic,
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
        return Criterion(name="sensitivity", paragraph="4.1 +1", says=says, reason=str(reason))

    def volume(self) -> Criterion:
        raw, moved = self._traffic.raw_gb, self._traffic.moved_gb
        if raw is None:
            return self._unknown("volume", "4.1 +2", "raw_gb")
        ratio = moved / raw
        says = _beside(ratio, 1.0, below="for", above="against")
        reason = {
            "for": Said("updates are fewer bytes than the raw data"),
            "against": Said("updates are more bytes than the raw data, which move once"),
            "cannot-tell": Said("updates may be fewer or more bytes than the raw data"),
        }[says]
        flips = (
            Flip(field="raw_gb", at=moved),
            Flip(field="rounds", at=self._facts["rounds"] / ratio),
        )
        return Criterion(
            name="volume",
            paragraph="4.1 +2",
            says=says,
            reason=str(reason),
            number=ratio,
            threshold=1.0,
            source="2 S R K < D",
            flips=flips,
        )

    def light_model(self) -> Criterion:
        sending = _sending(self._facts, self._traffic.update_gb)
        if sending is None or "work_s" not in self._facts:
            return self._unknown("light-model", "4.1 +3", "work_s, up_mbit, down_mbit")
        ratio = sending / self._facts["work_s"]
        most, source = self._thresholds["sending"]
        says = _beside(ratio, most, below="for", above="neither")
        reason = {
            "for": Said("a round sends for a shorter time than it computes"),
            "neither": Said("a round sends for a longer time than it computes"),
            "cannot-tell": Said("a round may send for longer than it computes"),
        }[says]
        at = self._facts["parameters"] / ratio * most
        return Criterion(
            name="light-model",
            paragraph="4.1 +3",
            says=says,
            reason=str(reason),
            number=ratio,
            threshold=most,
            source=source,
            flips=(Flip(field="parameters", at=at),),
        )

    def patience(self) -> Criterion:
        total_s, within = self._traffic.total_s, self._facts.get("within_h")
        if total_s is None or within is None:
            return self._unknown("patience", "4.1 +4", "within_h, work_s, up_mbit, down_mbit")
        ratio = total_s / within
        says = _beside(ratio, 1.0, below="for", above="against")
        reason = {
            "for": Said("the rounds are done in the time there is"),
            "against": Said("the rounds take longer than the time there is"),
            "cannot-tell": Said("the rounds may take longer than the time there is"),
        }[says]
        return Criterion(
            name="patience",
            paragraph="4.1 +4",
            says=says,
            reason=str(reason),
            number=ratio,
            threshold=1.0,
            source="within_h",
            flips=(Flip(field="rounds", at=self._facts["rounds"] / ratio),),
            forbids=says == "against",
        )

    def heterogeneity(self) -> Criterion:
        round_s, slowest = self._traffic.round_s, self._facts.get("slowest")
        if round_s is None or slowest is None:
            return self._unknown("heterogeneity", "4.1 -1", "slowest, work_s, up_mbit, down_mbit")
        waits = self._facts["work_s"] / slowest - self._facts["work_s"]
        share = waits / round_s
        most, source = self._thresholds["waiting"]
        says = _beside(share, most, below="neither", above="against")
        reason = {
            "neither": Said("a typical client waits for the slowest a small part of a round"),
            "against": Said("a typical client waits for the slowest most of a round"),
            "cannot-tell": Said("a typical client may wait for the slowest most of a round"),
        }[says]
        return Criterion(
            name="heterogeneity",
            paragraph="4.1 -1",
            says=says,
            reason=str(reason),
            number=share,
            threshold=most,
            source=source,
            flips=self._slowest(most),
        )

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
            return Criterion(
                name="battery",
                paragraph="4.1 -1",
                says="neither",
                reason=str(Said("no battery was declared: clients are taken to be on mains")),
            )
        if "busy_w" not in facts or "work_s" not in facts:
            return self._unknown("battery", "4.1 -1", "busy_w, work_s")
        share = facts["busy_w"] * facts["work_s"] / facts["battery_wh"]
        most, source = self._thresholds["battery"]
        says = _beside(share, most, below="neither", above="against")
        reason = {
            "neither": Said("a round takes a small part of a charge"),
            "against": Said("a round takes too much of a charge"),
            "cannot-tell": Said("a round may take too much of a charge"),
        }[says]
        at = facts["work_s"] / share * most / _SECOND
        return Criterion(
            name="battery",
            paragraph="4.1 -1",
            says=says,
            reason=str(reason),
            number=share,
            threshold=most,
            source=source,
            flips=(Flip(field="work_s", at=at),),
            forbids=share.low.value > 1,
        )

    def size(self) -> Criterion:
        facts = self._facts
        if "memory_gb" in facts:
            needed = facts["parameters"] * facts["training_bytes_per_parameter"] * _GIGA
            share = needed / facts["memory_gb"]
            if share.high.value > 1:
                return self._too_large(share)
        large, source = self._thresholds["large"]
        raw, moved = self._traffic.raw_gb, self._traffic.moved_gb
        number = facts["parameters"] / large
        says, reason = "neither", Said("the model is small")
        if number.high.value >= 1:
            reason = Said("the model has millions of parameters, but moves less than the data")
            says = "cannot-tell" if raw is None else _beside(moved / raw, 1.0, "neither", "against")
        if says != "neither":
            reason = {
                "against": Said("the model is large, and sending it outweighs moving the data"),
                "cannot-tell": Said("the model is large, and sending it may outweigh the data"),
            }[says]
        return Criterion(
            name="size",
            paragraph="4.1 -2",
            says=says,
            reason=str(reason),
            number=number,
            threshold=1.0,
            source=source,
            flips=(Flip(field="parameters", at=exactly(Ratio(large))),),
        )

    def _too_large(self, share: Estimate) -> Criterion:
        sure = share.low.value > 1
        reason = (
            Said("training the model takes more memory than the smallest client has")
            if sure
            else Said("training the model may take more memory than the smallest client has")
        )
        return Criterion(
            name="size",
            paragraph="4.1 -2",
            says="against" if sure else "cannot-tell",
            reason=str(reason),
            number=share,
            threshold=1.0,
            source="memory_gb",
            flips=(Flip(field="parameters", at=self._facts["parameters"] / share),),
            forbids=sure,
        )

    def network(self) -> Criterion:
        computing, network = self._traffic.computing_j, self._traffic.network_j
        if computing is None or network is None:
            return self._unknown("network", "4.1 -3", "kwh_per_gb, busy_w, work_s")
        ratio = network / computing
        most, source = self._thresholds["communication"]
        says = _beside(ratio, most, below="neither", above="against")
        reason = {
            "neither": Said("the network takes less energy than the clients' computing"),
            "against": Said("the network takes more energy than the clients' computing"),
            "cannot-tell": Said("the network may take more energy than the clients' computing"),
        }[says]
        at = exactly(Ratio(most)) * computing / self._traffic.moved_gb / _KWH
        return Criterion(
            name="network",
            paragraph="4.1 -3",
            says=says,
            reason=str(reason),
            number=ratio,
            threshold=most,
            source=source,
            flips=(Flip(field="kwh_per_gb", at=at),),
        )

    def reach(self) -> Criterion:
        reached = self._facts["reached"]
        least, source = self._thresholds["reached"]
        says = _beside(reached, least, below="against", above="neither")
        reason = {
            "neither": Said("most of the invited clients finish a round"),
            "against": Said("most of the invited clients do not finish a round"),
            "cannot-tell": Said("fewer than half of the invited clients may finish a round"),
        }[says]
        return Criterion(
            name="reach",
            paragraph="4.1 -3",
            says=says,
            reason=str(reason),
            number=reached,
            threshold=least,
            source=source,
            flips=(Flip(field="reached", at=exactly(Ratio(least))),),
        )

    def traceability(self) -> Criterion:
        case = self._case
        if case.exact is None and case.audited is None:
            return self._unknown("traceability", "4.1 -4", "exact, audited")
        says, reason = "neither", Said("neither exact repetition nor a full trace is asked for")
        if case.exact:
            says, reason = "against", Said("the training must be repeatable bit for bit")
        elif case.audited and case.ledger:
            reason = Said("each step must be traceable, and updates are kept in a ledger")
        elif case.audited:
            says, reason = "against", Said("each step must be traceable, and no ledger is kept")
        return Criterion(name="traceability", paragraph="4.1 -4", says=says, reason=str(reason))

    def _unknown(self, name: str, paragraph: str, fields: str) -> Criterion:
        reason = Said("the case does not say {fields}", fields=fields)
        return Criterion(name=name, paragraph=paragraph, says="cannot-tell", reason=str(reason))


_KWH = exactly(Energy.of(1, "kWh"))


def _beside(number: Estimate, threshold: float, below: str, above: str) -> str:
    """Return one answer or the other by the ends of the interval, or that it cannot be told."""
    if number.high.value <= threshold:
        return below
    return above if number.low.value > threshold else "cannot-tell"


def _verdict(
    case: FederationCase, traffic: Traffic, criteria: tuple[Criterion, ...]
) -> tuple[str, Said]:
    forbidden = [one.name for one in criteria if one.forbids]
    if case.leaves == "never":
        if forbidden:
            said = Said(
                "the data must stay, and federating fails on {names}", names=_join(forbidden)
            )
            return "neither", said
        return "federate", Said("the data must stay, and nothing forbids federating")
    if forbidden:
        return "centralise", Said("federating fails on {names}", names=_join(forbidden))
    if case.exact:
        return "centralise", Said("the training must be repeatable bit for bit")
    found, reason = _by_numbers(traffic)
    weighs = found == "centralise" and case.leaves == "restricted"
    return ("weigh" if weighs else found), reason


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


def _join(names: list[str]) -> str:
    return ", ".join(names)


def _ratio(traffic: Traffic) -> tuple[Estimate | None, bool]:
    """Return federating over centralising, and whether that is energy: else it is bytes."""
    try:
        if traffic.federated_j is not None and traffic.central_j is not None:
            return traffic.federated_j / traffic.central_j, True
        if traffic.raw_gb is not None:
            return traffic.moved_gb / traffic.raw_gb, False
    except InputError:  # what may be 0 has no ratio
        pass
    return None, False


def _flips(case: FederationCase, traffic: Traffic) -> tuple[Flip, ...]:
    """Return from how many rounds, and up to which amount of raw data, centralising is better."""
    ratio, by_energy = _ratio(traffic)
    if ratio is None:
        return ()
    flips = [Flip(field="rounds", at=case.facts["rounds"] / ratio)]
    if not by_energy:
        return (*flips, Flip(field="raw_gb", at=traffic.moved_gb))
    return (*flips, *_raw_flip(case, traffic))


def _raw_flip(case: FederationCase, traffic: Traffic) -> tuple[Flip, ...]:
    federated, central = traffic.federated_j, traffic.central_j
    per_gb = case.facts["central_kwh_per_gb"]
    if federated is None or central is None or per_gb.low.value <= 0:
        return ()
    left = federated - (central - per_gb * case.facts["raw_gb"])
    return (Flip(field="raw_gb", at=left / per_gb),) if left.low.value > 0 else ()
