"""Models of each form that improve takes answer as they did, from a folder of the workshop."""

from __future__ import annotations

import os

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

from brizna.core.errors import InputError  # noqa: E402 - after what may skip
from brizna.improve import Machine, Material, runtime_named, seal  # noqa: E402 - after what may skip
from brizna.improve._runtimes._take import take  # noqa: E402 - after what may skip

pytestmark = pytest.mark.heavy

ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def network():
    """Return a small network with fixed weights."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).eval()


def expected():
    with torch.inference_mode():
        return network()(torch.from_numpy(ROWS)).numpy()


def doubled(rows):
    """Return rows twice as large."""
    return rows * 2


def answered(path, folder, *, material=None, **said):
    """Return what a model answers once it is taken, and its kind."""
    folder.mkdir()
    material = material or Material()
    model = seal(str(folder), take({"path": str(path), **said}, material, str(folder)))
    names = {"torch": "torch", "onnx": "onnxruntime", "openvino": "openvino", "sklearn": "sklearn"}
    runtime = runtime_named(names[model.kind])
    machine = Machine(isa=(), processors=1, libraries={})
    serving = runtime.servings(model, machine)[0]
    session = runtime.open(model, serving, material)
    assert session.used()["threads"] == 1
    return session.predict(ROWS)[0], model


def test_a_scripted_module_is_taken(tmp_path):
    torch.jit.save(torch.jit.trace(network(), torch.from_numpy(ROWS)), str(tmp_path / "net.pt"))
    found, model = answered(tmp_path / "net.pt", tmp_path / "taken")
    assert model.facts["is_scripted"]
    assert np.allclose(found, expected())


def test_a_folder_with_a_loader_is_taken(tmp_path):
    source = tmp_path / "mine"
    source.mkdir()
    (source / "loader.py").write_text(
        "import torch\n\n\ndef load():\n    torch.manual_seed(0)\n    return torch.nn.Sequential("
        "torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))\n"
    )
    found, model = answered(source, tmp_path / "taken")
    assert model.kind == "torch"
    assert np.allclose(found, expected())


def test_a_graph_whose_numbers_lie_in_another_file_is_taken_with_it(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    example = (torch.from_numpy(ROWS),)
    path = str(tmp_path / "inline.onnx")
    torch.onnx.export(network(), example, path, dynamo=False, opset_version=18)
    whole = onnx.load(path)
    onnx.save(whole, str(tmp_path / "net.onnx"), save_as_external_data=True, size_threshold=0)
    outside = [name for name in os.listdir(tmp_path) if name not in ("inline.onnx", "net.onnx")]
    assert outside
    found, model = answered(tmp_path / "net.onnx", tmp_path / "taken")
    assert model.facts["opset"] == 18
    assert np.allclose(found, expected(), atol=1e-5)


def test_a_graph_of_openvino_is_taken(tmp_path):
    ov = pytest.importorskip("openvino")
    graph = ov.convert_model(network(), example_input=torch.from_numpy(ROWS))
    ov.save_model(graph, str(tmp_path / "net.xml"), compress_to_fp16=False)
    found, model = answered(tmp_path / "net.xml", tmp_path / "taken")
    assert model.kind == "openvino"
    assert np.allclose(found, expected(), atol=1e-4)


def test_a_fitted_estimator_is_taken_with_its_probabilities(tmp_path):
    linear = pytest.importorskip("sklearn.linear_model")
    joblib = pytest.importorskip("joblib")
    estimator = linear.LogisticRegression().fit(ROWS, [0, 1, 0, 1, 0, 1])
    joblib.dump(estimator, tmp_path / "it.joblib")
    found, model = answered(tmp_path / "it.joblib", tmp_path / "taken")
    assert model.facts["estimator"] == "LogisticRegression"
    assert np.allclose(found, estimator.predict_proba(ROWS))


def test_an_estimator_saved_by_skops_is_taken_without_running_what_it_does_not_name(tmp_path):
    skops = pytest.importorskip("skops.io")
    forest = pytest.importorskip("sklearn.ensemble").RandomForestClassifier(5, random_state=0)
    path = str(tmp_path / "it.skops")
    skops.dump(forest.fit(ROWS, [0, 1, 0, 1, 0, 1]), path)
    unknown = skops.get_untrusted_types(file=path)
    found, model = answered(path, tmp_path / "taken", trusted=unknown)
    assert model.facts["estimator"] == "RandomForestClassifier"
    assert np.allclose(found, forest.predict_proba(ROWS))
    if unknown:  # which ones it does not take without a word changes from release to release
        (tmp_path / "refused").mkdir()
        with pytest.raises(InputError, match=r"trusted = \["):
            take({"path": path}, Material(), str(tmp_path / "refused"))


def test_a_type_of_ones_own_in_a_skops_file_is_named_before_it_is_taken(tmp_path):
    skops = pytest.importorskip("skops.io")
    steps = pytest.importorskip("sklearn.pipeline")
    functions = pytest.importorskip("sklearn.preprocessing")
    linear = pytest.importorskip("sklearn.linear_model").LogisticRegression()
    whole = steps.make_pipeline(functions.FunctionTransformer(doubled), linear)
    path = str(tmp_path / "it.skops")
    skops.dump(whole.fit(ROWS, [0, 1, 0, 1, 0, 1]), path)
    with pytest.raises(InputError, match="doubled"):
        take({"path": path}, Material(), str(tmp_path))
    found, _ = answered(path, tmp_path / "taken", trusted=[f"{__name__}.doubled"])
    assert np.allclose(found, whole.predict_proba(ROWS))


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"expected \.onnx"):
        take({"path": str(tmp_path / "notes.txt")}, Material(), str(tmp_path))
    with pytest.raises(InputError, match=r"expected a torch\.nn\.Module"):
        take({"load": "builtins:list"}, Material(), str(tmp_path))
