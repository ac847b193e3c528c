"""Estimators of scikit-learn as graphs: the same answers in the same shape, or a reason."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")
pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_wine  # noqa: E402 - after what may skip
from sklearn.ensemble import (  # noqa: E402 - after what may skip
    GradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression  # noqa: E402 - after what may skip
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402 - after what may skip
from sklearn.pipeline import make_pipeline  # noqa: E402 - after what may skip
from sklearn.preprocessing import StandardScaler  # noqa: E402 - after what may skip
from sklearn.svm import LinearSVC  # noqa: E402 - after what may skip

from brizna.core.errors import InfeasibleError  # noqa: E402 - after what may skip
from brizna.improve import Material, Serving, runtime_named, seal, transform_from  # noqa: E402 - after what may skip
from brizna.improve._runtimes._take import take  # noqa: E402 - after what may skip

pytestmark = pytest.mark.heavy

WINES, DISEASES = load_wine(return_X_y=True), load_diabetes(return_X_y=True)
ESTIMATORS = {
    "a forest behind a step that scales": (
        make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)),
        WINES,
    ),
    "neighbours": (KNeighborsClassifier(3), WINES),
    "a machine without probabilities": (LinearSVC(random_state=0), WINES),
    "boosted trees": (GradientBoostingRegressor(n_estimators=20, random_state=0), DISEASES),
}
HELD: list[tuple] = []
"""What the module's functions hand over: a study's modules are imported by name."""


def load():
    return HELD[-1][0]


def inputs():
    return HELD[-1][1]


def exported(estimator, requests, folder):
    """Return an estimator's model before and behind the step, ready to be asked."""
    HELD.append((estimator, requests))
    material = Material(inputs=f"{__name__}:inputs")
    before, behind = folder / "before", folder / "behind"
    before.mkdir()
    behind.mkdir()
    model = seal(str(before), take({"load": f"{__name__}:load"}, material, str(before)))
    made = transform_from({"name": "export-sklearn"}).apply(model, material, str(behind))
    sessions = []
    for name, one in (("sklearn", model), ("onnxruntime", seal(str(behind), made))):
        serving = Serving(runtime=name, precision=one.precision)
        sessions.append(runtime_named(name).open(one, serving, material))
    return sessions


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_graph_answers_as_its_estimator_does(tmp_path, name, kind):
    estimator, (rows, told) = ESTIMATORS[name]
    rows = rows.astype(kind)
    before, behind = exported(estimator.fit(rows, told), [rows[:1], rows[:8]], tmp_path)
    whole, given = before.predict(rows), behind.predict(rows)
    assert len(given) == len(whole) == 1
    assert given[0].shape == whole[0].shape
    away = np.abs(given[0] - whole[0]) > 1e-3 * np.maximum(1, np.abs(whole[0]))
    assert away.mean() <= 0.01  # rows on a threshold may fall to its other side in fp32


def test_several_targets_and_requests_that_are_no_table_are_refused(tmp_path):
    rows, told = WINES
    both = np.stack([told, told[::-1]], 1)
    forest = RandomForestClassifier(3, random_state=0).fit(rows, both)
    with pytest.raises(InfeasibleError, match="answers 2 targets at once"):
        exported(forest, [rows[:2]], tmp_path)
    linear = LinearRegression().fit(rows, told)
    (tmp_path / "words").mkdir()
    with pytest.raises(InfeasibleError, match="no single table of numbers"):
        exported(linear, [(rows[:2], rows[:2])], tmp_path / "words")
