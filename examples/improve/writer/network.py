"""A small network that writes Python, character by character, as a graph that keeps what it read.

It is trained on modules of the standard library, here and now: half a minute of a processor.
"""

from __future__ import annotations

import os
import tempfile

import corpus
import numpy as np  # noqa: TID253 - a study is its own program
import torch
from torch import nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

LAYERS, HEADS, WIDTH, LONGEST = 4, 4, 32, 512
SIZE = HEADS * WIDTH
STEPS, ROWS, LENGTH = 300, 16, 96


class Layer(nn.Module):
    """Attention to all that was read, then two linear layers."""

    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)
        self.ask, self.tell = nn.Linear(SIZE, 3 * SIZE), nn.Linear(SIZE, SIZE)
        self.wide = nn.Sequential(nn.Linear(SIZE, 4 * SIZE), nn.GELU(), nn.Linear(4 * SIZE, SIZE))

    def forward(self, found, mask, beams, kept_k, kept_v):
        rows, length, _ = found.shape
        asked = self.ask(self.before(found)).view(rows, length, 3, HEADS, WIDTH)
        query, key, value = asked.permute(2, 0, 3, 1, 4).unbind(0)
        key = torch.cat([kept_k.index_select(0, beams), key], 2)
        value = torch.cat([kept_v.index_select(0, beams), value], 2)
        seen = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        found = found + self.tell(seen.transpose(1, 2).reshape(rows, length, SIZE))
        return found + self.wide(self.between(found)), key, value


class Network(nn.Module):
    """Tells how likely each byte is to come next."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(256, SIZE), nn.Embedding(LONGEST, SIZE)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.last = nn.LayerNorm(SIZE)

    def forward(self, input_ids, position_ids, beam_idx, *kept):
        found = self.words(input_ids) + self.places(position_ids)
        every = kept[0].shape[2] + input_ids.shape[1]
        own = torch.arange(every - input_ids.shape[1], every).unsqueeze(1)
        is_seen = torch.arange(every).unsqueeze(0) <= own
        mask = torch.where(is_seen, 0.0, float("-inf")).to(found.dtype)[None, None]
        now = []
        for place, layer in enumerate(self.layers):
            found, key, value = layer(found, mask, beam_idx, *kept[2 * place : 2 * place + 2])
            now += [key, value]
        return (self.last(found) @ self.words.weight.T, *now)


def nothing(rows):
    """Return what is kept before anything was read."""
    return [torch.zeros(rows, HEADS, 0, WIDTH) for _ in range(2 * LAYERS)]


def trained():
    """Return a network that has learnt."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = Network()
    for one in network.parameters():
        if one.dim() > 1:
            nn.init.normal_(one, std=0.05)
    text = torch.tensor(corpus.learnt())
    steps = torch.optim.AdamW(network.parameters(), lr=2e-3)
    slower = torch.optim.lr_scheduler.OneCycleLR(steps, max_lr=4e-3, total_steps=STEPS)
    places, beams = torch.arange(LENGTH).expand(ROWS, LENGTH), torch.arange(ROWS)
    for _ in range(STEPS):
        starts = torch.randint(len(text) - LENGTH - 1, (ROWS,))
        batch = torch.stack([text[start : start + LENGTH + 1] for start in starts])
        told = network(batch[:, :-1], places, beams, *nothing(ROWS))[0]
        loss = cross_entropy(told.reshape(-1, 256), batch[:, 1:].reshape(-1))
        steps.zero_grad()
        loss.backward()
        steps.step()
        slower.step()
    return network.eval()


def graph():
    """Return the path of the network as a graph of OpenVINO that keeps what it has read."""
    import openvino as ov
    from openvino import opset13, passes

    kept = [torch.zeros(2, HEADS, 3, WIDTH) for _ in range(2 * LAYERS)]
    places = torch.arange(3, 7).expand(2, 4)
    example = (
        torch.zeros(2, 4, dtype=torch.long),
        places,
        torch.arange(2, dtype=torch.int32),
        *kept,
    )
    whole = ov.convert_model(trained(), example_input=example)
    names = ["input_ids", "position_ids", "beam_idx"]
    past, now = ([f"{name}.{n}" for n in range(2 * LAYERS)] for name in ("past", "now"))
    for one, name in zip(whole.inputs, names + past, strict=True):
        one.get_tensor().set_names({name})
    for one, name in zip(whole.outputs, ["logits", *now], strict=True):
        one.get_tensor().set_names({name})
    for name in past:
        shape = ov.PartialShape([-1, HEADS, -1, WIDTH])
        whole.input(name).get_node().set_partial_shape(shape)
    whole.validate_nodes_and_infer_types()
    manager = passes.Manager()
    manager.register_pass(passes.MakeStateful(dict(zip(past, now, strict=True))))
    manager.run_passes(whole)
    shape_of = opset13.shape_of(whole.input("input_ids"), output_type="i64")
    first, zero = (opset13.constant(value, dtype=np.int64) for value in ([0], 0))
    rows = opset13.gather(shape_of, first, zero)
    rest = [opset13.constant([n], dtype=np.int64) for n in (HEADS, 0, WIDTH)]
    start = opset13.broadcast(
        opset13.constant(0.0, dtype=np.float32), opset13.concat([rows, *rest], axis=0)
    )
    for node in whole.get_ops():
        if node.get_type_name() == "ReadValue":
            node.set_arguments([start.output(0)])
    whole.validate_nodes_and_infer_types()
    path = os.path.join(tempfile.mkdtemp(), "model.xml")
    ov.save_model(whole, path, compress_to_fp16=False)
    return path
