"""Meters over a wire, against servers on the loopback that answer as their makers document."""

from __future__ import annotations

import base64
import os
import stat
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.errors import InputError, UnavailableError
from brizna.meter._http import JsonDevice, find_login
from brizna.meter._ipmi import RECEIVE, SEND, IpmiDevice, Message, Reply, Request
from brizna.meter._pdu import PduDevice
from brizna.meter._redfish import RedfishDevice
from brizna.meter._remote import Answer, Wire, in_thread, open_remote
from brizna.meter._specs import Surroundings, open_specs, read_specs
from brizna.testing import FakeClock, FakeIpmi, FakeWire, meter_conformance

LOGIN = "Basic " + base64.b64encode(b"auditor:s3cret").decode()


def wire(method="redfish", every_s=1.0, accuracy="bmc"):
    return Wire(method=method, name="it", every_s=every_s, accuracy=accuracy, machine="m")


def client(device, **how):
    return JsonDevice(device.url, **{"timeout_s": 0.2, **how})


@pytest.fixture
def ask(rig):
    """Return a function that opens a meter whose device is asked as the fake clock passes."""

    def make(device, **how):
        def by_the_clock(poll, every_s):
            passed = [0.0]

            def move(passed_us):
                passed[0] += passed_us * 1e-6
                while passed[0] >= every_s:
                    passed[0] -= every_s
                    poll()

            rig.clock.watch(move)
            return lambda: True

        return open_remote(device, wire(**how), clock=rig.clock, begin=by_the_clock)

    return make


def redfish(device, page="", **how):
    return RedfishDevice(f"{device.url}{page}", client(device, **how))


# --------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    ("form", "page", "method"),
    [
        ("redfish-power", "/redfish/v1/Chassis/1U/Power", "redfish-power"),
        ("redfish-metrics", "", "redfish-energy"),
        ("redfish-metrics", "/redfish/v1/Chassis/1U", "redfish-energy"),
        ("redfish-metrics", "/redfish/v1/Chassis/1U/PowerSubsystem", "redfish-energy"),
        ("redfish-sensor", "/redfish/v1/Chassis/1U/Sensors/TotalPower", "redfish-power"),
    ],
)
def test_every_form_of_redfish_is_metered_within_its_interval(form, page, method, rig, ask):
    with FakeWire(form, clock=rig.clock) as device:
        rig.start([ask(redfish(device, page))])
        rig.tick(60)
        (channel,) = rig.run().measurement.channels
    assert (channel.id, channel.kind, channel.method) == ("redfish/it", "node", method)
    assert channel.energy_j.best.value == pytest.approx(200 * 60, rel=0.01)
    assert rig.gaps() == []


@pytest.mark.parametrize("family", ["shelly", "netio", "gude"])
def test_every_family_of_plugs_is_metered_within_one_percent(family, rig, ask):
    outlets = (1, 2) if family == "netio" else ()
    with FakeWire(family, clock=rig.clock) as device:
        meter = ask(
            PduDevice(family, client(device), outlets=outlets), method="pdu", accuracy="pdu"
        )
        rig.start([meter])
        rig.tick(60)
        run = rig.run()
    assert run.measurement.energy_j.best.value == pytest.approx(200 * 60, rel=0.01)
    assert run.measurement.energy_j.low.value <= 200 * 60 <= run.measurement.energy_j.high.value


def test_a_controller_behind_the_kernels_device_is_metered(rig, ask):
    device = FakeIpmi(power_w=300)
    rig.start([ask(IpmiDevice("/dev/ipmi0", system=device), method="ipmi")])
    rig.tick(10)
    run = rig.run()
    assert run.measurement.energy_j.best.value == pytest.approx(3000, rel=0.01)
    assert not device.is_open


