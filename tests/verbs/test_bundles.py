"""The auditor's bundle: the same bytes again, judged alike offline, and no byte changes unseen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.check import bundle_lists, examine_bundle
from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.report import Selection
from brizna.store import Store, retell
from brizna.store._lines import frame, split, unframe
from brizna.verbs import BundleForm, dossier_of, verify
from brizna.verbs._bundle_files import Nothing, bundle_bytes

STORE = Path(__file__).resolve().parent.parent / "assets" / "store-1"
ISSUED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LISTS = ("MANIFEST.json", "SHA256SUMS")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    place = tmp_path_factory.mktemp("bundles") / "store"
    shutil.copytree(STORE, place)
    return bundle_of(Store(str(place)))


@pytest.fixture(scope="module")
def packed(made: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle as a file; hypothesis would print its bytes."""
    file = tmp_path_factory.mktemp("packed") / "sound.zip"
    file.write_bytes(made)
    return file


def bundle_of(store: Store) -> bytes:
    dossier = dossier_of(store, Selection(run="7f3a9c"), issued=ISSUED)
    return BundleForm(store).render(dossier, lang="en").content


@pytest.fixture(scope="module")
def files(made: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(made)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def verified(folder: Path, data: bytes):
    file = folder / "bundle.zip"
    file.write_bytes(data)
    [found] = verify(str(file), Store("nowhere"), now=ISSUED)
    return found


def broken(files: dict[str, bytes]):
    """Return what is wrong with the files of a bundle: rule and place."""
    found = examine_bundle(files, "b", Nothing(ISSUED), tell=retell)
    failed = [one for one in found if one.result == "fail"]
    return [(one.rule, one.place) for one in failed if one.severity == "error"]


def forged(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    """Return a bundle whose lists were made anew after it was changed."""
    head = decode(files["MANIFEST.json"])
    head = {name: head[name] for name in ("brizna", "issued", "subject", "footprints")}
    inner = {path: data for path, data in files.items() if path not in LISTS}
    return {**inner, **bundle_lists(inner, {**head, **changes})}


def footprint_of(files: dict[str, bytes]) -> str:
    """Return the path of the footprint that the manifest names."""
    [(run_id, digest)] = decode(files["MANIFEST.json"])["footprints"].items()
    return f"runs/{run_id}/records/{digest.removeprefix('sha256:')}.json"


def one_of(files: dict[str, bytes], end: str) -> str:
    return next(path for path in files if path.endswith(end))


def test_a_bundle_holds_what_an_auditor_needs(files: dict[str, bytes]):
    names = {path.rpartition("/")[2] for path in files}
    assert {*LISTS, "README.md", "LEEME.md", "METHOD.md", "CALCULO.md"} <= names
    assert {"brizna-verify.pyz", "factors.json", "totals.json"} <= names
    assert {"run.json", "journal.jsonl", "intensity.csv"} <= names


def test_the_same_runs_give_the_same_bytes(tmp_path: Path):
    shutil.copytree(STORE, tmp_path / "one")
    shutil.copytree(STORE, tmp_path / "other")
    one, other = (bundle_of(Store(str(tmp_path / name))) for name in ("one", "other"))
    assert one == other


def test_a_bundle_that_nobody_changed_is_verified(made: bytes, tmp_path: Path):
    found = verified(tmp_path, made)
    assert found.outcome() == "pass"
    assert {one.rule for one in found.verdicts if one.result == "pass"} >= {
        *("BRZ-V023", "BRZ-V050", "BRZ-V051", "BRZ-V052", "BRZ-V053", "BRZ-V060"),
    }


def test_an_unpacked_bundle_is_verified_too(made: bytes, tmp_path: Path):
    with ZipFile(BytesIO(made)) as archive:
        archive.extractall(tmp_path / "open")
    [found] = verify(str(tmp_path / "open"), Store("nowhere"), now=ISSUED)
    assert found.outcome() == "pass"


def test_any_system_checks_the_digests(made: bytes, tmp_path: Path):
    if shutil.which("sha256sum") is None:
        pytest.skip("this system has no sha256sum")
    with ZipFile(BytesIO(made)) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        ["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------------------- the verifier


@cache
def no_network() -> str | None:
    """Return why a process without interfaces cannot be started here; None if it can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "this system has no unshare"
    done = subprocess.run(
        [unshare, "-rn", "true"], capture_output=True, text=True, timeout=30, check=False
    )
    return None if done.returncode == 0 else f"unshare -n is not permitted: {done.stderr.strip()}"


def judged_alone(file: Path, verifier: bytes, *before: str):
    """Return the exit code and what a bundle's own verifier says, by Python without packages."""
    program = file.with_name("brizna-verify.pyz")
    program.write_bytes(verifier)
    done = subprocess.run(
        [*before, sys.executable, "-I", "-S", str(program), str(file), "--json"],
        cwd=file.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("is_changed", [False, True], ids=["sound", "changed"])
def test_without_a_network_the_verifier_in_the_bundle_says_what_brizna_says(
    made: bytes, files: dict[str, bytes], tmp_path: Path, *, is_changed: bool
):
    if reason := no_network():
        pytest.skip(reason)
    data = made
    if is_changed:
        changed = {**files, "totals.json": files["totals.json"].replace(b"1", b"2", 1)}
        data = bundle_bytes(forged(changed))
    file = tmp_path / "bundle.zip"
    file.write_bytes(data)
    code, alone = judged_alone(file, files["brizna-verify.pyz"], "unshare", "-rn")
    [here] = verify(str(file), Store("nowhere"))
    assert alone == [here.to_json()]
    assert code == (1 if is_changed else 0)


def test_a_network_without_interfaces_is_what_the_verifier_was_given():
    if reason := no_network():
        pytest.skip(reason)
    code = "import socket; print([name for _, name in socket.if_nameindex() if name != 'lo'])"
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_verifier_speaks_spanish_and_shows_its_figures(
    made: bytes, files: dict[str, bytes], tmp_path: Path
):
    (tmp_path / "v.pyz").write_bytes(files["brizna-verify.pyz"])
    (tmp_path / "b.zip").write_bytes(made)
    words = ["v.pyz", "b.zip", "--lang", "es", "--derivation"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "verificado" in done.stdout
    assert "Los totales son la suma de sus partes" in done.stdout


def test_the_verifier_needs_a_bundle(files: dict[str, bytes], tmp_path: Path):
    (tmp_path / "v.pyz").write_bytes(files["brizna-verify.pyz"])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "v.pyz", "nothing.zip"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "nothing.zip" in done.stderr


# ---------------------------------------------------------------------------------- changed bundles


def test_one_changed_byte_in_any_file_is_found_in_that_file(files: dict[str, bytes]):
    for path, data in files.items():
        for at in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
            wrong = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            found = broken({**files, path: wrong})
            assert found, (path, at)
            assert {rule for rule, _ in found} == {"BRZ-V060"}, (path, at, found)
            assert {place.field for _, place in found} == {path}, (path, at, found)


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_in_the_archive_is_found(packed: Path, share: float, bit: int):
    made = packed.read_bytes()
    at = int(share * len(made))
    wrong = made[:at] + bytes([made[at] ^ (1 << bit)]) + made[at + 1 :]
    file = packed.with_name("changed.zip")
    file.write_bytes(wrong)
    [found] = verify(str(file), Store("nowhere"), form="bundle", now=ISSUED)
    assert found.outcome() == "fail"
    assert {one.rule for one in found.findings if one.severity == "error"} <= {
        *("BRZ-V060", "BRZ-V061", "BRZ-V062", "BRZ-V063", "BRZ-V064"),
    }


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_an_archive_that_was_cut_short_is_found(packed: Path, share: float):
    made = packed.read_bytes()
    length = max(4, int(share * len(made)))
    file = packed.with_name("cut.zip")
    file.write_bytes(made[:length])
    [found] = verify(str(file), Store("nowhere"), now=ISSUED)
    assert found.outcome() == "fail"
    rules = {one.rule for one in found.findings}
    inner = {"BRZ-V061", "BRZ-V064"}  # it ended inside the verifier, which is a zip of its own
    assert rules in ({"BRZ-V063"}, inner)


def test_a_file_that_was_taken_out_is_missed(files: dict[str, bytes]):
    for path in files:
        left = {name: data for name, data in files.items() if name != path}
        [(rule, place)] = broken(left)
        assert rule == "BRZ-V061"
        assert place.field == path


@pytest.mark.parametrize("path", ["notes.txt", "runs/20260101T000000Z-abcdef/run.json"])
def test_a_file_that_was_put_in_is_found(files: dict[str, bytes], path: str):
    [(rule, place)] = broken({**files, path: b"{}"})
    assert rule == "BRZ-V062"
    assert place.field == path


def test_a_bundle_that_was_packed_again_is_not_the_original(
    files: dict[str, bytes], tmp_path: Path
):
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    found = verified(tmp_path, target.getvalue())
    assert {one.rule for one in found.findings if one.severity == "error"} == {"BRZ-V064"}


def test_the_digest_that_was_told_is_compared(made: bytes, tmp_path: Path):
    file = tmp_path / "bundle.zip"
    file.write_bytes(made)
    right = digest_of_bytes(made)
    [found] = verify(str(file), Store("nowhere"), now=ISSUED, digest=right)
    assert found.outcome() == "pass"
    [found] = verify(str(file), Store("nowhere"), now=ISSUED, digest="sha256:00")
    assert found.outcome() == "fail"


# ------------------------------------------------------------------- lists that were made anew, too


def test_a_record_that_was_changed_with_its_lists_is_not_what_its_journal_tells(
    files: dict[str, bytes],
):
    path = one_of(files, "run.json")
    record = decode(files[path])
    record["duration_s"] *= 2
    found = broken(forged({**files, path: encode(record)}))
    assert {rule for rule, _ in found} >= {"BRZ-V053", "BRZ-V050"}


def test_readings_that_were_changed_with_their_checksums_and_lists_are_found(
    files: dict[str, bytes],
):
    path = one_of(files, "journal.jsonl")
    events = [event for line in split(files[path]) if (event := unframe(line)) is not None]
    last = [event for event in events if "c" in event][-1]
    last["c"] = [None if one is None else one * 2 for one in last["c"]]
    changed = b"".join(frame(event) for event in events)
    found = broken(forged({**files, path: changed}))
    assert {rule for rule, _ in found} == {"BRZ-V053"}


def test_a_footprint_that_was_changed_with_its_lists_does_not_compute_again(
    files: dict[str, bytes],
):
    path = footprint_of(files)
    record = decode(files[path])
    record["carbon_operational_g"]["best"] /= 1000
    data = encode(record)
    digest = digest_of_bytes(data)
    moved = f"{path.rpartition('/')[0]}/{digest.removeprefix('sha256:')}.json"
    left = {name: inner for name, inner in files.items() if name != path}
    chosen = {path.split("/")[1]: digest}
    found = broken(forged({**left, moved: data}, footprints=chosen))
    assert "BRZ-V011" in {rule for rule, _ in found}
    assert "BRZ-V023" in {rule for rule, _ in found}  # and the totals are not theirs


def test_a_footprint_under_another_name_is_found(files: dict[str, bytes]):
    path = footprint_of(files)
    left = {name: inner for name, inner in files.items() if name != path}
    moved = f"{path.rpartition('/')[0]}/{'0' * 64}.json"
    assert "BRZ-V050" in {rule for rule, _ in broken(forged({**left, moved: files[path]}))}


@pytest.mark.parametrize(
    ("end", "rule"),
    [("totals.json", "BRZ-V023"), ("factors.json", "BRZ-V052"), ("intensity.csv", "BRZ-V052")],
)
def test_sums_factors_and_tables_that_were_changed_with_their_lists_are_found(
    files: dict[str, bytes], end: str, rule: str
):
    path = one_of(files, end)
    changed = files[path].replace(b"2", b"3")
    assert {one for one, _ in broken(forged({**files, path: changed}))} == {rule}


def test_a_footprint_that_the_manifest_does_not_name_is_asked_for(files: dict[str, bytes]):
    assert "BRZ-V063" in {rule for rule, _ in broken(forged(files, footprints={}))}
