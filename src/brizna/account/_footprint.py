"""From energy to a footprint: operational and embodied carbon, water, money, SCI."""

from __future__ import annotations

from brizna.account._assumptions import ESTIMATED, Assumptions, FunctionalUnit
from brizna.account._boundary import Bound, completed, measured_boundary
from brizna.account._charges import OF_ENERGY, CostPart, cost_parts
from brizna.core.codec import digest
from brizna.core.errors import IntegrityError, Said
from brizna.core.estimate import Estimate, estimate_of, exactly, total
from brizna.core.factors import Factor
from brizna.core.measurement import FORMULAS, VIEW_OF
from brizna.core.quantities import (
    Carbon,
    Duration,
    Energy,
    Money,
    Ratio,
    Water,
)
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import ClassVar

    from brizna.core.measurement import Run


class Step(Record):
    """One line of a derivation: a figure, how it is computed, and from what.

    Attributes:
        figure: The field of the footprint.
        formula: In the symbols of ``inputs``.
        inputs: For each symbol, what it is: a figure, a field of the assumptions
            (``assumptions.pue``) or a channel of the run (``channel:rapl/package-0``).
    """

    figure: str
    formula: str
    inputs: dict[str, str]


class Footprint(Record):
    """What a run or a declared case cost the world, with its derivation.

    Figures that could not be computed are None, and ``reasons`` says why.

    Attributes:
        subject: Digest of the run or case that it accounts for.
        subject_id: Id of the run, or name of the case.
        energy_j: IT energy: what was measured or declared.
        facility_energy_j: IT energy times PUE.
        carbon_operational_g: Facility energy times location-based intensity.
        carbon_embodied_g: The share of making the hardware that this use must carry.
        carbon_g: Operational plus embodied; operational alone where embodied is None.
        water_l: On site and off site.
        cost: Facility energy times tariff, in ``currency``.
        sci_g_per_unit: ((E x I) + M) per functional unit, ISO/IEC 21031:2024.
        factor_set: Digest of the factors' digests.
        view: Whose energy it is, one of `brizna.core.measurement.VIEWS`.
        boundary: What the figures hold and what they do not, item by item; empty in footprints of
            before brizna said so.
        storage_energy_j: Energy of declared storage, beside ``energy_j`` and under the same PUE.
        transfer_energy_j: Energy of networks for declared transfers; no PUE of this site on it.
        renewable_energy_j: Facility energy times the location's renewable share.
        carbon_hourly_g: Like ``carbon_operational_g``, by the intensity of each hour.
        carbon_market_g: The same by what was contracted; never part of ``carbon_g`` or SCI.
        carbon_marginal_g: What the electricity system emitted more for it; never part of
            ``carbon_g``.
        cost_parts: What ``cost`` is the sum of; empty where it is a price for each kWh alone.
        water_electricity_l: The part of ``water_l`` off site, for making the electricity; known
            also where that on site is not.
    """

    schema: ClassVar = "brizna.footprint/1"

    subject: str
    subject_id: str | None
    duration_s: Estimate | None
    energy_j: Estimate | None
    facility_energy_j: Estimate | None
    carbon_operational_g: Estimate | None
    carbon_embodied_g: Estimate | None
    carbon_g: Estimate | None
    water_l: Estimate | None
    cost: Estimate | None
    currency: str | None
    sci_g_per_unit: Estimate | None
    functional_unit: FunctionalUnit | None
    reasons: dict[str, str]
    assumptions: Assumptions
    factors: tuple[Factor, ...]
    factor_set: str
    derivation: tuple[Step, ...]
    view: str = "machine"
    boundary: tuple[Bound, ...] = ()
    storage_energy_j: Estimate | None = None
    transfer_energy_j: Estimate | None = None
    renewable_energy_j: Estimate | None = None
    carbon_hourly_g: Estimate | None = None
    carbon_market_g: Estimate | None = None
    carbon_marginal_g: Estimate | None = None
    cost_parts: tuple[CostPart, ...] = ()
    water_electricity_l: Estimate | None = None

    _later: ClassVar = (
        *("view", "boundary", "storage_energy_j", "transfer_energy_j", "renewable_energy_j"),
        *("carbon_hourly_g", "carbon_market_g", "carbon_marginal_g", "cost_parts"),
        "water_electricity_l",
    )
    _forms: ClassVar = {
        "boundary": each(Bound.from_json),
        "storage_energy_j": estimate_of(Energy),
        "transfer_energy_j": estimate_of(Energy),
        "renewable_energy_j": estimate_of(Energy),
        "carbon_hourly_g": estimate_of(Carbon),
        "carbon_market_g": estimate_of(Carbon),
        "carbon_marginal_g": estimate_of(Carbon),
        "water_electricity_l": estimate_of(Water),
        "cost_parts": each(CostPart.from_json),
        "duration_s": estimate_of(Duration),
        "energy_j": estimate_of(Energy),
        "facility_energy_j": estimate_of(Energy),
        "carbon_operational_g": estimate_of(Carbon),
        "carbon_embodied_g": estimate_of(Carbon),
        "carbon_g": estimate_of(Carbon),
        "water_l": estimate_of(Water),
        "cost": estimate_of(Money),
        "sci_g_per_unit": estimate_of(Carbon),
        "functional_unit": FunctionalUnit.from_json,
        "assumptions": Assumptions.from_json,
        "factors": each(Factor.from_json),
        "derivation": each(Step.from_json),
    }


