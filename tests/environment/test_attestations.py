"""What an index attests is read as it is served; nothing is called verified that nobody checked."""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from brizna.core.errors import IntegrityError, UnavailableError
from brizna.core.software import Distribution, Lock, Locked, Software
from brizna.environment import Place
from brizna.environment._attestations import (
    AttestedFile,
    attestations_of,
    attested_files,
    wheel_tags,
)
from brizna.verbs import EnvironmentPolicy, Surroundings
from brizna.verbs._attested import Asking, judge_attestations, published

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = Path(__file__).parent.parent / "assets" / "attestations"
REAL_FILE = "gcb_attestation_test-0.0.0.tar.gz"
REAL_DIGEST = "sha256:461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf"
AT = "2026-11-22T09:00:00Z"
ONE, OTHER = (f"sha256:{letter * 64}" for letter in "ab")
WHEELS = (
    "blade-1.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "blade-1.2-py3-none-any.whl",
)
GITHUB = {
    "kind": "GitHub",
    "repository": "meadow/blade",
    "workflow": "release.yml",
    "environment": None,
    "claims": {"iss": "..."},
}


def provenance(file: str, digest: str, publisher: dict | None = None) -> dict:
    """Return a provenance object as PEP 740 says, with a signature that is none."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": file, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": "https://docs.pypi.org/attestations/publish/v1",
        "predicate": None,
    }
    attestation = {
        "version": 1,
        "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
        "envelope": {
            "statement": b64encode(json.dumps(statement).encode()).decode(),
            "signature": "AAAA",
        },
    }
    bundle = {"publisher": publisher or GITHUB, "attestations": [attestation]}
    return {"version": 1, "attestation_bundles": [bundle]}


class Index:
    """An index on the loopback that speaks JSON as PEP 691 and PEP 740 say."""

    def __init__(self, address: str) -> None:
        self.address = f"{address}/simple"
        self.asked: list[str] = []
        self.kind = "application/vnd.pypi.simple.v1+json"
        self.objects = {"one": provenance(WHEELS[0], ONE), "other": provenance(WHEELS[1], OTHER)}
        self.files = [
            self.file(WHEELS[0], ONE, "/integrity/one"),
            self.file(WHEELS[1], OTHER, "/integrity/other"),
        ]

    @staticmethod
    def file(name: str, digest: str, where: str | None) -> dict:
        hashes = {"sha256": digest.removeprefix("sha256:")}
        url = f"https://files.example/{name}"
        return {"filename": name, "url": url, "hashes": hashes, "provenance": where}

    def answer(self, path: str) -> object:
        self.asked.append(path)
        if path == "/simple/blade/":
            return {"meta": {"api-version": "1.3"}, "name": "blade", "files": self.files}
        return self.objects.get(path.removeprefix("/integrity/"))


@pytest.fixture
def index() -> Iterator[Index]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = found.answer(self.path)
            self.send_response(200 if told is not None else 404)
            self.send_header("Content-Type", found.kind if "simple" in self.path else "text/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Index(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """Return an environment in which the first of two wheels is installed."""
    info = tmp_path / "site" / "blade-1.2.dist-info"
    info.mkdir(parents=True)
    tags = ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in tags))
    place = Place(of="named", python=None, is_isolated=True, folders=(str(info.parent),))
    blade = Distribution(name="blade", version="1.2", digest=ONE)
    mine = Distribution(name="mine", version="1", digest=None, is_editable=True)
    software = Software(of="named", python=None, is_isolated=True, distributions=(blade, mine))
    return Surroundings(name="one", digest="", software=software, facts={}, place=place)


LOCK = Lock(
    form="requirements",
    digest=ONE,
    entries=(Locked(name="blade", version="1.2", hashes=(ONE, OTHER)),),
)


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Python say that pypi-attestations is not installed."""
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)


def results(rows, around) -> dict[str, str]:
    found = judge_attestations(rows, around).verdicts
    return {one.rule: one.result for one in found if one.place.field == "blade"}


@pytest.mark.usefixtures("no_library")
def test_the_publisher_of_the_wheel_that_is_installed_is_told(
    index: Index, around: Surroundings, tmp_path: Path
):
    asking = Asking(str(tmp_path / "cache"), at=AT, index=index.address)
    blade, mine = published(around, LOCK, asking)
    assert (blade.file, blade.digest, blade.asked) == (WHEELS[0], ONE, AT)
    assert blade.publishers == ("GitHub meadow/blade release.yml",)
    assert results([blade], around) == {
        "BRZ-E022": "pass",
        "BRZ-E023": "pass",
        "BRZ-E024": "cannot-tell",
    }
    assert "brizna[attest]" in str(blade.why)
    assert "elsewhere" in str(mine.why)
    assert judge_attestations([blade, mine], around).outcome() == "cannot-tell"


@pytest.mark.usefixtures("no_library")
def test_what_was_asked_once_is_known_offline(index: Index, around: Surroundings, tmp_path: Path):
    cache = str(tmp_path / "cache")
    before = published(around, LOCK, Asking(cache, at=AT))[0]
    assert "no index was asked" in str(before.why)
    assert index.asked == []
    asked = published(around, LOCK, Asking(cache, at=AT, index=index.address))
    count = len(index.asked)
    again = published(around, LOCK, Asking(cache, at="2027-01-01T00:00:00Z"))
    assert [one.to_json() for one in again] == [one.to_json() for one in asked]
    assert len(index.asked) == count
    for kept in Path(cache).iterdir():
        kept.write_bytes(b"{}")
    assert published(around, LOCK, Asking(cache, at=AT))[0].file is None


