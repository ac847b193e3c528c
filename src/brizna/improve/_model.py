"""A model: a folder of files of one kind, with what is known of it and how it came to be."""

from __future__ import annotations

import os
from hashlib import sha256

from brizna.core.codec import decode, digest, encode
from brizna.core.errors import IntegrityError, UnavailableError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

KINDS = ("torch", "onnx", "openvino", "sklearn")
"""Forms of a model; a plug-in may bring another."""
_CARD = "model.json"
_CHUNK = 1 << 20


class Made(Record):
    """What a step says of the model whose files it has just written.

    Attributes:
        kind: Form of the model, such as ``onnx``.
        precision: Of most of its weights: ``fp32``, ``fp16``, ``bf16``, ``int8``, ``int4``.
        facts: What later steps ask about, as JSON: operators, inputs, opset ...
    """

    kind: str
    precision: str = "fp32"
    facts: dict[str, Any] = {}


class Model(Record):
    """A model in the workshop.

    Attributes:
        kind: Its form, such as ``onnx``.
        folder: Where its files are; no part of its digest.
        digest: Of its files.
        size_bytes: Of its files together.
        precision: Of most of its weights.
        facts: What steps ask about.
        steps: The steps that made it, from the one first taken on: name and parameters.
        source: Digest of the model that the first step was given.
    """

    schema: ClassVar = "brizna.improved-model/1"

    kind: str
    folder: str
    digest: str
    size_bytes: int
    precision: str = "fp32"
    facts: dict[str, Any] = {}
    steps: tuple[Any, ...] = ()
    source: str = ""

    _forms: ClassVar = {"steps": tuple}

    def has_step(self, name: str) -> bool:
        """Return whether a step of this name made it."""
        return any(step["name"] == name for step in self.steps)

    def file(self, name: str) -> str:
        """Return the path of one of its files."""
        return os.path.join(self.folder, name)


def seal(folder: str, made: Made, *, parent: Model | None = None, step: Any = None) -> Model:
    """Write the card of a model whose files are all there, and return it.

    Args:
        folder: With its files.
        made: What the step says of them.
        parent: The model it was made from; None for one that was taken in.
        step: Name and parameters of the step; None with no parent.

    Raises:
        UnavailableError: If the folder cannot be read or written.
    """
    try:
        files = _files(folder)
        content = digest(files)
        model = Model(
            kind=made.kind,
            folder=folder,
            digest=content,
            size_bytes=sum(os.path.getsize(os.path.join(folder, name)) for name in files),
            precision=made.precision,
            facts=dict(made.facts),
            steps=() if parent is None else (*parent.steps, step),
            source=content if parent is None else parent.source,
        )
        card = {name: value for name, value in model.to_json().items() if name != "folder"}
        with open(os.path.join(folder, _CARD), "wb") as file:
            file.write(encode(card))
    except OSError as error:
        raise _unusable(folder, error) from error
    return model


def open_model(folder: str, *, is_checked: bool = False) -> Model:
    """Return the model in a folder that `seal` has closed.

    Args:
        folder: Where it is; it may have been moved.
        is_checked: Whether its files are compared with the digest, which reads them all.

    Raises:
        UnavailableError: If there is none.
        IntegrityError: If its files are not what they were.
    """
    try:
        with open(os.path.join(folder, _CARD), "rb") as file:
            model = Model.from_json({**decode(file.read()), "folder": folder})
        if is_checked and digest(_files(folder)) != model.digest:
            raise IntegrityError(
                "The files of the model in {folder!r} are not those that its card names: they "
                "were changed or cut. Build it again with brizna improve replay.",
                folder=folder,
            )
    except OSError as error:
        raise _unusable(folder, error) from error
    return model


def _files(folder: str) -> Mapping[str, str]:
    """Return the digest of each file under a folder, by its path there."""
    found: dict[str, str] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            inside = os.path.relpath(path, folder).replace(os.sep, "/")
            if inside != _CARD and "__pycache__" not in inside:
                found[inside] = _digest_of(path)
    return found


def _digest_of(path: str) -> str:
    total = sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return f"sha256:{total.hexdigest()}"


def _unusable(folder: str, error: OSError) -> UnavailableError:
    return UnavailableError(
        "The model in {folder!r} cannot be used: {reason}. Expected a folder that brizna improve "
        "has written; name another, or build it again.",
        folder=folder,
        reason=error.strerror or error,
    )
