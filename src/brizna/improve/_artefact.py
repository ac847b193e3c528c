"""What is left of a study: the chosen model with a loader, and the recipe that makes it again."""

from __future__ import annotations

import json
import os
import shutil
from tempfile import TemporaryFile

from brizna.core.codec import decode, encode
from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.improve._answers import Answers
from brizna.improve._material import Material
from brizna.improve._model import open_model
from brizna.improve._registry import runtime_named
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar

    from brizna.improve._outcome import Improvement

LOADER, RECIPE, SERVED = "loader.py", "recipe.toml", "serving.json"
"""Files beside a chosen model's own."""
_RATIO_TOLERANCE = 0.25
"""By how much, as a part of it, the cost of what is built again may differ from the recipe's."""

_LOADERS = {
    "onnxruntime": '''"""Load the model: load()(request) gives a tuple of arrays."""
import os
import onnxruntime as ort

def load(folder=os.path.dirname(os.path.abspath(__file__)), threads={threads}):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(os.path.join(folder, "model.onnx"), options)
    names = [one.name for one in session.get_inputs()]
    def predict(request):
        parts = request if isinstance(request, tuple) else (request,)
        arrays = request if isinstance(request, dict) else dict(zip(names, parts))
        return tuple(session.run(None, {{name: arrays[name] for name in names if name in arrays}}))
    return predict
''',
    "openvino": '''"""Load the model: load()(request) gives a tuple of arrays."""
import os
import openvino as ov

def load(folder=os.path.dirname(os.path.abspath(__file__)), threads={threads}):
    config = {{"INFERENCE_PRECISION_HINT": "{hint}", "INFERENCE_NUM_THREADS": str(threads)}}
    model = ov.Core().compile_model(os.path.join(folder, "{file}"), "CPU", config)
    names = [one.get_any_name() for one in model.inputs]
    def predict(request):
        parts = request if isinstance(request, tuple) else (request,)
        arrays = request if isinstance(request, dict) else dict(zip(names, parts))
        found = model({{name: arrays[name] for name in names if name in arrays}})
        return tuple(found[place] for place in range(len(found)))
    return predict
''',
    "": '''"""Load the model: load()(request) gives a tuple of arrays."""
import os
from brizna.improve import load_served

def load(folder=os.path.dirname(os.path.abspath(__file__))):
    return load_served(folder)
''',
}
"""Code that loads a model without brizna, by its runtime; with brizna for all others."""
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


class Recipe(Record):
    """How a chosen model is made again, and what it has to come to.

    Attributes:
        study: What the study was to do.
        steps: Name and parameters of each step.
        serving: How it is run.
        source: Digest of the model as it came. ``model``: of the chosen one, which not every
            library makes with the same bytes.
        machine: What it was made on.
        ratio: Its cost as a part of the base's. ``quality``: its mean score or figure on the items
            that choose. ``size_bytes``: of its files.
        ratio_tolerance: By which part of it the cost may differ. ``quality_tolerance``: by how
            much the quality may.
    """

    schema: ClassVar = "brizna.improve-recipe/1"

    study: dict[str, Any]
    steps: tuple[Any, ...]
    serving: dict[str, Any]
    source: str
    model: str
    machine: dict[str, Any]
    ratio: float | None = None
    quality: float | None = None
    size_bytes: int = 0
    ratio_tolerance: float = _RATIO_TOLERANCE
    quality_tolerance: float = 0.0

    _forms: ClassVar = {"steps": tuple}


def recipe_of(improvement: Improvement, name: str) -> Recipe:
    """Return the recipe of a row."""
    row = improvement.row(name)
    model = open_model(improvement.built[name])
    assert row.serving is not None
    return Recipe(
        study=improvement.study,
        steps=row.steps,
        serving=row.serving,
        source=model.source,
        model=model.digest,
        machine=improvement.machine,
        ratio=None if row.ratio is None else row.ratio.best.value,
        quality=None if row.quality is None else row.quality.variant,
        size_bytes=model.size_bytes,
        quality_tolerance=improvement.study["margin"],
    )


