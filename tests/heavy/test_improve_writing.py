"""Keys and values in fewer bits, while a small network writes: asked for, seen to be so, scored."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from brizna.cli import main  # noqa: E402 - after what may skip
from brizna.core.errors import InputError, UnavailableError  # noqa: E402 - after what may skip
from brizna.improve import Material, Model, Serving, seal  # noqa: E402 - after what may skip
from brizna.improve._runtimes._past import asked_of  # noqa: E402 - after what may skip
from brizna.improve._runtimes._take import take  # noqa: E402 - after what may skip
from brizna.improve._runtimes._torch import TorchEager  # noqa: E402 - after what may skip
from brizna.improve._transforms._attention import ExchangeAttention  # noqa: E402 - likewise
from brizna.improve._transforms._past import KeepInFewerBits  # noqa: E402 - after what may skip

pytestmark = pytest.mark.heavy

HEADS, WIDTH, WORDS, NEW = 2, 32, 50, 12
PROMPTS = np.random.default_rng(0).integers(0, WORDS, size=(2, 9))


class Writer(torch.nn.Module):
    """Writes tokens behind a prompt, always the likeliest."""

    def __init__(self, **asked):
        super().__init__()
        torch.manual_seed(0)
        ends = {"bos_token_id": 0, "eos_token_id": None, "pad_token_id": 0}
        config = transformers.GPT2Config(
            n_layer=2, n_head=2, n_embd=64, vocab_size=WORDS, n_positions=64, **ends
        )
        self.network = transformers.GPT2LMHeadModel(config)
        self.asked = asked

    def forward(self, tokens):
        written = self.network.generate(
            tokens, max_new_tokens=NEW, do_sample=False, pad_token_id=0, **self.asked
        )
        return written[:, tokens.shape[1] :]


def writer():
    """Return a network that writes, as a study loads it."""
    return Writer()


def stubborn():
    """Return one that keeps keys and values its own way, whatever it is asked for."""
    return Writer(cache_implementation="static")


def prompts():
    """Return requests."""
    return [PROMPTS]


MATERIAL = Material(inputs=f"{__name__}:prompts")


def taken(folder, name="writer"):
    folder.mkdir()
    made = take({"load": f"{__name__}:{name}"}, MATERIAL, str(folder))
    return seal(str(folder), made)


def stepped(model, step, folder):
    folder.mkdir()
    made = step.apply(model, MATERIAL, str(folder))
    return seal(str(folder), made, parent=model, step={"name": step.name})


def written(model):
    session = TorchEager().open(model, Serving(runtime="torch"), MATERIAL)
    (tokens,) = session.predict(PROMPTS)
    assert session.predict(PROMPTS)[0].tolist() == tokens.tolist()
    return tokens, session.used()


def test_what_is_kept_is_asked_for_in_fewer_bits_and_read_back(tmp_path):
    model = taken(tmp_path / "plain")
    assert model.facts["kept"] == ["plain"]
    plain, used = written(model)
    assert used["kept"] == "DynamicLayer"
    rounded = stepped(model, KeepInFewerBits(to="fp8"), tmp_path / "fp8")
    assert rounded.facts["kept"] == ["fp8"]
    tokens, told = written(rounded)
    assert told["kept"] == "Fp8QuantizedLayer"
    assert told["kept_bytes"] < used["kept_bytes"] / 3
    assert tokens.shape == plain.shape == (2, NEW)


@pytest.mark.skipif(find_spec("optimum") is None, reason="optimum-quanto is not installed")
def test_four_bits_are_read_back_too(tmp_path):
    model = taken(tmp_path / "plain")
    rounded = stepped(model, KeepInFewerBits(to="int4"), tmp_path / "int4")
    assert rounded.facts["kept"] == ["quanto-4"]
    assert written(rounded)[1]["kept"] == "QuantoQuantizedLayer"


def test_a_module_that_has_its_own_way_is_a_failure_with_the_reason(tmp_path):
    model = taken(tmp_path / "plain", "stubborn")
    with pytest.raises(UnavailableError, match="StaticLayer: expected Fp8QuantizedLayer"):
        stepped(model, KeepInFewerBits(to="fp8"), tmp_path / "fp8")


def test_attention_of_a_writing_network_is_exchanged_and_writes_the_same(tmp_path):
    model = taken(tmp_path / "plain")
    assert model.facts["attention"] == ["sdpa"]
    eager = stepped(model, ExchangeAttention(by="eager"), tmp_path / "eager")
    assert eager.facts["attention"] == ["eager"]
    assert written(eager)[0].tolist() == written(model)[0].tolist()


def test_an_encoder_keeps_nothing():
    assert asked_of(torch.nn.Linear(2, 2)) == []


# ------------------------------------------------------------------------------------- OpenVINO


class Decoder(torch.nn.Module):
    """One layer of attention over all tokens so far."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.words = torch.nn.Embedding(WORDS, HEADS * WIDTH)
        self.ask = torch.nn.Linear(HEADS * WIDTH, 3 * HEADS * WIDTH)
        self.tell = torch.nn.Linear(HEADS * WIDTH, WORDS)

    def attend(self, query, key, value, mask):
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)

    def forward(self, input_ids, attention_mask, beam_idx, past_k, past_v):
        rows, length = input_ids.shape
        asked = self.ask(self.words(input_ids)).view(rows, length, 3, HEADS, WIDTH)
        query, key, value = asked.permute(2, 0, 3, 1, 4).unbind(0)
        key = torch.cat([past_k.index_select(0, beam_idx), key], 2)
        value = torch.cat([past_v.index_select(0, beam_idx), value], 2)
        every = key.shape[2]
        own = torch.arange(every - length, every).unsqueeze(1)
        seen = (torch.arange(every).unsqueeze(0) <= own)[None, None]
        seen = seen & (attention_mask[:, None, None, :] > 0)
        mask = torch.where(seen, 0.0, float("-inf")).to(query.dtype)
        found = self.attend(query, key, value, mask)
        told = self.tell(found.transpose(1, 2).reshape(rows, length, HEADS * WIDTH))
        return told, key, value


