"""Fetch the page's JavaScript again: ``python tools/vendor_javascript.py`` (needs npm).

Takes the minified builds of the pinned versions from npm, checks the archive against the digest
that the registry published for it, and writes them with their licences and SHA-256 into
``src/brizna/report/vendor``. To take a newer version, change it here together with its integrity
(``npm view PACKAGE@VERSION dist.integrity``).
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "src" / "brizna" / "report" / "vendor"
PACKAGES = {
    "vega": {
        "version": "6.4.0",
        "file": "build/vega.min.js",
        "integrity": "sha512-rHXCq2LpEWCLMjXBEj7hocY9G0/i5TGYRayGGSj06VTF4+l2IG2Z7oeZKCjWbUh"
        "/7hTE/mVhbaOPB72wCElh6g==",
    },
    "vega-lite": {
        "version": "6.5.0",
        "file": "build/vega-lite.min.js",
        "integrity": "sha512-fMXF6s0MrIg0UTWnLIfeFtgSLzVhyzSKobzGrh5rhS+mL6FOYFG3m7ouJ4U23gj"
        "65EK+gl9FIIT5w7wLNaAzkA==",
    },
    "vega-interpreter": {
        "version": "2.3.2",
        "file": "build/vega-interpreter.js",
        "integrity": "sha512-JDAoi3taFcCDLujZG84TNNUXdkAZ5WsSHssx8lWVYaxb9Slsjk7v7PtRIYXpSlU"
        "wLaKGRBqoJ9KDs36Z0eMEIw==",
    },
}


def fetch(name: str, directory: Path) -> Path:
    """Return the archive of a package, after comparing it with its published digest."""
    wanted = PACKAGES[name]
    command = ["npm", "pack", "--silent", f"{name}@{wanted['version']}"]
    said = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    archive = directory / said.stdout.split()[-1]
    seen = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if seen != wanted["integrity"]:
        raise SystemExit(f"{archive.name} is {seen}, but {wanted['integrity']} was expected.")
    return archive


def as_script(name: str, source: str) -> str:
    """Return a build as a plain script: no map of a source that is not here, no module syntax."""
    lines = [line for line in source.splitlines() if not line.startswith("//# sourceMappingURL")]
    if name != "vega-interpreter":
        return "\n".join(lines) + "\n"
    imported = "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';"
    exported = "export { expression as expressionInterpreter };"
    body = "\n".join(lines)
    if body.count(imported) != 1 or body.count(exported) != 1:
        raise SystemExit("vega-interpreter imports or exports something new: look at its build.")
    body = body.replace(
        imported, "const { ascending, isString, DisallowedObjectProperties } = vega;"
    ).replace(exported, "globalThis.vegaInterpreter = { expressionInterpreter: expression };")
    return f"(function () {{\n'use strict';\n{body}\n}})();\n"


def main() -> None:
    """Write the scripts, their licences and versions.json."""
    VENDOR.mkdir(exist_ok=True)
    listed = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, wanted in PACKAGES.items():
            with tarfile.open(fetch(name, Path(scratch))) as archive:
                source = archive.extractfile(f"package/{wanted['file']}").read().decode()
                licence = archive.extractfile("package/LICENSE").read()
            script = as_script(name, source).encode()
            (VENDOR / f"{name}.js").write_bytes(script)
            (VENDOR / f"{name}.LICENSE").write_bytes(licence)
            listed[name] = {
                "version": wanted["version"],
                "licence": "BSD-3-Clause",
                "integrity": wanted["integrity"],
                "sha256": hashlib.sha256(script).hexdigest(),
            }
    (VENDOR / "versions.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(listed, indent=2))


if __name__ == "__main__":
    main()
