"""The page of a gate: the verdicts, each block as points and as a row."""

from __future__ import annotations

import re

import pytest

from brizna.check import Block, Gate, judge_budget, judge_counts, judge_gate
from brizna.report import LANGUAGES, gate_page

PLAIN = {
    "command": ("python", "train.py"),
    "head_commit": "b" * 40,
    "is_changed": False,
    "allow": 0.0,
    "notice": 0.05,
    "executions": 1,
    "duration_s": 90.0,
    "reason": "there is no counter",
}
BUDGET = judge_budget((1.4e6, 1.5e6, 1.7e6), most=1.62e6, unit="J", executions=5)


def compared(blocks, judge=judge_gate, **more):
    made = {**PLAIN, "figure": "cpu", "method": "rusage", "base": "main", "base_commit": "a" * 40}
    blocks = tuple(blocks)
    return Gate(**{**made, "blocks": blocks, "change": judge(blocks), **more})


def shown(found, lang="en"):
    return gate_page(found.to_json(), lang=lang).decode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_command_is_called_cannot_leave_its_place(lang):
    page = shown(compared([Block(base=1, again=1, head=1)] * 11, command=("<script>",)), lang)
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_a_block_that_takes_more_lies_higher_and_its_row_says_by_how_much():
    blocks = [Block(base=1.0, again=1.0, head=1.0 + at / 100) for at in range(1, 12)]
    page = shown(compared(blocks))
    heights = [
        float(found) for found in re.findall(r'class="head" cx="[\d.]+" cy="([\d.]+)"', page)
    ]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == len(blocks)
    assert "+11.0\N{NO-BREAK SPACE}%" in page


def test_three_counts_have_whole_numbers_of_blocks():
    blocks = [Block(base=2e9, again=2e9, head=2e9)] * 3
    found = compared(blocks, judge_counts, figure="instructions", method="callgrind")
    page = shown(found)
    ticks = re.findall(r'text-anchor="middle">([^<]*)<', page)
    assert ticks == ["1", "2", "3"]
    assert "2,000,000,000" in page


def test_too_few_blocks_have_points_but_no_band():
    page = shown(compared([Block(base=1.0, again=1.01, head=1.02)] * 2))
    assert 'class="head"' in page
    assert 'class="band"' not in page


def test_a_budget_alone_has_no_drawing():
    alone = {"figure": "energy", "method": "meters", "base": None, "base_commit": None}
    page = shown(Gate(**PLAIN, **alone, budget=BUDGET, budget_method="meters"))
    assert "<svg" not in page
    assert "budget of energy" in page


def test_a_budget_of_another_figure_is_told_in_its_own_unit_and_way():
    page = shown(
        compared([Block(base=1, again=1, head=1)] * 11, budget=BUDGET, budget_method="meters")
    )
    assert "change in processor time" in page
    assert "budget of energy" in page
    assert "5 executions of the head; energy of the whole machine" in page
