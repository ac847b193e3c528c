"""Keys and envelopes: what was changed, or not signed by who should have, is refused with why."""

from __future__ import annotations

import json
import os
import shutil
import stat

import pytest

pytest.importorskip("cryptography")

from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.store import KEY_KINDS, KeyRing, key_files, key_records, learn, seal, unseal
from brizna.store._envelopes import _signed
from brizna.store._signatures import new_pair

PUBLIC = new_pair("ed25519")[1]
"""The public half of somebody else's key."""
EARLY, NOW, LATE = (f"2026-11-{day}T00:00:00Z" for day in ("01", "15", "30"))


@pytest.fixture
def ring(tmp_path):
    """Return an empty key ring."""
    return KeyRing(os.fspath(tmp_path / "keys"))


def at(time):
    """Return a function that says when any content was signed."""
    return lambda _: time


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_what_is_sealed_opens_with_the_key_that_sealed_it(ring, kind):
    key = ring.new("me", at=EARLY, kind=kind)
    payload, by = unseal(seal(b"content", ring), ring, at=at(NOW))
    assert (payload, by) == (b"content", key)


def test_the_type_is_signed_in_the_way_the_specification_says():
    """The example of the protocol's own text."""
    kind = "http://example.com/HelloWorld"
    assert _signed(b"hello world", kind) == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_the_private_half_is_readable_by_its_owner_alone(ring):
    key = ring.new("me", at=EARLY)
    mode = os.stat(ring._path(key.id, ".pem")).st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize("name", ["", " ", "me ", "../me", "a\\b", "a\nb"])
def test_a_name_that_cannot_be_told_is_refused(ring, name):
    for add in (ring.new, lambda name, at: ring.trust(PUBLIC, name=name, at=at)):
        with pytest.raises(InputError, match="a name that can be seen"):
            add(name, at=EARLY)
    assert not ring.keys()


def test_two_keys_have_one_name_only_where_one_took_the_place_of_the_other(ring):
    old = ring.new("me", at=EARLY)
    for add in (ring.new, lambda name, at: ring.trust(PUBLIC, name=name, at=at)):
        with pytest.raises(InputError, match="There is a key called me already"):
            add("me", at=NOW)
    ring.end("me", at=NOW, reason="retired")
    new = ring.new("me", at=NOW)
    assert ring.new("me", at=LATE, succeeds=new.id).name == old.name


def test_a_folder_that_cannot_hold_keys_is_told_with_its_own_option(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="--keys"):
        KeyRing(os.fspath(tmp_path / "file")).new("me", at=EARLY)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "b3RoZXI="},
        {"payloadType": "application/other"},
        {"signatures": []},
        {"signatures": [{"keyid": "sha256:00", "sig": "AAAA"}]},
        {"payload": "not base64"},
        {"signatures": 3},
    ],
)
def test_an_envelope_that_was_changed_does_not_open(ring, change):
    ring.new("me", at=EARLY)
    with pytest.raises(IntegrityError):
        unseal({**seal(b"content", ring), **change}, ring, at=at(NOW))


def test_one_believed_signature_of_several_is_enough(ring):
    ring.new("me", at=EARLY)
    envelope = seal(b"content", ring)
    envelope["signatures"].insert(0, {"keyid": "sha256:00", "sig": "AAAA"})
    assert unseal(envelope, ring, at=at(NOW))[0] == b"content"


def test_a_stranger_is_believed_once_taken_in(ring, tmp_path):
    other = KeyRing(os.fspath(tmp_path / "other"))
    key = other.new("them", at=EARLY)
    envelope = seal(b"content", other)
    ring.new("me", at=EARLY)
    with pytest.raises(IntegrityError, match="not in the key ring"):
        unseal(envelope, ring, at=at(NOW))
    ring.trust(key.public_pem, name="them", at=NOW)
    assert unseal(envelope, ring, at=at(NOW))[1].name == "them"
    with pytest.raises(InputError, match="private half"):
        ring.sign(b"", key="them")


