"""A person looks at an environment, has it approved, and signs what came out of it."""

from __future__ import annotations

import json
import os
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


def environment(folder, version):
    """Make an environment with one distribution and return its path."""
    site = folder / "lib" / "python3.11" / "site-packages"
    info = site / f"blade-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("version = 3.11.9\n")
    (info / "RECORD").write_text(f"blade-{version}.dist-info/RECORD,,\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: blade\nVersion: {version}\n")
    return str(folder)


@pytest.fixture
def one(tmp_path):
    """Return an environment with one distribution."""
    return environment(tmp_path / "one", "1.2")


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
    assert "right as far as compared (names, versions, files against RECORD)" in out
    assert "verified" not in out
    assert env("check", one, "--lock", str(lock), "--strict")[0] == 1
    assert "verified" in env("check", one)[1]
    lock.write_text(f"blade==1.3 --hash=sha256:{'ab' * 32}\n")
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == 1
    assert "BRZ-E002 error: What the lock names is installed, in its version" in out
    target = tmp_path / "Dockerfile"
    code, _, err = env("container", one, "--lock", str(lock), "--out", str(target))
    assert code == 0
    assert "docker buildx imagetools inspect python:3.11.9-slim" in err
    pinned = f"python:3.11.9-slim@sha256:{'ab' * 32}"
    _, out, err = env("container", one, "--lock", str(lock), "--image", pinned)
    assert out.startswith(f"FROM {pinned}\n")
    assert "imagetools" not in err
    assert target.read_text().startswith("FROM python:3.11.9-slim\n")
    pylock = tmp_path / "pylock.toml"
    pylock.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "blade"\nversion = "1.2"\n'
        f'wheels = [{{ url = "https://x.example/b.whl", hashes = {{ sha256 = "{"ab" * 32}" }} }}]\n'
    )
    assert env("check", one, "--lock", str(pylock))[0] == 0
    code, _, err = env("container", one, "--lock", str(pylock))
    assert code == 2
    assert "env lock --from" in err
    assert "blade==1.2" in env("lock", "--from", str(pylock))[1]
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
    assert env("audit", one, "--snapshot", str(tmp_path / "osv"), "--online")[0] == 2


def test_findings_are_written_for_other_programs(env, one, tmp_path):
    lock, sarif, junit = tmp_path / "lock.txt", tmp_path / "env.sarif", tmp_path / "env.xml"
    lock.write_text(f"blade==1.3 --hash=sha256:{'ab' * 32}\n")
    files = ("--sarif", str(sarif), "--junit", str(junit))
    assert env("check", one, "--lock", str(lock), *files)[0] == 1
    (run,) = json.loads(sarif.read_text())["runs"]
    assert [each["ruleId"] for each in run["results"]] == ["BRZ-E002"]
    assert 'failures="1"' in junit.read_text()
    (tmp_path / "osv").mkdir()
    record = {"id": "X", "modified": "2020-01-01T00:00:00Z"}
    record["affected"] = [{"package": {"ecosystem": "PyPI", "name": "blade"}, "versions": ["1.2"]}]
    (tmp_path / "osv" / "x.json").write_text(json.dumps(record))
    assert env("audit", one, "--snapshot", str(tmp_path / "osv"), *files)[0] == 1
    (run,) = json.loads(sarif.read_text())["runs"]
    assert {each["ruleId"] for each in run["results"]} == {"BRZ-E020", "BRZ-E021"}


