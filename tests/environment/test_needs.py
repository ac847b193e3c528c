"""What distributions say that they need is read from their metadata; firmware from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from brizna.environment import libc, needs_of, numerics, origins, place_of, software

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from brizna.environment import Place


def environment(folder: Path, metadata: Mapping[str, str]) -> Place:
    """Make an environment of Python 3.11.9 with these distributions, by name and version."""
    site = folder / "lib" / "python3.11" / "site-packages"
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").parent.mkdir(exist_ok=True)
    (folder / "pyvenv.cfg").write_text("version = 3.11.9\n")
    for one, text in metadata.items():
        info = site / f"{one}.dist-info"
        info.mkdir(parents=True)
        name, _, version = one.partition("-")
        (info / "METADATA").write_text(
            f"Name: {name}\nVersion: {version}\n{text}\n\nRequires-Dist: z\n"
        )
        (info / "RECORD").write_text("")
        (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\nTag: x\n")
    found = place_of(str(folder))
    assert found is not None
    return found


def unmet(place: Place) -> dict[str, object]:
    return {one.name: one.unmet for one in needs_of(place, software(place))}


def test_what_a_distribution_requires_is_held_against_what_is_installed(tmp_path: Path) -> None:
    place = environment(
        tmp_path / "one",
        {
            "a-1.0": "Requires-Dist: b<2,>=1\nRequires-Dist: c; sys_platform == 'never'",
            "b-2.1": "Requires-Python: >=3.12",
            "d-1": "Requires-Dist: Missing_One (>=1)\nRequires-Dist: x; extra == 'more'",
            "e-1": "Requires-Dist: b; python_version >= '3.11'\nRequires-Python: >=3.9",
            "f-1": "Requires-Dist: what is this",
            "g-1": "Requires-Dist: h>=1.0a1",
            "h-1.0b1": "",
        },
    )
    assert unmet(place) == {
        "a": (("b<2,>=1", "2.1"),),
        "b": (("python>=3.12", "3.11.9"),),
        "d": (("Missing_One>=1", ""),),
        "e": (),
        "f": None,
        "g": (),
        "h": (),
    }
    tags = {one.tags for one in needs_of(place, software(place))}
    assert tags == {("cp311-cp311-linux_x86_64", "x")}


def test_metadata_of_older_forms_is_read_or_told_to_be_of_another_form(tmp_path: Path) -> None:
    environment(tmp_path / "one", {"b-2": ""})
    site = tmp_path / "one/lib/python3.11/site-packages"
    (site / "a-1.egg-info").write_text("Name: a\nVersion: 1\nRequires-Dist: b<2\n")
    for name, text in (("c", "Requires-Dist: b>=2\n"), ("d", "")):
        (site / f"{name}-1.egg-info").mkdir()
        (site / f"{name}-1.egg-info/PKG-INFO").write_text(f"Name: {name}\nVersion: 1\n{text}")
        (site / f"{name}-1.egg-info/requires.txt").write_text("b>=2\n")
    place = place_of(str(tmp_path / "one"))
    assert place is not None
    assert unmet(place) == {"a": (("b<2", "2"),), "b": (), "c": (), "d": None}


def test_where_something_was_installed_from_is_told_without_the_login(tmp_path: Path) -> None:
    place = environment(tmp_path / "one", {"a-1": "", "b-1": "", "c-1": ""})
    site = tmp_path / "one/lib/python3.11/site-packages"
    (site / "a-1.dist-info/direct_url.json").write_text(
        '{"url": "https://ana:hush@git.example/a.git", "vcs_info": {"vcs": "git"}}'
    )
    (site / "b-1.dist-info/direct_url.json").write_text(
        '{"url": "file:///b", "dir_info": {"editable": true}}'
    )
    (site / "c-1.dist-info/direct_url.json").write_text("{")
    assert list(origins(place)) == [("a", "https://git.example/a.git")]


INTEL = "processor\t: 0\nvendor_id\t: GenuineIntel\nmicrocode\t: 0x2b000603\nflags\t\t: avx\n"


@pytest.mark.parametrize(
    ("cpuinfo", "told", "state"),
    [
        (INTEL, "Vulnerable: old microcode\n", "Vulnerable: old microcode"),
        (INTEL, None, None),
        (INTEL.replace("GenuineIntel", "AuthenticAMD"), "Not affected\n", None),
    ],
)
def test_microcode_and_the_firmware_of_cards_are_read_from_files(
    tmp_path: Path, cpuinfo: str, told: str | None, state: str | None
) -> None:
    card = tmp_path / "driver/nvidia/gpus/0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t X\nGSP Firmware: \t 580.65.06\nVideo BIOS: 1\n")
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    if told is not None:
        folder = tmp_path / "devices/system/cpu/vulnerabilities"
        folder.mkdir(parents=True)
        (folder / "old_microcode").write_text(told)
    root = str(tmp_path)
    found = numerics({}, command=["x"], proc_root=root, run_root=root, sys_root=root)
    assert found["firmware"] == {
        "gsp": "580.65.06",
        "microcode": "0x2b000603",
        "microcode_state": state,
    }
    empty = str(tmp_path / "none")
    nothing = numerics({}, command=["x"], proc_root=empty, run_root=empty, sys_root=empty)
    assert nothing["firmware"] == {"gsp": None, "microcode": None, "microcode_state": None}


def test_the_c_library_is_named_with_its_version_where_the_system_tells() -> None:
    found = libc()
    assert found is None or found.split()[0] in ("glibc", "musl")