def test_structures_have_the_sizes_of_the_kernels_header():
    import ctypes

    assert [ctypes.sizeof(kind) for kind in (Message, Request, Reply)] == [16, 40, 48]
    assert (SEND, RECEIVE) == (0x8028690D, 0xC030690B)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": 0xC1}, "it has no DCMI"),
        ({"code": 0x6F}, "code 6F"),
        ({"is_measuring": False}, "does not measure"),
        ({"is_mute": True}, "does not reply in time"),
    ],
)
def test_a_controller_without_a_reading_says_why(change, reason):
    device = FakeIpmi()
    for name, value in change.items():
        setattr(device, name, value)
    with pytest.raises(UnavailableError, match=reason):
        IpmiDevice("/dev/ipmi0", system=device).ask()


def test_a_late_reply_to_an_earlier_question_is_dropped():
    device = FakeIpmi(power_w=123)
    device.late = 2
    assert IpmiDevice("/dev/ipmi0", system=device).ask() == Answer(power_w=123.0)


# ------------------------------------------------------------------------------------ conformance


@pytest.mark.parametrize("kind", ["redfish-power", "redfish-metrics", "shelly", "ipmi", "dead"])
def test_meters_over_a_wire_keep_the_promises_of_a_meter(kind, rig, ask):
    with FakeWire("shelly" if kind in ("ipmi", "dead") else kind, clock=rig.clock) as device:

        def open_meter():
            if kind == "ipmi":
                return ask(IpmiDevice("/dev/ipmi0", system=FakeIpmi()), method="ipmi")
            if kind == "shelly":
                return ask(PduDevice("shelly", client(device)), method="pdu", accuracy="pdu")
            if kind == "dead":
                return ask(RedfishDevice("http://127.0.0.1:9", JsonDevice("http://127.0.0.1:9")))
            page = "/redfish/v1/Chassis/1U/Power" if kind == "redfish-power" else ""
            return ask(redfish(device, page))

        assert meter_conformance(open_meter, advance=rig.clock.advance) == []


# ------------------------------------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (401, "refuses the name and password"),
        (500, "status 500"),
        (301, "status 301"),
        ("cut", "cut off"),
        ("garbage", "not JSON"),
        ("list", "not a JSON object"),
        ("slow", "does not answer in time"),
        ("drip", "does not answer in time"),
    ],
)
def test_a_device_in_trouble_is_a_gap_with_the_reason_and_recovers(fault, reason, rig, ask):
    with FakeWire("redfish-power", clock=rig.clock) as device:
        patience_s = 0.2 if fault in ("slow", "drip") else 5.0
        meter = ask(redfish(device, "/redfish/v1/Chassis/1U/Power", timeout_s=patience_s))
        rig.start([meter])
        rig.tick(10)
        device.fault = fault
        rig.tick(5)
        device.fault = None
        rig.tick(10)
        run = rig.run()
    (gap,) = rig.gaps()
    assert reason in gap["reason"]
    assert not gap["counted"]
    true_j = 200 * 25
    assert run.measurement.energy_j.best.value == pytest.approx(true_j, rel=0.02)
    assert run.measurement.energy_j.low.value <= true_j <= run.measurement.energy_j.high.value


def test_a_counter_that_was_silent_has_lost_nothing(rig, ask):
    with FakeWire("redfish-metrics", clock=rig.clock) as device:
        rig.start([ask(redfish(device))])
        rig.tick(10)
        device.fault = 503
        rig.tick(20)
        device.fault = None
        rig.tick(10)
        run = rig.run()
    (gap,) = rig.gaps()
    assert gap["counted"]
    assert run.measurement.energy_j.best.value == pytest.approx(200 * 40, rel=0.02)


def test_a_device_that_is_dead_at_the_start_may_come_to_life(rig, ask):
    with FakeWire("redfish-power", clock=rig.clock) as device:
        device.fault = 500
        meter = ask(redfish(device, "/redfish/v1/Chassis/1U/Power"))
        assert "status 500" in meter_trouble(meter)
        rig.start([meter])
        rig.tick(5)
        device.fault = None
        rig.tick(10)
        run = rig.run()
    assert run.measurement.energy_j.low.value <= 200 * 15
    assert rig.gaps()[0]["from"] == 0


