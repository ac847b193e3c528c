"""What is installed has one digest, whoever installed it and wherever."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from brizna.environment import (
    changed_files,
    code,
    numerics,
    own_place,
    place_of,
    place_of_command,
    seeds,
    software,
)

if TYPE_CHECKING:
    from pathlib import Path


def stated(data: bytes) -> str:
    """Return a digest as RECORD writes it."""
    return "sha256=" + urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()


def install(prefix: Path, *, installer: str = "pip", python: str = "/usr/bin/python3") -> Path:
    """Put a distribution into an environment, as an installer does."""
    site = prefix / "lib" / "python3.11" / "site-packages"
    info = site / "Grass_Blade-1.2.dist-info"
    info.mkdir(parents=True)
    (prefix / "bin").mkdir(exist_ok=True)
    (prefix / "pyvenv.cfg").write_text("version = 3.11.9\ninclude-system-site-packages = false\n")
    files = {
        site / "blade.py": b"length_m = 0.3\n",
        info / "METADATA": b"Name: Grass.Blade\nVersion: 1.2\n",
        info / "entry_points.txt": b"[console_scripts]\nblade = blade:main\n",
        info / "INSTALLER": installer.encode(),
        prefix / "bin" / "blade": f"#!{python}\nimport {installer}\n".encode(),
        prefix / "bin" / "mow": f"#!{python}\nprint('mown')\n".encode(),
    }
    lines = ["Grass_Blade-1.2.dist-info/RECORD,,", f"__pycache__/blade.{installer}.pyc,,"]
    for path, data in files.items():
        path.write_bytes(data)
        lines.append(f"{os.path.relpath(path, site)},{stated(data)},{len(data)}")
    (info / "RECORD").write_text("\n".join(lines if installer == "pip" else lines[::-1]))
    return site


def test_the_same_wheel_has_the_same_digest_by_another_installer_elsewhere(tmp_path: Path) -> None:
    install(tmp_path / "one")
    site = install(tmp_path / "two", installer="uv", python="/opt/python")
    one, two = place_of(str(tmp_path / "one")), place_of(str(tmp_path / "two"))
    assert one is not None
    assert two is not None
    assert software(one).installed == software(two).installed
    assert software(one).distributions[0].pin == "grass-blade==1.2"
    assert software(one).is_isolated
    assert software(one).python == "3.11.9"
    record = site / "Grass_Blade-1.2.dist-info" / "RECORD"
    record.write_text(record.read_text().replace(stated(b"length_m = 0.3\n"), stated(b"3")))
    assert software(one).installed != software(two).installed


def test_a_changed_and_a_missing_file_are_found(tmp_path: Path) -> None:
    site = install(tmp_path)
    place = place_of(str(tmp_path))
    assert place is not None
    assert list(changed_files(place)) == []
    (site / "blade.py").write_text("length_m = 3\n")
    (tmp_path / "bin" / "mow").unlink()
    assert sorted(changed_files(place)) == [
        ("grass-blade", "../../../bin/mow", "missing"),
        ("grass-blade", "blade.py", "changed"),
    ]


def test_digests_are_remembered_until_a_record_changes(tmp_path: Path) -> None:
    site = install(tmp_path / "env")
    place, cache = place_of(str(tmp_path / "env")), tmp_path / "cache" / "installed.json"
    assert place is not None
    first = software(place, cache=str(cache))
    assert cache.stat().st_mode & 0o077 == 0
    assert software(place, cache=str(cache)) == first
    record = site / "Grass_Blade-1.2.dist-info" / "RECORD"
    record.write_text(record.read_text() + "\nmore.py,sha256=AA,1")
    assert software(place, cache=str(cache)) != first
    cache.write_text("no JSON")
    assert software(place, cache=str(cache)) == software(place)


def test_a_commands_environment_is_the_one_its_program_lies_in(tmp_path: Path) -> None:
    site = install(tmp_path)
    program = tmp_path / "bin" / "python"
    program.write_text("")
    program.chmod(0o755)
    place = place_of_command(["python", "train.py"], {"PATH": str(tmp_path / "bin")})
    assert (place.of, place.folders) == ("command", (str(site),))
    place = place_of_command(["make"], {"PATH": "", "VIRTUAL_ENV": str(tmp_path)})
    assert (place.of, place.folders) == ("command", (str(site),))
    assert place_of_command(["make"], {}).of == "brizna"
    assert place_of_command([sys.executable], {}).folders == own_place().folders


def test_git_gives_the_same_id_for_what_is_staged(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "a").mkdir()
    for name in ("a/b.py", "a.py", "a0", "z"):
        (tmp_path / name).write_text(name)
    git("add", ".")
    git("commit", "-qm", "first")
    found = code(str(tmp_path / "a"))
    tree = git("rev-parse", "HEAD^{tree}")
    assert found == {"tree": tree, "changed": 0, "changes": None}
    (tmp_path / "z").write_text("changed")
    (tmp_path / "a0").unlink()
    changed = code(str(tmp_path))
    assert changed is not None
    assert (changed["tree"], changed["changed"]) == (tree, 2)
    (tmp_path / "z").write_text("otherwise")
    assert code(str(tmp_path)) != changed
    git("update-index", "--index-version", "4")
    again = code(str(tmp_path))
    assert again is not None
    assert again["tree"] == tree


def test_the_image_is_what_podman_or_gitlab_say(tmp_path: Path) -> None:
    told = {"CI_JOB_IMAGE": "https://ana:hush@registry.example/train:7"}
    found = numerics(told, command=["x"], run_root=str(tmp_path))["image"]
    assert found == {"name": "https://ana:[redacted]@registry.example/train:7"}
    (tmp_path / ".containerenv").write_text('image="x.example/a:1"\nimageid="ab"\nname="n"\n')
    found = numerics(told, command=["x"], run_root=str(tmp_path))["image"]
    assert found == {"name": "x.example/a:1", "id": "ab"}
    assert numerics({}, command=["x"], run_root=str(tmp_path / "none"))["image"] is None


def test_no_variable_but_those_that_steer_numbers_is_kept(tmp_path: Path) -> None:
    (tmp_path / "driver/nvidia").mkdir(parents=True)
    (tmp_path / "driver/nvidia/version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"
    )
    (tmp_path / "cpuinfo").write_text("processor: 0\nflags\t\t: fpu avx2 smep avx512_vnni fma\n")
    environ = {"AWS_SECRET_ACCESS_KEY": "hush", "OMP_NUM_THREADS": "4", "XLA_FLAGS": "token=abc"}
    found = numerics(environ, command=["x"], proc_root=str(tmp_path), run_root=str(tmp_path))
    assert found["variables"] == {"OMP_NUM_THREADS": "4", "XLA_FLAGS": "token=[redacted]"}
    assert found["cpu_features"] == ["avx2", "avx512_vnni", "fma"]
    assert found["gpu_driver"] == "550.54.15"
    assert "hush" not in str(found)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["python", "t.py", "--seed", "7"], {"seed": 7}),
        (["t", "train.seed=8", "--data-seed=9"], {"train.seed": 8, "data-seed": 9}),
        (["t", "--seed", "many", "--seedling", "7", "seed"], {}),
    ],
)
def test_seeds_are_read_from_the_command(command: list[str], expected: dict[str, int]) -> None:
    assert seeds(command) == expected
