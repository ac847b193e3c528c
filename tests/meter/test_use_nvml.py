"""How long graphics cards were busy, and for whom."""

from __future__ import annotations

import pytest

from brizna.meter._use_nvml import NvmlUse, open_nvml_use
from brizna.testing import FakeClock, FakeGpu, FakeNvml

SECOND = 1_000_000
OWN, FRIEND, STRANGER = 11, 22, 33


class Rig:
    def __init__(self, folder, *, namespace="pid:[4026531836]", **card):
        self.clock = FakeClock()
        self.nvml = FakeNvml(self.clock, [FakeGpu(uuid="GPU-1", **card), FakeGpu(uuid="GPU-2")])
        (folder / "self/ns").mkdir(parents=True)
        (folder / "self/ns/pid").symlink_to(namespace)
        use = open_nvml_use({"GPU-1"}, provider=self.nvml, proc_root=str(folder))
        assert isinstance(use, NvmlUse)
        self.use = use
        self.users = [{OWN}, {FRIEND}]

    def work(self, *, use, processes):
        self.nvml.show(0, use=use)
        self.nvml.occupy(0, processes)

    def after(self, seconds):
        self.clock.advance(seconds)
        return self.read()

    def read(self):
        return self.use.read(self.clock.now_us(), self.users).get("GPU-1")


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


def test_busy_time_is_that_of_each_users_processes_and_of_the_card(rig):
    rig.work(use=0.9, processes={OWN: 0.5, FRIEND: 0.25, STRANGER: 0.15})
    assert rig.read() == [0, 0, 0]
    assert rig.after(2) == [1 * SECOND, SECOND // 2, round(1.8 * SECOND)]
    rig.work(use=0.0, processes={})
    assert rig.after(2) == [1 * SECOND, SECOND // 2, round(1.8 * SECOND)]
    assert rig.use.methods == {"GPU-1": "process-utilization"}


def test_a_process_that_has_ended_since_the_last_look_still_counts(rig):
    rig.work(use=0.5, processes={OWN: 0.5})
    rig.read()
    rig.users = [set(), {FRIEND}]
    assert rig.after(1) == [SECOND // 2, 0, SECOND // 2]
    assert rig.after(1) == [SECOND // 2, 0, SECOND]


def test_where_no_share_of_time_is_told_memory_tells(tmp_path):
    rig = Rig(tmp_path, has_process_use=False)
    rig.work(use=0.8, processes={OWN: 0.0, FRIEND: 0.0, STRANGER: 0.0, 44: 0.0})
    rig.read()
    assert rig.after(1) == [200_000, 200_000, 800_000]
    assert rig.use.methods == {"GPU-1": "process-memory"}


def test_a_lost_card_is_unknown_and_what_happened_meanwhile_is_no_ones(rig):
    rig.work(use=0.5, processes={OWN: 0.5})
    rig.read()
    rig.after(1)
    rig.nvml.lose(0)
    assert rig.after(1) == [None, None, None]
    rig.nvml.find(0)
    assert rig.after(1) == [SECOND // 2, 0, SECOND // 2]
    assert rig.after(1) == [SECOND, 0, SECOND]


def test_processes_of_another_namespace_are_nobodys_with_the_reason(tmp_path):
    rig = Rig(tmp_path, namespace="pid:[4026532999]")
    assert rig.read() is None
    assert "outside this container" in rig.use.untold["GPU-1"]


def test_a_sliced_card_is_nobodys_with_the_reason(tmp_path):
    rig = Rig(tmp_path, has_slices=True)
    assert rig.read() is None
    assert "MIG" in rig.use.untold["GPU-1"]


def test_the_library_is_given_back_without_closing_it_for_the_meter(rig):
    rig.nvml.nvmlInit()
    rig.use.close()
    rig.use.close()
    assert rig.nvml.is_open
    rig.nvml.nvmlShutdown()
    assert not rig.nvml.is_open


def test_without_a_driver_there_is_nothing_to_ask(tmp_path):
    nvml = FakeNvml(FakeClock(), [FakeGpu(uuid="GPU-1")])
    nvml.driver_is_loaded = False
    assert open_nvml_use({"GPU-1"}, provider=nvml, proc_root=str(tmp_path)) is None
