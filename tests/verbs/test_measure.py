"""``brizna.measure``: a block, a function, and what must never happen to them."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import brizna
from brizna.store import Store
from brizna.verbs import measured_around
from brizna.verbs._measure import MeasuringWarning

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    path = tmp_path / "store"
    monkeypatch.setenv("BRIZNA_STORE", str(path))
    return Store(str(path))


def names(store: Store) -> list[str | None]:
    return [run.name for run in store.runs()]


def test_a_block_has_energy_phases_and_a_footprint(store: Store) -> None:
    with brizna.measure("fine-tune", zone="ES", tags=["a"]) as m:
        with m.phase("epoch 1"):
            sum(range(10**6))
        with m.phase("epoch 2"), m.phase("inner"):
            sum(range(10**6))
    assert m.energy is not None
    assert m.energy.best.value > 0
    assert m.footprint.carbon_g is not None
    assert [phase.name for phase in m.run.measurement.phases] == ["epoch 1", "epoch 2", "inner"]
    stored = store.read("fine-tune").run
    assert stored == m.run
    assert stored.tags == ("a",)
    assert stored.command is None
    assert stored.state == "finished"


def test_the_energy_of_a_part_is_known_at_once_and_is_that_of_the_record() -> None:
    with brizna.measure() as m:
        with m.phase("one") as one:
            sum(range(10**5))
            so_far = one.energy
            sum(range(10**5))
        with m.phase("two") as two:
            sum(range(10**5))
        told = [one.energy, two.energy]
    assert so_far is not None
    assert told[0] is not None
    assert so_far.best <= told[0].best
    kept = [phase.energy_j for phase in m.run.measurement.phases]
    assert [part and part.best for part in told] == [part and part.best for part in kept]
    assert one.energy is told[0]


def test_a_part_that_nobody_asked_about_in_time_says_where_it_is() -> None:
    with brizna.measure() as m:
        with m.phase("early") as early:
            pass
        for _ in range(10):
            with m.phase("step"):
                pass
        with pytest.raises(brizna.UnavailableError, match="ended before several others"):
            _ = early.energy
        with m.phase("late") as late:
            pass
    with pytest.raises(brizna.UnavailableError, match=r"run\.measurement\.phases"):
        _ = late.energy


def test_the_block_around_is_the_innermost_that_is_open() -> None:
    assert measured_around() is None
    with brizna.measure() as outer:
        assert measured_around() is outer
        with brizna.measure() as inner:
            assert measured_around() is inner
            found = []
            thread = threading.Thread(target=lambda: found.append(measured_around()))
            thread.start()
            thread.join()
            assert found == [None]
        assert measured_around() is outer
        pid = os.fork()
        if pid == 0:
            os._exit(measured_around() is not None)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert measured_around() is None


def test_inside_the_block_the_energy_so_far_is_known() -> None:
    with brizna.measure() as m:
        first = m.energy
        sum(range(10**6))
        second = m.energy
    assert first is not None
    assert second is not None
    assert m.energy is not None
    assert first.best <= second.best <= m.energy.best


def test_an_exception_passes_and_the_run_is_kept(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), brizna.measure("breaks"):
        1 / 0  # noqa: B018
    run = store.read("breaks").run
    assert "ZeroDivisionError" in str(run.notes)
    assert run.state == "failed"


@pytest.mark.parametrize(
    ("raised", "state"),
    [(SystemExit(0), "finished"), (SystemExit(3), "failed"), (KeyboardInterrupt(), "failed")],
)
def test_a_block_that_leaves_by_a_plain_exit_has_not_failed(store: Store, raised, state) -> None:
    with pytest.raises(type(raised)), brizna.measure("leaves"):
        raise raised
    assert store.read("leaves").run.state == state


def test_each_call_of_a_function_is_a_run(store: Store) -> None:
    @brizna.measure
    def train(x: int) -> int:
        """Train."""
        return x + 1

    assert [train(1), train(x=2)] == [2, 3]
    assert train.__name__ == "train"
    assert train.__doc__ == "Train."
    assert len(names(store)) == 2
    assert "train" in str(names(store)[0])


def test_coroutines_and_generators_are_measured_to_their_end(store: Store) -> None:
    @brizna.measure("coroutine")
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    @brizna.measure("generator")
    def count() -> Iterator[int]:
        yield 1
        assert names(store)[-1] == "generator"
        yield 2

    @brizna.measure("async generator")
    async def async_count() -> AsyncIterator[int]:
        yield 1

    async def collect() -> list[int]:
        return [item async for item in async_count()]

    assert asyncio.run(answer()) == 42
    assert list(count()) == [1, 2]
    assert asyncio.run(collect()) == [1]
    assert set(names(store)) == {"coroutine", "generator", "async generator"}
    assert {run.state for run in store.runs()} == {"finished"}


def test_one_measure_gives_each_function_its_own_name(store: Store) -> None:
    measured = brizna.measure(zone="ES")

    @measured
    def one() -> None: ...

    @measured
    def two() -> None: ...

    one()
    two()
    assert [name.rpartition(".")[2] for name in names(store)] == ["one", "two"]


def test_a_measured_async_generator_takes_and_gives_what_it_did() -> None:
    told: list[object] = []

    @brizna.measure
    async def echo() -> AsyncGenerator[object, object]:
        try:
            sent = yield "ready"
            try:
                yield sent
            except KeyError as error:
                yield error
            yield "last"
        finally:
            told.append("closed")

    async def talk() -> list[object]:
        talking = echo()
        thrown = KeyError("x")
        said = [await anext(talking), await talking.asend(7), await talking.athrow(thrown)]
        await talking.aclose()
        return [*said[:2], said[2] is thrown, *told]

    assert asyncio.run(talk()) == ["ready", 7, True, "closed"]


def test_blocks_nest_and_run_side_by_side(store: Store) -> None:
    def block(name: str) -> None:
        with brizna.measure(name):
            sum(range(10**5))

    with brizna.measure("outer"):
        threads = [threading.Thread(target=block, args=(f"t{i}",)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(names(store)) == {"outer", "t0", "t1", "t2"}


def test_no_thread_outlives_the_block() -> None:
    before = threading.active_count()
    with brizna.measure():
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_forked_child_leaves_the_run_alone(store: Store) -> None:
    with brizna.measure("parent") as m:
        pid = os.fork()
        if pid == 0:
            m.__exit__(None, None, None)
            os._exit(len(store.runs()) and 7)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert store.read("parent").run.state == "finished"
    assert len(names(store)) == 1


def test_a_store_that_cannot_be_written_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "file" / "store"))
    with pytest.warns(MeasuringWarning) as caught, brizna.measure() as m:
        pass
    assert len(caught) == 1
    assert m.energy is not None
    with pytest.raises(brizna.UnavailableError), brizna.measure(strict=True):
        pytest.fail("a strict measure begins only if it can be kept")


class Broken:
    """A meter that breaks every promise."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


