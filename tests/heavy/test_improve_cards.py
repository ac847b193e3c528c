"""Runtimes on a card against the real libraries, as far as a processor can stand for a card."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

from brizna.core.errors import UnavailableError  # noqa: E402 - after what may skip
from brizna.improve import Material, Model, Serving, runtime_named  # noqa: E402 - after what may skip
from brizna.improve._runtimes._onnxruntime_card import (  # noqa: E402 - after what may skip
    OnnxCardSession,
)
from brizna.improve._runtimes._torch_card import (  # noqa: E402 - after what may skip
    Card,
    TorchCardSession,
)
from brizna.testing import FakeOnnxRuntime  # noqa: E402 - after what may skip

pytestmark = pytest.mark.heavy

CPU = "CPUExecutionProvider"
ROWS = np.array([[-1.0, 2.0], [3.0, -4.0]], np.float32)


@pytest.fixture
def graph(tmp_path):
    """Return the path of a graph that takes what is below 0 away."""
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    ends = [make.make_tensor_value_info(name, kind, ["n", 2]) for name in ("x", "y")]
    node = make.make_node("Relu", ["x"], ["y"])
    body = make.make_graph([node], "g", ends[:1], ends[1:])
    opset = [make.make_opsetid("", 18)]
    onnx.save(make.make_model(body, opset_imports=opset, ir_version=9), tmp_path / "model.onnx")
    return str(tmp_path / "model.onnx")


def test_bound_inputs_and_outputs_give_what_the_library_gives(graph):
    session = OnnxCardSession(graph, Serving(runtime="x"), {CPU: {}}, device="cpu")
    (found,) = session.predict(ROWS)
    assert found.tolist() == np.maximum(ROWS, 0).tolist()
    assert session.used()["copied_bytes"] == 2 * ROWS.nbytes
    assert session._operators == {CPU: {"Relu": 1}}


def test_the_fake_is_asked_for_nothing_that_the_library_does_not_have(graph):
    fake = FakeOnnxRuntime(operators={CPU: ["Relu"]})
    options = ort.SessionOptions()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    real = ort.InferenceSession(graph, options, providers=[CPU])
    session = fake.InferenceSession("-", fake.SessionOptions(), providers=[CPU])
    pairs = [
        (fake, ort),
        (session, real),
        (session.io_binding(), real.io_binding()),
        (fake.OrtValue, ort.OrtValue),
        (fake.SessionOptions(), options),
    ]
    own = {"copied", "sessions", "lost", "operators", "compute", "asked", "options", "entries"}
    own |= {"inputs", "outputs", "computed"}
    for one, other in pairs:
        for name in {name for name in dir(one) if not name.startswith("_")} - own:
            assert hasattr(other, name), name
    for name in ("bind_output", "bind_ortvalue_input"):
        asked = inspect.signature(getattr(session.io_binding(), name)).parameters
        assert set(asked) <= set(inspect.signature(getattr(ort.IOBinding, name)).parameters) | {
            "value"
        }
    part, given = real.get_provider_graph_assignment_info()[0], session._assignment()[0]
    assert part.ep_name == given.ep_name == CPU
    assert part.get_nodes()[0].op_type == given.get_nodes()[0].op_type == "Relu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="a card is here")
@pytest.mark.parametrize(
    ("name", "kind"),
    [("torch-cuda", "torch"), ("onnxruntime-cuda", "onnx"), ("onnxruntime-tensorrt", "onnx")],
)
def test_a_build_for_processors_says_what_it_lacks(tmp_path, monkeypatch, name, kind):
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    model = Model(kind=kind, folder=str(tmp_path), digest="-", size_bytes=1)
    with pytest.raises(UnavailableError, match="expected"):
        runtime_named(name).open(model, Serving(runtime=name), Material())
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)


class Watched(Card):
    """A card that is the processor, and keeps what it was asked for."""

    def __init__(self):
        cuda = SimpleNamespace(get_device_name=lambda name: name, synchronize=self.waited)
        super().__init__(SimpleNamespace(backends=torch.backends, cuda=cuda), "cpu")
        self.waits = []

    def waited(self, name):
        self.waits.append(name)


@pytest.mark.parametrize(
    ("precision", "products"), [("fp32", "ieee"), ("tf32", "tf32"), ("bf16", "ieee")]
)
def test_a_module_on_a_card_answers_as_on_the_processor_in_the_precision_that_is_read_back(
    precision, products
):
    torch.manual_seed(0)
    module, card = torch.nn.Linear(2, 3).eval(), Watched()
    with torch.inference_mode():
        expected = module(torch.from_numpy(ROWS)).numpy()
    serving = Serving(runtime="torch-cuda", precision=precision)
    session = TorchCardSession(module, serving, card, casts=True)
    (found,) = session.predict(ROWS)
    session.settle()
    assert np.allclose(found, expected, atol=0.05 if precision == "bf16" else 1e-6)
    assert card.waits == ["cpu"]
    used = session.used()
    assert (used["products"], used["convolutions"]) == (products, products)
    assert used["copied_bytes"] == ROWS.nbytes + found.nbytes
    Watched().multiply_in("fp32")
