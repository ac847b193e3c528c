"""Who vouches for a bundle: its signature, and the statements and approvals that lie in it.

The public halves of the keys lie in the bundle, so that anybody can see whether a signature fits,
with Python alone. Whether its owner is to be believed, no bundle can say of itself: that is judged
where a key is named, or is in the key ring.
"""

from __future__ import annotations

import os

from brizna.check import LINKED, SIGNED, SUBJECT, Place, judged
from brizna.check._bundle import BUNDLE_MANIFEST, BUNDLE_SIGNATURE
from brizna.check._rules import BELIEVED, RECORD, failed, passed
from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import BriznaError, InputError, IntegrityError, Said
from brizna.core.software import Software
from brizna.store import CarriedKeys, KeyRing, seal, unseal
from brizna.store._approvals import APPROVED, history_of
from brizna.store._beside import STATEMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.check import Verdict

    Files = Mapping[str, bytes]

PREDICATE = "https://pypi.org/project/brizna#bundle-v1"
_STATEMENT = "https://in-toto.io/Statement/v1"
_KEYS, _SOFTWARE = "keys", "software"


class Whom:
    """Whose signatures are believed.

    Attributes:
        ring: The keys that are believed; None where there are none.
        must: The id of the key that must have signed a bundle; None if none must.
    """

    __slots__ = ("must", "ring")

    def __init__(self, ring: KeyRing | None = None, *, must: str | None = None) -> None:
        self.ring = ring
        self.must = must


def whom_to_believe(named: str | None, ring: KeyRing | None) -> Whom:
    """Return whose signatures are believed, where a key may be named that must have signed.

    Args:
        named: A file with the public half of a key, or a key of the ring; None for any.
        ring: The keys that are believed.

    Raises:
        InputError: If it names no key.
    """
    if named is None:
        return Whom(ring)
    if os.path.isfile(named):
        try:
            with open(named, encoding="utf-8") as file:
                own = CarriedKeys.of_public(file.read(), name=os.path.basename(named))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("{path!r} cannot be read: {reason}.", path=named, reason=error) from (
                error
            )
        return Whom(own, must=next(iter(own.keys())))
    if ring is None:
        raise InputError(
            "{named!r} is no file: expected one with the public half of a key, in PEM.",
            named=named,
        )
    return Whom(ring, must=ring.find(named).id)


def signed_lists(
    files: Files, lists: Files, ring: KeyRing, *, key: str, at: str
) -> dict[str, bytes]:
    """Return the lists of a bundle with the signature over them.

    Args:
        files: The files of the bundle, the public halves of keys among them.
        lists: What `brizna.check.bundle_lists` made of these.
        ring: Where the key is.
        key: The key.
        at: When, as an instant in UTC.
    """
    digest = digest_of_bytes(lists[BUNDLE_MANIFEST]).removeprefix("sha256:")
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": BUNDLE_MANIFEST, "digest": {"sha256": digest}}],
        "predicateType": PREDICATE,
        "predicate": {"brizna_signedOn": at, "files": len(files)},
    }
    return {**lists, BUNDLE_SIGNATURE: encode(seal(encode(statement), ring, key=key))}


def carried_keys(files: Files, ring: KeyRing | None, *, signer: str | None) -> dict[str, bytes]:
    """Return the public halves of all keys that signed something in a bundle, by path.

    Args:
        files: The files of the bundle.
        ring: Where keys are.
        signer: The key that is to sign the bundle itself.
    """
    if ring is None:
        return {}
    ids = {key_id for one in _envelopes(files).values() for key_id in _signers(one)}
    ids |= {ring.find(signer).id} if signer is not None else set()
    return {f"{_KEYS}/{name}": data for name, data in ring.public(sorted(ids)).items()}


def _envelopes(files: Files) -> dict[str, dict[str, Any]]:
    """Return what is signed in a bundle, by its path; what cannot be read has no signatures."""
    found: dict[str, dict[str, Any]] = {}
    for path, data in files.items():
        folder = path.partition("/")[0]
        if folder in (STATEMENTS, APPROVED):
            try:
                record: Any = decode(data)
                found[path] = dict(record["envelope"] if folder == STATEMENTS else record)
            except (BriznaError, KeyError, TypeError, ValueError):
                found[path] = {}
    return found


def _signers(envelope: Mapping[str, Any]) -> list[str]:
    try:
        return [str(one["keyid"]) for one in envelope["signatures"]]
    except (KeyError, TypeError):
        return []


