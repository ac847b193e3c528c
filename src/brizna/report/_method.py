"""How the energy of a report was found, as a paragraph made from the records: about 100 words."""

from __future__ import annotations

from brizna.account import doubt_shares
from brizna.core.estimate import Estimate
from brizna.report._page import name_doubt
from brizna.report._texts import texts
from brizna.report._trace import BELOW
from brizna.report._view import roots
from brizna.report._whose import tell_view
from brizna.report._words import join_components, name_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.report._dossier import Dossier
    from brizna.report._filling import Filling

_PUE = f"facility_energy_j{BELOW}pue"


def method(form: Filling, field: str) -> str | None:
    """Return the paragraph; None, and noted as lacking, where no energy is known.

    Args:
        form: The form, which notes the numbers that stand in it.
        field: Where the paragraph stands.
    """
    if form.dossier.amount("energy_j") is None:
        form.lack(field, form.dossier.reason("energy_j"))
        return None
    return " ".join(_sentences(form, field))


def _sentences(form: Filling, field: str) -> Iterator[str]:
    _ = form.style.say
    dossier = form.dossier
    yield from _means(form)
    yield from _rhythm(form)
    views = {view["footprint"].get("view", "machine") for view in dossier.views}
    if views != {"machine"}:
        yield tell_view(views.pop(), form.style)
    unseen = sorted(
        {kind for v in dossier.views for kind in v["measurement"]["coverage"]["not_seen"]}
    )
    if unseen:
        parts = join_components(unseen, form.lang)
        yield _("Not measured: {parts}.").format(parts=parts)
    yield from _gaps(form)
    yield from _cooling(form, field)
    yield _runs(form)
    yield from _sureness(form)


def _means(form: Filling) -> Iterator[str]:
    """Tell which parts were metered and which modelled, and by what."""
    _ = form.style.say
    texts_of = {
        "metered": _("The energy was read while the work ran, from counters of: {parts}."),
        "modelled": _("It was modelled from how busy they were for: {parts}."),
    }
    found: dict[str, dict[str, None]] = {}
    for view in form.dossier.views:
        for channel in roots(view):
            if channel["energy_j"] is not None:
                basis = "metered" if channel["energy_j"]["basis"] == "metered" else "modelled"
                part = f"{name_component(channel['kind'], form.lang)} ({channel['method']})"
                found.setdefault(basis, {})[part] = None
    if "metered" not in found:
        texts_of["modelled"] = _(
            "No counter could be read: the energy was modelled, while the work ran, from how busy "
            "these parts were: {parts}."
        )
    for basis in ("metered", "modelled"):
        if basis in found:
            yield texts_of[basis].format(parts=", ".join(found[basis]))


def _rhythm(form: Filling) -> Iterator[str]:
    _ = form.style.say
    every = {view["measurement"].get("interval_s") for view in form.dossier.views}
    if len(every) == 1 and None not in every:
        interval = form.style.duration(every.pop())
        yield _("Readings were taken every {interval} and summed over time.").format(
            interval=interval
        )


def _gaps(form: Filling) -> Iterator[str]:
    _ = form.style.say
    gap_s = sum(view["measurement"]["coverage"]["gap_s"] for view in form.dossier.views)
    if gap_s > 0:
        yield _("For {time} some part was not read; the interval allows for it.").format(
            time=form.style.duration(gap_s)
        )


def _cooling(form: Filling, field: str) -> Iterator[str]:
    """Tell what stands for cooling and building, and where it comes from."""
    _ = form.style.say
    known = [form.dossier.amount(_PUE, record=view["id"]) for view in form.dossier.views]
    pues = {one.best.value: one for one in known if isinstance(one, Estimate)}
    if len(pues) != 1:
        if pues:
            yield _(
                "Each run's energy was multiplied by the PUE of its place, for cooling and "
                "building."
            )
        return
    (pue,) = pues.values()
    record = form.dossier.views[0]["id"]
    taken = form.take(_PUE, unit="1", record=record)
    assert taken is not None, field
    shown = form.style.number(taken[0])
    form.note(taken[1].replace(field=f"{field}, PUE", shown=shown, unit=""))
    yield _("For cooling and building it was multiplied by a PUE of {pue} ({source}).").format(
        pue=shown, source=_factor(form.dossier, pue) or _("declared for the place")
    )


def _factor(dossier: Dossier, value: Estimate) -> str | None:
    """Return the factor behind an assumption, by its name in the table of factors."""
    for view in dossier.views:
        for factor in view["footprint"]["factors"]:
            if f"factor:{factor['id']}" in value.references:
                return str(factor["id"])
    return None


def _runs(form: Filling) -> str:
    said = texts(form.lang).ngettext(
        "{count} run is counted, as it was stored.",
        "{count} runs are counted, those that failed among them.",
        len(form.dossier.views),
    )
    return said.format(count=form.style.count(len(form.dossier.views)))


def _sureness(form: Filling) -> Iterator[str]:
    """Tell what the interval means and which unknown matters most."""
    _ = form.style.say
    energy = form.dossier.amount("facility_energy_j")
    shares = doubt_shares(energy) if isinstance(energy, Estimate) else {}
    if not shares:
        return
    name, share = next(iter(shares.items()))
    yield _(
        "Intervals are central 90% intervals over named doubts; {share} of that of the energy is "
        "due to: {doubt}."
    ).format(share=form.style.percent(share), doubt=name_doubt(name, form.style))