def meter_trouble(meter):
    meter.read(0)
    return " ".join(meter.trouble().values())


def test_one_missing_answer_is_bridged_without_a_gap(rig, ask):
    with FakeWire("redfish-power", clock=rig.clock) as device:
        rig.start([ask(redfish(device, "/redfish/v1/Chassis/1U/Power"))])
        rig.tick(5)
        device.fault = 500
        rig.tick(1)
        device.fault = None
        rig.tick(5)
        run = rig.run()
    assert rig.gaps() == []
    assert run.measurement.energy_j.best.value == pytest.approx(200 * 11, rel=0.01)


@pytest.mark.parametrize("power_w", [0, -5, 1e6, None])
def test_a_power_that_no_machine_draws_is_a_gap_and_never_energy(power_w, rig, ask):
    with FakeWire("redfish-power", clock=rig.clock) as device:
        rig.start([ask(redfish(device, "/redfish/v1/Chassis/1U/Power"))])
        rig.tick(5)
        device.power_w = power_w
        rig.tick(10)
        run = rig.run()
    assert len(rig.gaps()) == 1
    assert run.measurement.energy_j.low.value <= 200 * 9


@pytest.mark.parametrize("form", ["redfish-sensor", "gude"])
def test_a_unit_that_changes_is_not_taken_for_watts(form, rig, ask):
    with FakeWire(form, clock=rig.clock) as device:
        if form == "gude":
            meter = ask(PduDevice("gude", client(device)), method="pdu", accuracy="pdu")
        else:
            meter = ask(redfish(device, "/redfish/v1/Chassis/1U/Sensors/TotalPower"))
        rig.start([meter])
        rig.tick(5)
        device.unit = "kW"
        rig.tick(10)
        rig.run()
    (gap,) = rig.gaps()
    assert "W" in gap["reason"]


def test_a_link_to_another_host_is_not_followed():
    class Elsewhere:
        def get(self, path):
            del path
            return {"Power": {"@odata.id": "//other.example/steal"}}

    with pytest.raises(UnavailableError, match="leads elsewhere"):
        RedfishDevice("http://127.0.0.1", Elsewhere()).ask()


def test_pages_that_point_at_one_another_end():
    class Circle:
        def get(self, path):
            del path
            return {"Power": {"@odata.id": "/again"}}

    with pytest.raises(UnavailableError, match="point at one another"):
        RedfishDevice("http://127.0.0.1", Circle()).ask()


def test_several_chassis_must_be_told_apart():
    class Many:
        def get(self, path):
            del path
            return {"Members": [{"@odata.id": "/1"}, {"@odata.id": "/2"}]}

    with pytest.raises(UnavailableError, match="2 chassis: name one"):
        RedfishDevice("http://127.0.0.1", Many()).ask()


# ------------------------------------------------------------------------- the thread that asks


def test_a_thread_asks_beside_the_sampler_and_ends_with_the_meter():
    with FakeWire("shelly") as device:
        meter = open_remote(
            PduDevice("shelly", client(device)), wire(method="pdu", every_s=0.001, accuracy="pdu")
        )
        assert len(device.asked) == 1, "nothing runs beside a command that is being started"
        meter.read(0)
        until_s = time.monotonic() + 10
        while len(device.asked) < 4 and time.monotonic() < until_s:
            meter.read(2)
        meter.close()
        asked = len(device.asked)
    assert asked >= 4


def test_closing_ends_a_question_that_is_being_asked():
    with FakeWire("shelly") as device:
        meter = open_remote(
            PduDevice("shelly", client(device, timeout_s=30)),
            wire(method="pdu", every_s=0.001, accuracy="pdu"),
        )
        device.fault = "slow"
        meter.read(0)
        until_s = time.monotonic() + 10
        while len(device.asked) < 2 and time.monotonic() < until_s:
            meter.read(2)
        started_s = time.monotonic()
        meter.close()
        assert time.monotonic() - started_s < 2


