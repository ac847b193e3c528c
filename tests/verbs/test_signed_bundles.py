"""A signed bundle tells who vouches for it, offline and by Python alone; changes are named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cryptography")

from brizna.check import bundle_lists
from brizna.core.codec import decode, encode
from brizna.core.errors import InputError, IntegrityError
from brizna.core.software import Distribution, Software
from brizna.report import Selection
from brizna.store import Approvals, KeyRing, Store, keep_software
from brizna.verbs import BundleForm, Signer, dossier_of, sign_run, verify
from brizna.verbs._bundle_files import bundle_bytes
from brizna.verbs._bundle_signed import Whom, examine_signed, signed_lists, whom_to_believe

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = Path(__file__).resolve().parent.parent / "assets" / "store-1"
AT, ISSUED = "2026-11-20T09:00:00Z", datetime(2026, 11, 22, 12, tzinfo=UTC)
LISTS = ("MANIFEST.json", "SHA256SUMS", "SIGNATURE.json")
INSTALLED = Software(
    of="command",
    python="3.11.9",
    is_isolated=True,
    distributions=(Distribution(name="blade", version="1.2", digest=f"sha256:{'ab' * 32}"),),
)


class Bench:
    """A store with a run, a statement and a list of what is approved; and two people's keys."""

    def __init__(self, place: Path) -> None:
        self.place = place
        shutil.copytree(SAMPLE, place / "store")
        self.store = Store(str(place / "store"))
        self.ring, self.other = (KeyRing(str(place / name)) for name in ("ring", "other"))
        self.ana = self.ring.new("ana", at=AT)
        self.eve = self.other.new("ana", at=AT, kind="p256")
        self.public = place / "ana.pem"
        self.public.write_text(self.ana.public_pem)
        run = self._with_software(self.store.resolve("7f3a9c"))
        (place / "model.bin").write_text("weights")
        signer = Signer(self.ring, at=AT)
        sign_run(str(place / "model.bin"), run, self.store, signer, data={})
        Approvals(self.store.path, self.ring).add("propose", INSTALLED.installed, at=AT, reason="x")
        dossier = dossier_of(self.store, Selection(run=run), issued=ISSUED)
        form = BundleForm(self.store, ring=self.ring, key="ana")
        self.made = form.render(dossier, lang="en").content
        with ZipFile(BytesIO(self.made)) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}

    def _with_software(self, run_id: str) -> str:
        """Make a run of the sample that tells its software, and return its id."""
        run = self.store.read(run_id).run
        record = keep_software(self.store, INSTALLED)
        named = {"record": record, "installed": INSTALLED.installed}
        directory = self.store.create_run()
        new = Path(directory).name
        self.store.finish(run.replace(id=new, environment={"software": named}))
        return new

    def judged(self, files: dict[str, bytes] | None = None, whom: Whom | None = None):
        """Return the outcome, and of each broken rule where and what was seen."""
        file = self.place / "bundle.zip"
        file.write_bytes(self.made if files is None else bundle_bytes(files))
        [found] = verify(str(file), self.store, whom=whom or Whom(self.ring), now=ISSUED)
        broken = {(v.rule, v.place.field): str(v.seen) for v in found.findings}
        return found.outcome(), {at: seen for at, seen in broken.items() if at[0] != "BRZ-V030"}

    def forged(self, files: dict[str, bytes], ring: KeyRing | None = None) -> dict[str, bytes]:
        """Return a bundle with lists made anew, and a signature of somebody else if they sign."""
        head = decode(self.files["MANIFEST.json"])
        head = {name: head[name] for name in ("brizna", "issued", "subject", "footprints")}
        inner = {path: data for path, data in files.items() if path not in LISTS}
        lists = bundle_lists(inner, head)
        if ring is not None:
            lists = signed_lists(inner, lists, ring, key=ring.latest().id, at=AT)
        elif "SIGNATURE.json" in files:
            lists["SIGNATURE.json"] = files["SIGNATURE.json"]
        return {**inner, **lists}

    def path(self, folder: str) -> str:
        return next(path for path in sorted(self.files) if path.startswith(f"{folder}/"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("signed"))


def signed_part(found: list[dict]) -> list[tuple[str, str, str | None]]:
    rules = ("BRZ-E04", "BRZ-V065")
    return [
        (one["rule"], one["result"], one["place"]["field"])
        for one in found[0]["verdicts"]
        if one["rule"].startswith(rules)
    ]


def alone(bench: Bench, *words: str) -> tuple[int, list[dict]]:
    """Return the exit code and the findings of the verifier in the bundle, without packages."""
    (bench.place / "v.pyz").write_bytes(bench.files["brizna-verify.pyz"])
    (bench.place / "b.zip").write_bytes(bench.made)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "v.pyz", "b.zip", "--json", *words],
        cwd=bench.place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr
    return done.returncode, json.loads(done.stdout)


