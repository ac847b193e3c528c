"""Ask pip-audit, where somebody has installed it, for known vulnerabilities.

pip-audit gets names and versions, resolves nothing, and asks PyPI, or OSV where it is told to.

References:
    [1] pip-audit, README: ``--format json``, ``--no-deps``, ``--disable-pip``; exit code 1 where
        it found something.
"""

from __future__ import annotations

import json
import os
import sys

from brizna.core.errors import Said, UnavailableError
from brizna.core.software import Vulnerability, normalised
from brizna.environment._advisories import as_one
from brizna.environment._osv import Audit, unasked
from brizna.environment._redact import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.software import Distribution

    Run = Callable[[Sequence[str]], tuple[int, bytes, bytes]]

_LONGEST_S = 600.0


def audit_by_pip_audit(
    distributions: Sequence[Distribution],
    *,
    at: str,
    private: Sequence[str] = (),
    run: Run | None = None,
) -> Audit:
    """Return what pip-audit says of distributions now.

    Args:
        distributions: What is installed.
        at: Now, as an instant.
        private: Names that pip-audit is not told.
        run: Runs a command, and returns its exit code, output and errors; really if None.

    Raises:
        UnavailableError: If pip-audit is not installed, or gives no answer.
    """
    from tempfile import TemporaryDirectory

    unknown = unasked(distributions, private)
    asked = [one for one in distributions if one.name not in unknown]
    found: dict[str, tuple[Vulnerability, ...]] = {}
    if asked:
        with TemporaryDirectory(prefix="brizna-") as folder:
            path = os.path.join(folder, "requirements.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(f"{one.name}=={one.public}\n" for one in asked)
            rows = _answered(path, run or _run)
        for one in asked:
            row = rows.get(one.name)
            if row is None:
                unknown[one.name] = Said("pip-audit says nothing of it")
            elif "vulns" not in row:
                why = str(row.get("skip_reason") or "-")
                unknown[one.name] = Said("pip-audit skipped it: {why}", why=why)
            elif row["vulns"]:
                found[one.name] = as_one(_read(each) for each in row["vulns"])
    return Audit(source="pip-audit", at=at, found=found, unknown=unknown)


def _answered(path: str, run: Run) -> dict[str, Mapping[str, Any]]:
    """Return what pip-audit says of each distribution in a file of requirements, by name."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    code, output, errors = run([*command, "--no-deps", "--disable-pip", "--requirement", path])
    try:
        rows = json.loads(output)["dependencies"]
        return {normalised(row["name"]): row for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        told = errors.decode(errors="replace").strip().splitlines()
        raise UnavailableError(
            "pip-audit gave no answer (exit code {code}: {told}): expected its report as JSON. "
            "Install it beside brizna: pip install pip-audit; or ask OSV: --online.",
            code=code,
            told=redact([told[-1]])[0][:300] if told else "-",
        ) from error


def _read(row: Mapping[str, Any]) -> Vulnerability:
    return Vulnerability(
        id=str(row["id"]),
        aliases=tuple(sorted(map(str, row.get("aliases") or ()))),
        fixed=tuple(map(str, row.get("fix_versions") or ())),
    )


def _run(command: Sequence[str]) -> tuple[int, bytes, bytes]:
    from subprocess import SubprocessError, run

    try:
        done = run(command, capture_output=True, check=False, timeout=_LONGEST_S)
    except (OSError, SubprocessError) as error:
        return -1, b"", str(error).encode()
    return done.returncode, done.stdout, done.stderr