class Subject(Record):
    """What is accounted for: the energy and time of a run or of a declared case.

    Attributes:
        digest: Of the run's or case's record.
        id: The run's id or the case's name.
        energy_j: IT energy; None where unknown, with ``reason``.
        duration_s: Time for which the hardware was reserved; None where unknown.
        parts: What the energy is the sum of: symbol to channel or device.
        view: Whose energy it is, one of `brizna.core.measurement.VIEWS`.
        boundary: What the energy holds of the machine; a footprint states its own boundary only
            where this is not empty.
    """

    digest: str
    id: str | None
    energy_j: Estimate | None
    duration_s: Estimate | None
    parts: dict[str, str]
    formula: str = "sum of the roots of the channel forest"
    reason: str | None = None
    view: str = "machine"
    boundary: tuple[Bound, ...] = ()


def account(subject: Subject, assumptions: Assumptions) -> Footprint:
    """Return the footprint of a run or case under these assumptions.

    Energy x PUE x location-based intensity, plus the share of the hardware's making that falls
    on the reserved time, ``M = TE x TS x RS`` [1]. Water is ``E x (WUE + PUE x EWIF)`` [2].

    References:
        [1] Green Software Foundation, Software Carbon Intensity specification, ISO/IEC 21031:2024.
        [2] Li, Yang, Islam, Ren, Making AI Less "Thirsty", 2023, section 3.
    """
    return _accounted(subject, assumptions)


