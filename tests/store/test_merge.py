"""Merging runs: nothing counts twice, and what cannot be summed is refused."""

from __future__ import annotations

import pytest

from brizna.account import pue
from brizna.core.errors import InputError
from brizna.core.measurement import Gap
from brizna.core.replay import replay
from brizna.store import StoredRun, merge_runs
from brizna.verbs._views import account_run, assumptions_of

SECOND = 1_000_000


@pytest.fixture
def part(story):
    """Return a function that makes a stored run of 150 W."""
    count = iter(range(1000))

    def make(at_s=0.0, *, seconds=10, gpu="nvml/GPU-1", **fields):
        run_id = f"20261122T023501Z-{next(count):06x}"
        events = story.events(seconds, id=run_id, **fields)
        events[0]["started"] = f"2026-11-22T02:{int(35 + at_s // 60):02d}:{at_s % 60:06.3f}Z"
        events[0]["boot_us"] = round((3600 + at_s) * SECOND)
        for event in events:
            if event.get("kind") == "gpu":
                event["id"] = gpu
        return StoredRun(run=replay(events), digest=f"sha256:{run_id}", directory="")

    return make


def joules(run):
    return run.measurement.energy_j.best.value


def test_runs_one_after_the_other_add_up(part):
    merged = merge_runs([part(0), part(60)], name="both")
    assert joules(merged) == pytest.approx(3000)
    assert merged.duration_s == pytest.approx(70)
    assert merged.name == "both"
    assert [channel.id for channel in merged.measurement.channels] == [
        "rapl/package-0",
        "nvml/GPU-1",
    ]
    assert merged.measurement.cpu_time_s == pytest.approx(10)


def test_what_merged_runs_used_themselves_adds_up_and_nothing_inside_another_twice(part):
    first, second = part(0), part(60)
    merged = merge_runs([first, second]).measurement.attribution
    (own,) = merged.users
    fair = [one.run.measurement.attribution.users[0].fair_share_j for one in (first, second)]
    assert own.fair_share_j.best.value == pytest.approx(sum(each.best.value for each in fair))
    inner = part(2, seconds=6, parent=first.run.id)
    again = merge_runs([first, inner]).measurement.attribution
    assert again.users[0].fair_share_j.best == fair[0].best


def test_a_merged_run_says_why_it_tells_of_nobody_else(part):
    merged = merge_runs([part(0), part(60)])
    attribution = merged.measurement.attribution
    assert [user.id for user in attribution.users] == ["run"]
    assert attribution.above_idle_j is None
    assert any("What others used" in note and "above idle" in note for note in merged.notes)
    unknown = part(120)
    measurement = unknown.run.measurement.replace(attribution=None)
    unknown = unknown.replace(run=unknown.run.replace(measurement=measurement))
    merged = merge_runs([part(0), unknown])
    assert merged.measurement.attribution.reason
    assert not any("What others used" in note for note in merged.notes)


def test_machines_side_by_side_add_up(part):
    merged = merge_runs([part(machine="blue"), part(machine="red", gpu="nvml/GPU-2")])
    assert joules(merged) == pytest.approx(3000)
    assert merged.machine is None
    assert {channel.id for channel in merged.measurement.channels} == {
        "rapl/package-0@blue",
        "rapl/package-0@red",
        "nvml/GPU-1",
        "nvml/GPU-2",
    }
    assert set(merged.site.hardware["machines"]) == {"blue", "red"}


def test_ranks_on_one_machine_read_its_counters_once(part):
    ranks = [part(0.2, seconds=9), part(0, seconds=10), part(0.5, seconds=8)]
    merged = merge_runs(ranks)
    assert joules(merged) == pytest.approx(1500)
    assert any("counts once, as" in note and ranks[1].run.id in note for note in merged.notes)


def test_what_sticks_out_of_the_longest_rank_is_a_doubt(part):
    merged = merge_runs([part(0, seconds=10), part(0.5, seconds=10)])
    energy = merged.measurement.energy_j
    assert energy.best.value == pytest.approx(1500)
    assert energy.high.value > 1500 * 1.02
    assert any(name.startswith("merge:") for name in energy.doubts)


def test_runs_that_overlap_only_partly_are_refused(part):
    with pytest.raises(InputError, match="overlap only partly"):
        merge_runs([part(0, seconds=10), part(5, seconds=10)])


def test_one_gpu_seen_from_two_containers_counts_once(part):
    merged = merge_runs([part(machine="blue"), part(machine="red")])
    assert joules(merged) == pytest.approx(1000 * 2 + 500)


def booted(part, boot):
    """Return a part that says of which boot its machine is."""
    return part.replace(run=part.run.replace(environment={"boot": boot}))


def test_containers_of_one_machine_with_machine_ids_of_their_own_read_its_counters_once(part):
    parts = [booted(part(machine=name), "b1") for name in ("blue", "red")]
    merged = merge_runs(parts)
    assert joules(merged) == pytest.approx(1500)
    assert merged.machine == "blue"


