"""Files that build an environment anew from its lock: for containers, and for conda."""

from __future__ import annotations

from brizna.core.errors import InputError

REBUILD_FORMS = ("dockerfile", "conda")
"""What an environment can be built anew with."""


def rebuild_file(form: str, *, lock: str, python: str, image: str | None = None) -> str:
    """Return a file that builds an environment from a lock that lies beside it.

    pip checks the hash of each file, so what is built is what was locked, whatever the index says.

    Args:
        form: One of `REBUILD_FORMS`.
        lock: The lock's name, in the form ``requirements``.
        python: Version of the interpreter, such as ``3.11.9``.
        image: What the container starts from, best with its digest; that version of Python's own
            slim image if None.

    Raises:
        InputError: If the form is not known, or the lock's name would steer the builder.
    """
    if not lock.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise InputError(
            "The lock is called {lock!r}: expected letters, digits, dots, dashes and underscores, "
            "beside the file that names it.",
            lock=lock,
        )
    if form == "dockerfile":
        start = image or f"python:{python}-slim"
        return (
            f"FROM {start}\n"
            "ENV PYTHONDONTWRITEBYTECODE=1\n"
            "RUN python -m venv /opt/venv\n"
            "ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv\n"
            f"COPY {lock} /tmp/{lock}\n"
            f"RUN pip install --no-cache-dir --no-deps --require-hashes -r /tmp/{lock}\n"
        )
    if form == "conda":
        return (
            "channels:\n  - conda-forge\n"
            f"dependencies:\n  - python={python}\n  - pip\n"
            f"  - pip:\n      - --no-deps\n      - --require-hashes\n      - -r {lock}\n"
        )
    raise InputError(
        "The form is {form!r}: expected one of {known}.", form=form, known=", ".join(REBUILD_FORMS)
    )
