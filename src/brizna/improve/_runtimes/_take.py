"""Bring a person's model into the workshop, whatever its form."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

from brizna.core.errors import InputError, UnavailableError
from brizna.improve._material import resolve
from brizna.improve._model import Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.improve._material import Material

_INSTALLS = {
    **{name: f"brizna[{name}]" for name in ("torch", "onnx", "openvino")},
    **dict.fromkeys(("sklearn", "joblib"), "scikit-learn"),
}
"""What installs a library that reads models."""
_ESTIMATORS = (".joblib", ".pkl", ".pickle", ".skops")


def take(source: Mapping[str, Any], material: Material, folder: str) -> Made:
    """Put a model into an empty folder of the workshop and return what it is.

    Args:
        source: ``load``, a reference ``module:function`` that returns a module of torch, an
            estimator of scikit-learn, or the path of a file; or ``path``, a file or a folder with
            ``loader.py``.
        material: Beside it.
        folder: Where to.

    Raises:
        InputError: If it is of no form that is known.
        UnavailableError: If a library that reads it is not installed.
    """
    try:
        return _taken(source, material, folder)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in _INSTALLS:
            raise
        raise UnavailableError(
            "The model needs {name}, which is not installed: pip install '{install}'.",
            name=name,
            install=_INSTALLS[name],
        ) from error


def _taken(source: Mapping[str, Any], material: Material, folder: str) -> Made:
    if source.get("load"):
        found = resolve(source["load"], path=material.path)()
        if not isinstance(found, (str, os.PathLike)):
            return _take_object(found, folder)
        return _take_file(os.fspath(found), source, folder)  # pyright: ignore[reportUnknownArgumentType]
    return _take_file(source["path"], source, folder)


def _take_file(path: str, source: Mapping[str, Any], folder: str) -> Made:
    if not os.path.exists(path):
        raise InputError(
            "There is no model at {path!r}: expected a file, or a folder with loader.py. Name one "
            "that is there.",
            path=path,
        )
    if os.path.isdir(path):
        return _take_object(_loaded(path), folder)
    ending = os.path.splitext(path)[1].lower()
    if ending == ".onnx":
        return _take_onnx(path, folder)
    if ending == ".xml":
        return _take_openvino(path, folder)
    if ending in _ESTIMATORS:
        return _take_object(_unpickled(path, ending, source), folder)
    if ending in (".pt", ".pth", ".jit", ".ts"):
        return _take_object(_torch_file(path), folder)
    raise InputError(
        "The model is {path!r}: expected .onnx, .xml (OpenVINO), .pt (torch), .joblib, .pkl or "
        ".skops (scikit-learn), or a folder with loader.py. Name one, or give load = "
        "'module:function'.",
        path=path,
    )


def _take_object(found: Any, folder: str) -> Made:
    """Write what a person's code returned; a module comes alone or with example inputs."""
    if isinstance(found, tuple) and found:
        found = found[0]  # pyright: ignore[reportUnknownVariableType]
    if callable(getattr(found, "write_into", None)):  # of a kind that a plug-in's runtime takes
        return found.write_into(folder)
    if callable(getattr(found, "state_dict", None)):
        from brizna.improve._runtimes._torch import facts_of, save_module

        save_module(found.eval(), folder)
        return Made(kind="torch", precision=_precision(facts_of(found)), facts=facts_of(found))
    if callable(getattr(found, "predict", None)) and callable(getattr(found, "fit", None)):
        from brizna.improve._runtimes._sklearn import facts_of, save_estimator

        save_estimator(found, folder)
        return Made(kind="sklearn", facts=facts_of(found))
    raise InputError(
        "The model is a {kind}: expected a torch.nn.Module or a fitted estimator of scikit-learn. "
        "Return one of them.",
        kind=type(found).__name__,
    )


def _precision(facts: Mapping[str, Any]) -> str:
    """Return the precision of most of a model's numbers."""
    words = {"float32": "fp32", "float": "fp32", "bfloat16": "bf16", "float16": "fp16"}
    sizes: dict[str, int] = facts["dtypes"]
    most = max(sizes, key=lambda name: sizes[name], default="float32")
    return words.get(most, most)


def _loaded(folder: str) -> Any:
    sys.path.insert(0, os.path.abspath(folder))
    return resolve("loader:load")()


def _unpickled(path: str, ending: str, source: Mapping[str, Any]) -> Any:
    """Return an estimator from its file. A pickle runs code: it is the person's own file."""
    if ending == ".skops":
        return _from_skops(path, list(source.get("trusted", ())))
    import joblib

    return joblib.load(path)


def _from_skops(path: str, trusted: list[str]) -> Any:
    """Return an estimator from a file that runs no code, if each of its types is trusted.

    Raises:
        InputError: If it holds others.
        UnavailableError: If skops is not installed.
    """
    try:
        from skops.io import get_untrusted_types, load
    except ImportError as error:
        raise UnavailableError(
            "{path!r} was written by skops, which is not installed: pip install skops.", path=path
        ) from error
    others = sorted(set(get_untrusted_types(file=path)) - set(trusted))
    if others:
        raise InputError(
            "{path!r} holds types that skops does not know to be safe: {others}. Expected none "
            "that you do not trust; if you trust them, set trusted = [{others}] below [model].",
            path=path,
            others=", ".join(f'"{name}"' for name in others),
        )
    return load(path, trusted=trusted)


def _torch_file(path: str) -> Any:
    """Return a module from its file: scripted if it is, else unpickled, which runs its code."""
    import torch

    try:
        return torch.jit.load(path, map_location="cpu")
    except RuntimeError:  # no archive of TorchScript
        return torch.load(path, map_location="cpu", weights_only=False)


def _take_onnx(path: str, folder: str) -> Made:
    """Copy a graph and the files beside it that hold its numbers."""
    import onnx
    from onnx.external_data_helper import uses_external_data

    from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of

    shutil.copyfile(path, os.path.join(folder, GRAPH))
    graph = onnx.load(path, load_external_data=False).graph
    outside = {
        entry.value
        for one in graph.initializer
        if uses_external_data(one)
        for entry in one.external_data
        if entry.key == "location"
    }
    for name in outside:
        shutil.copyfile(
            os.path.join(os.path.dirname(path), name), os.path.join(folder, os.path.basename(name))
        )
    facts = facts_of(path)
    return Made(kind="onnx", precision=_precision(facts), facts=facts)


def _take_openvino(path: str, folder: str) -> Made:
    from brizna.improve._runtimes._openvino import GRAPH, WEIGHTS, facts_of

    shutil.copyfile(path, os.path.join(folder, GRAPH))
    shutil.copyfile(os.path.splitext(path)[0] + ".bin", os.path.join(folder, WEIGHTS))
    return Made(kind="openvino", facts=facts_of(path))