def test_copies_of_one_image_on_several_machines_add_up(part):
    parts = [booted(part(machine="image", gpu=f"nvml/GPU-{boot}"), boot) for boot in ("b1", "b2")]
    merged = merge_runs(parts)
    assert joules(merged) == pytest.approx(3000)
    assert {channel.id for channel in merged.measurement.channels} >= {
        "rapl/package-0@image.b1",
        "rapl/package-0@image.b2",
    }


def test_a_machine_that_was_started_anew_between_two_runs_is_one_machine(part):
    merged = merge_runs([booted(part(0), "b1"), booted(part(60), "b2")])
    assert joules(merged) == pytest.approx(3000)
    assert merged.machine is not None
    assert [channel.id for channel in merged.measurement.channels] == [
        "rapl/package-0",
        "nvml/GPU-1",
    ]


def without(part, kind):
    """Return a part that does not know the energy of one kind of channel."""
    measurement = part.run.measurement
    channels = tuple(
        channel.replace(energy_j=None, reason="fewer than two readings")
        if channel.kind == kind
        else channel
        for channel in measurement.channels
    )
    return part.replace(run=part.run.replace(measurement=measurement.replace(channels=channels)))


def test_what_only_a_shorter_rank_knows_is_not_lost(part):
    longest, other = without(part(0, seconds=10), "gpu"), part(1, seconds=8)
    merged = merge_runs([longest, other])
    gpu = merged.measurement.channels[1]
    assert gpu.energy_j.best.value == pytest.approx(400)
    assert [(gap.start_s, gap.end_s) for gap in gpu.gaps] == [
        pytest.approx((0, 1)),
        pytest.approx((9, 10)),
    ]
    assert merged.measurement.coverage.gap_s == pytest.approx(2)


def test_gaps_of_runs_one_after_the_other_add_up(part):
    def with_gap(run):
        measurement = run.run.measurement
        gap = Gap(reason="unreadable", start_s=2.0, end_s=None)
        cpu, gpu = measurement.channels
        measurement = measurement.replace(channels=(cpu.replace(gaps=(gap,)), gpu))
        return run.replace(run=run.run.replace(measurement=measurement))

    merged = merge_runs([with_gap(part(0)), with_gap(part(60))])
    gaps = merged.measurement.channels[0].gaps
    assert [(gap.start_s, gap.end_s) for gap in gaps] == [
        pytest.approx((2, 10)),
        pytest.approx((62, 70)),
    ]
    assert merged.measurement.coverage.gap_s == pytest.approx(16)


def test_a_run_inside_another_adds_no_cpu_time(part):
    outer = part(0, seconds=10)
    inner = part(2, seconds=5, parent=outer.run.id)
    merged = merge_runs([outer, inner])
    assert joules(merged) == pytest.approx(1500)
    assert merged.measurement.cpu_time_s == pytest.approx(5)


def test_what_sticks_out_is_counted_as_its_own_journal_says(store, record):
    """Three ranks of 5 s and 150 W, two seconds apart: 9 s in all, each second once."""
    ids = [
        record(at_s=at_s, started=f"2026-11-22T02:35:0{at_s}Z", machine="blue")
        for at_s in (0, 2, 4)
    ]
    merged = store.merge(ids).run
    assert merged.duration_s == pytest.approx(9)
    assert joules(merged) == pytest.approx(9 * 150)
    assert not any(name.startswith("merge:") for name in merged.measurement.energy_j.doubts)


def test_without_its_journal_what_sticks_out_too_far_is_refused(store, record):
    ids = [
        record(at_s=at_s, started=f"2026-11-22T02:35:0{at_s}Z", machine="blue") for at_s in (0, 2)
    ]
    store.prune(keep_last=0, samples_only=True)
    with pytest.raises(InputError, match="overlap only partly"):
        store.merge(ids)


def test_sites_with_other_factors_are_refused(part):
    with pytest.raises(InputError, match="Account each by itself"):
        merge_runs([part(site={"zone": "ES"}), part(60, site={"zone": "FR"})])


def test_one_run_is_no_merge(part):
    one = part()
    with pytest.raises(InputError, match="at least two"):
        merge_runs([one, one])


def again(part, merged, run_id):
    """Return a merged run as it would be kept."""
    return part.replace(run=merged.replace(id=run_id))


def test_a_run_that_is_in_another_of_those_to_merge_is_refused(part):
    ranks = [part(0), part(60), part(120)]
    both = again(ranks[0], merge_runs(ranks[:2]), "both")
    same = again(ranks[0], merge_runs(ranks[:2]), "same")
    late = again(ranks[0], merge_runs(ranks[1:]), "late")
    whole = again(ranks[0], merge_runs([both, ranks[2]]), "whole")
    for one, other in ((both, ranks[1]), (both, same), (both, late), (ranks[0], whole)):
        with pytest.raises(InputError, match="would count twice"):
            merge_runs([one, other])
    assert joules(merge_runs([both, ranks[2]])) == pytest.approx(4500)


def test_a_merged_run_names_its_parts_and_is_kept_like_any_other(store, record):
    ids = [
        record(at_s=0, started="2026-11-22T02:35:01Z"),
        record(at_s=60, started="2026-11-22T02:36:01Z"),
    ]
    digests = [store.read(run_id).digest for run_id in ids]
    merged = store.merge(ids, name="both")
    assert [source["run"] for source in merged.run.environment["merged"]] == digests
    assert store.read("both") == merged
    assert joules(merged.run) == pytest.approx(1500)


