"""A person looks at an environment, has it approved, and signs what came out of it."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("cryptography")

from brizna.cli import main


@pytest.fixture
def env(tmp_path, capsys):
    """Return a function that carries out a command and returns its exit code and what it said."""
    home = ["--store", str(tmp_path / "store"), "--keys", str(tmp_path / "ring"), "--lang", "en"]

    def carry_out(*words, command="env"):
        asked = home if command != "keys" else home[2:]
        code = main([command, *words, *asked])
        said = capsys.readouterr()
        return code, said.out, said.err

    return carry_out


@pytest.fixture
def one(tmp_path):
    """Return an environment with one distribution."""
    site = tmp_path / "one" / "lib" / "python3.11" / "site-packages"
    info = site / "blade-1.2.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "one" / "pyvenv.cfg").write_text("version = 3.11.9\n")
    (info / "RECORD").write_text("blade-1.2.dist-info/RECORD,,\n")
    return str(tmp_path / "one")


def test_an_environment_is_shown_compared_and_billed(env, one):
    code, out, _ = env("show", one)
    assert code == 0
    assert "blade" in out
    assert "isolated: yes" in out
    shown = json.loads(env("show", one, "--json")[1])
    assert shown["software"]["distributions"][0]["name"] == "blade"
    assert env("diff", one, one) == (0, "Nothing differs.\n", "")
    code, out, _ = env("diff", one, sys.prefix)
    assert code == 1
    assert "removed" in out
    bill = json.loads(env("bom", one)[1])
    assert bill["components"][0]["purl"] == "pkg:pypi/blade@1.2"
    assert "software_Sbom" in env("bom", one, "--as", "spdx")[1]


def test_an_environment_is_checked_and_built_anew_by_its_lock(env, one, tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(f"blade==1.2 --hash=sha256:{'ab' * 32}\n")
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == 0
    assert "verified" in out
    lock.write_text(f"blade==1.3 --hash=sha256:{'ab' * 32}\n")
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == 1
    assert "BRZ-E002 error: What the lock names is installed, in its version" in out
    target = tmp_path / "Dockerfile"
    assert env("container", one, "--lock", str(lock), "--out", str(target))[0] == 0
    assert target.read_text().startswith("FROM python:3.11.9-slim\n")
    lock.write_text("blade==1.2\n")
    code, _, err = env("check", one, "--lock", str(lock))
    assert code == 1
    assert "without a hash" in err


def test_what_cannot_be_told_is_never_sound(env, one, tmp_path):
    assert env("check", one, "--approved")[0] == 4
    assert env("check", one, "--approved", "--strict")[0] == 1
    assert env("audit", one)[0] == 2
    (tmp_path / "osv").mkdir()
    record = {"id": "X", "modified": "2020-01-01T00:00:00Z"}
    record["affected"] = [{"package": {"ecosystem": "PyPI", "name": "blade"}, "versions": ["1.2"]}]
    (tmp_path / "osv" / "x.json").write_text(json.dumps(record))
    code, out, _ = env("audit", one, "--snapshot", str(tmp_path / "osv"))
    assert code == 1
    assert "blade 1.2: X" in out
    assert "days old" in out


def test_an_environment_is_approved_and_another_is_a_finding(env, one):
    assert env("new", "ana", command="keys")[0] == 0
    assert env("approved")[1].startswith("Nothing is approved yet")
    code, out, _ = env("propose", one, "--reason", "autumn")
    assert code == 0
    assert out.startswith("sha256:")
    assert env("approve", one, "--reason", "tried")[0] == 0
    assert env("check", one, "--approved")[0] == 0
    code, out, _ = env("check", "--approved")
    assert code == 1
    assert "which ana approved" in out
    assert "tried" in env("approved")[1]
    assert env("rollback", "--reason", "slower")[0] == 2
    assert [row["action"] for row in json.loads(env("approved", "--json")[1])] == [
        *("propose", "approve")
    ]


def test_a_model_is_signed_verified_and_traced(env, tmp_path):
    import brizna

    with brizna.measure(store=str(tmp_path / "store")):
        pass
    env("new", "ana", "--kind", "p256", command="keys")
    model = tmp_path / "model.bin"
    model.write_text("weights")
    signed = str(tmp_path / "model.intoto.json")
    data = f"corpus={'ab' * 32}"
    assert env("sign", str(model), "--data", data, "--out", signed)[0] == 0
    code, out, _ = env(signed, command="verify")
    assert code == 0
    assert "(statement): verified" in out
    code, out, _ = env("provenance", str(model))
    assert code == 0
    assert "signed by: ana" in out
    assert "model.bin" in env("affected", "cryptography")[1]
    bundle = str(tmp_path / "model.sig")
    assert env("sign", str(model), "--as", "model-signing", "--out", bundle)[0] == 0
    model.write_text("other")
    code, out, _ = env(bundle, signed, command="verify")
    assert code == 1
    assert out.count("BRZ-E041 error") == 2
    assert env("provenance", str(model))[0] == 4
    assert env("sign", str(model), "--data", "corpus=1")[0] == 2
    assert env("affected", "no-such-package")[1] == "No run was in reach of it.\n"


@pytest.mark.parametrize("words", [("sow",), ("show", "no-such-run"), ("lock", "no-such-folder")])
def test_wrong_words_are_told(env, words):
    code, _, err = env(*words)
    assert code == 2
    assert err.startswith("brizna: ")
