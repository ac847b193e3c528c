"""Environments are held to locks, lists and approvals; what was tampered with is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from brizna.check import judge_compatibility
from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.software import Distribution, Software
from brizna.store import Store
from brizna.verbs import (
    Surroundings,
    audit_environment,
    check_environment,
    difference,
    facts_differ,
    lock_environment,
    surroundings_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def wheel(folder: Path, name: str, version: str, body: str = "x = 1\n") -> Path:
    """Make a wheel of one module and one script, and return it."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": body,
        f"{name}-{version}.data/scripts/{name}-tool": "#!python\nprint('tool')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }

    def row(path: str, text: str) -> str:
        hashed = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
        return f"{path},sha256={hashed},{len(text)}"

    record = "\n".join([*(row(*item) for item in files.items()), f"{info}/RECORD,,\n"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(place, text)
    return path


def install(prefix: Path, *words: str) -> None:
    """Make an environment with a name of its own, and install into it without any index."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(prefix), "install", "--quiet"),
            *("--no-index", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"),
            *words,
        ],
        check=True,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
    )


def around(prefix: Path) -> Surroundings:
    return surroundings_of(str(prefix), Store(str(prefix / "store")), {})


def result(verification: object, rule: str) -> set[str]:
    return {one.result for one in verification.verdicts if one.rule == rule}  # type: ignore[attr-defined]


def test_an_environment_rebuilt_from_its_lock_hashes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pip")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "meadow", "2.0")
    install(
        tmp_path / "one",
        str(wheel(wheels, "blade", "1.2")),
        str(wheels / "meadow-2.0-py3-none-any.whl"),
    )
    one = around(tmp_path / "one")
    assert [each.pin for each in one.software.distributions] == ["blade==1.2", "meadow==2.0"]

    lock = tmp_path / "lock.txt"
    lock.write_text(lock_environment(one, form="requirements", wheels=str(wheels)))
    assert str(tmp_path) not in lock.read_text()
    install(tmp_path / "two", "--require-hashes", "--find-links", str(wheels), "-r", str(lock))
    two = around(tmp_path / "two")
    assert two.software.installed == one.software.installed
    assert difference(one.software, two.software) == []
    checked = check_environment(two, lock=str(lock))
    assert checked.outcome() == "pass"

    site = next((tmp_path / "two").glob("lib/python*/site-packages"))
    (site / "blade.py").write_text("x = 2\n")
    changed = check_environment(around(tmp_path / "two"), lock=str(lock))
    assert [one.place.field for one in changed.findings] == ["blade.py"]
    wheel(wheels, "blade", "1.2", body="x = 'other'\n")
    with pytest.raises(subprocess.CalledProcessError):
        install(
            tmp_path / "three", "--require-hashes", "--find-links", str(wheels), "-r", str(lock)
        )


def made(*distributions: Distribution, isolated: bool | None = True) -> Software:
    return Software(
        of="named", python="3.11.9", is_isolated=isolated, distributions=tuple(distributions)
    )


def of(it: Software, facts: Mapping[str, object] | None = None) -> Surroundings:
    return Surroundings(name="env", digest="", software=it, facts=facts or {}, place=None)


def one(name: str, version: str, *, editable: bool = False) -> Distribution:
    return Distribution(name=name, version=version, digest="sha256:1", is_editable=editable)


def test_what_a_lock_does_not_say_is_a_finding(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    hashed = f"--hash=sha256:{'ab' * 32}"
    lock.write_text(
        f"a==1 {hashed}\nb==2 {hashed}\nc==3 {hashed}\nw==1 ; sys_platform == 'win32' {hashed}\n"
    )
    it = made(one("a", "1"), one("b", "2.1"), one("d", "4"), one("own", "0", editable=True))
    found = check_environment(of(it), lock=str(lock))
    told = {(verdict.rule, verdict.place.field) for verdict in found.findings}
    assert told == {("BRZ-E002", "b"), ("BRZ-E002", "c"), ("BRZ-E003", "d")}
    assert result(found, "BRZ-E010") == {"cannot-tell"}


@pytest.mark.parametrize(
    ("isolated", "container", "expected"),
    [
        (True, None, "pass"),
        (False, None, "fail"),
        (False, "docker", "pass"),
        (None, None, "cannot-tell"),
    ],
)
def test_an_environment_of_its_own_or_a_container_is_isolated(
    isolated: bool | None, container: str | None, expected: str
) -> None:
    found = check_environment(of(made(isolated=isolated), {"container": container}))
    assert result(found, "BRZ-E011") == {expected}


@pytest.mark.parametrize(
    ("distributions", "driver", "features", "expected"),
    [
        ([one("nvidia-cuda-runtime-cu12", "12.4.127")], "550.54.15", None, {"pass"}),
        ([one("nvidia-cuda-runtime-cu12", "12.4.127")], "470.82.01", None, {"fail"}),
        ([one("nvidia-cuda-runtime-cu12", "12.4.127")], None, None, {"cannot-tell"}),
        ([one("nvidia-cuda-runtime", "13.0.48")], "575.57.08", None, {"fail"}),
        ([one("torch", "2.2.1+cpu"), one("numpy", "2.0.0")], None, None, {"fail"}),
        ([one("torch", "2.2.1"), one("numpy", "1.26.4")], None, None, {"pass"}),
        ([one("torch", "2.13.0"), one("numpy", "2.3")], None, None, {"not-applicable"}),
        ([one("tensorflow", "2.20")], None, ["fma"], {"fail"}),
        ([one("tensorflow", "2.20")], None, ["avx"], {"pass"}),
        ([one("tensorflow", "2.20")], None, None, {"cannot-tell"}),
    ],
)
def test_what_does_not_fit_together_is_a_finding(
    distributions: list[Distribution],
    driver: str | None,
    features: list[str] | None,
    expected: set[str],
) -> None:
    it = made(*distributions)
    found = judge_compatibility(it, driver=driver, features=features, subject="env")
    assert {verdict.result for verdict in found} == expected


def test_an_old_list_and_what_it_cannot_look_up_are_told(tmp_path: Path) -> None:
    record = {
        "id": "PYSEC-2026-1",
        "modified": "2026-09-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1"]}],
    }
    (tmp_path / "a.json").write_text(json.dumps(record))
    it = made(one("a", "1"), one("b", "2"), one("own", "0", editable=True))
    found = audit_environment(of(it), now=NOW, snapshot=str(tmp_path))
    by_field = {verdict.place.field: verdict.result for verdict in found.verdicts}
    assert by_field == {"a": "fail", "b": "pass", "own": "cannot-tell", None: "fail"}
    sound = audit_environment(of(made(one("b", "2"))), now=NOW, snapshot=str(tmp_path))
    assert sound.outcome() == "pass"  # that the list is old is a warning

    def silent(_question: bytes) -> bytes:
        raise OSError("no route")

    assert audit_environment(of(it), now=NOW, snapshot=None, ask=silent).outcome() == "cannot-tell"


def test_two_environments_differ_by_name_version_and_files() -> None:
    before = made(one("a", "1"), one("b", "2"), one("c", "3"))
    changed = Distribution(name="c", version="3", digest="sha256:2")
    after = made(one("b", "2.1"), changed, one("d", "4"))
    assert [(each["name"], each["how"]) for each in difference(before, after)] == [
        *(("a", "removed"), ("b", "version"), ("c", "files"), ("d", "added")),
    ]
    facts = facts_differ({"os": "x", "variables": {"A": "1"}}, {"os": "x", "variables": {}})
    assert facts == [{"name": "variables.A", "before": "1", "after": None}]


def test_pip_that_finds_nothing_and_an_empty_environment_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to lock"):
        lock_environment(of(made()), form="requirements")
    with pytest.raises(UnavailableError, match="does not find"):
        lock_environment(of(made(one("blade", "1"))), form="requirements", wheels=str(tmp_path))
    with pytest.raises(InputError, match="no environment of Python"):
        surroundings_of(str(tmp_path), Store(str(tmp_path)), {})


def test_a_run_that_does_not_tell_its_software_says_so(tmp_path: Path) -> None:
    import brizna

    store = tmp_path / "store"
    with brizna.measure(store=str(store)) as measured:
        pass
    del measured
    found = surroundings_of("last", Store(str(store)), {})
    assert found.software.find("brizna") is not None
    for path in (store / "software").iterdir():
        path.unlink()
    with pytest.raises(CoverageError, match="does not tell what was installed"):
        surroundings_of("last", Store(str(store)), {})
