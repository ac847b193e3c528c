"""Stands for a training: fits a line by gradient descent, and says how well it does."""

from __future__ import annotations

STEPS = 400
xs = [at / 100 for at in range(100)]
ys = [3 * x + 1 for x in xs]
slope = offset = 0.0
for _ in range(STEPS):
    errors = [slope * x + offset - y for x, y in zip(xs, ys, strict=True)]
    slope -= 0.5 * sum(e * x for e, x in zip(errors, xs, strict=True)) / len(xs)
    offset -= 0.5 * sum(errors) / len(xs)
worst = max(abs(slope * x + offset - y) for x, y in zip(xs, ys, strict=True))
print(f"accuracy={1 - worst:.4f}")
