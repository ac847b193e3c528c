"""Dossiers to fill forms in from; what every form promises, checked on any implementation."""

from __future__ import annotations

import re
import sys
from functools import cache

from brizna.account import FunctionalUnit
from brizna.core.codec import digest
from brizna.core.errors import BriznaError
from brizna.core.estimate import Estimate
from brizna.core.version import VERSION
from brizna.report import (
    Document,
    Dossier,
    Facts,
    Figure,
    Filling,
    Renderer,
    Selection,
    read_facts,
)
from brizna.testing._sinks import sample_run
from brizna.verbs._views import account_run, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_ISSUED = "2026-11-30T09:00:00Z"
_OUTSIDE = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
_FACTS = {
    "model": "digits",
    "model_version": "1.2",
    "licence": "apache-2.0",
    "architecture": "multilayer perceptron",
    "framework": "scikit-learn",
    "framework_version": "1.7",
    "parameters": 8970,
    "task": "image-classification",
    "stage": "training",
    "inputs": ["image"],
    "outputs": ["label"],
    "data": ["digits"],
    "data_source": "public",
    "data_items": 1797,
    "queries": 2000,
    "publisher": "Example University",
    "contact": "green@example.org",
    "country": "Spain",
    "location": "Madrid, Spain",
    "premises": "on-premise",
    "supplier": "Example Electricity",
    "confidentiality": "public",
}


