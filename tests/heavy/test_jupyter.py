"""The magics in a real kernel: what a cell used is shown as a table, and the run is kept."""

from __future__ import annotations

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

from brizna.store import Store  # noqa: E402
from brizna.verbs import view_of  # noqa: E402

CELLS = (
    "%load_ext brizna",
    "%%energy sums --zone ES --interval=0.5\ntotal = sum(range(10**6))\nprint('out')\ntotal",
    "%energy",
    "%energy more = total + 1",
    "more == total + 1",
    "%%energy broken\n1 / 0",
    "%%energy --nonsense 3\n1",
    "%%energy --zone Atlantis\n1",
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """Return the outputs of each cell, and the store."""
    place = tmp_path_factory.mktemp("notebook")
    store = place / "store"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    first = nbformat.v4.new_code_cell(
        f"import os; os.environ.update(BRIZNA_STORE={str(store)!r}, LANG='C.UTF-8')"
    )
    made = nbformat.v4.new_notebook(cells=[first, *cells])
    client = nbclient.NotebookClient(
        made, timeout=60, kernel_name="python3", allow_errors=True, resources={}
    )
    client.execute(cwd=str(place))
    return [cell.outputs for cell in made.cells[1:]], Store(str(store))


def shown(outputs):
    """Return the data of a cell's own result."""
    return [one.data for one in outputs if one.output_type == "execute_result"]


def text(outputs):
    """Return all that a cell shows."""
    return "\n".join(str(dict(one)) for one in outputs)


def test_a_cell_shows_its_own_output_and_what_it_used(notebook):
    outputs, store = notebook
    assert "out" in text(outputs[1])
    table = shown(outputs[1])[-1]
    assert "<table>" in table["text/html"]
    assert "energy" in table["text/plain"]
    assert "Wh" in table["text/plain"]
    assert "CO2e" in table["text/plain"].replace("₂", "2")
    run = store.read("sums").run
    assert run.id in table["text/html"]
    assert run.site.zone == "ES"
    assert run.measurement.interval_s == 0.5
    assert run.tags == ("notebook",)


def test_alone_it_shows_the_last_result_again(notebook):
    outputs, _ = notebook
    assert shown(outputs[2])[0]["text/html"] == shown(outputs[1])[-1]["text/html"]


def test_a_line_is_measured_and_its_names_stay(notebook):
    outputs, store = notebook
    assert "Wh" in shown(outputs[3])[-1]["text/plain"]
    assert shown(outputs[4])[0]["text/plain"] == "True"
    assert view_of(store, "cell")["footprint"]["energy_j"]["best"] > 0


def test_an_error_in_a_cell_is_shown_and_its_run_is_kept(notebook):
    outputs, store = notebook
    assert "ZeroDivisionError" in text(outputs[5])
    run = store.read("broken").run
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.notes)


def test_what_is_no_setting_is_said_without_a_stack(notebook):
    outputs, store = notebook
    assert "'--nonsense' is no setting that %%energy takes" in text(outputs[6])
    assert "'Atlantis' is no grid zone" in text(outputs[7])
    assert "Traceback" not in text(outputs[6])
    assert len(store.runs()) == 3