def test_a_retired_key_is_believed_for_what_it_signed_before(ring):
    ring.new("me", at=EARLY)
    envelope = seal(b"content", ring)
    ring.end("me", at=NOW, reason="retired")
    assert unseal(envelope, ring, at=at(EARLY))
    assert unseal(envelope, ring, at=at("2026-11-15T00:30:00+01:00"))
    for later in (LATE, None, "before", "2026-11-01", "2026-11-15T00:00:00.5Z"):
        with pytest.raises(IntegrityError, match="over since"):
            unseal(envelope, ring, at=at(later))
    with pytest.raises(InputError, match="is over since"):
        ring.sign(b"more", key="me")
    with pytest.raises(InputError, match="no key to sign with"):
        seal(b"more", ring)


def test_a_compromised_key_is_believed_for_nothing(ring):
    ring.new("me", at=EARLY)
    envelope = seal(b"content", ring)
    ring.end("me", at=NOW, reason="compromised")
    with pytest.raises(IntegrityError, match="compromised"):
        unseal(envelope, ring, at=at(EARLY))


def test_a_new_key_is_endorsed_by_the_one_it_replaces(ring):
    old = ring.new("me", at=EARLY)
    new = ring.new("me", at=NOW, kind="p256", succeeds="me")
    assert new.succeeds == old.id
    ring.end(old.id, at=NOW, reason="retired")
    assert ring.find("me") == new
    assert seal(b"content", ring)["signatures"][0]["keyid"] == new.id


def test_keys_of_one_second_stand_in_the_order_in_which_they_replace_each_other(ring):
    made = [ring.new("0", at=EARLY)]
    for number in range(1, 6):
        made.append(ring.new(str(number), at=EARLY, succeeds=made[-1].id))
    assert list(ring.keys().values()) == made
    assert ring.latest() == made[-1]


def test_a_name_that_several_keys_have_ends_none(ring):
    ring.new("me", at=EARLY)
    new = ring.new("me", at=NOW, succeeds="me")
    with pytest.raises(InputError, match="by its id"):
        ring.end("me", at=NOW, reason="retired")
    assert ring.end(new.id, at=NOW, reason="retired").key == new.id


def test_another_key_of_the_ring_can_say_that_a_lost_one_is_over(ring):
    lost = ring.new("lost", at=EARLY)
    ring.new("spare", at=EARLY)
    os.unlink(ring._path(lost.id, ".pem"))
    with pytest.raises(InputError):
        ring.end("lost", at=NOW, reason="compromised")
    assert ring.end("lost", at=NOW, reason="compromised", by="spare").key == lost.id
    with pytest.raises(InputError, match="over already"):
        ring.end("lost", at=LATE, reason="retired", by="spare")


def test_a_retired_key_turns_out_to_be_compromised(ring):
    old = ring.new("me", at=EARLY)
    envelope = seal(b"content", ring)
    ring.end("me", at=NOW, reason="retired")
    with pytest.raises(InputError, match="no key to sign with"):  # it cannot say so itself
        ring.end("me", at=LATE, reason="compromised")
    with pytest.raises(InputError, match="over since"):
        ring.end("me", at=LATE, reason="compromised", by="me")
    assert unseal(envelope, ring, at=at(EARLY))
    other = ring.new("other", at=NOW)
    assert ring.end("me", at=LATE, reason="compromised").by == other.id
    assert (ring.ends()[old.id].reason, ring.ends()[old.id].at) == ("compromised", LATE)
    with pytest.raises(IntegrityError, match="compromised"):
        unseal(envelope, ring, at=at(EARLY))
    for reason in ("retired", "compromised"):
        with pytest.raises(InputError, match="over already"):
            ring.end("me", at=LATE, reason=reason, by="other")


def test_the_worse_end_of_a_key_is_said_by_its_line_and_cannot_be_changed(ring):
    old = ring.new("old", at=EARLY)
    new = ring.new("new", at=NOW, succeeds="old")
    ring.new("other", at=LATE)
    ring.end("old", at=NOW, reason="retired")
    assert ring.end("old", at=LATE, reason="compromised").by == new.id
    _edit(ring._path(old.id, ".worse.end.json"), reason="retired")
    with pytest.raises(IntegrityError, match="not signed by"):
        ring.ends()


