"""What each step makes of a small model: it runs, it is as near as it says, or it says why not."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("numpy")
pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")
pytest.importorskip("nncf")
pytest.importorskip("peft")
pytest.importorskip("torchao")
pytest.importorskip("torch_pruning")

import numpy as np  # noqa: TID253 - skipped where it is not installed
import onnx
import torch

from brizna.check import non_inferior
from brizna.core.errors import InfeasibleError, InputError
from brizna.improve import (
    Machine,
    Made,
    Material,
    Serving,
    all_transforms,
    open_model,
    runtime_named,
    seal,
    this_machine,
    transform_from,
)
from brizna.improve._registry import declines, distributions_of
from brizna.improve._runtimes._onnxruntime import GRAPH
from brizna.improve._runtimes._onnxruntime import facts_of as onnx_facts
from brizna.improve._runtimes._take import take
from brizna.improve._transforms._factorise import rank_for
from brizna.improve._transforms._rounded import refuse_unrounded
from brizna.improve._transforms._torchao import round_linear
from brizna.testing import transform_conformance

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("ignore:You are using the legacy TorchScript"),  # so we mean to
]

CODE = """
import numpy as np  # noqa: TID253 - skipped where it is not installed
import torch


class Net(torch.nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.see = torch.nn.Conv2d(1, width, 3, padding=1)
        self.hear = torch.nn.Linear(width * 16, 64)
        self.say = torch.nn.Linear(64, 4)

    def forward(self, images):
        seen = torch.nn.functional.max_pool2d(self.see(images).relu(), 2)
        return self.say(self.hear(seen.flatten(1)).relu())


def load():
    torch.manual_seed(0)
    return Net()


def student():
    return Net(8)


def wrong_student():
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))


def inputs():
    draw = np.random.default_rng(0)
    return [draw.normal(size=(8, 1, 8, 8)).astype(np.float32) for _ in range(4)]


def train():
    return [(one, (one.mean((1, 2, 3)) > 0).astype(np.int64)) for one in inputs()]
"""
LOST = (
    ("prune-channels", {"ratio": 0.5}),
    ("mask-weights", {"ratio": 0.8}),
    ("factorise", {"share": 0.5}),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Return where models are built, each once."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("shop")
    (home / "small_net.py").write_text(CODE)
    return Shop(home)


class Shop:
    """Builds models step by step and keeps them."""

    def __init__(self, home):
        self.home = home
        self.machine = this_machine(distributions_of())
        self.material = Material(
            path=(str(home),),
            **{name: f"small_net:{name}" for name in ("inputs", "train", "student")},
        )

    def folder(self, *steps):
        told = json.dumps(steps).translate(dict.fromkeys(map(ord, '[]{}"/ :,')))
        return self.home / f"model-{told}"

    def model(self, *steps):
        """Return the model that steps make, each a name and its parameters."""
        folder = self.folder(*steps)
        if folder.exists():
            return open_model(str(folder))
        if not steps:
            folder.mkdir()
            made = take({"load": "small_net:load"}, self.material, str(folder))
            return seal(str(folder), made)
        parent = self.model(*steps[:-1])
        name, values = steps[-1]
        transform = transform_from({"name": name, **values})
        assert declines(transform, parent, self.machine, self.material) is None
        folder.mkdir()
        made = transform.apply(parent, self.material, str(folder))
        return seal(str(folder), made, parent=parent, step={"name": name, **transform.to_json()})

    def answers(self, model, *, runtime=None, precision=None):
        """Return what a model answers to the first request."""
        name = runtime or {"torch": "torch", "onnx": "onnxruntime"}.get(model.kind, "openvino")
        computed = precision or ("fp32" if model.kind == "openvino" else model.precision)
        serving = Serving(runtime=name, precision=computed)
        session = runtime_named(name).open(model, serving, self.material)
        return session.predict(self.material.requests()[0])[0]


EXPORT, CONVERT = ("export-onnx", {}), ("convert-openvino", {})


@pytest.mark.parametrize("transform", all_transforms(), ids=lambda one: one.name)
def test_each_step_keeps_its_promises_on_a_model_it_takes(shop, tmp_path, transform):
    before = {"onnx": (EXPORT,), "openvino": (CONVERT,)}.get(transform.takes[0], ())
    if transform.name in ("fine-tune", "train-adapter"):
        before = (("factorise", {}),)
    (tmp_path / "made").mkdir()
    chosen, material = transform.choices()[0], shop.material
    if transform.takes == ("sklearn",):
        model, material = a_tree(tmp_path)
    else:
        model = shop.model(*before)
    assert transform_conformance(chosen, model, material, str(tmp_path / "made")) == []


TREE = """
import numpy as np  # noqa: TID253 - skipped where it is not installed
from sklearn.tree import DecisionTreeClassifier