# ------------------------------------------------------------------------------------------ judging


def examine_signed(files: Files, name: str, whom: Whom) -> list[Verdict]:
    """Return what the rules come to for all that is signed in a bundle.

    Args:
        files: For each path its content.
        name: The bundle's name, for the findings.
        whom: Whose signatures are believed.
    """
    if whom.must is None and not _envelopes(files) and BUNDLE_SIGNATURE not in files:
        return _examine_software(files, name)  # nobody's keys are asked about
    paths = [path for path in files if path.startswith(f"{_KEYS}/")]
    carried = {path.partition("/")[2]: files[path] for path in paths}
    try:
        CarriedKeys(carried).ends()
    except BriznaError as error:
        return [_refused(Place(file=name, field=_KEYS), error)]
    judge = _Judge(name, carried, whom)
    return [
        *_examine_signature(files, judge),
        *_examine_statements(files, judge),
        *_examine_approvals(files, judge),
        *_examine_software(files, name),
    ]


class _Judge:
    """Opens what was signed: by the keys that are believed, else by those that came along too."""

    def __init__(self, name: str, carried: Mapping[str, bytes], whom: Whom) -> None:
        self.name = name
        self.whom = whom
        self._believed = {} if whom.ring is None else whom.ring.keys()
        known = {} if whom.ring is None else whom.ring.public(self._believed)
        self._every = CarriedKeys({**carried, **known})

    def open(self, envelope: Mapping[str, Any], place: Place) -> tuple[bytes | None, list[Verdict]]:
        """Return the content of an envelope, None if it is refused, and what was found."""
        content: list[bytes] = []

        def opened(ring: KeyRing) -> None:
            content.append(unseal(envelope, ring, at=_signed_at)[0])

        verdicts = self.judge([_signers(envelope)], place, opened)
        return (content[0] if content else None), verdicts

    def judge(
        self, signers: list[list[str]], place: Place, opened: Callable[[KeyRing], object]
    ) -> list[Verdict]:
        """Return what opening something comes to, with the keys that are asked about it.

        Args:
            signers: For each envelope who is said to have signed it.
            place: Where it stands.
            opened: Opens it with a ring, or raises.
        """
        strangers = [who for one in signers if not {*one} & {*self._believed} for who in one]
        ring = self.whom.ring
        try:
            opened(self._every if strangers or ring is None else ring)
        except BriznaError as error:
            return [_refused(place, error)]
        if not strangers:
            return [judged(SIGNED, "pass", place), passed(BELIEVED, place)]
        names = {key.id: key.name for key in self._every.keys().values()}
        told = [f"{names[one]} ({one})" for one in dict.fromkeys(strangers) if one in names]
        seen = Said("it is signed with {keys}", keys=", ".join(told))
        expected = Said("a key that somebody here believes")
        return [judged(SIGNED, "pass", place), failed(BELIEVED, place, seen, expected)]


def _refused(place: Place, error: BriznaError) -> Verdict:
    expected = Said("a signature that is believed")
    return judged(SIGNED, "fail", place, Said("{error}", error=error), expected)


def _examine_signature(files: Files, judge: _Judge) -> list[Verdict]:
    """Judge the signature over the manifest: who made it, and that it is over this one."""
    must, place = judge.whom.must, Place(file=judge.name, field=BUNDLE_SIGNATURE)
    expected = Said("a signature of key {id}", id=must)
    if BUNDLE_SIGNATURE not in files:
        if must is None:
            return []
        return [judged(SIGNED, "fail", place, Said("it is not signed"), expected)]
    try:
        envelope: dict[str, Any] = dict(decode(files[BUNDLE_SIGNATURE]))
    except (BriznaError, TypeError, ValueError) as error:
        wrong = IntegrityError("It cannot be read: {error}.", error=error)
        return [_refused(place, wrong)]
    if must is not None and must not in _signers(envelope):
        seen = Said("it is signed with {keys}", keys=", ".join(_signers(envelope)) or "-")
        return [judged(SIGNED, "fail", place, seen, expected)]
    payload, verdicts = judge.open(envelope, place)
    if payload is None:
        return verdicts
    digest = digest_of_bytes(files.get(BUNDLE_MANIFEST, b""))
    named = _named(payload)
    if named == digest:
        return [*verdicts, judged(SUBJECT, "pass", place)]
    seen = Said("{file} has the digest {digest}", file=BUNDLE_MANIFEST, digest=digest)
    return [*verdicts, judged(SUBJECT, "fail", place, seen, Said("{digest}", digest=named))]