def test_of_several_retired_keys_of_one_name_the_compromised_one_is_named_by_its_id(ring):
    made = [ring.new("me", at=EARLY)]
    ring.end("me", at=NOW, reason="retired")
    made.append(ring.new("me", at=NOW))
    ring.end(made[1].id, at=NOW, reason="retired")
    ring.new("other", at=NOW)
    with pytest.raises(InputError, match="by its id"):
        ring.end("me", at=LATE, reason="compromised")
    assert ring.end(made[0].id, at=LATE, reason="compromised").key == made[0].id
    assert ring.end("me", at=LATE, reason="compromised").key == made[1].id


def _edit(path, **changes):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**data, **changes}, file)


@pytest.mark.parametrize(
    ("suffix", "changes"),
    [
        (".json", {"id": "sha256:00"}),
        (".json", {"public_pem": "none"}),
        (".json", {"succeeds": None}),
        (".json", {"endorsement": "00"}),
        (".json", {"endorsement": "no hex"}),
        (".json", {"name": "somebody else"}),
        (".json", {"schema": "other"}),
        (".end.json", {"at": LATE}),
        (".end.json", {"reason": "retired"}),
        (".end.json", {"signature": None}),
        (".end.json", {"key": "sha256:00"}),
    ],
)
def test_a_record_of_a_key_that_was_changed_is_found_out(ring, suffix, changes):
    ring.new("old", at=EARLY)
    key = ring.new("new", at=NOW, succeeds="old")
    ring.end("new", at=NOW, reason="compromised")
    _edit(ring._path(key.id, suffix), **changes)
    if changes == {"succeeds": None}:  # a key that replaces none needs no endorsement
        assert ring.keys()
        return
    with pytest.raises(IntegrityError):
        ring.ends()


def test_anothers_private_half_signs_nothing(ring):
    mine, other = ring.new("me", at=EARLY), ring.new("other", at=EARLY)
    os.replace(ring._path(other.id, ".pem"), ring._path(mine.id, ".pem"))
    with pytest.raises(IntegrityError, match="not the private half"):
        ring.sign(b"", key="me")
    with open(ring._path(mine.id, ".pem"), "w", encoding="utf-8") as file:
        file.write("nothing")
    with pytest.raises(IntegrityError):
        ring.sign(b"", key="me")


@pytest.mark.parametrize("reference", ["", "nobody", "sha256:zz"])
def test_who_means_no_key_is_told_which_there_are(ring, reference):
    ring.new("me", at=EARLY)
    with pytest.raises(InputError, match=r"Known: me"):
        ring.find(reference)


@pytest.mark.parametrize("wrong", [{"kind": "rsa"}, {"succeeds": "nobody"}])
def test_a_key_that_cannot_be_is_refused(ring, wrong):
    with pytest.raises(InputError):
        ring.new("me", at=EARLY, **wrong)