class Stepwise(Decoder):
    """The same, with attention in steps that OpenVINO does not take for one."""

    def attend(self, query, key, value, mask):
        apart = ((query.unsqueeze(3) - key.unsqueeze(2)) ** 2).sum(-1)
        return torch.softmax(mask - apart, -1) @ value


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Return the folder of a graph of OpenVINO that keeps keys and values."""
    return converted(Decoder().eval(), tmp_path_factory.mktemp("graph"))


def converted(network, folder):
    """Write a graph as OpenVINO's converters leave one, and return the folder."""
    ov = pytest.importorskip("openvino")
    from openvino import opset13, passes

    example = {
        "input_ids": torch.zeros(2, 4, dtype=torch.long),
        "attention_mask": torch.ones(2, 7, dtype=torch.long),
        "beam_idx": torch.arange(2, dtype=torch.int32),
        "past_k": torch.zeros(2, HEADS, 3, WIDTH),
        "past_v": torch.zeros(2, HEADS, 3, WIDTH),
    }
    whole = ov.convert_model(network, example_input=example)
    whole.inputs[1].get_tensor().set_names({"attention_mask"})
    for name in ("past_k", "past_v"):
        shape = ov.PartialShape([-1, HEADS, -1, WIDTH])
        whole.input(name).get_node().set_partial_shape(shape)
    for output, name in zip(whole.outputs, ("logits", "now_k", "now_v"), strict=True):
        output.get_tensor().set_names({name})
    whole.validate_nodes_and_infer_types()
    manager = passes.Manager()
    manager.register_pass(passes.MakeStateful({"past_k": "now_k", "past_v": "now_v"}))
    manager.run_passes(whole)
    rows = opset13.gather(
        opset13.shape_of(whole.input("input_ids"), output_type="i64"),
        opset13.constant([0], dtype=np.int64),
        opset13.constant(0, dtype=np.int64),
    )
    for node in whole.get_ops():
        if node.get_type_name() == "ReadValue":
            rest = [opset13.constant([n], dtype=np.int64) for n in (HEADS, 0, WIDTH)]
            nothing = opset13.constant(0.0, dtype=np.float32)
            start = opset13.broadcast(nothing, opset13.concat([rows, *rest], axis=0))
            node.set_arguments([start.output(0)])
    whole.validate_nodes_and_infer_types()
    ov.save_model(whole, str(folder / "model.xml"), compress_to_fp16=False)
    return folder


def opened(graph, kept, **options):
    from brizna.improve._runtimes._openvino import facts_of
    from brizna.improve._runtimes._openvino_writing import KEPT, OpenVinoWriting

    path = str(graph / "model.xml")
    model = Model(
        kind="openvino", folder=str(graph), digest="-", size_bytes=1, facts=facts_of(path)
    )
    serving = Serving(runtime="openvino-writing", options={KEPT: kept})
    runtime = OpenVinoWriting()
    assert runtime.refuses(model, serving, None) is None
    return runtime.open(model, serving, Material(options=options))


