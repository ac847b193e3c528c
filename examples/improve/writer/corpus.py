"""Python's own modules: what the network learns from, and others that it is judged by."""

from __future__ import annotations

import os
import sysconfig

import numpy as np  # noqa: TID253 - a study is its own program

LEARNT = ("argparse", "ast", "inspect", "typing", "pathlib", "subprocess", "datetime", "tarfile")
JUDGED = ("zipfile", "ftplib", "smtplib", "csv", "calendar", "configparser", "doctest", "shelve")
READ, WRITTEN, ITEMS, REQUESTS = 192, 64, 240, 4


def bytes_of(names):
    """Return the bytes of modules, one behind the other; those that are packages are left out."""
    folder, found = sysconfig.get_path("stdlib"), b""
    for name in names:
        path = os.path.join(folder, f"{name}.py")
        if os.path.exists(path):
            with open(path, "rb") as file:
                found += file.read()
    return np.frombuffer(found, np.uint8).astype(np.int64)


def learnt():
    """Return what the network learns from."""
    return bytes_of(LEARNT)


def pieces(count, length):
    """Return pieces of what it is judged by, evenly over all."""
    text = bytes_of(JUDGED)
    starts = np.linspace(0, len(text) - length - 1, count).astype(int)
    return [text[start : start + length] for start in starts]


def inputs():
    """Return requests: read, then write."""
    return [piece[None] for piece in pieces(REQUESTS, READ)]


def items():
    """Return what was read, and what was really written behind it."""
    return [(piece[:READ], piece[READ:]) for piece in pieces(ITEMS, READ + WRITTEN)]


def score(predict, items):
    """Return how likely the bytes of each item are, in bits a byte below 0; more is better."""
    found = []
    for start in range(0, len(items), 16):
        rows = items[start : start + 16]
        read, written = (np.stack([row[part] for row in rows]) for part in (0, 1))
        _, told = predict({"input_ids": read, "forced": written})
        found += [float(one) for one in told.mean(axis=1) / np.log(2)]
    return found
