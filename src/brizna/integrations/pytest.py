"""Energy in tests: a fixture, a budget and a report. Nothing happens until one of them is used.

``def test_it(energy)``, ``@pytest.mark.energy_budget(wh=0.5)``, ``pytest --energy-report``. What is
measured is the whole machine while the test runs. Where only models tell the energy, or other
workers run beside, a budget is skipped with the reason, not failed.
"""

from __future__ import annotations

import os

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from tempfile import TemporaryDirectory
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.verbs import Measuring, Part

SCHEMA = "brizna.tests/1"
"""Of the file of ``--energy-json``."""
_PROPERTY = "energy"
_MARKER = "energy_budget"


class Hooks:
    """What a ``conftest.py`` can say to this plugin."""

    @pytest.hookspec(firstresult=True)
    def pytest_energy_measuring(self, config: pytest.Config) -> Measuring | None:
        """Return the `brizna.measure` to be begun for these tests, with settings of one's own.

        Without one, settings are those of brizna, and the record is not kept.
        """


class Measured:
    """What a test gets for asking for ``energy``.

    Attributes:
        is_metered: Whether some counter or sensor tells energy here, not only models.
    """

    def __init__(self, session: _Session, whole: Part) -> None:
        self._session = session
        self._whole = whole
        self.is_metered = session.is_metered

    @property
    def so_far(self) -> Estimate | None:
        """The energy since the test began; None where nothing could be read."""
        return self._whole.energy

    def part(self, name: str) -> Part:
        """Return a context manager for a part of the test; it has an ``energy`` right after it."""
        return self._session.measuring.phase(name)


class _Session:
    """One measured block for all tests of this process, begun when the first one needs it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.rows: list[dict[str, Any]] = []
        self._measuring: Measuring | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._is_metered: bool | None = None

    @property
    def measuring(self) -> Measuring:
        if self._measuring is None:
            asked = self.config.hook.pytest_energy_measuring(config=self.config)
            self._measuring = (asked or self._own()).__enter__()
        return self._measuring

    def _own(self) -> Measuring:
        from tempfile import TemporaryDirectory

        from brizna.verbs import measure

        self._folder = TemporaryDirectory(prefix="brizna-pytest-")
        return measure("pytest", tags=("pytest",), store=self._folder.name)

    @property
    def is_metered(self) -> bool:
        if self._is_metered is None:
            roots = self.measuring.run.measurement.roots()
            self._is_metered = any(channel.basis == "metered" for channel in roots)
        return self._is_metered

    def obstacle(self) -> str | None:
        """Return why nothing can be judged here; None if it can."""
        workers: dict[str, Any] = getattr(self.config, "workerinput", {})
        if int(workers.get("workercount", 1)) > 1:
            return "other workers of pytest-xdist use the machine too: run it with -n 0"
        if not self.is_metered and not self.config.getoption("energy_estimates"):
            return "only models tell the energy here: see brizna doctor, or take --energy-estimates"
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test's report says of its energy, here or in a worker."""
        for name, told in report.user_properties if report.when == "call" else ():
            if name == _PROPERTY and isinstance(told, dict):
                row: dict[str, Any] = {"test": report.nodeid, "outcome": report.outcome, **told}
                self.rows.append(row)

    def pytest_sessionfinish(self) -> None:
        """Write the file; workers leave that to whoever started them."""
        path = self.config.getoption("energy_json")
        if path and not hasattr(self.config, "workerinput"):
            from brizna.core.codec import encode
            from brizna.store import replace_file

            data = encode({"schema": SCHEMA, "tests": self.rows}) + b"\n"
            try:
                replace_file(path, data)
            except OSError as error:  # the tests are done, and their result is what counts
                warning = pytest.PytestWarning(
                    f"--energy-json: {path!r} cannot be written ({error.strerror}). Name a file "
                    "in a folder that is there."
                )
                self.config.issue_config_time_warning(warning, stacklevel=2)

    def close(self) -> None:
        measuring, self._measuring = self._measuring, None
        if measuring is not None:
            measuring.__exit__(None, None, None)
        if self._folder is not None:
            self._folder.cleanup()