def test_the_thread_says_whether_it_has_ended():
    end = in_thread(lambda: None, 60.0)
    assert end() is True


# ------------------------------------------------------------------------------------ credentials


def test_a_login_is_sent_and_nothing_of_it_is_recorded(rig, ask, tmp_path):
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login auditor password s3cret\n")
    file.chmod(0o600)
    with FakeWire("redfish-power", clock=rig.clock, login=LOGIN) as device:
        login = find_login(device.url, file=str(file), environ={})
        meter = ask(redfish(device, "/redfish/v1/Chassis/1U/Power", login=login))
        rig.start([meter])
        rig.tick(3)
        run = rig.run()
        port = device.url.rpartition(":")[2]
    assert run.measurement.energy_j is not None
    kept = repr(rig.events) + repr(run.to_json())
    assert not [
        secret for secret in ("auditor", "s3cret", LOGIN, "127.0.0.1", port) if secret in kept
    ]


def test_a_file_of_credentials_that_others_can_read_is_refused(tmp_path):
    file = tmp_path / "netrc"
    file.write_text("machine h login a password b\n")
    file.chmod(0o644)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o644
    with pytest.raises(InputError, match="chmod 600"):
        find_login("https://h", file=str(file), environ={})


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://bmc.example", ("u", "p")),
        ("http://localhost:8000", ("u", "p")),
        ("http://plug.example", None),
    ],
)
def test_credentials_of_the_environment_never_travel_in_the_clear(url, found):
    environ = {"BRIZNA_METER_USER": "u", "BRIZNA_METER_PASSWORD": "p"}
    assert find_login(url, file=None, environ=environ) == found


@pytest.mark.parametrize(
    "url", ["https://u:hunter2@h/x", "ftp://h", "https://", "https://h:port/", "h/redfish"]
)
def test_an_address_that_cannot_be_is_refused_without_showing_a_password(url):
    with pytest.raises(InputError) as caught:
        JsonDevice(url)
    assert "hunter2" not in str(caught.value)


# ------------------------------------------------------------------------------------- certificates

PEM = Path(__file__).resolve().parent.parent / "assets" / "wire" / "loopback.pem"
PAGE = "/redfish/v1/Chassis/1U/Power"


@pytest.fixture
def controller():
    """Return a controller that speaks TLS with a certificate of its own making."""
    with FakeWire("redfish-power", certificate=str(PEM)) as device:
        yield device


def pin_of(pem):
    body = pem.read_text().partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0]
    return sha256(base64.b64decode(body)).hexdigest()


def test_a_certificate_that_nobody_vouches_for_is_refused(controller):
    with pytest.raises(UnavailableError, match="certificate is not trusted"):
        JsonDevice(controller.url).get(PAGE)
    assert controller.asked == []


def test_a_certificate_for_another_name_is_refused_without_telling_the_address(controller):
    client = JsonDevice(controller.url.replace("127.0.0.1", "localhost"), ca=str(PEM))
    with pytest.raises(UnavailableError, match="not trusted: Hostname mismatch") as caught:
        client.get(PAGE)
    assert "localhost" not in str(caught.value)


@pytest.mark.parametrize("trust", [{"ca": str(PEM)}, {"pin": pin_of(PEM)}])
def test_a_certificate_that_was_named_is_trusted(trust, controller):
    client = JsonDevice(controller.url, **trust)
    assert "PowerControl" in client.get(PAGE)
    client.close()


def test_another_certificate_than_the_pinned_one_is_asked_nothing(controller):
    with pytest.raises(UnavailableError, match="not the pinned one"):
        JsonDevice(controller.url, pin="00" * 32).get(PAGE)
    assert controller.asked == []