def _accounted(
    subject: Subject, assumptions: Assumptions, *, far_by_contract: bool = False
) -> Footprint:
    """Return the footprint; networks elsewhere by the site's contract only as records of before."""
    ledger = _Ledger(subject, assumptions)
    ledger.enter("energy_j", subject.formula, subject.parts, subject.energy_j)
    ledger.enter("duration_s", "reserved time", {}, subject.duration_s)
    here = "energy_j"
    if assumptions.storage_tb is not None:
        ledger.derive("storage_energy_j", "storage_tb * storage_w_per_tb * duration_s")
        here = "( energy_j + storage_energy_j )"
    away = assumptions.transfer_gb is not None
    if away:
        ledger.derive("transfer_energy_j", "transfer_gb * transfer_j_per_gb")
    plus = " + transfer_energy_j" if away else ""
    ledger.derive("facility_energy_j", f"{here} * pue{plus}")
    ledger.derive("carbon_operational_g", "facility_energy_j * intensity_g_per_kwh")
    near = "facility_energy_j" if far_by_contract or not away else f"{here} * pue"
    for figure, symbol, formula in _beside(assumptions, near):
        if getattr(assumptions, symbol) is not None or symbol in assumptions.reasons:
            ledger.derive(figure, formula)
    ledger.derive("carbon_embodied_g", "embodied_g * ( duration_s / lifetime_s ) * hardware_share")
    both = "carbon_operational_g + carbon_embodied_g"
    only_known = (
        ledger.figures["carbon_embodied_g"] is None and ledger.figures["carbon_operational_g"]
    )
    ledger.derive("carbon_g", "carbon_operational_g" if only_known else both)
    far = " + transfer_energy_j * ewif_l_per_kwh" if away else ""
    ledger.derive("water_l", f"{here} * ( wue_l_per_kwh + pue * ewif_l_per_kwh ){far}")
    if assumptions.ewif_origin is not None:
        ledger.derive("water_electricity_l", "facility_energy_j * ewif_l_per_kwh")
    if assumptions.charges:
        ledger.pay(f"{here} * pue")
    else:
        ledger.derive("cost", f"{here} * pue * tariff_per_kwh" if away else _COST)
    ledger.derive("sci_g_per_unit", f"( {both} ) / functional_unit")
    return ledger.close()


_COST = "facility_energy_j * tariff_per_kwh"
"""Networks elsewhere are not on this site's bill: with a transfer they are left out of it."""


def _beside(assumptions: Assumptions, near: str) -> tuple[tuple[str, str, str], ...]:
    """Return the figures beside the location-based one: figure, what it needs, formula.

    Market-based figures take what guarantees of origin cover at their own intensity, and the rest
    at the contract's or label's, or at the location's where nobody states one, the last resort of
    the hierarchy of [1]. Networks elsewhere buy their electricity themselves: no contract of the
    site covers them.

    Args:
        assumptions: What is known of the place.
        near: Formula of the energy that the site's contract is for.

    References:
        [1] GHG Protocol Scope 2 Guidance, 2015, table 6.3.
    """
    rest = "intensity_g_per_kwh" if assumptions.market_g_per_kwh is None else "market_g_per_kwh"
    needs, market = "market_g_per_kwh", f"{near} * {rest}"
    if assumptions.guaranteed_share is not None:
        needs = "guaranteed_share"
        covered = "guaranteed_share * guaranteed_g_per_kwh"
        market = f"{near} * ( {covered} + ( 1 - guaranteed_share ) * {rest} )"
    if near != "facility_energy_j":
        market += " + transfer_energy_j * intensity_g_per_kwh"
    return (
        (
            "carbon_hourly_g",
            "hourly_g_per_kwh",
            "facility_energy_j * hourly_g_per_kwh",
        ),
        ("carbon_market_g", needs, market),
        (
            "carbon_marginal_g",
            "marginal_g_per_kwh",
            "facility_energy_j * marginal_g_per_kwh",
        ),
        (
            "renewable_energy_j",
            "renewable_share",
            "facility_energy_j * renewable_share",
        ),
    )


def recompute(stored: Footprint, subject: Subject) -> Footprint:
    """Return a stored footprint computed again from the run and its own frozen factors.

    Raises:
        IntegrityError: If the run is not the one that the footprint names, or a factor or the
            factor set is not what its digest says.
    """
    if subject.digest != stored.subject:
        raise IntegrityError(
            "The footprint accounts for {accounted}, but this run's record is {digest}: the "
            "record was changed after it was accounted for.",
            accounted=stored.subject,
            digest=subject.digest,
        )
    same = stored.factors == stored.assumptions.factors
    if not same or factor_set(stored.factors) != stored.factor_set:
        raise IntegrityError(
            "The factors in the footprint do not give its factor set {factor_set}: a factor was "
            "changed after the run was accounted for.",
            factor_set=stored.factor_set,
        )
    _check_factors(stored.assumptions)
    if not stored.boundary:  # of before brizna said what a footprint holds
        subject = subject.replace(boundary=())
    market = [step.formula for step in stored.derivation if step.figure == "carbon_market_g"]
    is_of_before = any(formula.startswith("facility_energy_j ") for formula in market)
    return _accounted(subject, stored.assumptions, far_by_contract=is_of_before)


