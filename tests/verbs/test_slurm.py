"""A job of a cluster, measured from its prolog, its health checks and its epilog."""

from __future__ import annotations

import json
import os

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.meter import Roots as MeterRoots
from brizna.meter._rapl import open_rapl
from brizna.run import Roots
from brizna.store import Store
from brizna.testing import FakeClock, FakePowercap, FakeZone
from brizna.verbs import read_settings
from brizna.verbs._slurm import Node, begin_job, end_job, tick

PACKAGE = "intel-rapl:0"
POWER_W = 150.0
SPAN_UJ = 262_143_328_850
LAP_S = SPAN_UJ * 1e-6 / POWER_W


class Cluster:
    """One node: counters on a fake clock, the kernel's files, and the environment of a job."""

    def __init__(self, root):
        self.root = root
        self.clock = FakeClock()
        zone = FakeZone(
            label=PACKAGE, name="package-0", power_w=POWER_W, span_uj=SPAN_UJ, limit_w=200.0
        )
        self.powercap = FakePowercap(root / "powercap", self.clock, [zone])
        self.group = root / "cgroup/system.slice/slurmstepd.scope/job_77"
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/self/mountinfo").write_text(
            f"24 1 0:21 / {root}/cgroup rw - cgroup2 cgroup2 rw\n"
        )
        (root / "proc/self/cgroup").write_text("0::/\n")
        (root / "cgroup").mkdir()
        self.busy(0)
        settings = read_settings(
            {"store": str(root / "store"), "zone": "ES"}, environ={}, directory=str(root)
        )
        self.node = Node(
            environ={
                "SLURM_JOB_ID": "77",
                "SLURM_JOB_NAME": "train",
                "SLURM_JOB_PARTITION": "gpu",
                "SLURM_JOB_USER": "ada",
                "SLURM_JOB_EXIT_CODE": "256",
            },
            settings=settings,
            state=str(root / "state"),
            clock=self.clock,
            open_all=self.open_all,
            roots=Roots(
                proc_root=str(root / "proc"),
                cgroup_root=str(root / "cgroup"),
                stat_file=str(root / "proc/stat"),
            ),
        )

    def open_all(self):
        roots = MeterRoots(
            powercap=str(self.root / "powercap"), proc="/none", sys="/none", cgroup="/none"
        )
        return open_rapl(roots, machine="m")

    def busy(self, seconds):
        """Let the processors have been busy for so long since the machine started."""
        ticks = round(seconds * os.sysconf("SC_CLK_TCK"))
        (self.root / "proc/stat").write_text(f"cpu  {ticks} 0 0 99 0 0 0 5 0 0\n")

    def used(self, seconds):
        """Let the job have used so much; its control group is made if need be."""
        self.group.mkdir(parents=True, exist_ok=True)
        (self.group / "cpu.stat").write_text(f"usage_usec {round(seconds * 1e6)}\n")
        (self.group / "cgroup.procs").write_text("")

    def vanish(self):
        """Take the job's control group away, as SLURM does when the job has ended."""
        for file in self.group.iterdir():
            file.unlink()
        self.group.rmdir()

    def run(self):
        view, directory = end_job(self.node)
        assert Store(str(self.root / "store")).read(view["id"]).directory == directory
        return view


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


def best_j(view):
    return view["measurement"]["energy_j"]["best"]


