"""Secrets are cut out of what is stored; everything else stays as it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.environment import redact


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (["x", "--api-key", "abc"], ["x", "--api-key", "[redacted]"]),
        (["x", "--password=hunter2"], ["x", "--password=[redacted]"]),
        (["x", "--hf-token", "--verbose"], ["x", "--hf-token", "--verbose"]),
        (["env", "WANDB_API_KEY=abc", "x"], ["env", "WANDB_API_KEY=[redacted]", "x"]),
        (["sh", "-c", "TOKEN=abc; run"], ["sh", "-c", "TOKEN=[redacted]; run"]),
        (["psql", "postgres://me:pw@db/x"], ["psql", "postgres://me:[redacted]@db/x"]),
        (
            ["curl", "-H", "Authorization: Bearer abcdefgh12"],
            ["curl", "-H", "Authorization: Bearer [redacted]"],
        ),
        (["x", "hf_abcdefghijklmnopqrstuv"], ["x", "[redacted]"]),
        (
            ["x", "https://h/?a=1&access_token=abc&b=2"],
            ["x", "https://h/?a=1&access_token=[redacted]&b=2"],
        ),
        (
            ["x", "--tokenizer", "bert", "--author=Ada"],
            ["x", "--tokenizer", "bert", "--author=Ada"],
        ),
        (["x", "--password=a,b c;d'e"], ["x", "--password=[redacted]"]),
        (["sh", "-c", "TOKEN='a b,c' run"], ["sh", "-c", "TOKEN='[redacted]' run"]),
        (["x", '{"token": "a,b", "n": 1}'], ["x", '{"token": "[redacted]", "n": 1}']),
        (["x", "max_tokens=100"], ["x", "max_tokens=100"]),
        (
            ["x", "--wandb_key", "S", "--db-pass", "S"],
            ["x", "--wandb_key", "[redacted]", "--db-pass", "[redacted]"],
        ),
        (
            ["curl", "-u", "admin:S", "-H", "Cookie: a=S; b=S"],
            ["curl", "-u", "admin:[redacted]", "-H", "Cookie: [redacted]"],
        ),
        (
            ["x", "-----BEGIN RSA PRIVATE KEY-----\nS\n"],
            ["x", "-----BEGIN RSA PRIVATE KEY-----[redacted]"],
        ),
        (["python", "train.py", "--lr", "0.1"], ["python", "train.py", "--lr", "0.1"]),
    ],
)
def test_what_says_that_it_is_secret_is_cut(command: list[str], kept: list[str]) -> None:
    assert redact(command) == tuple(kept)


@given(st.lists(st.text(alphabet="abc/.-= ", max_size=12)))
def test_plain_words_stay_and_a_second_pass_changes_nothing(command: list[str]) -> None:
    assert redact(command) == tuple(command)


@given(st.text(alphabet="abcdef0123456789", min_size=12, max_size=30))
def test_the_secret_is_nowhere_in_what_is_kept(secret: str) -> None:
    kept = " ".join(redact(["x", "--token", secret, f"--my-secret={secret}", f"s3://u:{secret}@h"]))
    assert secret not in kept


def test_a_long_command_line_is_kept_to_the_length_of_a_record() -> None:
    kept = redact(["x", *(str(number) for number in range(100_000))])
    assert sum(map(len, kept)) < 3000
    assert kept[-1].endswith("more]")
    assert redact(["x", "y" * 10_000])[1].endswith("[...]")