def factor_set(factors: tuple[Factor, ...]) -> str:
    """Return the digest that names a set of factors: that of their sorted digests."""
    return digest(sorted(factor.digest for factor in factors))


def _check_factors(assumptions: Assumptions) -> None:
    """Check that an assumption that leans on one factor says what the factor says."""
    factors = {factor.name: factor for factor in assumptions.factors}
    for name in ESTIMATED:
        value = getattr(assumptions, name)
        if not isinstance(value, Estimate):
            continue
        missing = [r for r in value.references if r.startswith("factor:") and r not in factors]
        if missing:
            raise IntegrityError(
                "The assumption {name} names factors that are not here: {missing}.",
                name=name,
                missing=missing,
            )
        if len(value.references) == 1 and value.references[0] in factors:
            factor = factors[value.references[0]].estimate()
            if factor.best != value.best or factor.doubts.items() - value.doubts.items():
                raise IntegrityError(
                    "The assumption {name} is {value!r}, but its factor says {factor!r}.",
                    name=name,
                    value=value,
                    factor=factor,
                )


class _Ledger:
    """The figures of one footprint as they are entered, with how each was derived."""

    def __init__(self, subject: Subject, assumptions: Assumptions) -> None:
        self.subject = subject
        self.assumptions = assumptions
        self.figures: dict[str, Estimate | None] = {}
        self.reasons: dict[str, str] = {}
        self.steps: list[Step] = []
        self.cost_parts: tuple[CostPart, ...] = ()

    def enter(
        self, figure: str, formula: str, inputs: Mapping[str, str], value: Estimate | None
    ) -> None:
        """Keep a figure, or why it is unknown."""
        self.figures[figure] = value
        if value is None:
            self.reasons[figure] = self._why(inputs)
        else:
            self.steps.append(Step(figure=figure, formula=formula, inputs=dict(inputs)))

    def derive(self, figure: str, formula: str) -> None:
        """Keep what a formula gives; its words, parted by spaces, are symbols and + - * / ( )."""
        inputs, value = self._evaluated(formula)
        self.enter(figure, formula, inputs, value)

    def pay(self, energy: str) -> None:
        """Keep what is paid, part by part; the cost is their sum.

        Args:
            energy: Formula of the energy that the site draws.
        """
        assumptions = self.assumptions
        assert assumptions.currency is not None, "charges come with the currency of their sum"
        inputs, energy_j = self._evaluated(energy)
        if energy_j is None and any(one.of == OF_ENERGY for one in assumptions.charges):
            self.enter("cost", "sum of cost_parts", inputs, None)
            return
        self.cost_parts = cost_parts(
            assumptions.charges,
            None if energy_j is None else energy_j / exactly(Energy.of(1, "kWh")),
            currency=assumptions.currency,
            exchanges=assumptions.exchanges,
        )
        named = {part.name: f"charge:{part.name}" for part in self.cost_parts}
        whole = total(part.cost for part in self.cost_parts)
        self.enter("cost", "sum of cost_parts", named, whole)

    def _evaluated(self, formula: str) -> tuple[dict[str, str], Estimate | None]:
        """Return where each symbol of a formula comes from, and what it gives if all are known."""
        words = formula.split()
        inputs = {word: self._origin(word) for word in words if word.isidentifier()}
        known = {symbol: self._value(symbol) for symbol in inputs}
        values = {symbol: value for symbol, value in known.items() if value is not None}
        whole = len(values) == len(known)
        return inputs, evaluate(formula, values) if whole else None

    def _value(self, symbol: str) -> Estimate | None:
        if symbol in self.figures:
            return self.figures[symbol]
        value = getattr(self.assumptions, symbol)
        return exactly(Ratio(value.count)) if isinstance(value, FunctionalUnit) else value

    def _origin(self, symbol: str) -> str:
        return symbol if symbol in self.figures else f"assumptions.{symbol}"

    def _why(self, inputs: Mapping[str, str]) -> str:
        for symbol, origin in inputs.items():
            if origin == symbol and symbol in self.reasons:
                return self.reasons[symbol]
            if origin.startswith("assumptions.") and getattr(self.assumptions, symbol) is None:
                unknown = Said("{symbol} is not known", symbol=symbol)
                return self.assumptions.reasons.get(symbol, str(unknown))
        return self.subject.reason or "for how long the hardware was reserved is not known"

    def close(self) -> Footprint:
        """Return the footprint of what was entered."""
        assumptions = self.assumptions
        return Footprint(
            subject=self.subject.digest,
            subject_id=self.subject.id,
            currency=assumptions.currency if self.figures.get("cost") is not None else None,
            functional_unit=assumptions.functional_unit,
            reasons=self.reasons,
            assumptions=assumptions,
            factors=assumptions.factors,
            factor_set=factor_set(assumptions.factors),
            derivation=tuple(self.steps),
            view=self.subject.view,
            boundary=completed(self.subject.boundary, assumptions) if self.subject.boundary else (),
            cost_parts=self.cost_parts,
            **self.figures,
        )


