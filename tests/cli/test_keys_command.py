"""A person makes a key, hands it on, replaces it and says that it is over."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("cryptography")

from brizna.cli import main


@pytest.fixture
def keys(tmp_path, capsys):
    """Return a function that carries out an action and returns its exit code and what it said."""

    def carry_out(*words):
        code = main(["keys", *words, "--keys", str(tmp_path / "ring"), "--lang", "en"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return carry_out


def test_a_key_goes_from_its_making_to_its_end(keys, tmp_path):
    assert keys("list")[1].startswith("No keys yet")
    assert keys("new", "ana")[1].startswith("ana sha256:")
    code, pem, _ = keys("show", "ana")
    (tmp_path / "ana.pem").write_text(pem)
    assert code == 0
    assert keys("trust", str(tmp_path / "ana.pem"), "--name", "ana")[0] == 0
    assert keys("new", "ana-2027", "--kind", "p256", "--replaces", "ana")[0] == 0
    assert keys("end", "ana")[2] == "ana is over.\n"
    rows = json.loads(keys("list", "--json")[1])
    assert [(row["name"], row["kind"], row["is_ours"]) for row in rows] == [
        ("ana", "ed25519", True),
        ("ana-2027", "p256", True),
    ]
    assert rows[0]["over"]["reason"] == "retired"
    assert rows[1]["succeeds"] == rows[0]["id"]
    assert "retired 20" in keys("list")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("knew", "ana"),
        ("show", "nobody"),
        ("trust", "no-such-file", "--name", "x"),
        ("new", "ana", "--kind", "rsa"),
        ("end", "nobody"),
    ],
)
def test_what_cannot_be_done_is_refused(keys, words):
    code, _, said = keys(*words)
    assert code == 2
    assert said


def test_a_key_of_another_that_is_no_key_is_refused_in_spanish(tmp_path, capsys):
    (tmp_path / "x.pem").write_text("nothing")
    words = ["trust", str(tmp_path / "x.pem"), "--name", "x", "--keys", str(tmp_path)]
    assert main(["keys", *words, "--lang", "es"]) == 2
    assert "no es una clave pública" in capsys.readouterr().err


def test_somebody_else_learns_what_became_of_a_key(keys, tmp_path, capsys):
    def others(*words):
        code = main(["keys", *words, "--keys", str(tmp_path / "others"), "--lang", "en"])
        said = capsys.readouterr()
        return code, said.out, said.err

    keys("new", "ana")
    (tmp_path / "ana.pem").write_text(keys("show", "ana")[1])
    assert others("trust", str(tmp_path / "ana.pem"))[0] == 2
    assert others("trust", str(tmp_path / "ana.pem"), "--name", "ana")[0] == 0
    keys("new", "ana-2027", "--replaces", "ana")
    keys("end", "ana")
    records = tmp_path / "ana.json"
    records.write_text(keys("show", "ana-2027", "--records")[1])
    code, said, over = others("trust", str(records))
    assert (code, said.split()[0], "is over" in over) == (0, "ana-2027", True)
    assert others("trust", str(records), "--json")[0] == 0
    (tmp_path / "others").rename(tmp_path / "elsewhere")
    code, said, left = others("trust", str(records))
    assert (code, said) == (1, "")
    assert "no key that is believed endorsed it" in left
