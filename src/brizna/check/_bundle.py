"""The auditor's bundle: every file as it was packed, and every figure computed again.

A bundle has two lists of its files: ``MANIFEST.json``, and ``SHA256SUMS``, which names the
manifest too and which any system's ``sha256sum -c`` reads. Together they tell which file was
changed, be it one of the lists itself. Whoever changes a file and both lists is found by the
computing again, unless the change is to words alone; against that helps the digest of the whole,
which is told when a bundle is made.
"""

from __future__ import annotations

from functools import partial

from brizna.check._footprints import examine_footprint
from brizna.check._records import examine_run
from brizna.check._rules import (
    ADDED,
    ARCHIVE,
    CHANGED,
    FACTORS,
    FORM,
    MISSING,
    RECORD,
    REPACKED,
    SUM,
    failed,
    passed,
)
from brizna.check._totals import bundle_totals
from brizna.check._verdict import Place
from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import BriznaError, Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from brizna.account import Footprint
    from brizna.check._statement import Knowledge
    from brizna.check._verdict import Verdict
    from brizna.core.measurement import Run

    Files = Mapping[str, bytes]

BUNDLE_SCHEMA = "brizna.bundle/1"
BUNDLE_MANIFEST, SUMS, TOTALS, FACTOR_LIST = (
    "MANIFEST.json",
    "SHA256SUMS",
    "totals.json",
    "factors.json",
)
BUNDLE_SIGNATURE = "SIGNATURE.json"
"""The signature over the manifest, and so over all files; in neither list, as it comes last."""
_RUNS, _TABLES = "runs", "tables"
_FOOTPRINT = "brizna.footprint/1"
_PACKED = Said("as its manifest says")


