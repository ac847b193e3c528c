"""What a run happened in is read from files and tells nobody's name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.environment import STEERING, capture, machine_name, numerics
from brizna.environment._capture import boot_name, git_revision

if TYPE_CHECKING:
    from pathlib import Path

REVISION = "0123456789abcdef0123456789abcdef01234567"


def test_names_stay_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    environ = {"USER": "ada", "SLURM_JOB_ID": "42", "SECRET_TOKEN": "x"}
    found = capture(environ, directory=str(tmp_path))
    assert "ada" not in str(found)
    assert "host" not in found
    assert found["job"] == {"scheduler": "slurm", "id": "42"}
    assert capture(environ, directory=str(tmp_path), names=True)["user"] == "ada"


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        (
            {
                "TORCHELASTIC_RUN_ID": "job7",
                "RANK": "5",
                "LOCAL_RANK": "1",
                "WORLD_SIZE": "8",
                "GROUP_RANK": "1",
                "SLURM_JOB_ID": "9",
                "SLURM_PROCID": "1",
            },
            ("torchrun", "job7", 5, 1, 8, 1),
        ),
        (
            {"TORCHELASTIC_RUN_ID": "none", "RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2"},
            ("torchrun", None, 0, 0, 2, None),
        ),
        (
            {
                "OMPI_COMM_WORLD_RANK": "3",
                "OMPI_COMM_WORLD_LOCAL_RANK": "3",
                "OMPI_COMM_WORLD_SIZE": "4",
                "PMIX_NAMESPACE": "prterun-host7-1@1",
            },
            ("openmpi", "2ab7c29bfe2f", 3, 3, 4, None),
        ),
        (
            {
                "SLURM_JOB_ID": "42",
                "SLURM_PROCID": "6",
                "SLURM_LOCALID": "2",
                "SLURM_NTASKS": "8",
                "SLURM_NODEID": "1",
            },
            ("slurm", "42", 6, 2, 8, 1),
        ),
        ({"RANK": "1", "WORLD_SIZE": "2"}, ("unknown", None, 1, None, 2, None)),
        ({"RANK": "first"}, None),
        ({}, None),
    ],
)
def test_a_rank_is_told_by_its_launchers_variables(
    tmp_path: Path, environ: dict[str, str], rank: tuple[object, ...] | None
) -> None:
    found = capture(environ, directory=str(tmp_path))["rank"]
    assert found is None or list(found) == [
        *("launcher", "launch", "rank", "local_rank", "world_size", "node")
    ]
    assert (None if found is None else tuple(found.values())) == rank


HUSH = "Zx9kQ7mB2vLw"
NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=24)
SHAPES = st.sampled_from(
    [
        *("https://ana:{}@packages.example/simple", "token={}", "--api-key={}", "PASSWORD={} x"),
        *("https://h.example/?a=1&access_token={}", "Authorization: Bearer {}", "sk-{}{}"),
        *("--xla_flag=1 --hf-token={}", "gs://bucket:{}@h/x", "glpat-{}{}", '{{"secret": "{}"}}'),
    ]
)


JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "CI_JOB_ID", "GITHUB_RUN_ID", "TORCHELASTIC_RUN_ID")


@given(
    st.dictionaries(NAMES, st.sampled_from(["{}", "a {} b"]) | SHAPES, max_size=6),
    st.dictionaries(st.sampled_from([*STEERING, *JOBS]), SHAPES, max_size=6),
)
def test_no_secret_of_any_variable_is_kept(free: dict[str, str], known: dict[str, str]) -> None:
    """A bare secret in a variable that steers numbers cannot be told from another word."""
    other = {name: text for name, text in free.items() if name not in (*STEERING, *JOBS)}
    environ = {name: text.format(HUSH, HUSH) for name, text in {**other, **known}.items()}
    environ |= {"RANK": "0", "WORLD_SIZE": "2"}
    facts = {
        **capture(environ, directory="/"),
        **numerics(environ, command=["python", "train.py"]),
    }
    assert HUSH not in json.dumps(facts)


@pytest.mark.parametrize(
    ("variable", "value", "kept"),
    [
        ("SLURM_JOB_ID", "42", "42"),
        ("PBS_JOBID", "1234[5].head.cluster.example", "1234[5]"),
        ("LSB_JOBID", "7_3", "7_3"),
    ],
)
def test_the_number_of_a_job_is_kept_without_the_server(
    tmp_path: Path, variable: str, value: str, kept: str
) -> None:
    job = capture({variable: value}, directory=str(tmp_path))["job"]
    assert job["id"] == kept
    odd = capture({variable: "https://u:p@h/x"}, directory=str(tmp_path))["job"]
    assert len(odd["id"]) == 12


def test_containers_of_one_machine_share_the_name_of_its_boot(tmp_path: Path) -> None:
    random = tmp_path / "sys/kernel/random"
    random.mkdir(parents=True)
    assert boot_name(proc_root=str(tmp_path)) is None
    (random / "boot_id").write_text("0b5c\n")
    name = boot_name(proc_root=str(tmp_path))
    assert name is not None
    assert len(name) == 12
    assert "0b5c" not in name


def test_a_machine_has_one_name_that_is_not_its_id(tmp_path: Path) -> None:
    (tmp_path / "machine-id").write_text("0123456789abcdef\n")
    name = machine_name(etc_root=str(tmp_path))
    assert name == machine_name(etc_root=str(tmp_path))
    assert len(name) == 12
    assert name not in "0123456789abcdef"
    assert name != machine_name(etc_root=str(tmp_path / "none"), sys_root=str(tmp_path))


def test_the_revision_is_read_loose_packed_detached_and_from_a_work_tree(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    assert git_revision(str(tmp_path)) is None
    (git / "packed-refs").write_text(f"# pack\n{REVISION} refs/heads/main\n")
    assert git_revision(str(tmp_path / "deep" / "er")) == REVISION
    (git / "refs" / "heads" / "main").write_text(f"{REVISION[::-1]}\n")
    assert git_revision(str(tmp_path)) == REVISION[::-1]
    (git / "HEAD").write_text(REVISION)
    assert git_revision(str(tmp_path)) == REVISION
    tree = tmp_path / "tree"
    tree.mkdir()
    (git / "worktrees" / "tree").mkdir(parents=True)
    (git / "worktrees" / "tree" / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "worktrees" / "tree" / "commondir").write_text("../..\n")
    (tree / ".git").write_text(f"gitdir: {git}/worktrees/tree\n")
    assert git_revision(str(tree)) == REVISION[::-1]
