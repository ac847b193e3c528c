"""Environments are held to locks, lists and approvals; what was tampered with is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from brizna.check import (
    Waiver,
    judge_builds,
    judge_compatibility,
    judge_firmware,
    judge_needs,
)
from brizna.core._tables import load
from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.software import Distribution, Needs, Software
from brizna.environment import audit_offline
from brizna.store import Store
from brizna.verbs import (
    Demands,
    EnvironmentPolicy,
    LockSource,
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

    from brizna.check import Verification
    from brizna.verbs._env import LookUp

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AT = NOW.isoformat()


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
    found = LockSource(wheels=str(wheels))
    lock.write_text(lock_environment(one, form="requirements", source=found))
    assert str(tmp_path) not in lock.read_text()
    install(tmp_path / "two", "--require-hashes", "--find-links", str(wheels), "-r", str(lock))
    two = around(tmp_path / "two")
    assert two.software.installed == one.software.installed
    assert difference(one.software, two.software) == []
    checked = check_environment(two, Demands(lock=str(lock)), at=AT)
    assert checked.outcome() == "pass"

    site = next((tmp_path / "two").glob("lib/python*/site-packages"))
    (site / "blade.py").write_text("x = 2\n")
    changed = check_environment(around(tmp_path / "two"), Demands(lock=str(lock)), at=AT)
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
    found = check_environment(of(it), Demands(lock=str(lock)), at=AT)
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
    found = check_environment(of(made(isolated=isolated), {"container": container}), at=AT)
    assert result(found, "BRZ-E011") == {expected}


X86, AVX = {"architecture": "x86_64"}, {"cpu_features": ["avx"]}
ARM = {"architecture": "aarch64", "cpu_features": ["asimd"]}
EACH = {"fail", "pass", "cannot-tell"}
OLD_DRIVER, NEW_DRIVER = {"gpu_driver": "470.82.01"}, {"gpu_driver": "580.65.06"}
GPU = {"gpu_driver": "550.54.15", "firmware": {"gsp": "550.54.15"}, "architecture": "x86_64"}


@pytest.mark.parametrize(
    ("distributions", "facts", "expected"),
    [
        ([one("nvidia-cuda-runtime-cu12", "12.4.127")], GPU, {"pass"}),
        (
            [one("nvidia-cuda-runtime-cu12", "12.4")],
            {"gpu_driver": "470.82.01"},
            {"fail", "cannot-tell"},
        ),
        ([one("nvidia-cuda-runtime-cu12", "12.4.127")], {}, {"cannot-tell"}),
        ([one("nvidia-cuda-runtime", "13.0.48")], GPU | {"gpu_driver": "575.57.08"}, {"fail"}),
        ([one("nvidia-cuda-runtime", "14.0")], {}, {"not-applicable"}),
        (
            [one("nvidia-cudnn-cu13", "9.17.0.29")],
            {"gpu_driver": "580.65.06"},
            {"pass", "cannot-tell"},
        ),
        ([one("torch", "2.2.1+cpu"), one("numpy", "2.0.0")], {}, {"fail", "pass"}),
        ([one("torch", "2.2.1"), one("numpy", "1.26.4")], {}, {"pass"}),
        ([one("torch", "2.13.0"), one("numpy", "2.3")], {}, {"pass"}),
        (
            [one("torch", "2.3.0"), one("nvidia-cudnn-cu12", "9.1.0")],
            {},
            {"fail", "pass", "cannot-tell"},
        ),
        ([one("torch", "2.99")], {}, {"not-applicable"}),
        (
            [one("tensorflow", "2.20")],
            X86 | {"cpu_features": ["fma"]},
            {"fail"},
        ),
        (
            [one("tensorflow", "2.20")],
            X86 | AVX,
            {"pass"},
        ),
        ([one("tensorflow", "2.20")], X86, {"cannot-tell"}),
        (
            [one("tensorflow", "2.20")],
            {"architecture": "aarch64", "cpu_features": ["asimd"]},
            {"not-applicable"},
        ),
        ([one("onnxruntime-gpu", "1.14"), one("onnxruntime", "1.14")], {}, {"fail"}),
        ([one("onnxruntime-gpu", "1.14")], {}, {"not-applicable"}),
        ([one("onnxruntime-gpu", "1.20")], GPU, {"cannot-tell", "pass"}),
        ([one("onnxruntime-gpu", "1.20"), one("nvidia-cudnn-cu12", "8.9")], GPU, {"fail", "pass"}),
        ([], GPU, {"pass"}),
        ([], GPU | {"firmware": {"gsp": "535.54.03"}}, {"fail"}),
        ([], GPU | {"firmware": {"gsp": "N/A"}}, {"not-applicable"}),
        ([], {"gpu_driver": "550.54.15"}, {"cannot-tell"}),
    ],
)
def test_what_does_not_fit_together_is_a_finding(
    distributions: list[Distribution], facts: dict[str, object], expected: set[str]
) -> None:
    found = judge_compatibility(made(*distributions), facts, subject="env")
    assert {verdict.result for verdict in found} == expected


def test_every_row_on_compatibility_says_where_when_and_how_it_was_read() -> None:
    for row in load("brizna.check", "compatibility").rows:
        assert row["url"].startswith("https://")
        assert date.fromisoformat(row["checked"]) <= date(2026, 11, 22)
        assert row["level"] in ("page", "copy", "answer")
        assert row["is"] in ("min", "below", "has", "without", "same")
        assert row["absent"] in ("", "fine")


BUILT_FOR = "cp311-cp311-manylinux_2_28_x86_64"


@pytest.mark.parametrize(
    ("tags", "facts", "expected"),
    [
        (("py3-none-any",), {}, "pass"),
        ((BUILT_FOR,), {"libc": "glibc 2.36", "architecture": "x86_64"}, "pass"),
        ((BUILT_FOR,), {"libc": "glibc 2.17", "architecture": "x86_64"}, "fail"),
        ((BUILT_FOR,), {"libc": "glibc 2.36", "architecture": "aarch64"}, "fail"),
        ((BUILT_FOR,), {"libc": "musl", "architecture": "x86_64"}, "fail"),
        ((BUILT_FOR,), {"architecture": "x86_64"}, "cannot-tell"),
        (("cp311-cp311-manylinux2014_x86_64",), {"libc": "glibc 2.17"}, "pass"),
        (("cp311-cp311-linux_i686",), X86, "cannot-tell"),
        (("cp311-cp311-manylinux1_x86_64",), {"libc": "glibc 2.4"}, "fail"),
        (("cp312-cp312-linux_x86_64",), {}, "fail"),
        (("cp38-abi3-linux_x86_64",), {}, "pass"),
        (("cp313-abi3-linux_x86_64",), {}, "fail"),
        (("cp311-cp311-musllinux_1_2_x86_64",), {"libc": "musl"}, "pass"),
        (("cp312-cp312-linux_x86_64", "cp311-cp311-linux_x86_64"), {}, "pass"),
        ((), {}, "pass"),
    ],
)
def test_a_wheel_is_held_to_the_interpreter_and_system_it_was_built_for(
    tags: tuple[str, ...], facts: dict[str, object], expected: str
) -> None:
    needs = [Needs(name="a", tags=tags)]
    (found,) = judge_builds(needs, facts, python="3.11.9", subject="env")
    assert found.result == expected


def test_where_metadata_is_elsewhere_or_cannot_be_compared_nobody_can_tell() -> None:
    assert [one.result for one in judge_needs(None, subject="env")] == ["cannot-tell"]
    assert [one.result for one in judge_builds(None, {}, python=None, subject="e")] == [
        "cannot-tell"
    ]
    needs = [Needs(name="a", unmet=None), Needs(name="b", unmet=(("c<2", "2.1"), ("d", "")))]
    found = judge_needs(needs, subject="env")
    assert [one.result for one in found] == ["fail", "fail", "cannot-tell"]
    assert "2.1 is there" in str(found[0].seen)
    assert "not installed" in str(found[1].seen)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("Not affected", "pass"),
        ("Vulnerable: old microcode", "fail"),
        ("Unknown (running under hypervisor)", "cannot-tell"),
        (None, "cannot-tell"),
    ],
)
def test_old_microcode_is_what_the_kernel_calls_so(state: str | None, expected: str) -> None:
    facts = {"firmware": {"microcode": "0x1", "microcode_state": state}}
    assert judge_firmware(facts, subject="env").result == expected
    found = check_environment(of(made(), facts), Demands(is_firmware_asked=True), at=AT)
    assert result(found, "BRZ-E015") == {expected}
    assert result(check_environment(of(made(), facts), at=AT), "BRZ-E015") == set()


def vulnerable(folder: Path, at: str) -> LookUp:
    """Return who looks up in records of one day: a 1 is vulnerable."""
    record = {
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "modified": at,
        "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1"]}],
    }
    folder.mkdir(exist_ok=True)
    (folder / "a.json").write_text(json.dumps(record))
    return lambda distributions, private: audit_offline(
        distributions, snapshot=str(folder), private=private
    )


def by_field(found: Verification) -> dict[str | None, str]:
    return {verdict.place.field: verdict.result for verdict in found.verdicts}


def test_an_old_list_tells_what_is_vulnerable_and_not_what_is_sound(tmp_path: Path) -> None:
    it = made(one("a", "1"), one("b", "2"), one("own", "0", editable=True), one("acme-x", "1"))
    policy = EnvironmentPolicy(private=("acme-*",))
    recent = audit_environment(
        of(it), vulnerable(tmp_path, "2026-11-20T00:00:00Z"), now=NOW, policy=policy
    )
    told = {"a": "fail", "b": "pass", "own": "cannot-tell", "acme-x": "cannot-tell"}
    assert by_field(recent) == {**told, None: "pass"}
    old = audit_environment(
        of(it), vulnerable(tmp_path, "2026-09-01T00:00:00Z"), now=NOW, policy=policy
    )
    assert by_field(old) == {**told, "b": "cannot-tell", None: "fail"}
    sound = audit_environment(
        of(made(one("b", "2"))), vulnerable(tmp_path, "2026-09-01T00:00:00Z"), now=NOW
    )
    assert sound.outcome() == "cannot-tell"
    for at in ("2027-11-20T00:00:00Z", "soon", ""):
        unsure = audit_environment(of(made(one("b", "2"))), vulnerable(tmp_path, at), now=NOW)
        assert by_field(unsure) == {"b": "cannot-tell", None: "cannot-tell"}


def test_a_vulnerability_is_accepted_by_any_of_its_names_until_a_day(tmp_path: Path) -> None:
    look_up = vulnerable(tmp_path, "2026-11-20T00:00:00Z")
    for until, expected in (("2026-11-22", "not-applicable"), ("2026-11-21", "fail")):
        waiver = Waiver(rule="CVE-2026-1", reason="not reached", until=until)
        found = audit_environment(
            of(made(one("a", "1"))),
            look_up,
            now=NOW,
            policy=EnvironmentPolicy(waivers=(waiver,)),
        )
        assert by_field(found)["a"] == expected


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
    wheels = LockSource(wheels=str(tmp_path))
    with pytest.raises(UnavailableError, match="does not find"):
        lock_environment(of(made(one("blade", "1"))), form="requirements", source=wheels)
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
