"""A process tree without a control group: who belongs, what they used, what cannot be known."""

from __future__ import annotations

import os

import pytest

from brizna.run import Roots
from brizna.run._allowance import Allowance
from brizna.run._process_tree import ProcessTree

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


class FakeProc:
    """A procfs as plain files."""

    def __init__(self, folder):
        self.folder = folder
        self.me = os.getpid()
        self.live(self.me, parent=1)
        (folder / "self" / "task" / str(self.me)).mkdir(parents=True)
        self.children("")

    def live(self, pid, *, parent, ticks=(0, 0, 0, 0), start=7, name="a) (b", **more):
        """Let a process live, or change what it has used."""
        numbers = [parent, *[0] * 9, *ticks, 20, 0, 1, 0, start, 0, 0]
        place = self.folder / str(pid)
        place.mkdir(exist_ok=True)
        fields = " ".join(map(str, numbers))
        (place / "stat").write_text(f"{pid} ({name}) {more.get('state', 'S')} {fields}\n")
        ignored = 1 << 16 if more.get("ignores_children") else 0
        (place / "status").write_text(f"Name:\tx\nSigBlk:\t0\nSigIgn:\t{ignored:016x}\n")

    def die(self, pid):
        for file in (self.folder / str(pid)).iterdir():
            file.unlink()
        (self.folder / str(pid)).rmdir()

    def children(self, text):
        (self.folder / "self" / "task" / str(self.me) / "children").write_text(text)


@pytest.fixture
def proc(tmp_path):
    return FakeProc(tmp_path)


@pytest.fixture
def tree_of(proc):
    """Make the tree below a pid; always permit it to look."""
    made = []

    def make(pid):
        made.append(ProcessTree(pid, roots=Roots(proc_root=str(proc.folder))))
        return made[-1]

    yield make
    for tree in made:
        tree.close()


def look(tree):
    """Return what the tree has used, as if looking were free."""
    tree._allowance = Allowance(1.0)
    return tree.now_us()


def test_descendants_count_and_strangers_do_not(proc, tree_of):
    proc.live(50, parent=proc.me, ticks=(1, 2, 3, 4))
    proc.live(60, parent=50, ticks=(100, 0, 0, 0))
    proc.live(40, parent=60, ticks=(1000, 0, 0, 0))  # a lower number than its parent's
    proc.live(70, parent=1, ticks=(10_000, 0, 0, 0))
    proc.live(71, parent=70, ticks=(10_000, 0, 0, 0))
    assert look(tree_of(50)) == 1110 * TICK_US


def test_children_from_before_the_command_do_not_count(proc, tree_of):
    proc.children("33 50 ")
    proc.live(33, parent=proc.me, ticks=(100, 0, 0, 0))
    proc.live(50, parent=proc.me, ticks=(1, 0, 0, 0))
    tree = tree_of(50)
    assert look(tree) == TICK_US
    tree.reaped(33, 10**9)
    assert look(tree) == TICK_US


def test_a_tree_that_grows_is_followed(proc, tree_of):
    proc.live(50, parent=proc.me)
    proc.live(70, parent=1)
    tree = tree_of(50)
    assert look(tree) == 0
    proc.live(80, parent=50, ticks=(5, 0, 0, 0))
    assert look(tree) == 5 * TICK_US
    proc.live(90, parent=80, ticks=(7, 0, 0, 0))
    assert look(tree) == 12 * TICK_US
    assert tree.living() == (50, 80, 90)


def test_orphans_come_to_us_and_count_once(proc, tree_of):
    proc.live(50, parent=proc.me)
    proc.live(60, parent=50, ticks=(5, 0, 0, 0))
    tree = tree_of(50)
    assert look(tree) == 5 * TICK_US
    proc.die(50)
    tree.reaped(50, 3 * TICK_US)
    proc.live(60, parent=proc.me, ticks=(6, 0, 0, 0))
    assert look(tree) == 9 * TICK_US
    proc.die(60)
    tree.reaped(60, 7 * TICK_US + 11)
    assert look(tree) == 10 * TICK_US + 11


def test_a_number_that_came_back_is_another_process(proc, tree_of):
    proc.live(50, parent=proc.me)
    proc.live(60, parent=50, ticks=(5, 0, 0, 0), start=7)
    tree = tree_of(50)
    assert look(tree) == 5 * TICK_US
    proc.live(60, parent=1, ticks=(5000, 0, 0, 0), start=8)
    assert look(tree) == 5 * TICK_US
    assert tree.living() == (50,)


def test_time_never_goes_back(proc, tree_of):
    proc.live(50, parent=proc.me, ticks=(9, 0, 0, 0))
    tree = tree_of(50)
    assert look(tree) == 9 * TICK_US
    proc.die(50)
    assert look(tree) == 9 * TICK_US


def test_the_dead_that_wait_count_but_do_not_live(proc, tree_of):
    proc.live(50, parent=proc.me)
    proc.live(60, parent=50, ticks=(4, 0, 0, 0), state="Z")
    tree = tree_of(50)
    assert look(tree) == 4 * TICK_US
    assert tree.living() == (50,)


def test_ignoring_sigchld_makes_a_lower_bound(proc, tree_of):
    proc.live(50, parent=proc.me)
    tree = tree_of(50)
    look(tree)
    assert tree.why is None
    proc.live(60, parent=50, ignores_children=True)
    look(tree)
    assert "SIGCHLD" in (tree.why or "")


def test_a_system_without_procfs_knows_only_what_was_reaped(tmp_path):
    tree = ProcessTree(50, roots=Roots(proc_root=str(tmp_path / "nothing")))
    assert tree.method == "rusage"
    assert tree.now_us() is None
    tree.reaped(50, 1234)
    assert tree.total_us() == 1234
    assert tree.why is not None
    tree.close()


def test_looking_is_permitted_less_often_the_dearer_it_is():
    allowance = Allowance(0.5)
    assert allowance.permits()
    allowance.spend(0.0)
    assert allowance.permits()
    allowance.spend(1000.0)
    assert not allowance.permits()


def test_a_child_of_ours_that_is_none_of_the_commands_counts_nothing(proc, tree_of):
    proc.live(100, parent=proc.me, ticks=(1, 0, 0, 0))
    proc.live(101, parent=proc.me, ticks=(50, 0, 0, 0))
    tree = tree_of(100)
    tree.ignore(101)
    assert look(tree) == TICK_US
    assert tree.living() == (100,)
    tree.reaped(101, 7_000_000)
    assert look(tree) == TICK_US


def test_a_command_that_is_started_again_counts_though_its_number_was_an_older_childs(
    proc, tree_of
):
    proc.children("102")
    proc.live(100, parent=proc.me)
    tree = tree_of(100)
    tree.join(102)
    tree.reaped(102, 30_000)
    assert look(tree) == 30_000