class FakeRenderer:
    """A form of one line; breaks its promises if it is told to.

    Args:
        name: What ``--as`` calls it.
        invents: Whether it shows 0 where nothing is known.
        wanders: Whether it gives other bytes each time.
    """

    suffix = ".txt"
    media_type = "text/plain"
    for_people = True

    def __init__(self, name: str = "fake", *, invents: bool = False, wanders: bool = False) -> None:
        self.name = name
        self._invents = invents
        self._wanders = wanders
        self._times = 0

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        return "una línea" if lang == "es" else "a line"

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the energy in a line."""
        form = Filling(dossier, lang=lang)
        energy = form.text("energy", "energy_j")
        if energy is None and self._invents:
            figure = Figure(field="energy", shown="0", unit="Wh", value=0.0, path="energy_j")
            return Document(content=b"0 Wh", figures=(figure,))
        self._times += self._wanders
        return form.document(f"{self.about(lang)}: {energy or form.unknown('')} {self._times}")


def sample_facts() -> Facts:
    """Return facts about the model that the runs of `sample_dossier` trained."""
    return read_facts(_FACTS, where="sample")


def sample_dossier(
    *, runs: int = 1, seconds: int = 3600, facts: Facts | None = None, is_known: bool = True
) -> Dossier:
    """Return what a report about some runs is filled in from, the same each time.

    Args:
        runs: How many; more than one have the tag ``team:vision``.
        seconds: How long the first took; each following a second more.
        facts: What is declared; `sample_facts` if None.
        is_known: Whether energy and place are known; if not, nothing that is computed from them
            is.
    """
    views = [_view(number, seconds + number, is_known=is_known) for number in range(runs)]
    selection = Selection(run=views[0]["id"]) if runs == 1 else Selection(tags=("team:vision",))
    return Dossier(
        selection=selection,
        views=tuple(views),
        facts=sample_facts() if facts is None else facts,
        issued=_ISSUED,
        software=VERSION,
    )


def _view(number: int, seconds: int, *, is_known: bool) -> dict[str, Any]:
    run = sample_run(2)
    measurement = run.measurement
    if is_known:
        energy_j = measurement.energy_j
        assert energy_j is not None
        longer = seconds / run.duration_s
        channels = tuple(
            channel.replace(energy_j=channel.energy_j and channel.energy_j.scaled(longer))
            for channel in measurement.channels
        )
        doubted = energy_j.scaled(longer).doubted_by("meter:sample", 0.97, 1.04)
        measurement = measurement.replace(energy_j=doubted, channels=channels)
        run = run.replace(site=run.site.replace(machine="1300kg"))
    else:
        reason = "fewer than two readings"
        channels = tuple(c.replace(energy_j=None, reason=reason) for c in measurement.channels)
        measurement = measurement.replace(energy_j=None, reason=reason, channels=channels)
        run = run.replace(site=run.site.replace(zone=None, zone_origin=None))
    run = run.replace(
        id=f"20261122T02{number:02}01Z-7f3a9c",
        started=f"2026-11-22T02:{number:02}:01Z",
        name=f"sample-{number}" if number else "sample",
        tags=("team:vision", "project:digits"),
        duration_s=float(seconds),
        measurement=measurement,
    )
    unit = FunctionalUnit(name="epoch", count=10.0) if is_known else None
    footprint = account_run(run, unit=unit)
    return {**view(run, footprint), "digest": digest(run.to_json()), "history": None}


def renderer_conformance(renderer: object, *, several: bool = True) -> list[str]:
    """Return the promises of `brizna.report.Renderer` that a form breaks; nothing if it is right.

    Args:
        renderer: The form.
        several: Whether it can be about several runs.
    """
    if not isinstance(renderer, Renderer):
        return [f"{type(renderer).__name__} lacks a part of Renderer"]
    broken: list[str] = []
    if not renderer.suffix.startswith("."):
        broken.append(f"its suffix {renderer.suffix!r} does not begin with a dot")
    if not renderer.about("en") or renderer.about("en") == renderer.about("es"):
        broken.append("it does not say in each language what it is")
    cases = {"a run": sample_dossier(), "a run without facts": sample_dossier(facts=Facts())}
    cases["a run of which nothing is known"] = sample_dossier(facts=Facts(), is_known=False)
    if several:
        cases["several runs"] = sample_dossier(runs=3)
    for name, dossier in cases.items():
        for lang in ("en", "es"):
            about = f"filled in about {name} ({lang})"
            try:
                broken += [f"{about}, {wrong}" for wrong in _filled_in(renderer, dossier, lang)]
            except BriznaError as error:
                broken.append(f"{about} it says: {error}")
            except Exception as error:  # noqa: BLE001 - anybody's form: what it raises is what is asked
                broken.append(f"{about} it raises {type(error).__name__}: {error}")
    return broken or list(_together(renderer, cases))


def _filled_in(renderer: Renderer, dossier: Dossier, lang: str) -> Iterator[str]:
    ear = _ear()
    ear.heard.clear()
    ear.listening = True
    try:
        document = renderer.render(dossier, lang=lang)
        again = renderer.render(dossier, lang=lang)
    finally:
        ear.listening = False
    if ear.heard:
        yield f"it asked: {', '.join(ear.heard)}"
    if document != again:
        yield "it gives other bytes, figures or gaps the second time"
    if not document.content:
        yield "it is empty"
    fields = [figure.field for figure in document.figures]
    for field in sorted({field for field in fields if fields.count(field) > 1}):
        yield f"it fills {field!r} twice"
    for figure in document.figures:
        yield from _about_figure(figure, dossier, lang)
    for lack in document.lacking:
        if lack.field in fields:
            yield f"it fills {lack.field!r}, and says that it lacks it"
        if not lack.why:
            yield f"it does not say why it lacks {lack.field!r}"


def _about_figure(figure: Figure, dossier: Dossier, lang: str) -> Iterator[str]:
    summed = dossier.part(figure.records) if figure.records else dossier
    value = summed.amount(figure.path, record=figure.record)
    if value is None:
        yield f"{figure.field!r} shows {figure.shown}, but {figure.path} is not known"
        return
    known = getattr(value, figure.end).value if isinstance(value, Estimate) else value
    if not _is_near(known, figure.value, 1e-8):
        yield f"{figure.field!r} comes from {figure.value}, but {figure.path} is {known}"
    shown = read_shown(figure.shown, lang)
    if shown is None:
        yield f"{figure.field!r} shows {figure.shown!r}, which is no number"
        return
    number, half = shown
    wanted = known * figure.times
    if abs(number - wanted) > half * 1.000001 and not _is_near(number, wanted, 1e-8):
        yield f"{figure.field!r} shows {figure.shown}, but {figure.path} gives {wanted}"


def _is_near(one: float, other: float, relative: float) -> bool:
    return abs(one - other) <= relative * max(abs(one), abs(other))


def _together(renderer: Renderer, cases: dict[str, Dossier]) -> Iterator[str]:
    """Tell what several documents of a form show together."""
    english, spanish = (renderer.render(cases["a run"], lang=lang) for lang in ("en", "es"))
    if renderer.for_people and english.content == spanish.content:
        yield "people read it, and it is the same in English and in Spanish"
    if not english.figures:
        yield "it has no figure, though all is known"
    unknown = renderer.render(cases["a run of which nothing is known"], lang="en")
    if not unknown.lacking:
        yield "it lacks nothing, though nothing is known"
    yield from _invented(unknown)


def _invented(document: Document) -> Iterator[str]:
    for figure in document.figures:
        if figure.path.startswith(("energy_j", "facility_energy_j", "carbon_operational_g")):
            yield f"{figure.field!r} shows {figure.shown}, though no energy is known"


_DIGITS = re.compile(r"(\d[\d.,\u00a0\u202f ]*)")
_POWER = re.compile(
    r"\s*(?:e|[x×·]\s*10\^?|\\times\s*10\^|\\cdot\s*10\^)\{?([-+−⁻]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]+)\}?"
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
_SECONDS = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6}
_TIMES = re.compile(r"(\d[\d.,\u202f]*)[\s\u00a0](d|h|min|s|ms|µs)(?![a-zµ])")


def read_shown(text: str, lang: str) -> tuple[float, float] | None:
    """Return a number as a document shows it, and half the place of its last digit.

    Takes the marks of the language, powers of ten as ``1.0 × 10²``, and times as ``2 h 05 min``.
    None where there is no number.

    Args:
        text: What is shown.
        lang: Its language; numbers for machines have a point in either.
    """
    times = _TIMES.findall(text)
    if times:
        parts = [(_plain(number, lang), _SECONDS[unit]) for number, unit in times]
        last, unit_s = parts[-1]
        return sum(float(number) * size for number, size in parts), _half(last) * unit_s
    found = _DIGITS.search(text)
    if found is None:
        return None
    number = _plain(found[1], lang)
    power = _POWER.match(text, found.end(1))
    ten = 10.0 ** int(power[1].translate(_RAISED)) if power else 1.0
    is_below = text[: found.start()].rstrip().endswith(("-", "−"))
    return (-1 if is_below else 1) * float(number) * ten, _half(number) * ten


def _plain(number: str, lang: str) -> str:
    number = re.sub(r"[\u00a0\u202f ]", "", number).rstrip(".,")
    if lang == "es" and "," in number:
        return number.replace(".", "").replace(",", ".")
    return number.replace(",", "")


def _half(number: str) -> float:
    """Return half the place of the last digit that says something: zeros before the mark do not."""
    whole, point, fraction = number.partition(".")
    if point:
        return 0.5 * 10.0 ** -len(fraction)
    significant = whole.rstrip("0")
    return 0.5 * 10.0 ** (len(whole) - len(significant)) if significant else 0.5


class _Ear:
    """An audit hook that hears what asks a host; once set it cannot be removed."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.listening = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.listening and event in _OUTSIDE:
            self.heard.append(f"{event} {arguments!r:.80}")


@cache
def _ear() -> _Ear:
    ear = _Ear()
    sys.addaudithook(ear)
    return ear
