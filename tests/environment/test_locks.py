"""Locks name files by their hashes; a lock without hashes is none."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.core.software import Distribution, Locked, LockedFile, Software, release_of
from brizna.environment import (
    entries_of_report,
    pip_indexes,
    read_lock,
    rebuild_file,
    write_lock,
)
from brizna.verbs import LockSource, Surroundings, convert_lock, lock_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
    assert [file.url for file in lock.entries[0].files] == [
        "https://index.example/files/grass_blade-1.2-py3-none-any.whl"
    ]
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
    with pytest.raises(IntegrityError, match="a hash"):
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


def test_what_brings_more_than_the_lock_holds_is_refused() -> None:
    for line in ("-r other.txt", "--requirement=other.txt", "-e .", "--editable ."):
        with pytest.raises(InputError, match="in the lock itself"):
            read_lock(f"{line}\ngrass==1 --hash={HASH}\n".encode(), "requirements.txt")


markers = st.sampled_from(
    [
        *("python_version < '3.12'", "sys_platform == 'win32'", 'os_name == "nt"'),
        "sys_platform == 'linux' and platform_machine != \"arm64\"",
    ]
)


@st.composite
def addressed(draw: st.DrawFn) -> Locked:
    """Draw an entry whose file's address is known, sometimes with a login."""
    name = draw(names)
    end = draw(st.sampled_from(["-py3-none-any.whl", ".tar.gz"]))
    file = LockedFile(
        name=f"{name.replace('-', '_')}-1.0{end}",
        url=draw(st.sampled_from(["https://x.example/a", "https://u:p@x.example/b"])),
        hashes=(HASH,),
    )
    index = draw(st.none() | st.just("https://x.example/simple"))
    marker = draw(st.none() | markers)
    return Locked(
        name=name, version="1.0", hashes=(HASH,), marker=marker, files=(file,), index=index
    )


@given(st.lists(addressed(), min_size=1, unique_by=lambda entry: entry.name))
def test_a_pylock_is_one_by_the_specifications_own_reader(found: list[Locked]) -> None:
    """packaging.pylock reads and validates PEP 751."""
    pylock = pytest.importorskip("packaging.pylock")
    text = write_lock(found, form="pylock", python="3.11.9")
    read = pylock.Pylock.from_dict(tomllib.loads(text))
    read.validate()
    assert "u:p@" not in text
    assert [package.name for package in read.packages] == sorted(one.name for one in found)
    by_name = {one.name: one for one in found}
    for package in read.packages:
        wanted = by_name[package.name].marker
        assert str(package.marker or "") == str(Marker(wanted) if wanted else "")
    assert [one.marker for one in read_lock(text.encode(), "pylock.toml").entries] == [
        by_name[package.name].marker for package in read.packages
    ]