def test_all_that_is_signed_goes_with_the_runs_and_is_believed(bench: Bench):
    folders = {path.partition("/")[0] for path in bench.files}
    assert folders >= {"software", "statements", "approved", "keys", "SIGNATURE.json"}
    assert not [path for path in bench.files if path.endswith(".pem")]
    assert bench.judged() == ("pass", {})


def test_the_same_signed_bundle_is_made_again_byte_for_byte(bench: Bench):
    run = next(iter(decode(bench.files["MANIFEST.json"])["footprints"]))
    dossier = dossier_of(bench.store, Selection(run=run), issued=ISSUED)
    again = BundleForm(bench.store, ring=bench.ring, key="ana").render(dossier, lang="es")
    assert again.content == bench.made


def test_python_alone_says_who_signed_and_believes_whom_it_is_told_to(bench: Bench):
    code, named = alone(bench, "--signed-by", "ana.pem")
    places = ["SIGNATURE.json", bench.path("statements"), "approved"]
    kept = [(rule, result) for rule, result, _ in signed_part(named)]
    assert kept.count(("BRZ-E040", "pass")) == kept.count(("BRZ-V065", "pass")) == len(places)
    assert ("BRZ-E042", "pass") in kept
    other, strange = alone(bench)
    assert code == other == 0
    fails = [(rule, field) for rule, result, field in signed_part(strange) if result == "fail"]
    assert fails == [("BRZ-V065", place) for place in places]
    told = next(v for v in strange[0]["verdicts"] if v["rule"] == "BRZ-V065")
    assert bench.ana.id in told["seen"]


def test_who_must_have_signed_can_be_named(bench: Bench):
    unsigned = {path: data for path, data in bench.files.items() if path != "SIGNATURE.json"}
    for named in (str(bench.public), "ana"):
        whom = whom_to_believe(named, bench.ring)
        assert bench.judged(whom=whom)[1] == {}
        assert bench.judged(unsigned, whom)[1] == {
            ("BRZ-E040", "SIGNATURE.json"): "it is not signed"
        }
    assert bench.judged(unsigned)[1] == {}
    mallory = bench.forged(bench.files, bench.other)
    _, broken = bench.judged(mallory, whom)
    assert bench.eve.id in broken["BRZ-E040", "SIGNATURE.json"]
    with pytest.raises(InputError, match="is no file"):
        whom_to_believe("ana", None)
    bench.place.joinpath("no.pem").write_text("no")
    with pytest.raises(InputError, match="no public key"):
        whom_to_believe(str(bench.place / "no.pem"), None)
    with pytest.raises(InputError, match="is no bundle"):
        verify("last", bench.store, whom=whom)


def changed_record(bench: Bench) -> tuple[dict[str, bytes], str, str]:
    path = next(path for path in bench.files if path.endswith("run.json"))
    record = {**decode(bench.files[path]), "name": "other"}
    return {**bench.files, path: encode(record)}, "BRZ-E041", "SIGNATURE.json"


def changed_text(bench: Bench) -> tuple[dict[str, bytes], str, str]:
    return {**bench.files, "README.md": b"All is well."}, "BRZ-E041", "SIGNATURE.json"


def changed_software(bench: Bench) -> tuple[dict[str, bytes], str, str]:
    path = bench.path("software")
    record = bench.files[path].replace(b"1.2", b"1.3")
    return {**bench.files, path: record}, "BRZ-V050", path


def changed_statement(bench: Bench) -> tuple[dict[str, bytes], str, str]:
    path = bench.path("statements")
    record = decode(bench.files[path])
    record["envelope"]["payload"] = record["envelope"]["payload"].replace("e", "f", 1)
    return {**bench.files, path: encode(record)}, "BRZ-E040", path


