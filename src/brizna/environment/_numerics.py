"""What changes the numbers that a program computes, and its energy, beside its packages.

The instructions of the processor, the driver of the accelerator, the library of linear algebra,
the variables that steer them, and seeds. Of the environment's variables only those that are listed
here are kept, cut as a command line is: none of them holds a secret by its meaning.
"""

from __future__ import annotations

import os
import re

from brizna.environment._firmware import firmware
from brizna.environment._needs import libc
from brizna.environment._redact import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_FEATURES = re.compile(
    r"sse4_2|avx\w*|amx_\w+|fma|f16c|bmi2|aes|sha_ni|gfni|v(?:aes|pclmulqdq)"
    r"|asimd\w*|sve\w*|sme(?:[if2]\w*)?|i8mm|bf16|fphp|dotprod"
)
"""Extensions by which libraries choose other code."""
STEERING = (
    *("OMP_NUM_THREADS", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES", "OMP_WAIT_POLICY"),
    *("OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "GOTO_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("MKL_NUM_THREADS", "MKL_DYNAMIC", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "KMP_AFFINITY", "KMP_BLOCKTIME"),
    *("NPY_DISABLE_CPU_FEATURES", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"),
    *("GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "TOKENIZERS_PARALLELISM", "RAYON_NUM_THREADS"),
    *("PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONDEVMODE", "PYTHONMALLOC", "PYTHON_GIL"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_LAUNCH_BLOCKING", "CUDA_DEVICE_ORDER", "CUDA_MODULE_LOADING"),
    *("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
    *("PYTORCH_CUDA_ALLOC_CONF", "TORCH_CUDNN_V8_API_DISABLED", "HIP_VISIBLE_DEVICES"),
    *("ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "XLA_FLAGS", "TF_DETERMINISTIC_OPS"),
    *("TF_CUDNN_DETERMINISTIC", "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "JAX_PLATFORMS"),
    *("JAX_ENABLE_X64", "NCCL_ALGO", "NCCL_PROTO"),
)
"""Variables that steer how numbers are computed; the only ones whose values are kept."""
IMAGE_VARIABLE = "CI_JOB_IMAGE"
"""Where GitLab's runners say in which image a job runs."""
_SEED = re.compile(r"^-{0,2}((?:[\w.]*[_.-])?seed)(?:=(\d{1,20}))?$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,20}")
_DRIVER = re.compile(r"(?:Kernel Module|Module for \w+)\s+(?:for \w+\s+)?(\d+\.\d+(?:\.\d+)?)")
_BLAS = re.compile(r"(?:^|/)lib((?:scipy_)?openblas|mkl_rt|blis|cblas|atlas)[^/]*$")


def numerics(
    environ: Mapping[str, str],
    *,
    command: Sequence[str] | None = None,
    proc_root: str = "/proc",
    run_root: str = "/run",
    sys_root: str = "/sys",
) -> dict[str, Any]:
    """Return what changes the numbers and the energy of a program, as far as files tell.

    Args:
        environ: The environment variables with which it starts.
        command: Its command; None for this very process.
        proc_root: Where process information is mounted.
        run_root: Where podman writes about the container.
        sys_root: Where the kernel tells of devices.
    """
    return {
        "cpu_features": _cpu_features(proc_root),
        "gpu_driver": _driver(proc_root),
        "firmware": firmware(proc_root=proc_root, sys_root=sys_root),
        "libc": libc(),
        "blas": None if command else _blas(proc_root),
        "variables": {
            name: redact([environ[name]])[0][:200] for name in STEERING if name in environ
        },
        "seeds": seeds(command or ()),
        "image": _image(environ, run_root),
    }


def seeds(command: Sequence[str]) -> dict[str, int]:
    """Return the seeds that a command line names, such as ``--seed 7`` or ``train.seed=7``."""
    found: dict[str, int] = {}
    for place, word in enumerate(command):
        told = _SEED.match(word)
        if told is None:
            continue
        after = command[place + 1] if place + 1 < len(command) else ""
        value = told[2] or (after if word.startswith("-") and _NUMBER.fullmatch(after) else None)
        if value is not None:
            found[told[1]] = int(value)
    return found


def _cpu_features(proc_root: str) -> list[str] | None:
    """Return the extensions of the first processor that the system names; None if it does not."""
    text = _text(os.path.join(proc_root, "cpuinfo")) or ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return sorted(word for word in value.split() if _FEATURES.fullmatch(word))
    return None


def _driver(proc_root: str) -> str | None:
    """Return the version of NVIDIA's kernel driver; None where there is none."""
    told = _DRIVER.search(_text(os.path.join(proc_root, "driver/nvidia/version")) or "")
    return None if told is None else told[1]


def _blas(proc_root: str) -> dict[str, Any] | None:
    """Return which library of linear algebra this process has loaded; None where it has none."""
    for line in (_text(os.path.join(proc_root, "self/maps")) or "").splitlines():
        path = line.partition("/")[2]
        told = _BLAS.search(f"/{path}") if path else None
        if told is not None:
            return {"library": os.path.basename(path), **_openblas(f"/{path}")}
    return None


def _openblas(path: str) -> dict[str, Any]:
    """Return the kernel and the threads of an OpenBLAS that is loaded already."""
    if "openblas" not in path:
        return {"kernel": None, "threads": None}
    from ctypes import CDLL, c_char_p

    try:
        library = CDLL(path)
    except OSError:
        return {"kernel": None, "threads": None}
    answers: dict[str, Any] = {"kernel": None, "threads": None}
    for name, asked, form in (
        ("kernel", "get_corename", c_char_p),
        ("threads", "get_num_threads", None),
    ):
        for symbol in (f"scipy_openblas_{asked}64_", f"openblas_{asked}64_", f"openblas_{asked}"):
            function = getattr(library, symbol, None)
            if function is not None:
                if form is not None:
                    function.restype = form
                answer = function()
                answers[name] = answer.decode() if isinstance(answer, bytes) else answer
                break
    return answers


def _image(environ: Mapping[str, str], run_root: str) -> dict[str, str] | None:
    """Return the image of the container that podman or GitLab say we are in; others do not tell."""
    found: dict[str, str] = {}
    for line in (_text(os.path.join(run_root, ".containerenv")) or "").splitlines():
        key, _, value = line.partition("=")
        if key in ("image", "imageid"):
            found["id" if key == "imageid" else "name"] = value.strip('"')
    told = environ.get(IMAGE_VARIABLE)
    return found or ({"name": redact([told])[0][:200]} if told else None)


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