PAGE = {
    "meta": {"api-version": "1.0"},
    "name": "grass-blade",
    "files": [
        {
            "filename": "grass_blade-1.2-py3-none-any.whl",
            "url": "../../files/grass_blade-1.2-py3-none-any.whl",
            "hashes": {"sha256": "ab" * 32},
        },
        {
            "filename": "grass_blade-1.2.tar.gz",
            "url": "https://files.example/grass_blade-1.2.tar.gz#egg=x",
            "hashes": {"sha256": "cd" * 32, "md5": "0"},
        },
        {"filename": "grass_blade-1.1.tar.gz", "url": "old", "hashes": {}},
    ],
}
HTML = f"""<html><a href="../../files/grass_blade-1.2-py3-none-any.whl#sha256={"ab" * 32}">w</a>
<a href="https://files.example/grass_blade-1.2.tar.gz#sha256={"cd" * 32}">s</a><a>none</a></html>"""


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/vnd.pypi.simple.v1+json", json.dumps(PAGE)),
        ("text/html; charset=utf-8", HTML),
    ],
)
def test_a_lock_without_addresses_gets_those_that_the_index_states(
    tmp_path: Path, kind: str, body: str
) -> None:
    asked: list[str] = []

    def fetch(url: str) -> tuple[str, bytes]:
        asked.append(url)
        return kind, body.encode()

    lock = tmp_path / "lock.txt"
    hashes = f"--hash={HASH} --hash=sha256:{'cd' * 32}"
    lock.write_text(f"grass.blade==1.2 ; python_version < '3.14' {hashes}\n")
    source = LockSource(index="https://ana:hush@index.example/simple")
    text = convert_lock(str(lock), form="pylock", source=source, fetch=fetch)
    assert asked == ["https://ana:hush@index.example/simple/grass-blade/"]
    assert "hush" not in text
    pylock = pytest.importorskip("packaging.pylock")
    (package,) = pylock.Pylock.from_dict(tomllib.loads(text)).packages
    assert package.wheels[0].url == "https://index.example/files/grass_blade-1.2-py3-none-any.whl"
    assert package.sdist.url == "https://files.example/grass_blade-1.2.tar.gz"
    assert package.index == "https://index.example/simple"
    assert str(package.marker) == 'python_version < "3.14"'
    lock.write_text(f"grass.blade==1.2 {hashes} --hash=sha256:{'ef' * 32}\n")
    with pytest.raises(IntegrityError, match="1 of the 3 hashes"):
        convert_lock(str(lock), form="pylock", source=source, fetch=fetch)
    with pytest.raises(UnavailableError, match="does not tell the files"):
        convert_lock(str(lock), form="pylock", source=source, fetch=lambda _: ("text/json", b"{}"))
    allowed = source.replace(allowed=("https://other.example/simple",))
    with pytest.raises(InputError, match="policy does not name"):
        convert_lock(str(lock), form="pylock", source=allowed, fetch=fetch)


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ("", ["https://pypi.org/simple"]),
        (
            "global.index-url='https://u:p@A.example/simple/'\n:env:.extra-index-url='https://b'\n",
            ["https://a.example/simple", "https://b"],
        ),
        (
            "install.index-url='https://i'\nglobal.find-links='\\n/wheels\\nhttps://c'\n",
            ["https://i", "/wheels", "https://c"],
        ),
        ("global.index-url='https://g'\ninstall.index-url='https://i'\n", ["https://i"]),
        ("global.no-index='true'\nglobal.find-links='/wheels'\n", ["/wheels"]),
    ],
)
def test_pips_settings_tell_whom_it_asks(listing: str, expected: list[str]) -> None:
    assert [address for _, address in pip_indexes(listing)] == expected


def test_an_index_that_pip_would_ask_as_well_is_refused() -> None:
    def pip(command: Sequence[str], environ: Mapping[str, str]) -> bytes:
        assert "hush" not in " ".join(command)
        if command[-1] == "list":
            return listing.encode()
        handed.append(dict(environ))
        return json.dumps(REPORT).encode()

    handed: list[dict[str, str]] = []
    it = Software(
        of="named",
        python=None,
        is_isolated=True,
        distributions=(Distribution(name="grass-blade", version="1.2", digest=None),),
    )
    around = Surroundings(name="env", digest="", software=it, facts={}, place=None)
    allowed = LockSource(allowed=("https://a.example/simple",))
    listing = "global.index-url='https://u:hush@a.example/simple'\n"
    lock_environment(around, form="requirements", source=allowed, run=pip)
    listing = ""
    lock_environment(around, form="requirements", source=allowed, run=pip)
    secret = LockSource(index="https://u:hush@b.example/simple")
    lock_environment(around, form="requirements", source=secret, run=pip)
    assert handed == [
        {},
        {"PIP_INDEX_URL": "https://a.example/simple"},
        {"PIP_INDEX_URL": "https://u:hush@b.example/simple"},
    ]
    listing = "global.extra-index-url='https://pypi.org/simple'\n"
    with pytest.raises(InputError, match="another package elsewhere"):
        lock_environment(around, form="requirements", source=allowed, run=pip)


def test_what_builds_it_anew_checks_hashes() -> None:
    docker = rebuild_file("dockerfile", lock="lock.txt", python="3.11.9")
    assert docker.startswith("FROM python:3.11.9-slim\n")
    assert "--require-hashes -r /tmp/lock.txt" in docker
    assert "--require-hashes" in rebuild_file("conda", lock="lock.txt", python="3.11.9")
    for form in ("dockerfile", "conda"):
        text = rebuild_file(
            form, lock="lock.txt", python="3.11.9", index="https://ana:hush@a.example/simple"
        )
        assert "--index-url https://a.example/simple" in text
        assert "hush" not in text
        with pytest.raises(InputError, match="one word"):
            rebuild_file(form, lock="lock.txt", python="3", index="https://a\nRUN rm")
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
