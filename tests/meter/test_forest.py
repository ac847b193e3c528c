"""What lies inside what, where several meters see one machine: nothing counts twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.measurement import Channel
from brizna.meter import open_meters
from brizna.meter._forest import arrange
from brizna.testing import FakeClock, FakeMachine, FakePowercap, FakeZone, meter_conformance


class Constant:
    """A meter with channels of constant power, each of which may be silent."""

    def __init__(self, clock, *channels, power_w, silent=False):
        self._clock = clock
        self._channels = channels
        self._power_w = power_w
        self._start_us = clock.now_us()
        self.silent = silent

    def channels(self):
        return self._channels

    def ranges(self):
        return {}

    def unseen(self):
        return {}

    def read(self, t_us):
        del t_us
        if self.silent:
            return [None] * len(self._channels)
        return [round((self._clock.now_us() - self._start_us) * self._power_w)] * len(
            self._channels
        )

    def trouble(self):
        return {channel.id: "it is silent" for channel in self._channels}

    def close(self):
        pass


def node(channel_id, method, **about):
    return Channel(
        id=channel_id,
        kind="node",
        method=method,
        basis="metered",
        counted_by="reader",
        doubts={f"meter:{channel_id}@m": [0.9, 1.1]},
        max_power_w=1000.0,
        **about,
    )


def card(channel_id, method, place):
    return node(channel_id, method).replace(kind="gpu", place=place)


@pytest.fixture
def rapl(tmp_path, rig):
    """Return a function that opens a machine's own meters beside named ones."""

    def make(*named, psys=False):
        machine = FakeMachine(tmp_path, rig.clock)
        zones = [
            FakeZone(label="intel-rapl:0", name="package-0", power_w=100.0),
            FakeZone(label="intel-rapl:0:1", name="dram", power_w=20.0),
        ]
        if psys:
            zones.append(FakeZone(label="intel-rapl:1", name="psys", power_w=150.0))
        FakePowercap(tmp_path / "sys/class/powercap", rig.clock, zones)
        return open_meters(machine="m", roots=machine.roots, named=named)

    return make


def parents(meters):
    return {channel.id: channel.parent for meter in meters for channel in meter.channels()}


def test_the_wall_holds_the_controller_which_holds_the_platform_which_holds_the_packages(rapl, rig):
    wall = Constant(rig.clock, node("pdu/wall", "pdu-power"), power_w=300)
    bmc = Constant(rig.clock, node("redfish/bmc", "redfish-power"), power_w=270)
    rig.start(rapl(bmc, wall, psys=True))
    rig.tick(10)
    measurement = rig.run().measurement
    found = {channel.id: channel for channel in measurement.channels}
    assert {name: channel.parent for name, channel in found.items()} == {
        "redfish/bmc": "pdu/wall",
        "pdu/wall": None,
        "rapl/psys": "redfish/bmc",
        "rapl/package-0": "rapl/psys",
        "rapl/package-0/dram": "rapl/psys",
    }
    assert measurement.energy_j.best.value == pytest.approx(3000)
    untold = {name: channel.untold_j for name, channel in found.items()}
    assert untold["pdu/wall"].best.value == pytest.approx(300)
    assert untold["redfish/bmc"].best.value == pytest.approx(1200)
    assert untold["rapl/psys"].best.value == pytest.approx(300)
    assert untold["rapl/package-0"] is None


def test_what_is_not_told_apart_has_the_doubts_of_both(rapl, rig):
    wall = Constant(rig.clock, node("pdu/wall", "pdu-power"), power_w=300)
    rig.start(rapl(wall))
    rig.tick(10)
    (untold,) = [c.untold_j for c in rig.run().measurement.channels if c.untold_j]
    assert untold.best.value == pytest.approx(1800)
    assert "meter:pdu/wall@m" in untold.doubts
    assert any(name.startswith("meter:rapl/") for name in untold.doubts)
    assert untold.low.value < 1500
    assert untold.high.value > 2100


def test_two_power_supplies_are_summed_and_hold_the_machine_together(rapl, rig):
    plugs = [
        Constant(rig.clock, node(f"pdu/{name}", "pdu-power"), power_w=90) for name in ("a", "b")
    ]
    rig.start(rapl(*plugs))
    rig.tick(10)
    measurement = rig.run().measurement
    assert [channel.id for channel in measurement.roots()] == ["pdu/a", "pdu/b"]
    assert measurement.energy_j.best.value == pytest.approx(1800)
    (untold,) = [channel.untold_j for channel in measurement.channels if channel.untold_j]
    assert untold.best.value == pytest.approx(600)


def test_two_ways_to_one_controller_are_one(rapl, rig):
    over_wire = Constant(rig.clock, node("redfish/bmc", "redfish-power"), power_w=200)
    by_kernel = Constant(rig.clock, node("ipmi/bmc", "ipmi-power"), power_w=210)
    rig.start(rapl(over_wire, by_kernel))
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(2000)
    assert {c.id: c.mirror_of for c in measurement.channels}["ipmi/bmc"] == "redfish/bmc"


