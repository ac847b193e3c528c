"""Apple's chips through the file of ``powermetrics``, against a simulated one."""

import pytest

from brizna.core.errors import InputError
from brizna.meter._powermetrics import open_powermetrics, read_sample
from brizna.testing import FakePowermetrics, meter_conformance

SHORT = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>elapsed_ns</key><integer>5015300000</integer>
<key>processor</key>
<dict>
    <key>cpu_energy</key><integer>1923</integer>
    <key>cpu_power</key><real>383.434</real>
    <key>gpu_power</key><real>1157.88</real>
</dict>
</dict>
</plist>
"""
"""Written after the documentation; the numbers fit: 1923 mJ in 5.0153 s are 383.4 mW."""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "power.plist"


def test_a_sample_tells_energy_where_it_is_told_and_power_over_its_time_where_not():
    sample = read_sample(SHORT)
    assert sample.elapsed_us == 5_015_300
    assert sample.energy_uj == {"cpu": 1_923_000, "gpu": 5_807_116}


def test_each_part_of_the_chip_is_added_up(file, rig, energies):
    fake = FakePowermetrics(file, rig.clock, cpu_w=8.0, gpu_w=3.0, ane_w=1.0)
    rig.start([open_powermetrics(str(file), machine="m")])
    rig.tick(20)
    run = rig.run()
    assert energies(run) == {
        "powermetrics/cpu": pytest.approx(fake.true_j("cpu")),
        "powermetrics/gpu": pytest.approx(fake.true_j("gpu")),
        "powermetrics/ane": pytest.approx(fake.true_j("ane")),
    }
    assert run.measurement.coverage.modelled == ("cpu", "gpu")


def test_the_truth_lies_in_the_interval_though_samples_fall_between_the_readings(file, rig):
    fake = FakePowermetrics(file, rig.clock, cpu_w=8.0, gpu_w=0.0, interval_s=5.0)
    rig.clock.advance(3.0)
    before_j = fake.true_j("cpu")
    rig.start([open_powermetrics(str(file), machine="m")])
    rig.tick(24)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value <= fake.true_j("cpu") - before_j <= energy_j.high.value


def test_a_program_that_stops_leaves_a_gap_until_it_writes_again(file, rig):
    fake = FakePowermetrics(file, rig.clock)
    rig.start([open_powermetrics(str(file), machine="m")])
    rig.tick(10)
    fake.writes = False
    rig.tick(10)
    fake.writes = True
    rig.tick(10)
    gaps = rig.gaps()
    assert {gap["reason"] for gap in gaps} == {"unreadable: powermetrics writes no more samples"}
    assert len(gaps) == 3
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value <= 210 <= energy_j.high.value


def test_a_file_that_begins_anew_is_read_from_its_start(file, rig, energies):
    fake = FakePowermetrics(file, rig.clock, cpu_w=8.0)
    rig.start([open_powermetrics(str(file), machine="m")])
    rig.tick(10)
    fake.begin_anew()
    rig.tick(10)
    assert energies(rig.run())["powermetrics/cpu"] == pytest.approx(160)


def test_half_a_sample_waits_for_its_other_half(file, rig):
    FakePowermetrics(file, rig.clock)
    meter = open_powermetrics(str(file), machine="m")
    meter.read(0)
    with file.open("ab") as out:
        out.write(b"\0" + SHORT[:300])
    assert meter.read(1_000_000) == [0, 0, 0]
    with file.open("ab") as out:
        out.write(SHORT[300:])
    assert meter.read(5_015_300) == [1_923_000, 5_807_116, 0]
    meter.close()


def test_what_is_no_property_list_is_a_gap_with_the_reason(file, rig):
    FakePowermetrics(file, rig.clock)
    meter = open_powermetrics(str(file), machine="m")
    with file.open("ab") as out:
        out.write(b"<plist><dict></plist>")
    assert meter.read(1_000_000) == [None, None, None]
    assert "mismatched tag" in meter.trouble()["powermetrics/cpu"]
    meter.close()


@pytest.mark.parametrize(
    "content", [None, b"", b"no list", b"<plist version='1.0'><dict/></plist>"]
)
def test_a_file_without_samples_is_refused_with_the_command_that_helps(file, content):
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match="sudo powermetrics"):
        open_powermetrics(str(file), machine="m")


def test_the_meter_of_apples_chips_conforms(file, rig):
    FakePowermetrics(file, rig.clock)
    broken = meter_conformance(
        lambda: open_powermetrics(str(file), machine="m"), advance=rig.clock.advance
    )
    assert broken == []
