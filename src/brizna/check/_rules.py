"""The rules of ``brizna verify``, by their stable ids."""

from __future__ import annotations

from brizna.check._verdict import Rule, Verdict
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from brizna.check._verdict import Evidence, Place

_SCI = "ISO/IEC 21031:2024 (SCI)"
_SCOPE2 = "GHG Protocol Scope 2 Guidance, 2015"
_SI = "The International System of Units (SI), 9th edition"
_JCGM = "JCGM 100:2008 (GUM)"
_PUE = "ISO/IEC 30134-2:2016 (PUE)"
_GHG = "GHG Protocol Corporate Standard, 2004"
_OWN = str(Said("brizna: one record, from sensor to signature"))
_FIPS = "FIPS 180-4 (SHA-256)"
_DSSE = "DSSE 1.0, in-toto Attestation Framework 1.0"

FORM, DATE, NEGATIVE, ZERO = "BRZ-V001", "BRZ-V002", "BRZ-V003", "BRZ-V004"
ENERGY_UNIT, CARBON_UNIT, DOUBLE_PUE, TIME_UNIT = "BRZ-V010", "BRZ-V011", "BRZ-V012", "BRZ-V013"
IMPOSSIBLE_PUE, TWICE = "BRZ-V014", "BRZ-V025"
TIME_POWER, POWER, CARBON, SUM, DERIVED = (
    *("BRZ-V020", "BRZ-V021", "BRZ-V022", "BRZ-V023"),
    "BRZ-V024",
)
STALE, SUPERSEDED = "BRZ-V030", "BRZ-V031"
HOURS, INTERVAL, PLACE = "BRZ-V040", "BRZ-V041", "BRZ-V042"
RECORD, RECOMPUTED, FACTORS, JOURNAL = "BRZ-V050", "BRZ-V051", "BRZ-V052", "BRZ-V053"
CHANGED, MISSING, ADDED, ARCHIVE, REPACKED = (
    *("BRZ-V060", "BRZ-V061", "BRZ-V062"),
    *("BRZ-V063", "BRZ-V064"),
)
BELIEVED = "BRZ-V065"