def test_a_broken_meter_never_breaks_the_block(store: Store) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeasuringWarning)
        with brizna.measure("broken", meters=[Broken()]) as m:  # type: ignore[list-item]
            done = True
    assert done
    assert m.energy is None
    assert store.read("broken").run.measurement.reason


def test_a_broken_meter_is_one_warning_and_with_strict_an_error(store: Store) -> None:
    broken: Any = [Broken()]
    failed = "A meter or the journal failed"
    with (
        pytest.warns(MeasuringWarning, match=failed) as said,
        brizna.measure("told", meters=broken),
    ):
        pass
    assert len(said) == 1
    with (
        pytest.raises(brizna.UnavailableError, match=failed),
        brizna.measure("strict", meters=broken, strict=True),
    ):
        pass
    assert store.read("strict").run.notes


def test_a_measure_that_has_not_begun_says_so() -> None:
    with pytest.raises(brizna.UnavailableError, match="Nothing was measured"):
        _ = brizna.measure().energy


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(brizna.InputError, match="Did you mean 'zone'"), brizna.measure(zon="ES"):
        pass


def test_a_notebook_shows_the_result() -> None:
    with brizna.measure("shown <b>") as m:
        pass
    html = m._repr_html_()
    assert "Wh" in html
    assert "shown &lt;b&gt;" in html
    assert "not begun" in brizna.measure()._repr_html_()


def test_a_functional_unit_gives_sci() -> None:
    unit = brizna.FunctionalUnit(name="inference", count=10)
    with brizna.measure("sci", zone="ES", unit=unit) as m:
        sum(range(10**6))
    sci, carbon = m.footprint.sci_g_per_unit, m.footprint.carbon_g
    assert sci is not None
    assert carbon is not None
    assert sci.best.value == pytest.approx(carbon.best.value / 10)


def test_a_block_that_counts_hundreds_of_things_is_recorded_to_its_end() -> None:
    with brizna.measure("many") as m:
        with m.phase("first " + "x" * 5000):
            m.count(**{f"layer.{place}.flop": 1e9 for place in range(400)})
        m.count(tokens=3)
    assert len(m.run.measurement.work) == 401
    assert len(m.run.measurement.phases[0].work) == 400
    assert not [note for note in m.run.notes if "journal" in note]


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ({"x" * 5000: 1}, "5000 characters: expected at most 200"),
        ({str(place): 1 for place in range(1001)}, "1002 kinds of work: expected at most 1000"),
        ({"tokens": 1.7e308}, "more than a number can hold"),
    ],
    ids=["long name", "many names", "endless amount"],
)
def test_a_count_that_no_sample_could_hold_is_refused_whole(
    amounts: dict[str, float], said: str
) -> None:
    with brizna.measure() as m:
        m.count(tokens=1e308)
        with pytest.raises(brizna.InputError, match=said):
            m.count(**amounts)
    assert [(work.name, work.amount) for work in m.run.measurement.work] == [("tokens", 1e308)]


def test_a_count_outside_the_block_is_a_warning() -> None:
    measuring = brizna.measure()
    with pytest.warns(MeasuringWarning, match="count of tokens came outside"):
        measuring.count(tokens=3)
    with measuring as m:
        m.count(tokens=2)
    with pytest.warns(MeasuringWarning, match="is in no record"):
        m.count(tokens=3)
    assert [work.amount for work in m.run.measurement.work] == [2]


@pytest.mark.parametrize("amount", ["3", None, [3], True, 10**400, float("nan")], ids=repr)
def test_a_count_that_is_no_number_is_refused(amount: Any) -> None:
    with (
        brizna.measure() as m,
        pytest.raises(brizna.InputError, match="expected a number above 0"),
    ):
        m.count(tokens=amount)


def test_a_count_of_nothing_is_refused() -> None:
    with brizna.measure() as m, pytest.raises(brizna.InputError, match="Nothing is counted"):
        m.count()


def test_a_number_of_any_kind_is_counted_as_a_plain_one() -> None:
    with brizna.measure() as m:
        m.count(tokens=Decimal("2.5"), samples=Fraction(1, 2))  # type: ignore[arg-type]
    amounts = {work.name: work.amount for work in m.run.measurement.work}
    assert amounts == {"tokens": 2.5, "samples": 0.5}