def test_what_is_no_public_key_is_not_taken_in(ring):
    with pytest.raises(InputError, match="BEGIN PUBLIC KEY"):
        ring.trust("hello", name="x", at=NOW)
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = generate_private_key(SECP384R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(InputError, match="another kind"):
        ring.trust(pem, name="x", at=NOW)


# ------------------------------------------------------------------- what owners say of their keys


@pytest.fixture
def theirs(tmp_path):
    """Return the ring of somebody else, whose first key is believed."""
    return KeyRing(os.fspath(tmp_path / "theirs"))


def handed_on(ring, key):
    """Return the records of a key as text, as its owner hands them on."""
    return key_files(json.dumps(key_records(ring, key.id)))


def test_a_replaced_key_is_learnt_with_the_end_of_the_old_one(ring, theirs):
    old = theirs.new("ana", at=EARLY)
    ring.trust(old.public_pem, name="ana", at=EARLY)
    new = theirs.new("ana", at=NOW, succeeds=old.id)
    theirs.end(old.id, at=NOW, reason="retired")
    learnt = learn(ring, handed_on(theirs, new))
    assert (learnt.keys, [end.key for end in learnt.ends]) == ((new,), [old.id])
    assert learnt.strangers == ()
    assert unseal(seal(b"content", theirs), ring, at=at(LATE))[1].id == new.id
    again = learn(ring, handed_on(theirs, new))
    assert (again.keys, again.ends, again.strangers) == ((), (), ())


def test_that_a_retired_key_is_compromised_is_learnt_and_never_unlearnt(ring, theirs):
    old = theirs.new("ana", at=EARLY)
    ring.trust(old.public_pem, name="ana", at=EARLY)
    new = theirs.new("ana", at=NOW, succeeds=old.id)
    theirs.end(old.id, at=NOW, reason="retired")
    retired = handed_on(theirs, new)
    learn(ring, retired)
    theirs.end(old.id, at=LATE, reason="compromised")
    worse = handed_on(theirs, new)
    assert [end.reason for end in learn(ring, worse).ends] == ["compromised"]
    assert ring.ends()[old.id].by == new.id
    for told in (worse, retired):
        assert learn(ring, told).ends == ()
    assert ring.ends()[old.id].reason == "compromised"


def test_a_retired_key_cannot_say_of_itself_that_it_is_compromised(ring, theirs):
    old = theirs.new("ana", at=EARLY)
    ring.trust(old.public_pem, name="ana", at=EARLY)
    thief = KeyRing(f"{theirs.folder}-copied")
    shutil.copytree(theirs.folder, thief.folder)
    theirs.end(old.id, at=NOW, reason="retired")
    learn(ring, handed_on(theirs, old))
    thief.end(old.id, at=LATE, reason="compromised")
    assert learn(ring, handed_on(thief, old)).ends == ()
    assert ring.ends()[old.id].reason == "retired"


def test_a_key_that_nobody_who_is_believed_endorsed_is_left_out(ring, theirs):
    stranger = theirs.new("ana", at=EARLY)
    learnt = learn(ring, handed_on(theirs, stranger))
    assert (learnt.keys, learnt.strangers) == ((), (stranger,))
    assert ring.keys() == {}


def test_a_thief_cannot_pass_on_what_is_known_to_be_over(ring, theirs):
    """Whoever found the private half of an ended key endorses a key of their own."""
    old = theirs.new("ana", at=EARLY)
    ring.trust(old.public_pem, name="ana", at=EARLY)
    thief = KeyRing(f"{theirs.folder}-copied")
    shutil.copytree(theirs.folder, thief.folder)
    theirs.end(old.id, at=NOW, reason="retired")
    assert [end.key for end in learn(ring, handed_on(theirs, old)).ends] == [old.id]
    evil = thief.new("ana", at=EARLY, succeeds=old.id)
    assert learn(ring, handed_on(thief, evil)).strangers == (evil,)
    assert set(ring.keys()) == {old.id}


def test_nobody_ends_the_key_of_another(ring, theirs, tmp_path):
    ana, bea = theirs.new("ana", at=EARLY), KeyRing(os.fspath(tmp_path / "bea"))
    ring.trust(ana.public_pem, name="ana", at=EARLY)
    key = bea.new("bea", at=EARLY)
    ring.trust(key.public_pem, name="bea", at=EARLY)
    bea.trust(ana.public_pem, name="ana", at=EARLY)
    bea.end(ana.id, at=NOW, reason="compromised", by="bea")
    assert learn(ring, handed_on(bea, ana)).ends == ()
    assert ring.ends() == {}


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"schema": "brizna.keys/1"}', '{"schema": "brizna.keys/1", "records": []}'],
)
def test_what_is_no_record_of_a_key_is_refused(text):
    with pytest.raises(IntegrityError, match="brizna keys show KEY --records"):
        key_files(text)


def test_a_record_that_was_changed_on_its_way_is_refused(ring, theirs):
    old = theirs.new("ana", at=EARLY)
    ring.trust(old.public_pem, name="ana", at=EARLY)
    new = theirs.new("ana", at=NOW, succeeds=old.id)
    told = key_records(theirs, new.id)
    for record in told["records"]:
        record["name"] = "eve"
    with pytest.raises(IntegrityError, match="did not sign that"):
        learn(ring, key_files(json.dumps(told)))
    assert set(ring.keys()) == {old.id}