_ALL = (
    Rule(
        id=FORM,
        severity="error",
        title=Said("Every figure can be read"),
        todo=Said("Write the document again with the tool that made it, or mend this place."),
        reference=_GHG,
    ),
    Rule(
        id=DATE,
        severity="error",
        title=Said("Every date is possible"),
        todo=Said("Write the time at which it ran, with its time zone."),
        reference="ISO 8601-1:2019",
    ),
    Rule(
        id=NEGATIVE,
        severity="error",
        title=Said("No energy, time, power or emission is negative"),
        todo=Said("Find out where the sign comes from; offsets are reported apart."),
        reference=_GHG,
    ),
    Rule(
        id=ZERO,
        severity="error",
        title=Said("What runs uses energy, and what uses energy emits"),
        todo=Said("Leave out what was not read; nothing that runs uses 0."),
        reference=_SCI,
    ),
    Rule(
        id=ENERGY_UNIT,
        severity="error",
        title=Said("Energy is in the unit that its field says"),
        todo=Said("Convert the figure into the unit of the field."),
        reference=_SI,
    ),
    Rule(
        id=CARBON_UNIT,
        severity="error",
        title=Said("Emissions are in the unit that their field says"),
        todo=Said("Convert the figure into the unit of the field."),
        reference=_SI,
    ),
    Rule(
        id=DOUBLE_PUE,
        severity="error",
        title=Said("The overhead of the site (PUE) is applied once"),
        todo=Said("Multiply the energy of the computers by the PUE once, and nothing else."),
        reference=_PUE,
    ),
    Rule(
        id=TIME_UNIT,
        severity="error",
        title=Said("Time is in the unit that its field says"),
        todo=Said("Convert the time into the unit of the field."),
        reference=_SI,
    ),
    Rule(
        id=IMPOSSIBLE_PUE,
        severity="error",
        title=Said("The overhead of the site (PUE) is possible"),
        todo=Said("Divide the energy of the whole site by that of its computers: 1 or more."),
        reference=_PUE,
    ),
    Rule(
        id=TIME_POWER,
        severity="error",
        title=Said("Energy is time × power"),
        todo=Said("Find out which of the three is wrong; readings may be missing."),
        reference=_SI,
    ),
    Rule(
        id=POWER,
        severity="error",
        title=Said("Nothing draws more than its hardware can"),
        todo=Said("Check the energy, the time and the number of devices."),
        reference=str(Said("data sheets of the devices, as in brizna's tables")),
    ),
    Rule(
        id=CARBON,
        severity="error",
        title=Said("Emissions are energy × the intensity of the place"),
        todo=Said("Compute them anew from the energy, with a factor of the place and the year."),
        reference=_SCOPE2,
    ),
    Rule(
        id=SUM,
        severity="error",
        title=Said("Totals are the sum of their parts"),
        todo=Said("Sum the parts anew; look for one that is missing or counted twice."),
        reference=_GHG,
    ),
    Rule(
        id=DERIVED,
        severity="error",
        title=Said("Rates follow from the figures they are made of"),
        todo=Said("Compute the rate anew."),
        reference=_SCI,
    ),
    Rule(
        id=TWICE,
        severity="error",
        title=Said("Nothing is counted twice"),
        todo=Said("Take out what stands there twice, or mend the times so that none overlap."),
        reference=_GHG,
    ),
    Rule(
        id=STALE,
        severity="warning",
        title=Said("Factors are of the time of the activity"),
        todo=Said("Add a factor of a later year (brizna factors add), and account again."),
        reference=_SCOPE2,
    ),
    Rule(
        id=SUPERSEDED,
        severity="note",
        title=Said("No later factor for the same year is known"),
        todo=Said("See what moved: brizna factors diff RUN in-force."),
        reference=_SCOPE2,
    ),
    Rule(
        id=HOURS,
        severity="warning",
        title=Said("All of the time is covered"),
        todo=Said("Say what the figure leaves out, or measure again without the gap."),
        reference=_GHG,
    ),
    Rule(
        id=INTERVAL,
        severity="warning",
        title=Said("Every estimate says how sure it is"),
        todo=Said("State the interval, or the quality where the form has classes of it."),
        reference=_JCGM,
    ),
    Rule(
        id=PLACE,
        severity="error",
        title=Said("Place, country and intensity belong together"),
        todo=Said("Name the place where it ran, and the intensity of its grid."),
        reference=_SCOPE2,
    ),
    Rule(
        id=RECORD,
        severity="error",
        title=Said("A footprint is about the record that it names"),
        todo=Said("Restore the record from a copy; account again only if the change was meant."),
        reference=_FIPS,
    ),
    Rule(
        id=RECOMPUTED,
        severity="error",
        title=Said("A stored figure computes to the same again"),
        todo=Said("Restore the footprint from a copy, or account for the run again."),
        reference=_OWN,
    ),
    Rule(
        id=FACTORS,
        severity="error",
        title=Said("The factors are those that were used"),
        todo=Said("Restore the footprint from a copy, or account for the run again."),
        reference=_FIPS,
    ),
    Rule(
        id=JOURNAL,
        severity="error",
        title=Said("A record is what its journal tells"),
        todo=Said("Restore the record from a copy; its journal has the readings."),
        reference=_OWN,
    ),
    Rule(
        id=CHANGED,
        severity="error",
        title=Said("Every file is as it was packed"),
        todo=Said("Fetch the archive again from where it was made."),
        reference=_FIPS,
    ),
    Rule(
        id=MISSING,
        severity="error",
        title=Said("No file is missing"),
        todo=Said("Fetch the archive again from where it was made."),
        reference=_FIPS,
    ),
    Rule(
        id=ADDED,
        severity="error",
        title=Said("No file was added"),
        todo=Said("Take it out; what belongs to the archive stands in its manifest."),
        reference=_FIPS,
    ),
    Rule(
        id=ARCHIVE,
        severity="error",
        title=Said("The archive can be read, and its manifest lists what is in it"),
        todo=Said("Fetch the archive again from where it was made."),
        reference=_FIPS,
    ),
    Rule(
        id=REPACKED,
        severity="error",
        title=Said("The archive is the very one that was made"),
        todo=Said("Ask for the original; what is in its files is judged by itself."),
        reference=_FIPS,
    ),
    Rule(
        id=BELIEVED,
        severity="note",
        title=Said("Whoever signed is believed here"),
        todo=Said(
            "Compare the key's id with the one that its owner told you by another way; then name "
            "the key: --signed-by."
        ),
        reference=_DSSE,
    ),
)

RULES: Mapping[str, Rule] = {rule.id: rule for rule in _ALL}
"""Every rule of ``brizna verify``."""


def passed(rule: str, place: Place, evidence: Iterable[Evidence] = ()) -> Verdict:
    """Return that a rule is kept."""
    return _verdict(rule, "pass", place, None, None, evidence)


def failed(
    rule: str, place: Place, seen: Said, expected: Said, evidence: Iterable[Evidence] = ()
) -> Verdict:
    """Return that a rule is broken."""
    return _verdict(rule, "fail", place, seen, expected, evidence)


def failed_sum(
    place: Place, value: float, expected: float, *, unit: str, evidence: Iterable[Evidence]
) -> Verdict:
    """Return that a total is not the sum of its parts; both in ``unit``."""
    return failed(
        SUM,
        place,
        Said("the total is {value:.6g} {unit}", value=value, unit=unit),
        Said("{expected:.6g} {unit}, the sum of its components", expected=expected, unit=unit),
        evidence,
    )


def untold(rule: str, place: Place, why: Said, evidence: Iterable[Evidence] = ()) -> Verdict:
    """Return that nobody can tell whether a rule is kept, and what is missing."""
    return _verdict(rule, "cannot-tell", place, why, None, evidence)


def unasked(rule: str, place: Place, why: Said) -> Verdict:
    """Return that a rule has nothing to say here, and why."""
    return _verdict(rule, "not-applicable", place, why, None, ())


def _verdict(
    rule: str,
    result: str,
    place: Place,
    seen: Said | None,
    expected: Said | None,
    evidence: Iterable[Evidence],
) -> Verdict:
    return Verdict(
        rule=rule,
        severity=RULES[rule].severity,
        result=result,
        place=place,
        seen=seen,
        expected=expected,
        evidence=tuple(evidence),
    )