def load():
    return DecisionTreeClassifier().fit(np.eye(4), [0, 1, 0, 1])


def inputs():
    return [np.eye(4)]
"""


def a_tree(folder):
    """Return a fitted estimator in a folder, and what is beside it."""
    pytest.importorskip("skl2onnx")
    (folder / "small_tree.py").write_text(TREE)
    material = Material(path=(str(folder),), inputs="small_tree:inputs")
    (folder / "tree").mkdir()
    made = take({"load": "small_tree:load"}, material, str(folder / "tree"))
    return seal(str(folder / "tree"), made), material


@pytest.mark.parametrize(
    ("steps", "near"),
    [
        ((EXPORT,), 1e-4),
        ((("export-onnx", {"exporter": "dynamo"}),), 1e-4),
        ((CONVERT,), 1e-2),
        ((EXPORT, CONVERT), 1e-2),
        ((EXPORT, ("fuse-onnx", {"by": "runtime"})), 1e-4),
        ((EXPORT, ("half-onnx", {})), 1e-2),
        ((("cast", {"to": "bf16"}),), 0.05),
        ((EXPORT, ("quantize-onnx-dynamic", {})), 0.1),
        ((EXPORT, ("quantize-onnx-static", {})), 0.2),
        ((EXPORT, ("quantize-onnx-static", {"ends": 32})), 0.2),
        ((CONVERT, ("quantize-openvino", {})), 0.2),
        ((CONVERT, ("shrink-weights-openvino", {})), 0.1),
        ((CONVERT, ("shrink-weights-openvino", {"bits": 4})), 0.3),
        ((("quantize-torch", {"scheme": "int8-dynamic"}),), 0.1),
        ((("quantize-torch", {"scheme": "int8-weights"}),), 0.1),
        ((("quantize-torch", {"scheme": "int4-weights"}),), 0.3),
    ],
    ids=lambda value: " ".join(step[0] for step in value) if isinstance(value, tuple) else "",
)
def test_a_step_gives_nearly_the_same_answers(shop, steps, near):
    if any(name.startswith("quantize-onnx") for name, _ in steps) and not shop.machine.has(
        "avx512_vnni", "avx_vnni", "asimddp"
    ):
        pytest.skip("sums of 8 bits saturate on this processor: the step says so")
    model = shop.model(*steps)
    whole = shop.answers(shop.model())
    given = shop.answers(model)
    assert np.abs(given - whole).max() < near * max(1.0, np.abs(whole).max())


def test_what_would_round_nothing_is_called_by_no_smaller_precision(shop):
    exported = shop.model(EXPORT)
    few = exported.replace(facts={**exported.facts, "operators": {"MatMul": 2, "Relu": 1}})
    step = transform_from({"name": "quantize-onnx-static", "ends": 32})
    assert "between its first and its last" in step.applies(few, shop.machine)
    layer = torch.nn.Sequential(torch.nn.Linear(20, 4))
    with pytest.raises(InfeasibleError, match="No linear layer"):
        round_linear(layer, "int8-weights")
    with pytest.raises(InfeasibleError, match="Nothing in the graph was rounded to int8"):
        refuse_unrounded({"operators": {"MatMul": 2}, "dtypes": {"float": 9}}, "int8")
    assert refuse_unrounded(shop.model(EXPORT, ("quantize-onnx-static", {})).facts, "int8")


def test_weights_the_other_way_round_whose_shape_is_written_down_are_rounded(tmp_path):
    helper, number = onnx.helper, onnx.TensorProto
    weights = onnx.numpy_helper.from_array(np.ones((6, 4), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)],
        "product",
        [helper.make_tensor_value_info("x", number.FLOAT, ["rows", 4])],
        [helper.make_tensor_value_info("y", number.FLOAT, ["rows", 6])],
        [weights],
        value_info=[helper.make_tensor_value_info("w", number.FLOAT, [6, 4])],
    )
    for name in ("given", "made"):
        (tmp_path / name).mkdir()
    path = str(tmp_path / "given" / GRAPH)
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
    given = seal(str(tmp_path / "given"), Made(kind="onnx", facts=onnx_facts(path)))
    step = transform_from({"name": "quantize-onnx-dynamic"})
    made = step.apply(given, Material(), str(tmp_path / "made"))
    assert made.facts["operators"]["MatMulInteger"] == 1


ENCODER = """
import numpy as np  # noqa: TID253 - skipped where it is not installed
import torch


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
        self.body = torch.nn.TransformerEncoder(layer, 1)

    def forward(self, rows):
        return self.body(rows).mean(1)


