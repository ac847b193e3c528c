"""The printed recipes open what they say, to whom they say, and to nobody else."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from brizna.meter import POWERCAP_RULE, Closed, Roots, find_closed
from brizna.meter._rapl import find_zones
from brizna.testing import FakeClock, FakePowercap, FakeZone
from brizna.verbs._fix import find_recipes, recipes

MEMBER, STRANGER, GROUP_NUMBER = 65533, 65532, 65531
ZONES = (
    FakeZone(label="intel-rapl:0", name="package-0"),
    FakeZone(label="intel-rapl:0:0", name="dram"),
)

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only the superuser can give files away and become somebody else",
)


@pytest.fixture
def place():
    """Return a folder that anybody can reach."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def tree(place):
    """Return a powercap tree with the modes that Linux gives its counters."""
    root = place / "powercap"
    FakePowercap(root, FakeClock(), ZONES)
    for counter in root.rglob("energy_uj"):
        counter.chmod(0o400)
    return root


def as_user(user, groups, action):
    """Return what an action prints as somebody else, in a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setgid(user)
            os.setuid(user)
            os.write(writer, str(action()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as said:
        return said.read()


def type_in(command):
    """Run a printed command as the administrator; only the group's number stands for its name."""
    words = command.replace("sudo ", "").replace("brizna", str(GROUP_NUMBER))
    subprocess.run(["sh", "-ec", words], check=True)


def readable(tree, user, groups):
    def count():
        zones = find_zones(str(tree))
        return sum(zone.reason != "Permission denied" for zone in zones)

    return int(as_user(user, groups, count))


def closed_for(tree, user, groups):
    return as_user(user, groups, lambda: find_closed(Roots(powercap=str(tree)), dev="/none"))


@needs_root
def test_the_recipe_opens_the_counters_to_the_group_and_to_nobody_else(tree):
    files = tuple(sorted(str(path) for path in tree.rglob("energy_uj")))
    assert readable(tree, MEMBER, [GROUP_NUMBER]) == 0
    assert "counters" in closed_for(tree, MEMBER, [GROUP_NUMBER])
    (recipe,) = [r for r in recipes([Closed(kind="counters", files=files)]) if r.id == "counters"]
    for command in recipe.now:
        type_in(command)
    assert readable(tree, MEMBER, [GROUP_NUMBER]) == len(ZONES)
    assert closed_for(tree, MEMBER, [GROUP_NUMBER]) == "[]"
    assert readable(tree, STRANGER, []) == 0
    for file in files:
        status = os.stat(file)
        assert (status.st_uid, status.st_gid) == (0, GROUP_NUMBER)
        assert stat.S_IMODE(status.st_mode) == 0o440
    type_in(recipe.undo[-1])
    assert readable(tree, MEMBER, [GROUP_NUMBER]) == 0


@needs_root
def test_the_rule_opens_each_counter_when_the_kernel_announces_it(tree):
    programs = re.findall(r'RUN\+="([^"]+)"', POWERCAP_RULE.format(group=GROUP_NUMBER))
    for folder in (path.parent for path in tree.rglob("energy_uj")):
        for program in programs:
            subprocess.run(program.replace("/sys%p", str(folder)).split(), check=True)
    assert readable(tree, MEMBER, [GROUP_NUMBER]) == len(ZONES)
    assert readable(tree, STRANGER, []) == 0


@needs_root
def test_a_closed_controller_names_its_group_and_what_it_gives_away(place):
    device = place / "ipmi0"
    device.touch(0o600)
    said = as_user(STRANGER, [], lambda: find_closed(Roots(powercap="/none"), dev=str(place)))
    assert str(device) in said
    (recipe,) = [r for r in recipes([Closed(kind="ipmi", files=(str(device),))]) if r.id == "ipmi"]
    assert recipe.now == (f"sudo setfacl -m g:brizna:rw {device}",)
    assert 'MODE="0660"' in recipe.lasting[0]
    assert "switch the machine off" in recipe.caution


@needs_root
def test_performance_events_are_closed_where_the_kernel_is_strict(place):
    roots = Roots(powercap="/none", proc=str(place / "proc"), sys=str(place / "sys"))
    (place / "sys/bus/event_source/devices/power").mkdir(parents=True)
    strictness = place / "proc/sys/kernel/perf_event_paranoid"
    strictness.parent.mkdir(parents=True)
    strictness.write_text("2\n")
    assert "'events'" in as_user(MEMBER, [], lambda: find_closed(roots, dev="/none"))
    (recipe,) = recipes([Closed(kind="events", files=())])
    assert "+perfmon" in recipe.now[0]
    assert find_closed(roots, dev="/none") == [], "the superuser may count them"
    strictness.write_text("0\n")
    assert as_user(MEMBER, [], lambda: find_closed(roots, dev="/none")) == "[]"


def test_a_container_is_given_the_folder_itself_because_links_out_of_it_lead_nowhere(tmp_path):
    real = tmp_path / "devices/virtual/powercap"
    FakePowercap(real, FakeClock(), ZONES, is_flat=False)
    links = tmp_path / "class/powercap"
    links.mkdir(parents=True)
    for folder in real.iterdir():
        (links / folder.name).symlink_to(folder)
    found = {recipe.id: recipe for recipe in find_recipes(Roots(powercap=str(links)), dev="/none")}
    (command,) = found["container"].now
    assert f"--volume {real}:/sys/class/powercap:ro" in command
    assert f"        path: {real}" in found["pod"].text
    assert "          readOnly: true" in found["pod"].text
    assert len(find_zones(str(real))) == len(ZONES), "what is mounted is found without the links"


def test_a_machine_without_sensors_gets_no_recipes():
    assert find_recipes(Roots(powercap="/none", sys="/none", proc="/none"), dev="/none") == []
