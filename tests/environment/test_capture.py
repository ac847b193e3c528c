"""What a run happened in is read from files and tells nobody's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brizna.environment import capture, machine_name
from brizna.environment._capture import git_revision

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