def test_the_merged_state_and_code_are_the_worst(part):
    runs = [part(0), part(60), part(120)]
    changed = [
        runs[0],
        runs[1].replace(run=runs[1].run.replace(exit_code=3)),
        runs[2].replace(run=runs[2].run.replace(state="interrupted", exit_code=None)),
    ]
    merged = merge_runs(changed)
    assert (merged.state, merged.exit_code) == ("interrupted", 3)


def test_a_channel_that_one_run_did_not_read_is_a_gap_of_the_sum(part):
    known, unknown = part(0), part(60)
    channels = tuple(
        channel.replace(energy_j=None, reason="fewer than two readings")
        if channel.kind == "gpu"
        else channel
        for channel in unknown.run.measurement.channels
    )
    measurement = unknown.run.measurement.replace(channels=channels)
    merged = merge_runs([known, unknown.replace(run=unknown.run.replace(measurement=measurement))])
    gpu = merged.measurement.channels[1]
    assert gpu.energy_j.best.value == pytest.approx(500)
    assert gpu.gaps[0].reason.endswith("fewer than two readings")
    assert (gpu.gaps[0].start_s, gpu.gaps[0].end_s) == pytest.approx((60, 70))


def test_runs_that_disagree_about_the_forest_are_refused(part):
    nested = part(60)
    channels = tuple(
        channel.replace(parent="rapl/psys") for channel in nested.run.measurement.channels
    )
    measurement = nested.run.measurement.replace(channels=channels)
    with pytest.raises(InputError, match="disagree about what contains"):
        merge_runs([part(0), nested.replace(run=nested.run.replace(measurement=measurement))])


def test_what_one_run_did_not_see_is_said_with_its_name(part):
    blind = part(60)
    coverage = blind.run.measurement.coverage.replace(not_seen={"storage": "no meter"})
    measurement = blind.run.measurement.replace(coverage=coverage)
    merged = merge_runs([part(0), blind.replace(run=blind.run.replace(measurement=measurement))])
    assert merged.measurement.coverage.not_seen == {"storage": f"no meter (in {blind.run.id})"}


def with_hardware(part, hardware, *devices):
    """Return a part on this hardware, with one GPU channel for each device."""
    run = part.run
    cpu, gpu = run.measurement.channels
    gpus = [gpu.replace(id=f"nvml/{device}", device=device) for device in devices]
    return part.replace(
        run=run.replace(
            site=run.site.replace(hardware=hardware),
            measurement=run.measurement.replace(channels=(cpu, *gpus)),
        )
    )


def test_ranks_that_see_one_card_each_have_the_cards_of_both(part):
    one = with_hardware(part(), {"cpu": "x", "gpus": ["A"]}, "A")
    two = with_hardware(part(), {"cpu": "x", "gpus": ["B"]}, "B")
    assert merge_runs([one, two]).site.hardware == {"cpu": "x", "gpus": ["A", "B"]}


def test_hardware_that_one_run_does_not_tell_is_taken_from_another(part):
    silent, telling = with_hardware(part(), None), with_hardware(part(), {"cpu": "x"})
    assert merge_runs([silent, telling]).site.hardware == {"cpu": "x", "gpus": []}


def test_the_making_of_machines_of_which_one_is_unknown_is_unknown(part):
    known = with_hardware(part(machine="blue"), {"cpu": "x", "gpus": []})
    merged = merge_runs([known, with_hardware(part(machine="red"), None)])
    assert merged.site.hardware["machines"]["red"] is None
    footprint = account_run(merged)
    assert footprint.carbon_embodied_g is None
    assert "embodied_kg" in footprint.reasons["carbon_embodied_g"]


def test_merging_what_was_merged_keeps_every_machine(part):
    def pair(at_s):
        runs = [with_hardware(part(at_s, machine=m), {"cpu": m}) for m in ("blue", "red")]
        merged = merge_runs(runs)
        return runs[0].replace(run=merged.replace(id=f"merged at {at_s}"))

    assert set(merge_runs([pair(0), pair(60)]).site.hardware["machines"]) == {"blue", "red"}


def test_a_merged_run_keeps_the_factors_of_its_channels(part):
    factor = pue("world")
    told = [one.replace(run=one.run.replace(factors=(factor,))) for one in (part(0), part(60))]
    assert merge_runs(told).factors == (factor,)


def test_what_lies_idle_between_two_runs_is_reserved_by_neither(part):
    early, late = with_hardware(part(0), {"cpu": "x"}), with_hardware(part(60), {"cpu": "x"})
    merged = merge_runs([early, late])
    assert merged.duration_s == pytest.approx(70)
    assert merged.site.hardware["reserved_s"] == pytest.approx(20)
    share = assumptions_of(merged).hardware_share
    assert share.best.value == pytest.approx(20 / 70)
    again = merge_runs([early, with_hardware(part(10), {"cpu": "x"})])
    assert "reserved_s" not in again.site.hardware
