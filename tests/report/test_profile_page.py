"""A profile for people: every part with its interval, what was seen, and what to try."""

from __future__ import annotations

import json

import pytest

from brizna.core.estimate import Estimate
from brizna.core.hints import HINTS, Hint
from brizna.core.profile import Branch, Part, Profile, Timed, operators_of
from brizna.core.quantities import Energy
from brizna.report import LANGUAGES, collapsed, profile_lines, profile_page, speedscope
from brizna.report._format import Format
from brizna.report._profile import told_hints

KINDS = ("function", "native", "waiting", "queued", "sampler", "unsampled", "others", "process")
EVIL = "</script><b>\x1b[31m;x"


def joules(best):
    """Return an estimate around a value."""
    return Estimate(Energy(best), basis="modelled").doubted_by("factor:attribution/weight", 0.5, 2)


def profile():
    """Return a profile with a part of every kind and a name that means harm."""
    parts = tuple(
        Part(
            kind=kind,
            name=EVIL
            if kind == "function"
            else "step"
            if kind in ("native", "waiting", "queued")
            else "sh",
            file="train.py" if kind in ("function", "native", "waiting", "queued") else None,
            line=3 if kind in ("function", "native", "waiting", "queued") else None,
            self_j=joules(10.0),
            total_j=joules(20.0) if kind == "function" else None,
            share=1 / len(KINDS),
            looks=5,
        )
        for kind in KINDS
    )
    tree = (
        Branch(above=None, kind="function", name=EVIL, file="train.py", line=3, self_j=20.0),
        Branch(above=0, kind="function", name="inner", file="train.py", line=9, self_j=40.0),
        Branch(above=1, kind="waiting", self_j=9.5),
        Branch(above=1, kind="rest", self_j=0.5),
    )
    return Profile(
        subject="sha256:0",
        run="20261122T080000Z-abcdef",
        form="functions",
        view="machine",
        energy_j=joules(70.0),
        parts=parts,
        tree=tree,
        looks=700,
        processes=2,
        period_s=0.01,
        own_s=0.07,
        seen_s=6.5,
        cpu_time_s=7.0,
        late_share=0.02,
        waiting_share=0.25,
        processors=1.5,
        hints=tuple(Hint(id=name, share=0.5, about="inner") for name in HINTS),
    ).to_json()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_part_has_a_name_and_every_hint_words(lang):
    lines = profile_lines(profile(), lang=lang)
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert "step (train.py:3)" in text
    assert len(told_hints(profile(), Format(lang))) == len(HINTS)
    assert "{" not in text.replace("{NAME}", "")


def test_parts_beyond_the_top_are_one_row_so_that_nothing_is_missing():
    lines = profile_lines(profile(), lang="en", top=2)
    row = next(line for line in lines if "smaller parts" in line)
    assert "6 smaller parts" in row
    assert "75%" in row


def test_operators_and_processes_say_what_they_are():
    window = Estimate(Energy(10.0), basis="metered")
    timed = Timed(host_s={"aten::mm": 0.6}, length_s=1.0)
    found = operators_of("20261122T080000Z-abcdef", "sha256:0", window, timed).to_json()
    assert "by operator" in profile_lines(found, lang="en")[0]
    assert "by process" in profile_lines({**found, "form": "processes"}, lang="en")[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_name_in_a_profile_becomes_markup(lang):
    page = profile_page(profile(), lang=lang, title=EVIL, command=EVIL).decode()
    assert "</script><b>" not in page
    assert "&lt;/script&gt;" in page
    assert page == profile_page(profile(), lang=lang, title=EVIL, command=EVIL).decode()


def test_collapsed_stacks_keep_every_joule_and_one_line_each():
    lines = collapsed(profile(), lang="en").decode().splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == 70_000_000
    assert len(lines) == 4
    assert all(line.count(";") <= 2 for line in lines)


def test_speedscope_gets_frames_and_weights_that_fit():
    told = json.loads(speedscope(profile(), lang="en"))
    (sampled,) = told["profiles"]
    assert sum(sampled["weights"]) == sampled["endValue"] == 70_000_000
    assert max(frame for stack in sampled["samples"] for frame in stack) < len(
        told["shared"]["frames"]
    )


def test_an_empty_tree_is_a_page_too():
    bare = {**profile(), "tree": [], "hints": []}
    assert b"<svg" in profile_page(bare, lang="en")


def test_a_tree_as_deep_as_looks_can_see_is_a_page_too():
    told = profile()
    step = told["tree"][0]
    tree = [{**step, "above": n - 1 if n else None, "self_j": 0.35} for n in range(202)]
    assert profile_page({**told, "tree": tree}, lang="en").count(b'class="box') == 202
