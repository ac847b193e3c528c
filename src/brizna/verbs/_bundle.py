"""The auditor's bundle: all that is needed to judge a report's figures, in one archive.

It holds the runs' records, journals, marks and footprints as they lie in the store, the software
that they name, what was signed about them with the public halves of the keys, the factors and the
tables they were read from, the sums, the method and the boundary in words, a verifier, and two
lists of all these with their digests; and, if it was asked for, a signature over these.
"""

from __future__ import annotations

import ast
import os
from importlib import import_module

import brizna.core
from brizna.account import Footprint
from brizna.check import bundle_lists, bundle_totals
from brizna.core.codec import digest_of_bytes, encode
from brizna.core.errors import InputError
from brizna.report import LANGUAGES, Document, bundle_method, bundle_readme, texts
from brizna.store._beside import files_beside
from brizna.verbs._bundle_files import bundle_bytes
from brizna.verbs._bundle_signed import carried_keys, signed_lists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from brizna.core.factors import Factor
    from brizna.report import Dossier
    from brizna.store import KeyRing, Store

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(brizna.core.__file__)))
_VERIFIER = "brizna-verify.pyz"
_START = "verbs/_verifier.py"
_MAIN = b"from brizna.verbs._verifier import main\n\nraise SystemExit(main())\n"
_SHEBANG = b"#!/usr/bin/env python3\n"
_TABLE_ROOMS = ("core", "check")
_NAMES = {"en": ("README.md", "METHOD.md"), "es": ("LEEME.md", "CALCULO.md")}
"""What the two texts are called in each language."""


class BundleForm:
    """The bundle as a form of ``brizna report``.

    Args:
        store: Where the runs are.
        ring: The keys whose public halves go with what they signed; None for none.
        key: The key that signs the bundle; None to leave it unsigned.
    """

    name = "bundle"
    suffix = ".zip"
    media_type = "application/zip"
    for_people = False

    def __init__(
        self, store: Store, *, ring: KeyRing | None = None, key: str | None = None
    ) -> None:
        self._store = store
        self._ring = ring
        self._key = key

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("the auditor's bundle: records, factors, method and verifier in one archive")

    def render(self, dossier: Dossier, *, lang: str) -> Document:  # noqa: ARG002 - a form's door
        """Return the bundle; its texts are in all languages, whatever ``lang`` is."""
        files = bundle_files(self._store, dossier, ring=self._ring, key=self._key)
        return Document(content=bundle_bytes(files))


def bundle_files(
    store: Store, dossier: Dossier, *, ring: KeyRing | None = None, key: str | None = None
) -> dict[str, bytes]:
    """Return the files of a bundle.

    Args:
        store: Where the runs are.
        dossier: What it is about.
        ring: The keys whose public halves go with what they signed; None for none.
        key: The key that signs the bundle; None to leave it unsigned.

    Raises:
        InputError: If a run has no record of its own, or there is no such key to sign with.
    """
    files: dict[str, bytes] = {}
    chosen: dict[str, str] = {}
    footprints: list[tuple[str, Footprint]] = []
    for view in dossier.views:
        run_id = view["id"]
        record = encode(view["footprint"])
        chosen[run_id] = digest_of_bytes(record)
        footprints.append((run_id, Footprint.from_json(view["footprint"])))
        own = store.files(run_id)
        if "run.json" not in own:
            raise InputError(
                "The run {run} has no record of its own yet: look at it first with brizna show "
                "{run}, in a store that can be written.",
                run=run_id,
            )
        name = f"records/{chosen[run_id].removeprefix('sha256:')}.json"
        files |= {f"runs/{run_id}/{path}": data for path, data in {**own, name: record}.items()}
    footprints.sort(key=lambda one: one[0])
    factors = {factor.digest: factor for _, one in footprints for factor in one.factors}
    runs = [store.read(run_id).run for run_id in chosen]
    files |= files_beside(store.path, runs)
    files |= carried_keys(files, ring, signer=key)
    files["factors.json"] = encode([one.to_json() for _, one in sorted(factors.items())])
    files |= _tables(factors)
    files["totals.json"] = encode(bundle_totals(footprints))
    if dossier.facts.values:
        files["facts.json"] = encode(dict(dossier.facts.values))
    for lang in LANGUAGES:
        readme, method = _NAMES[lang]
        files[readme] = bundle_readme(dossier, sorted(files), lang=lang).encode()
        files[method] = bundle_method(dossier, lang=lang).encode()
    files[_VERIFIER] = verifier()
    head = {
        "brizna": dossier.software,
        "issued": dossier.issued,
        "subject": dossier.title,
        "footprints": chosen,
    }
    lists = bundle_lists(files, head)
    if key is not None and ring is not None:
        lists = signed_lists(files, lists, ring, key=key, at=dossier.issued)
    return {**files, **lists}


def _tables(factors: Mapping[str, Factor]) -> dict[str, bytes]:
    """Return the tables that the factors were read from, those that are still the same."""
    found: dict[str, bytes] = {}
    for factor in factors.values():
        path = os.path.join(os.path.dirname(_PACKAGE), *factor.table.split("/"))
        if f"tables/{factor.table}" in found or not os.path.isfile(path):
            continue
        data = _read(path)
        if digest_of_bytes(data) == factor.table_digest:
            found[f"tables/{factor.table}"] = data
    return found


def verifier() -> bytes:
    """Return the verifier: one file that any Python runs, the same bytes for the same brizna."""
    carried = {f"brizna/{path}": _read(os.path.join(_PACKAGE, path)) for path in _carried()}
    return _SHEBANG + bundle_bytes({**carried, "__main__.py": _MAIN})


def _carried() -> list[str]:
    """Return the files of brizna that the verifier needs: those it imports, however deep."""
    found: set[str] = set()
    left = ["__init__.py", _START]
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        left += [one for name in _imports(path) for one in _files_of(name)]
    for room in _TABLE_ROOMS:
        folder = os.path.join(_PACKAGE, room, "tables")
        found |= {f"{room}/tables/{name}" for name in os.listdir(folder) if name.endswith(".csv")}
    for lang in LANGUAGES:
        catalogue = f"report/locale/{lang}/LC_MESSAGES/brizna.mo"
        found |= {catalogue} if os.path.isfile(os.path.join(_PACKAGE, catalogue)) else set()
    return sorted(found)


def _imports(path: str) -> Iterator[str]:
    """Yield what a file imports from brizna when it runs: dotted names below ``brizna``.

    What functions of a room's door import is for those who call them; the verifier goes to the
    rooms' files themselves.
    """
    tree = ast.parse(_read(os.path.join(_PACKAGE, path)))
    is_door = path.endswith("__init__.py")
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            left += node.orelse
            continue
        if is_door and isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        left += ast.iter_child_nodes(node)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("brizna."):
            inner = (node.module or "").removeprefix("brizna.")
            yield inner
            yield from (f"{inner}.{alias.name}" for alias in node.names)


def _files_of(name: str) -> Iterator[str]:
    """Yield the files behind a dotted name: a module, or the home of a room's public name."""
    path = name.replace(".", "/")
    if os.path.isfile(os.path.join(_PACKAGE, f"{path}.py")):
        yield f"{path}.py"
        yield f"{path.rpartition('/')[0]}/__init__.py"
        return
    room, _, public = name.rpartition(".")
    if room and "." not in room:
        homes: Mapping[str, Any] = getattr(import_module(f"brizna.{room}"), "_HOMES", {})
        if public in homes:
            yield f"{room}/{homes[public]}.py"
    if os.path.isdir(os.path.join(_PACKAGE, path)):
        yield f"{path}/__init__.py"


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
