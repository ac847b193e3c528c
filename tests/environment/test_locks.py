"""Locks name files by their hashes; a lock without hashes is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError, IntegrityError
from brizna.core.software import Locked, release_of
from brizna.environment import entries_of_report, read_lock, rebuild_file, write_lock

HASH = "sha256:" + "ab" * 32
REPORT = {
    "version": "1",
    "install": [
        {
            "metadata": {"name": "Grass.Blade", "version": "1.2"},
            "download_info": {
                "url": "https://ana:hush@index.example/files/grass_blade-1.2-py3-none-any.whl",
                "archive_info": {"hashes": {"sha256": "ab" * 32}},
            },
        }
    ],
}
names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True)
entries = st.lists(
    st.builds(
        Locked,
        name=names,
        version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True),
        hashes=st.lists(
            st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True), min_size=1, max_size=3
        ).map(lambda found: tuple(sorted(set(found)))),
    ),
    min_size=1,
    unique_by=lambda entry: entry.name,
)


@given(entries)
def test_a_lock_reads_back_as_it_was_written(found: list[Locked]) -> None:
    text = write_lock(found, form="requirements")
    lock = read_lock(text.encode(), "lock.txt")
    assert lock.entries == tuple(sorted(found, key=lambda entry: entry.name))
    assert "://" not in text


def test_a_pylock_names_addresses_without_the_login_and_the_other_form_names_none() -> None:
    found = entries_of_report(REPORT)
    text = write_lock(found, form="pylock", python="3.11.9")
    lock = read_lock(text.encode(), "pylock.toml")
    assert "hush" not in text
    assert lock.entries[0].url == "https://index.example/files/grass_blade-1.2-py3-none-any.whl"
    assert lock.entries[0].hashes == (HASH,)
    assert lock.entries[0].name == "grass-blade"
    assert "://" not in write_lock(found, form="requirements")


@pytest.mark.parametrize(
    "text",
    [
        "grass-blade==1.2\n",
        "# nothing\n",
        f"grass-blade==1.2 --hash={HASH}\nother==2\n",
    ],
)
def test_a_lock_that_lacks_a_hash_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError, match="without a hash"):
        read_lock(text.encode(), "requirements.txt")


@pytest.mark.parametrize(
    "text", [f"grass>=1 --hash={HASH}\n", f"grass @ https://x.example/g.whl --hash={HASH}\n"]
)
def test_a_range_and_an_address_are_no_pins(text: str) -> None:
    with pytest.raises(InputError, match="NAME==VERSION"):
        read_lock(text.encode(), "requirements.txt")


def test_pip_compiled_locks_are_read() -> None:
    text = (
        f"--index-url https://index.example/simple\n"
        f"grass-blade==1.2 ; python_version < '3.12' \\\n    --hash={HASH} \\\n"
        f"    --hash=sha256:{'cd' * 32}\n    # via meadow\n"
    )
    (entry,) = read_lock(text.encode(), "requirements.txt").entries
    assert entry.marker == "python_version < '3.12'"
    assert len(entry.hashes) == 2


def test_what_an_index_states_without_a_hash_is_not_locked() -> None:
    report = json.loads(json.dumps(REPORT))
    report["install"][0]["download_info"].pop("archive_info")
    with pytest.raises(IntegrityError, match="no hash"):
        write_lock(entries_of_report(report), form="requirements")


def test_what_builds_it_anew_checks_hashes() -> None:
    docker = rebuild_file("dockerfile", lock="lock.txt", python="3.11.9")
    assert docker.startswith("FROM python:3.11.9-slim\n")
    assert "--require-hashes -r /tmp/lock.txt" in docker
    assert "--require-hashes" in rebuild_file("conda", lock="lock.txt", python="3.11.9")
    with pytest.raises(InputError, match="letters"):
        rebuild_file("dockerfile", lock="lock.txt\nRUN rm -rf /", python="3")


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.13.0+cpu", (2, 13, 0)), ("2.3rc1", (2, 3)), ("v1", (1,)), ("unknown", ())],
)
def test_a_release_is_the_numbers_a_version_begins_with(
    version: str, numbers: tuple[int, ...]
) -> None:
    assert release_of(version) == numbers
