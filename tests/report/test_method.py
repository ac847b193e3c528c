"""How the energy was found, in words: what was metered, what not, what stands for cooling."""

from __future__ import annotations

import copy

from brizna.report import Filling
from brizna.report._instants import tell_instant
from brizna.report._method import method
from brizna.report._takers import WORDS
from brizna.testing import sample_dossier


def told(dossier, lang="en"):
    return method(Filling(dossier, lang=lang, rich=True), "method")


def changed(dossier, change):
    views = [copy.deepcopy(dict(view)) for view in dossier.views]
    for at, view in enumerate(views):
        change(at, view)
    return dossier.replace(views=tuple(views))


def test_what_was_metered_is_named_with_its_counters():
    text = told(sample_dossier())
    assert "from counters of: CPU (rapl), GPU (nvml-energy)." in text
    assert "modelled" not in text


def test_where_no_counter_was_read_it_says_so():
    def model(_at, view):
        for channel in view["measurement"]["channels"]:
            channel["energy_j"]["basis"] = "modelled"

    assert "No counter could be read" in told(changed(sample_dossier(), model))


def test_time_in_which_a_part_was_not_read_is_told():
    def lose(_at, view):
        view["measurement"]["coverage"] = {
            **view["measurement"]["coverage"],
            "gap_s": 19.0,
            "not_seen": {"storage": "no counter on this machine"},
        }

    text = told(changed(sample_dossier(), lose))
    assert "Not measured: storage." in text
    assert "For 19\u00a0s some part was not read" in text


def test_places_with_unlike_overheads_are_told_without_a_number():
    def raise_pue(at, view):
        view["footprint"]["assumptions"]["pue"]["best"] = 1.25 + at

    text = told(changed(sample_dossier(runs=2), raise_pue))
    assert "the PUE of its place" in text
    assert "2 runs are counted, those that failed among them." in text


def test_the_number_in_the_paragraph_is_noted_with_where_it_comes_from():
    form = Filling(sample_dossier(), lang="es", rich=True)
    text = method(form, "método")
    (figure,) = form.document(b"").figures
    assert (figure.path, figure.shown) == ("facility_energy_j>pue", "1,25")
    assert "un PUE de 1,25 (pue/default)" in text


def test_without_energy_there_is_no_method_but_a_reason():
    form = Filling(sample_dossier(is_known=False), lang="en", rich=True)
    assert method(form, "method") is None
    assert form.document(b"").lacking[0].why == "fewer than two readings"


def test_readers_of_spanish_are_told_the_clock_of_madrid_in_winter_and_summer():
    assert tell_instant("2026-11-22T12:00:00Z", "es") == "22/11/2026, 13:00 (Europe/Madrid)"
    assert tell_instant("2026-07-01T12:00:00Z", "es") == "01/07/2026, 14:00 (Europe/Madrid)"
    assert tell_instant("2026-07-01T12:00:00Z", "en") == "2026-07-01, 12:00 (UTC)"


def test_the_range_of_a_trainings_time_is_that_of_the_form():
    month_s = 365.25 / 12 * 86400
    found = [
        WORDS["training-range"](
            Filling(sample_dossier(seconds=int(months * month_s)), lang="en"), "x"
        )
        for months in (0.9, 1.1, 4, 7)
    ]
    assert found == ["less than 1 month", "1 to 3 months", "3 to 6 months", "more than 6 months"]