def expected_tokens():
    """Return what the network writes where nothing is kept: all is computed again each time."""
    network, tokens = Decoder().eval(), torch.from_numpy(PROMPTS)
    nothing = torch.zeros(2, HEADS, 0, WIDTH)
    with torch.inference_mode():
        for _ in range(NEW):
            told, *_ = network(
                tokens, torch.ones_like(tokens), torch.arange(2), nothing, nothing.clone()
            )
            tokens = torch.cat([tokens, told[:, -1:].argmax(-1)], 1)
    return tokens[:, PROMPTS.shape[1] :].numpy()


def test_a_graph_writes_what_its_network_writes_and_begins_anew_for_each_request(graph):
    session = opened(graph, "f32", new_tokens=NEW)
    for _ in range(2):
        tokens, scores = session.predict(PROMPTS)
        assert tokens.tolist() == expected_tokens().tolist()
    assert scores.shape == (2, NEW)
    assert (scores <= 0).all()


@pytest.mark.parametrize(("kept", "off"), [("f32", 1e-5), ("u8", 0.05), ("u4", 1.0)])
def test_forced_tokens_are_as_likely_as_the_network_says_but_for_how_it_keeps(graph, kept, off):
    forced = np.random.default_rng(1).integers(0, WORDS, size=(2, NEW))
    session = opened(graph, kept)
    assert session.used()["kept"] == {"f32": "f32", "u8": "u8", "u4": "u4"}[kept]
    tokens, scores = session.predict({"input_ids": PROMPTS, "forced": forced})
    assert tokens.tolist() == forced.tolist()
    exact = opened(graph, "f32").predict({"input_ids": PROMPTS, "forced": forced})[1]
    assert np.abs(scores - exact).max() <= off
    if kept != "f32":
        assert np.abs(scores - exact).max() > 0


def test_what_openvino_says_of_a_graph_that_it_has_not_fused_is_not_believed(tmp_path):
    stepwise = converted(Stepwise().eval(), tmp_path)
    session = opened(stepwise, "f32")
    assert not session.used()["is_attention_fused"]
    assert session.used()["kept"] == "fp32"
    with pytest.raises(UnavailableError, match="as they are computed, not in u8"):
        opened(stepwise, "u8")


def test_rows_padded_in_front_write_as_without(graph):
    session = opened(graph, "f32", new_tokens=NEW)
    padded = np.concatenate([np.zeros((2, 3), np.int64), PROMPTS], axis=1)
    mask = np.concatenate([np.zeros((2, 3), np.int64), np.ones_like(PROMPTS)], axis=1)
    plain = session.predict(PROMPTS)[0]
    behind = session.predict({"input_ids": padded, "attention_mask": mask})[0]
    assert behind.tolist() == plain.tolist()


def test_a_number_of_tokens_that_is_none_is_refused(graph):
    with pytest.raises(InputError, match="at least 1"):
        opened(graph, "f32", new_tokens=0)


EXAMPLE = Path(__file__).parents[2] / "examples" / "improve" / "writer"


def test_the_study_of_the_examples_tells_how_keys_and_values_were_kept(
    tmp_path, monkeypatch, capsys
):
    pytest.importorskip("openvino")
    smaller = {
        "STEPS, ROWS, LENGTH = 300, 16, 96": "STEPS, ROWS, LENGTH = 2, 2, 16",
        "READ, WRITTEN, ITEMS, REQUESTS = 192, 64, 240, 4": (
            "READ, WRITTEN, ITEMS, REQUESTS = 12, 4, 32, 2"
        ),
        "repeats = 4": "repeats = 2",
        'window = "1s"': 'window = "20ms"',
        "new_tokens = 64": "new_tokens = 4",
    }
    whole = "".join(path.read_text(encoding="utf-8") for path in sorted(EXAMPLE.glob("*.*")))
    assert all(old in whole for old in smaller)
    for source in EXAMPLE.glob("*.*"):
        text = source.read_text(encoding="utf-8")
        for old, new in smaller.items():
            text = text.replace(old, new)
        (tmp_path / source.name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    assert main(["improve", "study.toml", "--json"]) in (0, 4)
    rows = json.loads(capsys.readouterr().out)["rows"]
    kept = {
        row["serving"]["options"]["KV_CACHE_PRECISION"]: row["used"]
        for row in rows
        if row["trials"] and row["serving"]["precision"] == "fp32"
    }
    assert set(kept) == {"f32", "u8", "u4"}
    assert all(used["kept"] == name for name, used in kept.items())
    assert all(used["is_attention_fused"] for used in kept.values())