def test_a_job_within_one_lap_is_exact(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(600)
    view = cluster.run()
    assert best_j(view) == pytest.approx(POWER_W * 600, rel=1e-6)
    assert view["duration_s"] == pytest.approx(600)
    assert (view["name"], view["exit_code"], view["state"]) == ("train", 1, "finished")
    assert view["footprint"]["carbon_g"] is not None
    assert view["measurement"]["coverage"]["not_seen"]["memory"].startswith("no counter")


def test_the_place_is_the_epilogs(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(60)
    settings = cluster.node.settings
    there = settings.replace(values={**settings.values, "zone": "FR"})
    view, _ = end_job(cluster.node.replace(settings=there))
    assert view["site"]["zone"] == "FR"


def test_health_checks_keep_every_lap_of_a_long_job(cluster):
    begin_job(cluster.node)
    for _ in range(12 * 24):
        cluster.clock.advance(300)
        assert tick(cluster.node) == ["77"]
    view = cluster.run()
    assert best_j(view) == pytest.approx(POWER_W * 86_400, rel=1e-6)
    assert [gap for c in view["measurement"]["channels"] for gap in c["gaps"]] == []


def test_a_lap_that_may_have_been_missed_is_a_gap_whose_interval_holds_the_truth(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(3.4 * LAP_S)
    view = cluster.run()
    (channel,) = view["measurement"]["channels"]
    (gap,) = channel["gaps"]
    assert "wrapped unseen" in gap["reason"]
    energy = view["measurement"]["energy_j"]
    assert energy["low"] <= POWER_W * 3.4 * LAP_S <= energy["high"]


def test_a_counter_that_restarted_during_the_job_is_a_gap(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(300)
    tick(cluster.node)
    cluster.powercap.reset(PACKAGE)
    cluster.clock.advance(200)
    tick(cluster.node)
    cluster.clock.advance(200)
    energy = cluster.run()["measurement"]["energy_j"]
    assert energy["low"] <= POWER_W * 700 <= energy["high"]


def test_the_jobs_share_of_the_machine_is_told(cluster):
    begin_job(cluster.node)
    cluster.used(0)
    for minute in range(1, 11):
        cluster.clock.advance(60)
        cluster.used(30 * minute)
        cluster.busy(40 * minute)
        tick(cluster.node)
    cluster.vanish()
    view = cluster.run()
    assert view["measurement"]["cpu_time_s"] == pytest.approx(300)
    (mine,) = [u for u in view["measurement"]["attribution"]["users"] if u["id"] == "run"]
    assert mine["fair_share_j"]["best"] == pytest.approx(POWER_W * 600 * 0.75, rel=0.01)


def test_a_job_whose_group_nobody_saw_has_no_share_and_says_why(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(60)
    view = cluster.run()
    assert view["measurement"]["cpu_time_s"] is None
    assert any("health check" in note for note in view["notes"])


def test_processor_time_that_was_last_read_long_before_the_end_says_so(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(60)
    cluster.used(10)
    tick(cluster.node)
    cluster.vanish()
    cluster.clock.advance(30)
    view = cluster.run()
    assert view["measurement"]["cpu_time_coverage"] == "at-least"
    assert any("30" in note and "before its end" in note for note in view["notes"])


def test_what_the_job_was_given_is_recorded_and_who_it_belongs_to_is_not(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(60)
    view = cluster.run()
    job = view["environment"]["job"]
    assert (job["scheduler"], job["id"], job["partition"]) == ("slurm", "77", "gpu")
    assert "ada" not in json.dumps(view)


def test_snapshots_are_for_their_owner_alone_and_leave_with_the_job(cluster):
    begin_job(cluster.node)
    (file,) = (cluster.root / "state").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    cluster.clock.advance(60)
    cluster.run()
    assert list((cluster.root / "state").iterdir()) == []


def test_a_torn_line_loses_one_reading_and_no_energy(cluster):
    begin_job(cluster.node)
    cluster.clock.advance(60)
    (file,) = (cluster.root / "state").iterdir()
    with file.open("ab") as snapshots:
        snapshots.write(b'00000000 {"t": 1, "raw"\n')
    cluster.clock.advance(60)
    assert best_j(cluster.run()) == pytest.approx(POWER_W * 120, rel=1e-6)


def test_a_broken_snapshot_is_set_aside_and_the_other_jobs_go_on(cluster):
    begin_job(cluster.node)
    broken = cluster.root / "state" / "78.snapshots"
    broken.write_bytes(b"garbage")
    for _ in range(2):
        cluster.clock.advance(60)
        assert tick(cluster.node) == ["77"]
    assert not broken.exists()
    with pytest.raises(UnavailableError, match="when the job began"):
        end_job(cluster.node.replace(environ={"SLURM_JOB_ID": "78"}))
    cluster.run()
    assert list((cluster.root / "state").iterdir()) == []


def test_several_jobs_on_a_node_are_read_together(cluster):
    begin_job(cluster.node)
    other = cluster.node.replace(environ={"SLURM_JOB_ID": "78"})
    cluster.clock.advance(60)
    begin_job(other)
    assert tick(cluster.node) == ["77", "78"]
    cluster.clock.advance(60)
    assert best_j(end_job(other)[0]) == pytest.approx(POWER_W * 60, rel=1e-6)
    assert best_j(cluster.run()) == pytest.approx(POWER_W * 120, rel=1e-6)


def test_a_node_that_was_started_anew_says_so(cluster):
    begin_job(cluster.node)
    (file,) = (cluster.root / "state").iterdir()
    from brizna.store._lines import frame, split, unframe

    head, *rest = split(file.read_bytes())
    event = {**unframe(head), "boot": "another"}
    file.write_bytes(frame(event) + b"".join(line + b"\n" for line in rest))
    view = cluster.run()
    assert view["measurement"]["energy_j"] is None
    assert any("started anew" in note for note in view["notes"])


def test_an_epilog_without_a_prolog_says_what_is_missing(cluster):
    with pytest.raises(UnavailableError, match="when the job began"):
        end_job(cluster.node)


def test_outside_a_job_the_variable_is_named(cluster):
    with pytest.raises(InputError, match="SLURM_JOB_ID"):
        begin_job(cluster.node.replace(environ={}))


def test_without_jobs_a_health_check_reads_nothing(cluster):
    assert tick(cluster.node.replace(open_all=lambda: pytest.fail("read without need"))) == []


def test_a_node_without_counters_is_modelled_by_its_own_count_of_its_load(tmp_path):
    from brizna.core.errors import UnavailableError as NoDriver
    from brizna.meter import open_meters
    from brizna.testing import FakeMachine

    cluster = Cluster(tmp_path / "cluster")
    machine = FakeMachine(tmp_path / "machine", cluster.clock)

    def no_driver():
        raise NoDriver("no driver here")

    def open_all():
        return open_meters(machine="m", roots=machine.roots, nvml=no_driver)

    def energy_of_a_job(ticks):
        node = cluster.node.replace(open_all=open_all)
        machine.work(0.5)
        begin_job(node)
        for _ in range(ticks):
            cluster.clock.advance(600 / (ticks + 1))
            tick(node)
        cluster.clock.advance(600 / (ticks + 1))
        return end_job(node)[0]

    without, with_ticks = energy_of_a_job(0), energy_of_a_job(9)
    assert best_j(without) == pytest.approx(best_j(with_ticks), rel=1e-3)
    kinds = {channel["kind"]: channel for channel in without["measurement"]["channels"]}
    assert set(kinds) == {"cpu", "memory"}
    (model,) = [m for m in open_all() if m.channels() and m.channels()[0].id == "model/cpu"]
    power_w = kinds["cpu"]["energy_j"]["best"] / 600
    assert power_w == pytest.approx(model._curve.power_w(0.5), rel=1e-3)
    for meter in open_all():
        meter.close()