# ------------------------------------------------------------------------------------------ specs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("redfish", "names no meter"),
        ("redfsh:https://h", "Did you mean 'redfish'"),
        ("redfish:https://u:hunter2@h/", "credentials"),
        ("u:hunter2@h", "not a kind"),
        ("redfish:https://h#everyy=2", "Did you mean 'every'"),
        ("ipmi:/dev/ipmi0#outlet=1", "no option 'outlet'"),
        ("redfish:https://h#pin=zz", "SHA-256"),
        ("redfish:https://h#pin=" + "a" * 63, "SHA-256"),
        ("ipmi:/dev/ipmi0#name=", "such as name=rack-2"),
        ("ipmi:/dev/ipmi0#name=a b/c", "such as name=rack-2"),
    ],
)
def test_a_wrong_specification_says_what_is_known(text, said):
    with pytest.raises(InputError, match=said) as caught:
        read_specs([text])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pdu:shely:http://127.0.0.1:9", "Did you mean 'shelly'"),
        ("pdu:shelly:http://127.0.0.1:9#outlet=a", "expected numbers"),
        ("ipmi:/dev/none#every=0", "every"),
        ("redfish:https://127.0.0.1:9#ca=/no/such/file", "PEM"),
    ],
)
def test_an_option_that_cannot_be_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        open_specs(read_specs([text]), Surroundings(machine="m"))


def test_meters_are_opened_by_what_was_asked_for(rig):
    with FakeWire("netio", clock=rig.clock) as device:
        specs = read_specs([f"pdu:netio:{device.url}#outlet=1,2&name=rack&every=2"])
        (meter,) = open_specs(specs, Surroundings(machine="m", clock=rig.clock))
        (channel,) = meter.channels()
        meter.close()
    assert (channel.id, channel.method, channel.update_us) == ("pdu/rack", "pdu-power", 2_000_000)
    assert channel.doubts == {"meter:pdu/rack@m": [0.97, 1.03]}


def test_a_device_without_a_name_gets_one_that_tells_no_address():
    texts = ["ipmi:/dev/ipmi7", "ipmi:/dev/ipmi8"]
    meters = open_specs(read_specs(texts), Surroundings(machine="m"))
    ids = [channel.id for meter in meters for channel in meter.channels()]
    assert len(set(ids)) == 2
    assert all("dev" not in name for name in ids)


def test_a_recording_is_a_meter_that_can_be_named(tmp_path):
    file = tmp_path / "wall.csv"
    file.write_text("t_s,node.power_w\n0,100\n10,100\n")
    (meter,) = open_specs(read_specs([f"replay:{file}"]), Surroundings(machine="m"))
    assert [channel.kind for channel in meter.channels()] == ["node"]
    meter.close()


# ---------------------------------------------------------------------- counters in coarse steps


class Scripted:
    """A device whose answers a test computes from the time."""

    def __init__(self, clock, answer):
        self._clock = clock
        self._answer = answer
        self._start_us = clock.now_us()

    def ask(self):
        answer = self._answer((self._clock.now_us() - self._start_us) * 1e-6)
        if isinstance(answer, str):
            raise OSError(answer)
        return answer

    def interrupt(self):
        pass

    close = interrupt


WH_UJ = 3600 * 10**6


def true_uj(t_s):
    """Return what was drawn: 300 W, then 600 W."""
    return round((300 * min(t_s, 60) + 600 * max(t_s - 60, 0)) * 1e6)


def power_w(t_s):
    return 300.0 if t_s < 60 else 600.0