def bundle_lists(files: Files, head: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the two lists of a bundle's files.

    Args:
        files: For each path its content, without the lists.
        head: What else the manifest says: who made it, when, about what.
    """
    digests = {path: digest_of_bytes(data) for path, data in sorted(files.items())}
    listed = [
        {"path": path, "bytes": len(files[path]), "digest": digest}
        for path, digest in digests.items()
    ]
    manifest = encode({"schema": BUNDLE_SCHEMA, **head, "files": listed})
    return {
        BUNDLE_MANIFEST: manifest,
        SUMS: _sums({**digests, BUNDLE_MANIFEST: digest_of_bytes(manifest)}),
    }


def _sums(digests: Mapping[str, str]) -> bytes:
    return "".join(
        f"{digest.removeprefix('sha256:')}  {path}\n" for path, digest in sorted(digests.items())
    ).encode()


def not_an_archive(place: Place, seen: Said) -> Verdict:
    """Return the verdict on a file that is no archive at all."""
    return failed(ARCHIVE, place, seen, Said("an archive as brizna report --as bundle writes it"))


def not_the_original(place: Place, digest: str | None = None) -> Verdict:
    """Return the verdict on an archive whose files may be sound, but that was packed again.

    Args:
        place: The archive.
        digest: The digest that it should have; None where that is not known.
    """
    if digest is not None:
        seen = Said("it has another digest")
        return failed(REPACKED, place, seen, Said("the digest {digest}", digest=digest))
    seen = Said("its bytes around the files are not as brizna packs them")
    return failed(REPACKED, place, seen, Said("the archive as it was made"))


def examine_bundle(
    files: Files,
    name: str,
    known: Knowledge,
    *,
    torn: Iterable[str] = (),
    tell: Callable[[str, bytes, bytes], Run] | None = None,
) -> list[Verdict]:
    """Return what the rules come to for a bundle.

    Args:
        files: For each path its content.
        name: The bundle's name, for the findings.
        known: What is known beside it; to come to the same everywhere, nothing but the date.
        torn: Paths whose content could not be unpacked.
        tell: Returns a run anew out of its id, its journal and its marks.
    """
    found, manifest = _examine_lists(files, name, frozenset(torn))
    if manifest is None:
        return found
    spoilt = {one.place.field for one in found if one.result == "fail"}
    sound = {path: data for path, data in files.items() if path not in spoilt}
    chosen = manifest.get("footprints", {})
    seen: list[tuple[str, Footprint]] = []
    run_ids = sorted({path.split("/")[1] for path in sound if path.startswith(f"{_RUNS}/")})
    for run_id in run_ids:
        if f"{_RUNS}/{run_id}/run.json" in spoilt:
            continue
        footprints, verdicts = _examine_one(sound, run_id, name, known, tell)
        found += verdicts
        asked = footprints.get(str(chosen.get(run_id)))
        seen += [] if asked is None else [(run_id, asked)]
    if spoilt:
        return found
    if not sorted(chosen) == run_ids == [run_id for run_id, _ in seen]:
        place = Place(file=name, field=BUNDLE_MANIFEST)
        seen_text = Said("it names footprints that are not here, or not those of all runs")
        found.append(failed(ARCHIVE, place, seen_text, Said("one footprint of each run")))
    found += _examine_factors(sound, [footprint for _, footprint in seen], name)
    found += _examine_totals(sound, seen, name)
    return found


def _examine_lists(
    files: Files, name: str, torn: frozenset[str]
) -> tuple[list[Verdict], Mapping[str, Any] | None]:
    """Compare the files with both lists; return the manifest, None where there is none."""
    if BUNDLE_MANIFEST not in files:
        place = Place(file=name, field=BUNDLE_MANIFEST)
        expected = Said("the list of the archive's files")
        return [failed(MISSING, place, Said("it is not there"), expected)], None
    summed = _read_sums(files.get(SUMS, b""))
    own = digest_of_bytes(files[BUNDLE_MANIFEST])
    try:
        manifest = decode(files[BUNDLE_MANIFEST])
        listed = {str(one["path"]): str(one["digest"]) for one in manifest["files"]}
        listed = listed if manifest["schema"] == BUNDLE_SCHEMA else manifest[BUNDLE_SCHEMA]
        dict(manifest.get("footprints", {}))
    except (BriznaError, TypeError, KeyError, ValueError) as error:
        place = Place(file=name, field=BUNDLE_MANIFEST)
        rule = CHANGED if summed.get(BUNDLE_MANIFEST) not in (None, own) else ARCHIVE
        seen = Said("it cannot be read: {error}", error=error)
        return [failed(rule, place, seen, Said("the list of the archive's files"))], None
    found = _compare(files, listed, summed, name, torn)
    if summed.get(BUNDLE_MANIFEST, own) != own:
        seen = Said("it has the digest {digest}", digest=own)
        expected = Said("{digest}, as {file} says", digest=summed[BUNDLE_MANIFEST], file=SUMS)
        found.append(failed(CHANGED, Place(file=name, field=BUNDLE_MANIFEST), seen, expected))
    elif not found and files.get(SUMS, b"") != _sums({**listed, BUNDLE_MANIFEST: own}):
        found.append(_not_ours(files, name))
    return found or [passed(CHANGED, Place(file=name))], manifest


def _not_ours(files: Files, name: str) -> Verdict:
    place = Place(file=name, field=SUMS)
    if SUMS not in files:
        return failed(MISSING, place, Said("it is not there"), _PACKED)
    seen = Said("it says other than {file}", file=BUNDLE_MANIFEST)
    return failed(CHANGED, place, seen, Said("the same digests"))


def _compare(
    files: Files,
    listed: Mapping[str, str],
    summed: Mapping[str, str],
    name: str,
    torn: frozenset[str],
) -> list[Verdict]:
    found: list[Verdict] = []
    for path in sorted({*files, *listed} - {BUNDLE_MANIFEST, SUMS, BUNDLE_SIGNATURE}):
        place = Place(file=name, field=path)
        if path not in files:
            if summed.get(path) == listed[path] or not summed:
                found.append(failed(MISSING, place, Said("it is not there"), _PACKED))
        elif path not in listed:
            if path not in summed:
                expected = Said("only files that stand in {file}", file=BUNDLE_MANIFEST)
                found.append(failed(ADDED, place, Said("it is there"), expected))
        elif path in torn:
            seen = Said("it cannot be unpacked: its checksum is another")
            found.append(failed(CHANGED, place, seen, _PACKED))
        else:
            own = digest_of_bytes(files[path])
            if own != listed[path] and own != summed.get(path):
                seen = Said("it has the digest {digest}", digest=own)
                expected = Said(
                    "{digest}, as {file} says", digest=listed[path], file=BUNDLE_MANIFEST
                )
                found.append(failed(CHANGED, place, seen, expected))
    return found


def _read_sums(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        digest, _, path = line.partition("  ")
        found[path] = f"sha256:{digest}"
    return found


def _examine_one(
    files: Files,
    run_id: str,
    name: str,
    known: Knowledge,
    tell: Callable[[str, bytes, bytes], Run] | None,
) -> tuple[dict[str, Footprint], list[Verdict]]:
    """Judge one run with its journal; return its footprints by their digests."""
    home = f"{_RUNS}/{run_id}"
    place = Place(file=f"{name}/{home}/run.json")
    data = files.get(f"{home}/run.json")
    if data is None:
        seen = Said("it is not there")
        return {}, [failed(MISSING, place, seen, Said("the record of a run"))]
    journal, marks = files.get(f"{home}/journal.jsonl"), files.get(f"{home}/marks/marks.jsonl", b"")
    retell = None if tell is None or journal is None else partial(tell, run_id, journal, marks)
    try:
        record = decode(data)
    except BriznaError as error:
        seen = Said("{error}", error=error)
        return {}, [failed(FORM, place, seen, Said("a record that brizna can read"))]
    run, found = examine_run(record, place, known, tell=retell)
    footprints: dict[str, Footprint] = {}
    for path in sorted(path for path in files if path.startswith(f"{home}/records/")):
        footprint, verdicts = _examine_record(path, files[path], run, name, known)
        found += verdicts
        if footprint is not None:
            footprints[digest_of_bytes(files[path])] = footprint
    return footprints, found


def _examine_record(
    path: str, data: bytes, run: Run | None, name: str, known: Knowledge
) -> tuple[Footprint | None, list[Verdict]]:
    place = Place(file=f"{name}/{path}")
    own = digest_of_bytes(data)
    if path.rpartition("/")[2] != f"{own.removeprefix('sha256:')}.json":
        seen = Said("it has the digest {digest}", digest=own)
        return None, [failed(RECORD, place, seen, Said("the digest that is its name"))]
    try:
        record = decode(data)
    except BriznaError as error:
        seen = Said("{error}", error=error)
        return None, [failed(FORM, place, seen, Said("a record that brizna can read"))]
    if not isinstance(record, dict) or record.get("schema") != _FOOTPRINT:  # pyright: ignore[reportUnknownMemberType]
        return None, [passed(RECORD, place)]
    return examine_footprint(record, run, place, known)


def _examine_factors(files: Files, footprints: list[Footprint], name: str) -> list[Verdict]:
    """Judge that the list of factors is that of the footprints, and their tables are here."""
    place = Place(file=f"{name}/{FACTOR_LIST}")
    used = {factor.digest: factor for footprint in footprints for factor in footprint.factors}
    expected = encode([factor.to_json() for _, factor in sorted(used.items())])
    found: list[Verdict] = []
    if files.get(FACTOR_LIST) != expected:
        seen = Said("it is not the list of the footprints' factors")
        found.append(failed(FACTORS, place, seen, Said("each factor that some footprint rests on")))
    for factor in used.values():
        path = f"{_TABLES}/{factor.table}"
        if path in files and digest_of_bytes(files[path]) != factor.table_digest:
            seen = Said("the table has another digest than {factor} says", factor=factor.id)
            here = Place(file=f"{name}/{path}")
            found.append(
                failed(FACTORS, here, seen, Said("the digest {digest}", digest=factor.table_digest))
            )
    return found or [passed(FACTORS, place)]


def _examine_totals(files: Files, seen: list[tuple[str, Footprint]], name: str) -> list[Verdict]:
    place = Place(file=f"{name}/{TOTALS}")
    expected = encode(bundle_totals(seen))
    if files.get(TOTALS) == expected:
        return [passed(SUM, place)]
    return [failed(SUM, place, Said("the totals are not those of the runs"), Said("the sums anew"))]
