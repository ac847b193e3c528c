"""A statement is found to be about the folder in which it lies."""

from __future__ import annotations

import pytest

pytest.importorskip("cryptography")

import brizna
from brizna.cli import main


@pytest.mark.parametrize("files", [("w.bin",), ("a.bin", "w.bin")])
@pytest.mark.parametrize("form", ["model-signing", "provenance"])
def test_a_statement_inside_its_model_is_verified(tmp_path, capsys, files, form):
    home = ["--store", str(tmp_path / "store"), "--keys", str(tmp_path / "ring"), "--lang", "en"]
    assert main(["keys", "new", "ana", "--kind", "p256", *home[2:]]) == 0
    with brizna.measure("training", store=str(tmp_path / "store")):
        pass
    model = tmp_path / "mod2"
    model.mkdir()
    for name in files:
        (model / name).write_text(name)
    signed = str(model / "model.sig")
    assert main(["env", "sign", str(model), "--as", form, "--out", signed, *home]) == 0
    capsys.readouterr()
    assert main(["verify", signed, *home]) == 0, capsys.readouterr().out
    (model / "w.bin").write_text("other")
    assert main(["verify", signed, *home]) == 1