def load():
    torch.manual_seed(0)
    return Encoder()


def inputs():
    draw = np.random.default_rng(0)
    return [draw.normal(size=(rows, 5 * rows, 64)).astype(np.float32) for rows in (2, 1)]
"""


@pytest.mark.parametrize(
    ("name", "near"), [("factorise", 1.0), ("convert-openvino", 0.01), ("export-onnx", 1e-4)]
)
def test_an_encoder_whose_fused_operator_no_step_follows_is_taken_apart(tmp_path, name, near):
    (tmp_path / "small_encoder.py").write_text(ENCODER)
    material = Material(path=(str(tmp_path),), inputs="small_encoder:inputs")
    for folder in ("taken", "made"):
        (tmp_path / folder).mkdir()
    taken = take({"load": "small_encoder:load"}, material, str(tmp_path / "taken"))
    models = [seal(str(tmp_path / "taken"), taken)]
    values = {"exporter": "dynamo"} if name == "export-onnx" else {}
    made = transform_from({"name": name, **values}).apply(
        models[0], material, str(tmp_path / "made")
    )
    models.append(seal(str(tmp_path / "made"), made))
    runtimes = {"onnx": "onnxruntime"}
    sessions = [
        runtime_named(name := runtimes.get(one.kind, one.kind)).open(
            one, Serving(runtime=name), material
        )
        for one in models
    ]
    for request in material.requests():
        before, after = (session.predict(request)[0] for session in sessions)
        assert np.abs(before - after).max() < near
    assert torch.backends.mha.get_fastpath_enabled()


def test_pruned_channels_are_gone_and_the_outputs_are_as_wide(shop):
    pruned, whole = shop.model(LOST[0]), shop.model()
    assert pruned.facts["parameters"] < 0.6 * whole.facts["parameters"]
    assert pruned.size_bytes < 0.6 * whole.size_bytes
    assert shop.answers(pruned).shape == shop.answers(whole).shape


def test_masked_weights_are_zero_and_save_no_bytes(shop):
    masked = torch.load(shop.model(LOST[1]).file("model.pt"), weights_only=False)
    weights = torch.cat([one.weight.flatten() for one in (masked.see, masked.hear, masked.say)])
    assert (weights == 0).float().mean() == pytest.approx(0.8, abs=0.01)
    assert shop.model(LOST[1]).size_bytes == pytest.approx(shop.model().size_bytes, rel=0.01)


def test_training_leaves_masked_weights_at_zero(shop):
    tuned = ("fine-tune", {"epochs": 2})
    before = torch.load(shop.model(LOST[1]).file("model.pt"), weights_only=False)
    after = torch.load(shop.model(LOST[1], tuned).file("model.pt"), weights_only=False)
    assert torch.equal(before.hear.weight == 0, after.hear.weight == 0)
    assert not torch.equal(before.hear.weight, after.hear.weight)


def test_factors_leave_half_of_the_multiplications(shop):
    made = torch.load(shop.model(LOST[2]).file("model.pt"), weights_only=False)
    first, second = made.hear
    assert first.weight.numel() + second.weight.numel() <= 0.5 * 512 * 64
    assert rank_for(512, 63, 0.5) == 0


def test_factors_of_full_rank_change_nothing(shop):
    step = ("factorise", {"share": 1.2})
    given, whole = shop.answers(shop.model(step)), shop.answers(shop.model())
    assert np.abs(given - whole).max() < 1e-3


@pytest.mark.parametrize("step", LOST, ids=lambda step: step[0])
def test_training_after_a_change_makes_the_loss_smaller(shop, step):
    def loss_of(model):
        module = torch.load(model.file("model.pt"), weights_only=False)
        batches = shop.material.function("train")()
        with torch.no_grad():
            return sum(
                float(
                    torch.nn.functional.cross_entropy(
                        module(torch.from_numpy(one)), torch.from_numpy(targets)
                    )
                )
                for one, targets in batches
            )

    assert loss_of(shop.model(step, ("fine-tune", {"epochs": 5}))) < loss_of(shop.model(step))


def test_training_gives_the_same_bytes_again(shop, tmp_path):
    step = transform_from({"name": "fine-tune", "epochs": 1})
    made: list[torch.Tensor] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        step.apply(shop.model(LOST[2]), shop.material, str(tmp_path / name))
        module = torch.load(tmp_path / name / "model.pt", weights_only=False)
        made.append(torch.cat([one.flatten() for one in module.parameters()]))
    assert torch.equal(made[0], made[1])


def test_adapters_answer_the_same_once_they_are_folded_in(shop):
    trained = (LOST[2], ("train-adapter", {"epochs": 2}))
    apart, folded = shop.model(*trained), shop.model(*trained, ("merge-adapter", {}))
    assert apart.facts["adapters"] > 0
    assert folded.facts["adapters"] == 0
    assert np.abs(shop.answers(apart) - shop.answers(folded)).max() < 1e-4


def test_adapters_are_trained_beside_weights_of_4_bits_and_not_folded_into_them(shop):
    model = shop.model(("train-adapter", {"bits": 4, "epochs": 1}))
    merge = transform_from({"name": "merge-adapter"})
    assert model.precision == "int4"
    assert np.isfinite(shop.answers(model)).all()
    assert "would be rounded" in str(declines(merge, model, shop.machine, shop.material))


def test_a_student_learns_what_the_model_answers(shop):
    def apart(steps):
        return np.abs(shop.answers(shop.model(*steps)) - shop.answers(shop.model())).mean()

    short = ("distil", {"epochs": 1, "share": 1.0, "temperature": 1.0})
    long = ("distil", {"epochs": 60, "share": 1.0, "temperature": 1.0})
    assert shop.model(long).facts["parameters"] < 0.5 * shop.model().facts["parameters"]
    assert apart([long]) < apart([short])


def test_a_student_of_another_width_is_refused(shop, tmp_path):
    material = shop.material.replace(student="small_net:wrong_student")
    with pytest.raises(InputError, match="the same"):
        transform_from({"name": "distil"}).apply(shop.model(), material, str(tmp_path))


def test_training_with_rounded_numbers_gives_a_program_that_loads(shop):
    model = shop.model(("quantize-aware", {"epochs": 1}))
    assert model.precision == "int8"
    assert np.isfinite(shop.answers(model)).all()


def test_a_width_that_the_code_counts_on_is_left_alone(tmp_path):
    (tmp_path / "stubborn.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.one = torch.nn.Linear(16, 32)\n"
        "        self.two = torch.nn.Linear(8, 4)\n"
        "    def forward(self, rows):\n"
        "        return self.two(self.one(rows).view(-1, 4, 8))\n"
        "def load():\n"
        "    return Net()\n"
    )
    (tmp_path / "rows.py").write_text(
        "import numpy as np\ndef inputs():\n    return [np.ones((2, 16), np.float32)]\n"
    )
    material = Material(path=(str(tmp_path),), inputs="rows:inputs")
    for name in ("model", "made"):
        (tmp_path / name).mkdir()
    made = take({"load": "stubborn:load"}, material, str(tmp_path / "model"))
    model = seal(str(tmp_path / "model"), made)
    with pytest.raises(InfeasibleError, match="No channel"):
        transform_from({"name": "prune-channels"}).apply(model, material, str(tmp_path / "made"))


def branching(path):
    """Write a graph that doubles or halves its input by a setting, behind a branch."""
    helper, number = onnx.helper, onnx.TensorProto
    branches = [
        helper.make_graph(
            [
                helper.make_node("Constant", [], [f"by_{name}"], value_float=by),
                helper.make_node("Mul", ["x", f"by_{name}"], [f"y_{name}"]),
            ],
            name,
            [],
            [helper.make_tensor_value_info(f"y_{name}", number.FLOAT, None)],
        )
        for name, by in (("double", 2.0), ("halve", 0.5))
    ]
    nodes = [
        helper.make_node("Constant", [], ["two"], value_int=2),
        helper.make_node("Equal", ["setting", "two"], ["is_two"]),
        helper.make_node("If", ["is_two"], ["y"], then_branch=branches[0], else_branch=branches[1]),
    ]
    graph = helper.make_graph(
        nodes,
        "branching",
        [
            helper.make_tensor_value_info("x", number.FLOAT, ["rows", 4]),
            helper.make_tensor_value_info("setting", number.INT64, []),
        ],
        [helper.make_tensor_value_info("y", number.FLOAT, ["rows", 4])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, path)


@pytest.fixture
def branched(tmp_path):
    """Return a model with a branch, and material whose requests always take the same one."""
    folder = tmp_path / "branching"
    folder.mkdir()
    branching(folder / GRAPH)
    (tmp_path / "asked.py").write_text(
        "import numpy as np\n"
        "def inputs():\n"
        "    return [{'x': np.ones((n, 4), np.float32), 'setting': np.array(2)} for n in (2, 3)]\n"
    )
    made = Made(kind="onnx", facts=onnx_facts(str(folder / GRAPH)))
    return seal(str(folder), made), Material(path=(str(tmp_path),), inputs="asked:inputs")


@pytest.mark.parametrize("rows", ["free", "fixed"])
def test_a_branch_that_a_setting_decides_is_taken_once_and_for_all(branched, tmp_path, rows):
    model, material = branched
    (tmp_path / "made").mkdir()
    step = transform_from({"name": "specialise-onnx", "rows": rows})
    made = step.apply(model, material, str(tmp_path / "made"))
    settled = seal(str(tmp_path / "made"), made, parent=model, step={"name": step.name})
    serving = Serving(runtime="onnxruntime")
    session = runtime_named("onnxruntime").open(settled, serving, material)
    assert "If" not in settled.facts["operators"]
    assert settled.facts["inputs"] == ["x"]
    for request in material.requests():  # as many rows as they like: the requests differ in it
        assert np.array_equal(session.predict(request)[0], 2 * request["x"])


def test_an_old_graph_is_brought_to_a_newer_opset_with_its_constants_lifted(branched, tmp_path):
    model, material = branched
    (tmp_path / "made").mkdir()
    made = transform_from({"name": "normalise"}).apply(model, material, str(tmp_path / "made"))
    graph = onnx.load(tmp_path / "made" / GRAPH).graph
    assert made.facts["opset"] == 18
    assert "Constant" not in [node.op_type for node in graph.node]
    assert made.facts["operators"]["If"] == 1


def test_steps_say_why_they_do_not_apply(shop):
    plain = Machine(isa=("avx2",), processors=2, libraries={}, system="Linux-x86_64")
    exported, converted, module = shop.model(EXPORT), shop.model(CONVERT), shop.model()

    def why(name, model, machine=shop.machine, **values):
        return str(transform_from({"name": name, **values}).applies(model, machine))

    assert "could win back" in why("fine-tune", module)
    assert "could win back" in why("train-adapter", module)
    assert "no adapters" in why("merge-adapter", module)
    assert "no attention" in why("attention", module)
    assert "no attention" in why("fuse-onnx", exported, by="transformer")
    assert "no attention" in why("quantize-openvino", converted, scheme="transformer")
    assert "no branches" in why("specialise-onnx", exported)
    assert "cut at 16" in why("quantize-onnx-dynamic", exported, plain)
    assert why("quantize-onnx-dynamic", exported, plain, narrow=True) == "None"
    assert "multiplies bf16" in why("cast", module, plain)


def test_the_guard_catches_what_default_8_bits_do_to_a_model_with_one_huge_channel(tmp_path):
    (tmp_path / "huge.py").write_text(
        "import numpy as np\n"
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.first = torch.nn.Linear(16, 16, bias=False)\n"
        "        self.last = torch.nn.Linear(16, 1, bias=False)\n"
        "        with torch.no_grad():\n"
        "            self.first.weight.copy_(torch.eye(16))\n"
        "            self.first.weight[0, 0] = 1e4\n"
        "            self.last.weight.fill_(1.0)\n"
        "            self.last.weight[0, 0] = 0.0\n"
        "    def forward(self, rows):\n"
        "        return self.last(self.first(rows))\n"
        "def load():\n"
        "    torch.manual_seed(0)\n"
        "    return Net()\n"
        "def inputs():\n"
        "    return [np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)]\n"
    )
    shop = Shop(tmp_path)
    shop.material = Material(path=(str(tmp_path),), inputs="huge:inputs")
    for name in ("model", "exported", "rounded"):
        (tmp_path / name).mkdir()
    made = take({"load": "huge:load"}, shop.material, str(tmp_path / "model"))
    model = seal(str(tmp_path / "model"), made)
    for name, folder in (("export-onnx", "exported"), ("quantize-onnx-dynamic", "rounded")):
        step = transform_from({"name": name})
        made = step.apply(model, shop.material, str(tmp_path / folder))
        model = seal(str(tmp_path / folder), made, parent=model, step={"name": name})
    exported = shop.answers(open_model(str(tmp_path / "exported")))[:, 0] > 0
    truth = shop.material.requests()[0][:, 1:].sum(1) > 0
    scores = [
        (given == truth).astype(float).tolist()
        for given in (exported, shop.answers(model)[:, 0] > 0)
    ]
    guard = non_inferior(*scores, margin=0.05)
    assert sum(scores[0]) / 400 > 0.99
    assert guard.verdict == "fail"
