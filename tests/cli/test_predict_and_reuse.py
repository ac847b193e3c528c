"""Predictions and reuse as a person asks for them."""

from __future__ import annotations

import json
import re

import pytest

WAYS = {
    "queries": 1e7,
    "tokens_in": 300,
    "tokens_out": 20,
    "large": {"model": "llama-3.3-70b"},
    "small": {"model": "Qwen3-4B"},
    "peft": {"tokens_b": 0.01},
}


def test_a_training_is_told_with_its_hours_and_what_was_assumed(brizna):
    words = ("predict", "training", "--params-b", "8", "--tokens-b", "100", "--gpus", "64")
    told = brizna(*words, "--zone", "ES").stdout
    assert "4.8e+21" in told
    assert "time from start to end" in told
    exact = brizna(*words[:-1], "2048").stdout
    assert "accelerators: 2,048" in exact
    assert "published trainings" in told
    assert "carbon" in told
    spanish = brizna(*words, "--lang", "es").stdout
    assert "entrenamientos publicados" in spanish
    assert "4,8e+21" in spanish
    assert re.search(r"all accelerators together +4,1\d0 h ", told), "hours, as they are billed"


def test_options_go_over_the_facts_of_a_file(shown, tmp_path):
    case = {"model": "Qwen3-32B", "gpu": "H100", "gpus": 2, "batch": 4, "tokens_out": 300}
    (tmp_path / "case.json").write_text(json.dumps(case))
    alone = shown("predict", "inference", "case.json")
    many = shown("predict", "inference", "case.json", "--batch", "64")
    assert many["given"]["batch"] == 64
    assert many["energy_j"]["best"] < alone["energy_j"]["best"] / 3
    assert shown("predict", "inference", "-", given=json.dumps(case)) == alone


def test_a_model_of_unknown_size_is_wrong_use_and_says_what_to_give(brizna):
    words = ("predict", "api", "--model", "gpt-5", "--tokens-out", "100")
    done = brizna(*words)
    assert done.returncode == 2
    assert "params_b" in done.stderr
    assert brizna(*words, "--params-b", "300").returncode == 0
    assert "no está en las tablas" in brizna(*words, "--lang", "es").stderr


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_life_tells_each_year(brizna, tmp_path, lang):
    life = {
        "training": {"params_b": 1, "tokens_b": 100},
        "inference": {"model": "llama-3.2-1b-instruct", "tokens_out": 100},
        "years": 2,
        "queries_per_day": 1e5,
    }
    (tmp_path / "life.json").write_text(json.dumps(life))
    done = brizna("predict", "lifecycle", "life.json", "--lang", lang)
    assert done.returncode == 0, done.stderr
    assert {"en": "until use has taken", "es": "hasta que el uso"}[lang] in done.stdout


def test_reuse_compares_the_ways_and_looks_for_what_there_is(brizna, shown, tmp_path):
    (tmp_path / "ways.json").write_text(json.dumps(WAYS))
    (tmp_path / "models").mkdir()
    (tmp_path / "models/mood.gguf").write_bytes(b"")
    told = brizna("reuse", "ways.json", "--find", "mood", "--checkpoints", "models").stdout
    assert "mood.gguf" in told
    assert "few parameters (PEFT) pays over reuse after" in told
    spanish = brizna("reuse", "ways.json", "--lang", "es").stdout
    assert "pocos parámetros (PEFT)" in spanish
    assert "reutilizar" in spanish
    assert "peft" not in spanish
    found = shown("reuse", "ways.json")
    assert found["chosen"]["order"] == ["peft", "reuse"]
    nothing = brizna("reuse", "--find", "nothing-like-it", "--lang", "es")
    assert nothing.stdout.splitlines() == [
        "no se encontró nada parecido: ni ejecución ni punto de control"
    ]
    assert not nothing.stderr
    assert brizna("reuse").returncode == 2
    assert brizna("reuse", "--find", "x", "--checkpoints", "nowhere").returncode == 3