@pytest.mark.parametrize("step_uj", [1, WH_UJ // 1000, WH_UJ, 100 * WH_UJ, 10**15])
@pytest.mark.parametrize("offset_uj", [0, 17 * WH_UJ // 10])
def test_a_counter_in_any_steps_gives_the_energy_by_itself_or_with_the_power(
    step_uj, offset_uj, rig, ask
):
    def answer(t_s):
        counted_uj = 10**12 + offset_uj + true_uj(t_s)
        return Answer(power_w=power_w(t_s), energy_uj=counted_uj // step_uj * step_uj)

    rig.start([ask(Scripted(rig.clock, answer))])
    rig.tick(200)
    run = rig.run()
    assert rig.gaps() == []
    assert run.measurement.energy_j.best.value == pytest.approx(true_uj(200) * 1e-6, rel=0.02)


def test_a_power_that_is_off_is_put_right_by_the_counter(rig, ask):
    def answer(t_s):
        counted_uj = 10**12 + true_uj(t_s)
        return Answer(power_w=power_w(t_s) * 1.1, energy_uj=counted_uj // WH_UJ * WH_UJ)

    rig.start([ask(Scripted(rig.clock, answer))])
    rig.tick(600)
    energy_j = rig.run().measurement.energy_j.best.value
    assert energy_j == pytest.approx(true_uj(600) * 1e-6, rel=0.02)


def test_a_counter_without_a_power_is_read_as_it_stands(rig, ask):
    rig.start([ask(Scripted(rig.clock, lambda t_s: Answer(energy_uj=10**12 + true_uj(t_s))))])
    rig.tick(60)
    assert rig.run().measurement.energy_j.best.value == pytest.approx(300 * 60, rel=0.02)


def test_a_counter_that_restarts_loses_nothing_where_the_power_is_known(rig, ask):
    def answer(t_s):
        return Answer(power_w=300.0, energy_uj=round(300e6 * (t_s if t_s < 50 else t_s - 50)))

    rig.start([ask(Scripted(rig.clock, answer))])
    rig.tick(100)
    assert rig.run().measurement.energy_j.best.value == pytest.approx(300 * 100, rel=0.02)


def test_what_a_counter_counted_while_the_device_was_silent_is_kept(rig, ask):
    def answer(t_s):
        if 20 < t_s < 50:
            return "it is silent"
        return Answer(power_w=power_w(t_s), energy_uj=10**12 + true_uj(t_s) // WH_UJ * WH_UJ)

    rig.start([ask(Scripted(rig.clock, answer))])
    rig.tick(100)
    run = rig.run()
    assert [gap["counted"] for gap in rig.gaps()] == [True]
    assert run.measurement.energy_j.best.value == pytest.approx(true_uj(100) * 1e-6, abs=2 * 3600)


def test_a_counter_that_restarts_without_a_power_is_a_gap(rig, ask):
    def answer(t_s):
        return Answer(energy_uj=round(10**13 + 300e6 * t_s if t_s < 50 else 300e6 * (t_s - 50)))

    rig.start([ask(Scripted(rig.clock, answer))])
    rig.tick(100)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value <= 300 * 100 <= energy_j.high.value
    assert "restarted" in rig.gaps()[0]["reason"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.05, 5.0), st.floats(20.0, 700.0)), min_size=2, max_size=30),
    st.sampled_from([1, 10**6, WH_UJ, 100 * WH_UJ]),
    st.floats(0.8, 1.25),
)
def test_whatever_a_device_answers_its_energy_never_falls_and_is_right(steps, step_uj, bias):
    clock = FakeClock()
    state = {"uj": 0.0, "w": steps[0][1]}

    def answer(_):
        counted_uj = (10**13 + int(state["uj"])) // step_uj * step_uj
        return Answer(power_w=state["w"] * bias, energy_uj=counted_uj)

    polls = []

    def keep(poll, _every_s):
        polls.append(poll)
        return lambda: True

    meter = open_remote(Scripted(clock, answer), wire(), clock=clock, begin=keep)
    readings = [meter.read(0)[0]]
    for seconds, power in steps:
        polls[0]()
        clock.advance(min(seconds, 2.5))
        state["uj"] += state["w"] * min(seconds, 2.5) * 1e6
        state["w"] = power
        readings.append(meter.read(0)[0])
    polls[0]()
    readings.append(meter.read(0)[0])
    meter.close()
    assert readings == sorted(readings)
    counted, true = readings[-1] - readings[0], state["uj"]
    assert true / 1.25 - step_uj - 700e6 <= counted <= true * 1.25 + step_uj + 700e6