def test_a_silent_outer_meter_leaves_its_place_to_what_lies_inside(rapl, rig):
    wall = Constant(rig.clock, node("pdu/wall", "pdu-power"), power_w=300, silent=True)
    rig.start(rapl(wall))
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(1200)
    assert {c.id for c in measurement.roots()} == {
        "pdu/wall",
        "rapl/package-0",
        "rapl/package-0/dram",
    }


def test_a_silent_first_way_leaves_its_place_to_the_second(rapl, rig):
    over_wire = Constant(rig.clock, node("redfish/x", "redfish-power"), power_w=200, silent=True)
    by_kernel = Constant(rig.clock, node("ipmi/bmc", "ipmi-power"), power_w=210)
    rig.start(rapl(over_wire, by_kernel))
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(2100)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_card_seen_through_two_drivers_is_one(order, rig):
    cards = [
        Constant(rig.clock, card("GPU-1", "nvml-energy", "0000:65:00.0"), power_w=300),
        Constant(rig.clock, card("hwmon/65", "hwmon-power", "0000:65:00.0"), power_w=290),
    ]
    other = Constant(rig.clock, card("GPU-2", "nvml-energy", "0000:66:00.0"), power_w=100)
    rig.start(arrange([cards[order[0]], cards[order[1]], other]))
    rig.tick(10)
    run = rig.run()
    first_w = (300, 290)[order[0]]
    assert run.measurement.energy_j.best.value == pytest.approx((first_w + 100) * 10)


def test_cards_lie_inside_the_controller_and_beside_the_platform_counter(rapl, rig):
    gpu = Constant(rig.clock, card("GPU-1", "nvml-energy", None), power_w=300)
    bmc = Constant(rig.clock, node("redfish/bmc", "redfish-power"), power_w=600)
    meters = rapl(psys=True)
    assert parents(arrange([*meters, gpu]))["GPU-1"] is None
    assert parents(arrange([*meters, gpu, bmc]))["GPU-1"] == "redfish/bmc"


def test_a_meter_that_hangs_elsewhere_keeps_its_promises(rig):
    def open_meter():
        outer, inner = node("pdu/a", "pdu-power"), node("rapl/psys", "rapl")
        outer_meter = Constant(rig.clock, outer, power_w=2)
        return arrange([outer_meter, Constant(rig.clock, inner, power_w=1)])[1]

    broken = meter_conformance(open_meter, advance=rig.clock.advance)
    assert broken == ["rapl/psys is inside 'pdu/a', which is inside it or not there"]


def test_a_meter_that_hangs_elsewhere_still_offers_its_gauges(rig):
    meter = Constant(rig.clock, node("rapl/psys", "rapl"), power_w=1)
    meter.gauges = lambda: ["a group"]
    wall = Constant(rig.clock, node("pdu/a", "pdu-power"), power_w=2)
    assert arrange([wall, meter])[1].gauges() == ["a group"]
    assert not hasattr(arrange([wall, meter])[0], "gauges")


def test_models_lie_inside_a_named_meter_and_stand_in_for_it(tmp_path, rig):
    machine = FakeMachine(tmp_path, rig.clock)
    wall = Constant(rig.clock, node("pdu/wall", "pdu-power"), power_w=300)
    meters = open_meters(machine="m", roots=machine.roots, named=[wall], nvml=_no_driver)
    assert parents(meters) == {
        "pdu/wall": None,
        "model/cpu": "pdu/wall",
        "model/memory": "pdu/wall",
    }


def _no_driver():
    from brizna.core.errors import UnavailableError

    raise UnavailableError("no driver here")


METHODS = ("pdu-power", "battery-power", "redfish-power", "ipmi-power", "theirs", "rapl")


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from(METHODS), max_size=5),
    st.integers(min_value=0, max_value=3),
    st.integers(min_value=0, max_value=2),
)
def test_any_meters_make_a_forest_in_which_no_channel_is_lost_or_counts_twice(
    methods, cards, packages
):
    clock = FakeClock()
    channels = [node(f"{method}/{place}", method) for place, method in enumerate(methods)]
    channels += [
        card(f"gpu/{place}", "nvml-energy", f"0000:0{place}:00.0") for place in range(cards)
    ]
    channels += [
        node(f"cpu/{place}", "load-model").replace(kind="cpu") for place in range(packages)
    ]
    meters = arrange([Constant(clock, channel, power_w=1) for channel in channels])
    placed = {channel.id: channel for meter in meters for channel in meter.channels()}
    assert list(placed) == [channel.id for channel in channels]
    for channel in placed.values():
        above, seen = channel.parent, {channel.id}
        while above is not None:
            assert above not in seen, "nothing lies inside itself"
            seen.add(above)
            assert placed[above].view_of is None, "what is in no sum holds nothing"
            above = placed[above].parent
        assert channel.view_of is None or placed[channel.view_of].view_of is None
    roots = [c for c in placed.values() if c.parent is None and c.view_of is None]
    outer = {c.method.partition("-")[0] for c in roots if c.kind == "node"}
    assert len(outer) <= 1, "meters of two kinds that see the whole machine are never summed"