_SESSION = pytest.StashKey[_Session]()
_REPEATED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("energy", "energy, by brizna")
    group.addoption(
        "--energy-report", action="store_true", help="tell at the end what each test used"
    )
    group.addoption("--energy-json", metavar="FILE", help="write what each test used to a file")
    group.addoption(
        "--energy-estimates",
        action="store_true",
        help="judge budgets where only models tell the energy, instead of skipping them",
    )


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add what a conftest.py can say."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line(
        "markers",
        "energy_budget(wh=, runs=5): fail if the test surely uses more watt-hours, as the median "
        "of so many runs",
    )
    path = config.getoption("energy_json")
    if path and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise pytest.UsageError(
            f"--energy-json: {path!r} is in no folder that is there. Make the folder first."
        )
    config.stash[_SESSION] = session = _Session(config)
    config.pluginmanager.register(session, "brizna-energy")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the measurement."""
    if _SESSION in config.stash:
        config.stash[_SESSION].close()


@pytest.fixture
def energy(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Energy of the test so far and of its parts; skips where nothing can be judged."""
    session = request.config.stash[_SESSION]
    obstacle = session.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with session.measuring.phase(request.node.nodeid) as whole:
        yield Measured(session, whole)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measure each test that is not measured by its budget, if a report is wanted."""
    wanted = item.config.getoption("energy_report") or item.config.getoption("energy_json")
    if not wanted or item.get_closest_marker(_MARKER) is not None:
        return (yield)
    part = item.config.stash[_SESSION].measuring.phase(item.nodeid)
    try:
        with part:
            return (yield)
    finally:
        _note(item, part.energy, budget_j=None)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run a test that has a budget as often as it takes to judge it."""
    marker = pyfuncitem.get_closest_marker(_MARKER)
    if marker is None or pyfuncitem.stash.get(_REPEATED, False):
        return None
    budget_j, runs = _asked(marker)
    session = pyfuncitem.config.stash[_SESSION]
    obstacle = session.obstacle()
    pyfuncitem.stash[_REPEATED] = True
    try:
        energies: list[Estimate | None] = []
        for _ in range(runs if obstacle is None else 1):
            with session.measuring.phase(pyfuncitem.nodeid) as part:
                pyfuncitem.ihook.pytest_pyfunc_call(pyfuncitem=pyfuncitem)
            energies.append(part.energy)
    finally:
        del pyfuncitem.stash[_REPEATED]
    if obstacle is not None:
        pytest.skip(f"{obstacle} (the test itself passed)")
    _judge(pyfuncitem, energies, budget_j)
    return True


def _judge(item: pytest.Item, energies: list[Estimate | None], budget_j: float) -> None:
    from brizna.core.quantities import Energy
    from brizna.integrations._budget import judge
    from brizna.report import Format

    known = [energy for energy in energies if energy is not None]
    if len(known) < len(energies):
        pytest.skip("the energy could not be read")
    found = judge(known, budget_j)
    _note(item, found.energy_j, budget_j=budget_j)
    style = Format("en")
    used = style.estimate(Energy, found.energy_j)
    budget = style.quantity(Energy(budget_j))
    if found.verdict == "fail":
        pytest.fail(f"It uses {used}, more than its budget of {budget}.", pytrace=False)
    if found.verdict == "cannot-tell":
        pytest.skip(f"cannot tell: it uses {used}, its budget is {budget}")


def _asked(marker: pytest.Mark) -> tuple[float, int]:
    """Return the budget in joules and the number of runs."""
    from brizna.core.quantities import Energy
    from brizna.integrations._budget import LEAST_RUNS

    budget_wh, runs = marker.kwargs.get("wh"), marker.kwargs.get("runs", LEAST_RUNS)
    good = isinstance(budget_wh, (int, float)) and budget_wh > 0 and not marker.args
    if not good or not isinstance(runs, int) or runs < LEAST_RUNS or set(marker.kwargs) - _TAKEN:
        pytest.fail(
            f"energy_budget was given {marker.args or ''}{marker.kwargs}: expected wh= above 0, "
            f"and runs= from {LEAST_RUNS} up, because fewer cannot tell chance from change.",
            pytrace=False,
        )
    return Energy.of(float(budget_wh or 0.0), "Wh").value, runs


_TAKEN = {"wh", "runs"}


def _note(item: pytest.Item, energy: Estimate | None, *, budget_j: float | None) -> None:
    """Put a test's energy into its report, which crosses from a worker to whoever prints."""
    told = None if energy is None else energy.to_json()
    item.user_properties.append((_PROPERTY, {"energy_j": told, "budget_j": budget_j}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    rows = config.stash[_SESSION].rows
    if config.getoption("energy_report") and rows:
        from brizna.integrations._budget import used_lines
        from brizna.report import pick_language

        terminalreporter.section("energy")
        for line in used_lines(rows, lang=pick_language(None, os.environ)):
            terminalreporter.write_line(line)
