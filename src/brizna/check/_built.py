"""Whether installed distributions have what they need, and were built for where they are."""

from __future__ import annotations

from brizna.check._environment_rules import BUILT, FIRMWARE, MET, judged
from brizna.check._verdict import Place
from brizna.core.errors import Said
from brizna.core.software import release_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.check._verdict import Verdict
    from brizna.core.software import Needs

_OLD_TAGS = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
"""The versions of glibc that tags older than PEP 600 stand for [1].

References:
    [1] PEP 600, legacy manylinux tags.
"""
_STABLE = "abi3"
_NARROW = {"i686": "x86_64", "armv7l": "aarch64"}
"""Architectures of 32 bits, whose interpreters run on kernels of 64 bits as well."""


def judge_needs(needs: Iterable[Needs] | None, *, subject: str) -> list[Verdict]:
    """Return whether what distributions require is installed, in versions that fit.

    Args:
        needs: What each distribution says; None where their metadata is not here.
        subject: What to call the environment.
    """
    if needs is None:
        why = Said("their metadata, which only the machine with the environment has")
        return [judged(MET, "cannot-tell", Place(file=subject), why)]
    found: list[Verdict] = []
    unknown: list[str] = []
    for one in needs:
        if one.unmet is None:
            unknown.append(one.name)
            continue
        for wanted, have in one.unmet:
            seen = Said("{version} is there", version=have) if have else Said("it is not installed")
            expected = Said("{wanted}, which {name} requires", wanted=wanted, name=one.name)
            place = Place(file=subject, field=one.name)
            found.append(judged(MET, "fail", place, seen, expected))
    if unknown:
        why = Said(
            "the requirements of {count} distributions ({names}): packaging compares them, pip "
            "install 'brizna[audit]', or they are not written as PEP 508 asks",
            count=len(unknown),
            names=", ".join(unknown[:3]),
        )
        found.append(judged(MET, "cannot-tell", Place(file=subject), why))
    return found or [judged(MET, "pass", Place(file=subject))]


def judge_builds(
    needs: Iterable[Needs] | None, facts: Mapping[str, Any], *, python: str | None, subject: str
) -> list[Verdict]:
    """Return whether distributions were built for this interpreter, processor and C library.

    Args:
        needs: What each distribution says; None where their metadata is not here.
        facts: What is known of the machine, as a run's record has it under ``environment``.
        python: Version of the interpreter; None if it is not known.
        subject: What to call the environment.
    """
    if needs is None:
        why = Said("their metadata, which only the machine with the environment has")
        return [judged(BUILT, "cannot-tell", Place(file=subject), why)]
    found: list[Verdict] = []
    for one in needs:
        results = [_judge_tag(tag, facts, python) for tag in one.tags]
        if not results or any(result == "pass" for result, _ in results):
            continue
        place = Place(file=subject, field=one.name)
        untold = next((why for result, why in results if result == "cannot-tell"), None)
        if untold is not None:
            found.append(judged(BUILT, "cannot-tell", place, untold))
            continue
        seen = Said("{name} was built for {tag}", name=one.name, tag=one.tags[0])
        found.append(judged(BUILT, "fail", place, seen, results[0][1]))
    return found or [judged(BUILT, "pass", Place(file=subject))]


def _judge_tag(tag: str, facts: Mapping[str, Any], python: str | None) -> tuple[str, Said]:
    """Return what a tag comes to here, and what is missing or expected."""
    interpreter, _, rest = tag.partition("-")
    binary, _, system = rest.partition("-")
    needed = _python_of(interpreter)
    if needed is not None:
        if python is None:
            return "cannot-tell", Said("the version of the interpreter")
        here = release_of(python)[:2]
        if here < needed if binary == _STABLE else here != needed:
            return "fail", Said("a build for Python {version}", version=".".join(map(str, here)))
    return _judge_system(system, facts)


def _python_of(interpreter: str) -> tuple[int, int] | None:
    """Return the version of CPython that a tag names; None where it names no one version."""
    digits = interpreter.removeprefix("cp")
    if not interpreter.startswith("cp") or not digits.isdecimal() or len(digits) < 2:
        return None
    return int(digits[0]), int(digits[1:])


def _judge_system(system: str, facts: Mapping[str, Any]) -> tuple[str, Said]:
    kind, _, rest = system.partition("_")
    machine = str(facts.get("architecture") or "")
    if not kind.startswith(("manylinux", "musllinux", "linux")):
        return "pass", Said("")  # for any system, or not for Linux: nothing here to hold it to
    if any(system.endswith(f"_{one}") and machine == wide for one, wide in _NARROW.items()):
        return "cannot-tell", Said("whether the interpreter is one of 32 bits")
    if machine and not system.endswith(f"_{machine}"):
        return "fail", Said("a build for {machine}", machine=machine)
    library = facts.get("libc")
    if kind == "linux":
        return "pass", Said("")
    if library is None:
        return "cannot-tell", Said("the system's C library: {tag} needs one", tag=system)
    name, _, version = str(library).partition(" ")
    if kind == "musllinux":
        expected = Said("a build for {library}", library=library)
        return ("pass" if name == "musl" else "fail"), expected
    least = _OLD_TAGS.get(kind) or ".".join(rest.split("_")[:2])
    expected = Said("glibc {least} or newer, here is {library}", least=least, library=library)
    fits = name == "glibc" and release_of(version) >= release_of(least)
    return ("pass" if fits else "fail"), expected


def judge_firmware(facts: Mapping[str, Any], *, subject: str) -> Verdict:
    """Return whether the kernel finds the processor's microcode old.

    Args:
        facts: What is known of the machine, as a run's record has it under ``environment``.
        subject: What to call the environment.
    """
    place = Place(file=subject, field="microcode")
    firmware: Mapping[str, Any] = facts.get("firmware") or {}
    state, version = firmware.get("microcode_state"), firmware.get("microcode")
    if state == "Not affected":
        return judged(FIRMWARE, "pass", place)
    if state is not None and str(state).startswith("Vulnerable"):
        seen = Said("microcode {version}: {state}", version=version, state=state)
        return judged(FIRMWARE, "fail", place, seen, Said("a newer one"))
    why = Said(
        "what the kernel says of microcode {version}: Linux 6.16 and later do, of Intel's "
        "processors",
        version=version or "-",
    )
    return judged(FIRMWARE, "cannot-tell", place, why)
