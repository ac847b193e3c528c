"""Recordings played back against the clock: tables, and the journals of runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.meter._rapl import open_rapl
from brizna.meter._replay import open_replay, play_journal, play_table
from brizna.testing import FakeMachine, FakePowercap, FakeZone, meter_conformance

TABLE = """\
# a wall meter and a card, recorded together
t_s,node.power_w,gpu/0.energy_j
0,100,5
10,200,505
20,200,1505
"""


def play(text, **how):
    return play_table(text.splitlines(keepends=True), name="t.csv", machine="m", **how)


def test_power_is_integrated_and_energy_interpolated(rig, energies):
    rig.start([play(TABLE)])
    rig.tick(15)
    assert energies(rig.run()) == {
        "replay/node": pytest.approx(1500 + 1000),
        "replay/gpu/0": pytest.approx(1000),
    }


def test_after_its_end_a_recording_tells_nothing(rig):
    rig.start([play(TABLE)])
    rig.tick(25)
    reasons = {gap["reason"] for gap in rig.gaps()}
    assert reasons == {"unreadable: the recording ends at 20.0 s"}
    assert all(gap["from"] == 20_000_000 for gap in rig.gaps())


def test_an_empty_cell_is_a_hole_and_not_zero(rig):
    rig.start([play("t_s,cpu.power_w\n0,50\n5,50\n8,\n10,50\n20,50\n")])
    rig.tick(20)
    (gap,) = rig.gaps()
    assert (gap["from"], gap["to"]) == (5_000_000, 10_000_000)
    assert "a hole" in gap["reason"]
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value <= 1000 <= energy_j.high.value


@pytest.mark.parametrize("told", ["100000", "1e300"])
def test_a_power_that_no_such_part_draws_is_a_gap_and_not_energy(rig, told):
    rig.start([play(f"t_s,cpu.power_w\n0,50\n5,50\n8,{told}\n10,50\n20,50\n")])
    rig.tick(20)
    (gap,) = rig.gaps()
    assert (gap["from"], gap["to"]) == (5_000_000, 10_000_000)
    assert f"it says {float(told):.6g} W" in gap["reason"]
    energy_j = rig.run().measurement.energy_j
    assert energy_j.best.value <= 1000 <= energy_j.high.value


def test_energy_that_rises_faster_than_such_a_part_draws_is_a_gap(rig, energies):
    rig.start([play("t_s,cpu.energy_j\n0,7\n5,257\n6,1e9\n10,1000000200\n")])
    rig.tick(10)
    (gap,) = rig.gaps()
    assert gap["from"] <= 5_000_000
    assert gap["to"] >= 6_000_000
    assert energies(rig.run())["replay/cpu"] == pytest.approx(475, abs=25)


def test_instants_of_the_day_serve_as_well_as_seconds(rig, energies):
    text = "time,node.power_w\n2026-11-22T10:00:00Z,60\n2026-11-22T10:00:10Z,60\n"
    rig.start([play(text)])
    rig.tick(10)
    assert energies(rig.run()) == {"replay/node": pytest.approx(600)}


@given(
    steps=st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 10**6)), min_size=2, max_size=20),
    reads=st.lists(st.floats(0, 1), max_size=10),
)
def test_what_is_read_between_never_changes_the_total(steps, reads):
    t_ms, lines = 0, ["t_s,cpu.power_w\n"]
    for step_ms, power_mw in steps:
        lines.append(f"{t_ms / 1000},{power_mw / 1000}\n")
        end_us, t_ms = t_ms * 1000, t_ms + step_ms
    once, often = (play_table(lines, name="t", machine="m") for _ in range(2))
    raws = [often.read(round(part * end_us))[0] for part in sorted(reads)]
    assert raws == sorted(raws)
    assert often.read(end_us) == once.read(end_us)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the header"),
        ("seconds,cpu.power_w\n0,1\n1,1\n", "the header seconds"),
        ("t_s,cpu\n0,1\n1,1\n", "KIND.energy_j"),
        ("t_s,toaster.power_w\n0,1\n1,1\n", "KIND.energy_j"),
        ("t_s,cpu.power_w,cpu.power_w\n0,1,1\n1,1,1\n", "two columns of one channel"),
        ("t_s,cpu.power_w\n0,1\n", "two at least"),
        ("t_s,cpu.power_w\n0,1\n0,1\n", "row 2"),
        ("t_s,cpu.power_w\n0,1\n1\n", "1 cells"),
        ("t_s,cpu.power_w\n0,1\n1,-1\n", "a number from 0"),
        ("t_s,cpu.energy_j\n0,5\n1,4\n", "never falls"),
        ("t_s,cpu.power_w\n0,lots\n1,1\n", "'lots'"),
        ("t_s,cpu.power_w\n0,nan\n1,1\n", "'nan'"),
        ("t_s,cpu.power_w\n0,inf\n1,1\n", "'inf'"),
        ("t_s,cpu.power_w\nnow,1\n1,1\n", "'now'"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_row(text, said):
    with pytest.raises(InputError, match=said):
        play(text)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.csv"):
        open_replay(str(tmp_path / "nothing.csv"), machine="m")


def test_a_recorded_journal_gives_the_same_energies_again(tmp_path, rig, energies):
    machine = FakeMachine(tmp_path, rig.clock)
    zones = [
        FakeZone(label="intel-rapl:0", name="package-0", power_w=100.0),
        FakeZone(label="intel-rapl:0:0", name="core", power_w=60.0),
    ]
    FakePowercap(tmp_path / "sys/class/powercap", rig.clock, zones)
    rig.start(open_rapl(machine.roots, machine="m"))
    rig.tick(10)
    first = rig.run()
    recorded, rig.events = rig.events, []
    rig.start([play_journal(recorded)])
    rig.tick(10)
    again = rig.run()
    assert energies(again) == {f"replay/{name}": uj for name, uj in energies(first).items()}
    assert again.measurement.energy_j.best == first.measurement.energy_j.best
    assert {c.id: c.parent for c in again.measurement.channels}["replay/rapl/package-0/core"] == (
        "replay/rapl/package-0"
    )


def test_a_journal_is_played_from_its_first_sample():
    channel = {"e": "channel", "id": "c", "kind": "cpu", "method": "rapl", "basis": "metered"}
    samples = [{"t": 27_000, "c": [5]}, {"t": 1_027_000, "c": [1_000_005]}]
    meter = play_journal([channel, *samples, {"e": "begin", "w": 1, "t": 30_000, "c": [None]}])
    assert [meter.read(t_us)[0] for t_us in (0, 500_000, 1_000_000)] == [5, 500_005, 1_000_005]


def test_a_journal_is_read_by_whoever_keeps_journals(tmp_path):
    asked = []
    with pytest.raises(InputError, match="names no channel"):
        open_replay(
            str(tmp_path / "journal.jsonl"),
            machine="m",
            events=lambda path: asked.append(path) or [],
        )
    assert asked == [str(tmp_path / "journal.jsonl")]


def test_the_meter_of_recordings_conforms(rig):
    assert meter_conformance(lambda: play(TABLE), advance=rig.clock.advance) == []