def changed_approval(bench: Bench) -> tuple[dict[str, bytes], str, str]:
    left = {path: data for path, data in bench.files.items() if not path.startswith("approved/")}
    return (
        {**left, "approved/000001.json": bench.files[bench.path("approved")]},
        "BRZ-E040",
        ("approved"),
    )


def changed_key(bench: Bench) -> tuple[dict[str, bytes], str, str]:
    path = bench.path("keys")
    record = {**decode(bench.files[path]), "public_pem": bench.eve.public_pem}
    return {**bench.files, path: encode(record)}, "BRZ-E040", "keys"


@pytest.mark.parametrize(
    "change",
    [
        changed_record,
        changed_text,
        changed_software,
        changed_statement,
        changed_approval,
        changed_key,
    ],
)
def test_what_was_changed_with_its_lists_is_found(
    bench: Bench, change: Callable[[Bench], tuple[dict[str, bytes], str, str]]
):
    files, rule, field = change(bench)
    outcome, broken = bench.judged(bench.forged(files))
    assert outcome == "fail"
    assert (rule, field) in broken, broken


def test_a_signature_that_cannot_be_read_is_told(bench: Bench):
    for wrong in (b"", b"[]", b"{}", encode({"payload": 1})):
        outcome, broken = bench.judged({**bench.files, "SIGNATURE.json": wrong})
        assert outcome == "fail"
        assert ("BRZ-E040", "SIGNATURE.json") in broken


def test_a_key_that_is_known_to_be_stolen_vouches_for_nothing(bench: Bench):
    ours = KeyRing(str(bench.place / "ours"))
    spare = ours.new("spare", at=AT)
    ours.trust(bench.ana.public_pem, name="ana", at=AT)
    ours.end("ana", at=AT, reason="compromised", by=spare.id)
    outcome, broken = bench.judged(whom=Whom(ours))
    assert outcome == "fail"
    assert "compromised" in broken["BRZ-E040", "SIGNATURE.json"]


def test_where_nothing_is_signed_nobody_s_keys_are_asked_about(bench: Bench):
    signed = ("keys/", "statements/", "approved/", "SIGNATURE")
    files = {path: data for path, data in bench.files.items() if not path.startswith(signed)}
    broken = bench.place / "broken"
    broken.mkdir()
    (broken / "x.json").write_text("{}")
    whom = Whom(KeyRing(str(broken)))
    assert bench.judged(bench.forged(files), whom) == ("pass", {})
    with pytest.raises(IntegrityError):
        bench.judged(whom=whom)


def test_a_key_that_was_put_in_makes_nobody_believe_it(bench: Bench):
    """Somebody changes the bundle, signs it, and puts a key with ana's name in."""
    public = bench.other.public([bench.eve.id])
    files = {**bench.files, **{f"keys/{name}": data for name, data in public.items()}}
    outcome, broken = bench.judged(bench.forged(files, bench.other))
    assert outcome == "pass"
    assert bench.eve.id in broken["BRZ-V065", "SIGNATURE.json"]


ODD = (None, 1, 1.5, True, "x", [], {}, [1], {"a": 1}, f"sha256:{'0' * 64}")


def made_odd(value: object, draw: Callable[[int], int]) -> object:
    """Return a JSON value with something odd somewhere in it."""
    if isinstance(value, dict) and value and draw(4):
        name = sorted(value)[draw(len(value))]
        return {**value, name: made_odd(value[name], draw)}
    if isinstance(value, list) and value and draw(4):
        at = draw(len(value))
        return [*value[:at], made_odd(value[at], draw), *value[at + 1 :]]
    return ODD[draw(len(ODD))]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_bundle_is_judged_and_never_raises(bench: Bench, data: st.DataObject):
    def draw(count: int) -> int:
        return data.draw(st.integers(0, count - 1))

    signed = ("keys/", "statements/", "approved/", "software/", "SIGNATURE", "runs/")
    paths = sorted(path for path in bench.files if path.startswith(signed))
    path = paths[draw(len(paths))]
    odd = encode(made_odd(decode(bench.files[path]), draw))
    whom = Whom(bench.ring if draw(2) else None)
    found = examine_signed({**bench.files, path: odd}, "b", whom)
    assert {one.result for one in found} <= {"pass", "fail", "cannot-tell"}