@pytest.mark.usefixtures("no_library")
def test_an_attestation_of_another_file_is_found(
    index: Index, around: Surroundings, tmp_path: Path
):
    for number, wrong in enumerate((provenance(WHEELS[0], OTHER), provenance("x.whl", ONE))):
        index.objects["one"] = wrong
        asking = Asking(str(tmp_path / str(number)), at=AT, index=index.address)
        rows = published(around, LOCK, asking)
        assert results(rows, around)["BRZ-E023"] == "fail"
        assert judge_attestations(rows, around).outcome() == "fail"


def test_a_lock_whose_hashes_no_file_of_the_index_has_is_found(
    index: Index, around: Surroundings, tmp_path: Path
):
    asking = Asking(str(tmp_path), at=AT, index=index.address)
    forged = Locked(name="blade", version="1.2", hashes=(f"sha256:{'c' * 64}",))
    rows = published(around, LOCK.replace(entries=(forged,)), asking)
    assert results(rows, around) == {"BRZ-E023": "fail"}
    weak = Locked(name="blade", version="1.2", hashes=(f"sha512:{'c' * 128}",))
    rows = published(around, LOCK.replace(entries=(weak,)), asking)
    assert results(rows, around) == {"BRZ-E022": "cannot-tell"}


def test_a_file_that_nobody_attests_is_a_note(index: Index, around: Surroundings, tmp_path: Path):
    index.files[0]["provenance"] = None
    asking = Asking(str(tmp_path), at=AT, index=index.address)
    rows = published(around, LOCK, asking)[:1]
    assert results(rows, around) == {"BRZ-E022": "fail"}
    assert not any(one.severity == "error" for one in judge_attestations(rows, around).findings)


def test_which_of_several_files_is_installed_is_not_guessed(
    index: Index, around: Surroundings, tmp_path: Path
):
    asking = Asking(str(tmp_path), at=AT, index=index.address)
    rows = published(around.replace(place=None), LOCK, asking)
    assert "which of the 2 files" in str(rows[0].why)
    assert results(rows, around) == {"BRZ-E022": "cannot-tell"}


@pytest.mark.parametrize("name", ["version", "bundles", "statement"])
def test_what_is_no_provenance_object_cannot_be_told(
    index: Index, around: Surroundings, tmp_path: Path, name: str
):
    told = index.objects["one"]
    if name == "version":
        told["version"] = 2
    elif name == "bundles":
        del told["attestation_bundles"]
    else:
        told["attestation_bundles"][0]["attestations"][0]["envelope"]["statement"] = "!"
    rows = published(around, LOCK, Asking(str(tmp_path), at=AT, index=index.address))
    assert "cannot be read" in str(rows[0].why)
    assert results(rows, around) == {"BRZ-E022": "cannot-tell"}


def test_an_index_that_does_not_answer_in_json_is_told(index: Index):
    index.kind = "text/html"
    with pytest.raises(UnavailableError, match="answers in JSON"):
        attested_files("blade", [ONE], index=index.address, at=AT)
    with pytest.raises(UnavailableError, match="grass"):
        attested_files("grass", [ONE], index=index.address, at=AT)


def test_a_policy_says_who_may_be_asked_about_what(
    index: Index, around: Surroundings, tmp_path: Path
):
    asking = Asking(str(tmp_path), at=AT, index=index.address)
    private = EnvironmentPolicy(private=("bl*",))
    assert "no index was asked" in str(published(around, LOCK, asking, policy=private)[0].why)
    assert index.asked == []
    with pytest.raises(ValueError, match="policy does not name"):
        published(around, LOCK, asking, policy=EnvironmentPolicy(indexes=("https://own.example",)))


def test_tags_of_a_wheel_are_those_of_its_name_each_for_itself():
    assert wheel_tags("a-1-py2.py3-none-any.whl") == {"py2-none-any", "py3-none-any"}
    assert wheel_tags("a-1-2b-cp311-abi3-linux_x86_64.whl") == {"cp311-abi3-linux_x86_64"}
    assert wheel_tags("a-1.tar.gz") == frozenset()


# --------------------------------------------------------------------------- what is really served


def real() -> AttestedFile:
    """Return what PyPI serves of a file."""
    told = json.loads((REAL / f"{REAL_FILE}.provenance").read_text())
    index = "https://pypi.org/simple"
    return AttestedFile(name=REAL_FILE, digest=REAL_DIGEST, index=index, asked=AT, provenance=told)


def test_a_real_provenance_object_is_read_and_kept_as_it_came():
    (one,) = attestations_of(real())
    assert one.who == "Google 919436158236-compute@developer.gserviceaccount.com"
    assert one.subjects == ((REAL_FILE, REAL_DIGEST.removeprefix("sha256:")),)
    assert AttestedFile.from_json(real().to_json()) == real()
    assert attestations_of(real().replace(provenance=None)) == []
    with pytest.raises(IntegrityError):
        attestations_of(real().replace(provenance={}))