def write_artefact(improvement: Improvement, name: str, folder: str, *, card: str) -> None:
    """Put a row's model into a folder, with a loader, a card and its recipe.

    Args:
        improvement: What a study found.
        name: Of the row.
        folder: Where to; what brizna put there before is replaced.
        card: Text for ``README.md``.

    Raises:
        InputError: If the folder holds something else.
    """
    source = improvement.built[name]
    refuse_foreign(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    row = improvement.row(name)
    assert row.serving is not None
    material = improvement.study["material"]
    served = {
        "serving": row.serving,
        "path": material["path"],
        "plugins": improvement.study["plugins"],
    }
    for file, text in (
        (LOADER, _loader(folder, Serving.from_json(row.serving))),
        (RECIPE, to_toml(recipe_of(improvement, name).to_json())),
        ("README.md", card),
    ):
        with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
            out.write(text)
    with open(os.path.join(folder, SERVED), "wb") as out:
        out.write(encode(served))


def refuse_foreign(folder: str) -> None:
    """Refuse a folder for a model that holds something else, or cannot be made.

    Args:
        folder: Its absolute path.

    Raises:
        InputError: If it is one.
    """
    there = folder
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    try:
        names = os.listdir(there)
        with TemporaryFile(dir=there):
            names = names if there == folder else []
    except OSError as error:
        raise InputError(
            "The folder {folder!r} cannot be written ({reason}): expected an empty or a new one. "
            "Name another.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
    if names and SERVED not in names:
        raise InputError(
            "The folder {folder!r} holds files that brizna did not put there: expected an empty "
            "or a new one. Name another.",
            folder=folder,
        )


def loads_alone(serving: Serving) -> bool:
    """Return whether the loader of what is run so needs its runtime only, and no brizna."""
    return serving.runtime in _LOADERS and not serving.cache and not serving.options


def load_served(folder: str) -> Callable[[Any], tuple[Any, ...]]:
    """Return what answers requests with a model that a study has left.

    Args:
        folder: With its files, as `write_artefact` put them there.
    """
    with open(os.path.join(folder, SERVED), "rb") as file:
        served = decode(file.read())
    material = Material(path=tuple(served["path"]))
    serving = Serving.from_json(served["serving"])
    runtime = runtime_named(serving.runtime, tuple(served["plugins"]), path=material.path)
    predict = runtime.open(open_model(folder), serving, material).predict
    return Answers(serving.cache, predict).ask if serving.cache else predict


def read_recipe(path: str) -> Recipe:
    """Return the recipe in a file.

    Raises:
        InputError: If it is none.
    """
    from tomllib import TOMLDecodeError, load

    try:
        with open(path, "rb") as file:
            return Recipe.from_json(load(file))
    except (OSError, TOMLDecodeError, ValueError) as error:
        raise InputError(
            "{path!r} cannot be read as a recipe ({error}): expected recipe.toml, which brizna "
            "improve puts beside the chosen model.",
            path=path,
            error=error,
        ) from error


def to_toml(value: Mapping[str, Any]) -> str:
    """Return a JSON object as TOML; what is null is left out."""
    known = {name: each for name, each in value.items() if each is not None}
    lines = [f"{name} = {_inline(each)}" for name, each in known.items() if not _is_table(each)]
    for name, table in known.items():
        if _is_table(table):
            lines += ["", f"[{name}]"]
            lines += [f"{_key(k)} = {_inline(v)}" for k, v in table.items() if v is not None]
    return "\n".join([*lines, ""])


def _is_table(value: Any) -> bool:
    return hasattr(value, "items")


def _inline(value: Any) -> str:
    if _is_table(value):
        pairs = [f"{_key(name)} = {_inline(one)}" for name, one in value.items() if one is not None]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return f"[{', '.join(_inline(one) for one in value)}]"


def _key(name: str) -> str:
    bare = name.replace("_", "").replace("-", "")
    return name if bare.isascii() and bare.isalnum() else _inline(name)


def _loader(folder: str, serving: Serving) -> str:
    """Return code that loads a model; where answers are remembered, brizna does it."""
    template = _LOADERS[serving.runtime if loads_alone(serving) else ""]
    file = next(
        (
            name
            for name in ("model.xml", "model.onnx")
            if os.path.exists(os.path.join(folder, name))
        ),
        "",
    )
    hint = _HINTS.get(serving.precision, "f32")
    return template.format(threads=serving.threads, hint=hint, file=file)