def _named(payload: bytes) -> str:
    try:
        statement = decode(payload)
        if statement["predicateType"] != PREDICATE:
            return str(statement["predicateType"])
        (subject,) = statement["subject"]
        return f"sha256:{subject['digest']['sha256']}"
    except (BriznaError, KeyError, TypeError, ValueError):
        return "?"


def _examine_statements(files: Files, judge: _Judge) -> list[Verdict]:
    """Judge the statements of what runs made, and that the runs are those."""
    found: list[Verdict] = []
    for path, envelope in sorted(_envelopes(files).items()):
        if not path.startswith(f"{STATEMENTS}/"):
            continue
        place = Place(file=judge.name, field=path)
        own = digest_of_bytes(files[path])
        if path != f"{STATEMENTS}/{own.removeprefix('sha256:')}.json":
            seen = Said("it has the digest {digest}", digest=own)
            found.append(failed(RECORD, place, seen, Said("the digest that is its name")))
        payload, verdicts = judge.open(envelope, place)
        found += verdicts
        if payload is not None:
            found.append(_linked(payload, files, place))
    return found


def _linked(payload: bytes, files: Files, place: Place) -> Verdict:
    """Judge whether the run and the footprint that a statement names are those of the bundle."""
    try:
        details = decode(payload)["predicate"]["runDetails"]
        home = f"runs/{details['metadata']['invocationId']}"
        named = {one["name"]: one["digest"]["sha256"] for one in details["byproducts"]}
    except (BriznaError, KeyError, TypeError) as error:
        seen = Said("it names no run: {error}", error=repr(error))
        return judged(LINKED, "fail", place, seen, Said("a run of the bundle"))
    for what, digest in named.items():
        path = f"{home}/run.json" if what == "run" else f"{home}/records/{digest}.json"
        if path not in files or digest_of_bytes(files[path]) != f"sha256:{digest}":
            seen = Said("the {what} in the bundle is another, or is not there", what=what)
            expected = Said("{digest:.19}, which was signed", digest=f"sha256:{digest}")
            return judged(LINKED, "fail", place, seen, expected)
    return judged(LINKED, "pass", place)


def _examine_approvals(files: Files, judge: _Judge) -> list[Verdict]:
    """Judge the list of what is approved as a whole: each event rests on the one before."""
    events = {path.partition("/")[2]: data for path, data in files.items() if _is_event(path)}
    if not events:
        return []
    signers = [_signers(one) for path, one in _envelopes(files).items() if _is_event(path)]
    place = Place(file=judge.name, field=APPROVED)
    return judge.judge(signers, place, lambda ring: history_of(events, ring))


def _is_event(path: str) -> bool:
    return path.startswith(f"{APPROVED}/")


def _examine_software(files: Files, name: str) -> list[Verdict]:
    """Judge that the lists of software are those that the runs name."""
    found: list[Verdict] = []
    for path in sorted(
        one for one in files if one.startswith("runs/") and one.endswith("run.json")
    ):
        try:
            named: dict[str, Any] = dict(decode(files[path])["environment"]["software"])
        except (BriznaError, KeyError, TypeError, ValueError):  # judged where the run itself is
            continue
        digest = str(named.get("record")).removeprefix("sha256:")
        data = files.get(f"{_SOFTWARE}/{digest}.json")
        if data is None:
            continue
        place = Place(file=name, field=f"{_SOFTWARE}/{digest}.json")
        try:
            installed = Software.from_json(decode(data)).installed
        except (BriznaError, TypeError, ValueError) as error:
            installed = str(error)
        if digest_of_bytes(data) == f"sha256:{digest}" and installed == named.get("installed"):
            found.append(passed(RECORD, place))
            continue
        seen = Said("it comes to {installed:.80}", installed=installed)
        expected = Said("{digest}, as the run says", digest=named.get("installed"))
        found.append(failed(RECORD, place, seen, expected))
    return found


def _signed_at(payload: bytes) -> str | None:
    """Return when something says that it was signed; None if it does not."""
    try:
        said = decode(payload)["predicate"]["brizna_signedOn"]
    except (BriznaError, KeyError, TypeError):
        return None
    return said if isinstance(said, str) else None
