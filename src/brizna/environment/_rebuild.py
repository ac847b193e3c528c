"""Files that build an environment anew from its lock: for containers, and for conda."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.environment._index import without_login

REBUILD_FORMS = ("dockerfile", "conda")
"""What an environment can be built anew with."""
_SYNTAX = "# syntax=docker/dockerfile:1\n"
"""Needed for secrets of a build."""


def container_image(python: str) -> str:
    """Return what a container starts from where nobody names it: Python's own slim image.

    Args:
        python: Version of the interpreter, such as ``3.11.9``.
    """
    return f"python:{python}-slim"


def rebuild_file(
    form: str, *, lock: str, python: str, image: str | None = None, index: str | None = None
) -> str:
    """Return a file that builds an environment from a lock that lies beside it.

    pip checks the hash of each file, so what is built is what was locked, whatever the index says.
    No login stands in the file: one for the index is passed as the build's secret ``netrc``.

    Args:
        form: One of `REBUILD_FORMS`.
        lock: The lock's name, in the form ``requirements``.
        python: Version of the interpreter, such as ``3.11.9``.
        image: What the container starts from, best with its digest; that version of Python's own
            slim image if None.
        index: The address of the index to ask; pip's own settings if None.

    Raises:
        InputError: If the form is not known, or the lock's name, the image or the index would
            steer the builder.
    """
    if not lock.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise InputError(
            "The lock is called {lock!r}: expected letters, digits, dots, dashes and underscores, "
            "beside the file that names it.",
            lock=lock,
        )
    for what, text in (("image", image), ("index", index)):
        if text is not None and (not text.isascii() or not text.isprintable() or " " in text):
            raise InputError(
                "The {what} is {text!r}: expected one word, without blanks.", what=what, text=text
            )
    if form == "dockerfile":
        start = image or container_image(python)
        secret = "" if index is None else "--mount=type=secret,id=netrc,target=/root/.netrc "
        asked = "" if index is None else f"--index-url {without_login(index)} "
        return (
            f"{_SYNTAX if secret else ''}FROM {start}\n"
            "ENV PYTHONDONTWRITEBYTECODE=1\n"
            "RUN python -m venv /opt/venv\n"
            "ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv\n"
            f"COPY {lock} /tmp/{lock}\n"
            f"RUN {secret}pip install --no-cache-dir --no-deps --require-hashes {asked}"
            f"-r /tmp/{lock}\n"
        )
    if form == "conda":
        asked = "" if index is None else f"      - --index-url {without_login(index)}\n"
        return (
            "channels:\n  - conda-forge\n"
            f"dependencies:\n  - python={python}\n  - pip\n"
            f"  - pip:\n{asked}      - --no-deps\n      - --require-hashes\n      - -r {lock}\n"
        )
    raise InputError(
        "The form is {form!r}: expected one of {known}.", form=form, known=", ".join(REBUILD_FORMS)
    )