def evaluate(formula: str, values: Mapping[str, Estimate]) -> Estimate:
    """Return what a formula gives: the one that is printed is the one that is computed.

    Args:
        formula: Symbols, the number 1, ``+ - * /`` and parentheses, parted by spaces.
        values: The estimate behind each symbol.
    """
    words = formula.split()

    def atom() -> Estimate:
        word = words.pop(0)
        if word == "1":
            return exactly(Ratio(1))
        if word != "(":
            return values[word]
        inner = ladder("+-", lambda: ladder("*/", atom))
        words.pop(0)
        return inner

    def ladder(operators: str, operand: Callable[[], Estimate]) -> Estimate:
        value = operand()
        while words and words[0] in operators:
            value = _OPERATORS[words.pop(0)](value, operand())
        return value

    return ladder("+-", lambda: ladder("*/", atom))


_OPERATORS: Mapping[str, Callable[[Estimate, Estimate], Estimate]] = {
    "+": Estimate.__add__,
    "-": Estimate.__sub__,
    "*": Estimate.__mul__,
    "/": Estimate.__truediv__,
}


_PARTS = {seen_as: part for part, seen_as in VIEW_OF.items()}


def _reserved(run: Run) -> Estimate | None:
    """Return for how long a run held its hardware: by its readings, or as whoever ran it says."""
    if not run.duration_s and run.measurement.samples < 2:
        return None
    basis = "metered" if run.measurement.samples > 1 else "declared"
    return exactly(Duration(run.duration_s), basis)


def subject_of_run(run: Run, *, view: str = "machine") -> Subject:
    """Return what a run gives to account for: its energy in a view, and its reserved time.

    Args:
        run: The run.
        view: One of `brizna.core.measurement.VIEWS`.
    """
    measurement = run.measurement
    parts = {
        channel.id: f"channel:{channel.id}"
        for channel in measurement.roots()
        if channel.energy_j is not None
    }
    machine = Subject(
        digest=digest(run.to_json()),
        id=run.id,
        energy_j=measurement.energy_j,
        duration_s=_reserved(run),
        parts=parts,
        reason=measurement.reason,
        boundary=measured_boundary(measurement, view),
    )
    if view == "machine":
        return machine
    energy_j, reason = measurement.seen_as(view)
    return machine.replace(
        energy_j=energy_j,
        reason=reason,
        view=view,
        formula=FORMULAS[_PARTS[view]],
        parts={_PARTS[view]: f"attribution:{_PARTS[view]}"},
    )