def test_the_policy_of_a_project_is_kept(env, one, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "brizna.toml"
    file.write_text('[env]\nindex = "https://packages.example/simple/"\n')
    monkeypatch.setenv("PIP_INDEX_URL", "https://ana:hush@elsewhere.example/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    pytest.importorskip("pip")
    code, out, _ = env("check", one)
    assert code == 1
    assert "https://elsewhere.example/simple" in out
    assert "hush" not in out
    code, _, err = env("lock", one, "--index", "https://ana:hush@elsewhere.example/simple")
    assert code == 2
    assert "does not name" in err
    assert "hush" not in err
    monkeypatch.setenv("PIP_INDEX_URL", "https://ana:hush@Packages.example/simple")
    assert env("check", one)[0] == 0
    lock = tmp_path / "lock.txt"
    lock.write_text(f"--index-url https://other.example/x\nblade==1.2 --hash=sha256:{'ab' * 32}\n")
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == 1
    assert "https://other.example/x" in out
    told = env("container", one, "--lock", str(lock))[1]
    assert "--index-url https://packages.example/simple -r" in told
    assert "id=netrc" in told
    file.write_text(
        file.read_text()
        + '[[env.suppress]]\nid = "BRZ-E004"\nreason = "moving"\nuntil = "2099-01-01"\n'
    )
    assert env("check", one, "--lock", str(lock))[0] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[env]\nidnex = "x"\n', "index"),
        ('[env]\nindex = "packages"\n', "expected one such as"),
        ('[env]\nindex = "https://ana:hush@packages.example/simple"\n', "~/.netrc"),
        ("[env]\nindex = 3\n", "expected a list"),
        ("[env]\nprivate = [3]\n", "expected texts"),
        ('[[env.suppress]]\nid = "X"\n', "reason"),
        ('[[env.suppress]]\nid = "BRZ-E999"\nreason = "r"\nuntil = "2099-01-01"\n', "no rule"),
        ('[[env.suppress]]\nid = "X"\nreason = ""\nuntil = "2099-01-01"\n', "no reason"),
    ],
)
def test_a_policy_that_cannot_be_understood_is_refused(env, one, tmp_path, monkeypatch, text, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brizna.toml").write_text(text)
    code, _, err = env("check", one)
    assert code == 2
    assert told in err
    assert "hush" not in err


def test_a_lock_is_made_of_another(env, one, tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(f"blade==1.2 ; sys_platform == 'linux' --hash=sha256:{'ab' * 32}\n")
    out = env("lock", "--from", str(lock))[1]
    assert "blade==1.2 ; sys_platform == 'linux'" in out
    assert env("lock", one, "--from", str(lock))[0] == 2
    lock.write_text("blade==1.2\n")
    assert env("lock", "--from", str(lock), "--as", "pylock")[0] == 1


def test_a_hash_of_a_lock_is_held_to_what_the_installer_noted(env, one, tmp_path):
    lock, site = tmp_path / "lock.txt", tmp_path / "one/lib/python3.11/site-packages"
    note = site / "blade-1.2.dist-info/direct_url.json"
    archive = {"archive_info": {"hashes": {"sha256": "ab" * 32}}, "url": "file:///b.whl"}
    note.write_text(json.dumps(archive))
    lock.write_text(f"blade==1.2 --hash=sha256:{'ab' * 32}\n")
    out = env("check", one, "--lock", str(lock))[1]
    assert "BRZ-E005" not in out
    lock.write_text(f"blade==1.2 --hash=sha256:{'ab' * 31}ac\n")
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == 1
    assert "BRZ-E005 error" in out
    note.rename(note.with_name("provenance_url.json"))
    assert env("check", one, "--lock", str(lock))[0] == 1


@pytest.mark.parametrize("decided", ["propose", "approve"])
def test_a_file_changed_with_its_line_of_record_is_told_by_what_the_store_keeps(
    env, one, tmp_path, decided
):
    lock, record = tmp_path / "lock.txt", "one/lib/python3.11/site-packages/blade-1.2.dist-info"
    lock.write_text(f"blade==1.2 --hash=sha256:{'ab' * 32}\n")
    env("new", "ana", command="keys")
    for action in ["propose", "approve"][: 1 + (decided == "approve")]:
        assert env(action, one, "--reason", "autumn")[0] == 0
    assert "BRZ-E006" not in env("check", one, "--lock", str(lock))[1]
    with open(tmp_path / record / "RECORD", "a", encoding="utf-8") as file:
        file.write("blade.pyc,,\nblade.txt,,\n")
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == 1
    assert "BRZ-E006 error" in out
    assert ("which ana approved" in out) == (decided == "approve")
    assert env("propose", one, "--reason", "changed")[0] == 0
    code, out, _ = env("check", one, "--lock", str(lock))
    assert code == (1 if decided == "approve" else 0)
    assert ("several of this version" in out) == (decided == "propose")


def test_an_environment_is_approved_and_another_is_a_finding(env, one, tmp_path):
    assert env("new", "ana", command="keys")[0] == 0
    assert env("approved")[1].startswith("Nothing is approved yet")
    code, out, _ = env("propose", one, "--reason", "autumn")
    assert code == 0
    assert out.startswith("sha256:")
    assert env("approve", one, "--reason", "tried")[0] == 0
    assert env("check", one, "--approved")[0] == 0
    code, out, _ = env("check", environment(tmp_path / "two", "1.3"), "--approved")
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
