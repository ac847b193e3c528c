"""Meters that are named on the command line, in a project's file or in the environment."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from brizna.testing import FakeWire

NO_SOCKET = """
import sys
from brizna.cli import main
code = main(["run", "--quiet", "--", "true"])
assert code == 0
loaded = {"http.client", "ssl", "netrc", "brizna.meter._specs", "brizna.meter._http"}
assert not loaded & set(sys.modules), loaded & set(sys.modules)
"""


@pytest.fixture
def wall():
    with FakeWire("shelly", power_w=120.0) as device:
        device.counted_j = 0.0
        yield device


def channels_of(file):
    return {c["id"]: c for c in json.loads(file.read_text())["measurement"]["channels"]}


def test_a_named_meter_is_the_total_and_holds_the_rest(brizna, tmp_path, wall):
    out = tmp_path / "run.json"
    spec = f"pdu:shelly:{wall.url}#name=wall&every=0.1"
    done = brizna("run", "--json", str(out), "--meter", spec, "--", "sleep", "0.3")
    assert done.returncode == 0, done.stderr
    found = channels_of(out)
    assert found["pdu/wall"]["parent"] is None
    assert {c["parent"] for name, c in found.items() if name != "pdu/wall"} == {"pdu/wall"}
    measured = json.loads(out.read_text())["measurement"]
    assert measured["energy_j"]["best"] == found["pdu/wall"]["energy_j"]["best"]
    assert measured["energy_j"]["best"] == pytest.approx(120 * 0.3, rel=0.5)
    assert wall.url not in out.read_text()


def test_a_device_that_refuses_is_told_with_its_reason_by_doctor_and_run(brizna):
    spec = "pdu:shelly:http://127.0.0.1:9#name=wall"
    shown = brizna("doctor", "--meter", spec).stdout
    assert "Its energy counter cannot be read." in shown
    assert "whole machine: pdu/wall: Connection refused" in shown
    done = brizna("run", "--meter", spec, "--", "true")
    assert "not seen: whole machine wall (unreadable: Connection refused)" in done.stderr


def test_recorded_energy_is_not_called_a_power(brizna, tmp_path):
    (tmp_path / "wall.csv").write_text("t_s,gpu/0.energy_j\n0,5\n10,505\n")
    shown = brizna("doctor", "--meter", "replay:wall.csv").stdout
    assert "replay-energy" in shown
    assert "tells its power" not in shown


def test_a_project_keeps_its_meters_in_its_file(brizna, tmp_path, wall):
    (tmp_path / "brizna.toml").write_text(f'meter = ["pdu:shelly:{wall.url}#name=rack"]\n')
    done = brizna("doctor", "--json")
    (node,) = [c for c in json.loads(done.stdout)["components"] if c["component"] == "node"]
    assert (node["status"], node["method"]) == ("metered", "pdu-energy")


def test_a_variable_names_several_meters_parted_by_spaces(brizna):
    environ = {"BRIZNA_METER": "ipmi:/none/0 ipmi:/none/1", "BRIZNA_METER_PASSWORD": "secret"}
    shown = brizna("config", "--json", environ=environ)
    assert json.loads(shown.stdout)["meter"]["value"] == ["ipmi:/none/0", "ipmi:/none/1"]
    assert "secret" not in shown.stdout


def test_a_device_that_is_not_there_leaves_the_run_to_the_other_meters(brizna, tmp_path):
    out = tmp_path / "run.json"
    spec = "ipmi:/none/0#name=bmc"
    done = brizna("run", "--json", str(out), "--meter", spec, "--", "true")
    assert done.returncode == 0
    found = channels_of(out)
    assert found["ipmi/bmc"]["energy_j"] is None
    assert found["model/memory"]["parent"] is None
    assert json.loads(out.read_text())["measurement"]["energy_j"] is not None


@pytest.mark.parametrize(
    ("spec", "said"),
    [("redfsh:https://h", "redfish"), ("redfish:https://u:hunter2@h", "credentials")],
)
def test_a_wrong_name_ends_before_the_command_begins(brizna, tmp_path, spec, said):
    done = brizna("run", "--meter", spec, "--", "touch", "begun")
    assert done.returncode == 125
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert not (tmp_path / "begun").exists()


def test_nothing_that_could_open_a_socket_is_loaded_unless_it_was_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", NO_SOCKET], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_somebody_elses_package_adds_a_kind(tmp_path, monkeypatch):
    from brizna.meter import Surroundings, open_specs, read_specs

    (tmp_path / "theirs.py").write_text(
        "def open_theirs(target, *, options, machine):\n    return (target, options, machine)\n"
    )
    info = tmp_path / "theirs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[brizna.meters]\ntheirs = theirs:open_theirs\n")
    monkeypatch.syspath_prepend(tmp_path)
    opened = open_specs(read_specs(["theirs:there#a=1"]), Surroundings(machine="m"))
    assert opened == [("there", {"a": "1"}, "m")]
