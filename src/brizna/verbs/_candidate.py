"""One training and use of a model: ``python -m brizna.verbs._candidate``, told by a variable.

The model is what a function returns, with ``fit(inputs, answers)`` and ``predict(inputs)``: any
estimator of scikit-learn, or a class of one's own. Training and use are marked as the phases
``train`` and ``infer`` of the run around; use is repeated until it can be measured.
"""

from __future__ import annotations

import json
import os
from time import process_time

from brizna.core.errors import InputError
from brizna.improve._objective import function_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

CANDIDATE = "BRIZNA_CANDIDATE"
"""The variable that tells as JSON: ``data``, ``model``, ``score``, ``least_s`` and ``folder``."""
TRAIN, INFER = "train", "infer"
INFERENCES = "inferences"
"""What a use counts."""


def right(answers: Sequence[Any], told: Sequence[Any]) -> list[float]:
    """Return 1 for each answer that was told right, else 0."""
    return [float(bool(answer == said)) for answer, said in zip(answers, told, strict=True)]


def try_candidate(
    wanted: Mapping[str, Any],
    mark: Callable[..., object],
    *,
    clock: Callable[[], float] = process_time,
) -> dict[str, Any]:
    """Train a model, use it, and return its scores.

    Args:
        wanted: What `CANDIDATE` tells.
        mark: `brizna.mark`.
        clock: Tells processor seconds.

    Raises:
        InputError: If a function is not there, or the model has no ``fit`` and ``predict``.
    """
    inputs, answers, unseen, truths = function_of(wanted["data"])()
    score = right if wanted.get("score") is None else function_of(wanted["score"])
    model = function_of(wanted["model"])()
    if not (hasattr(model, "fit") and hasattr(model, "predict")):
        raise InputError(
            "{name!r} returned a {kind}: expected a model with fit(inputs, answers) and "
            "predict(inputs), such as an estimator of scikit-learn.",
            name=wanted["model"],
            kind=type(model).__name__,
        )
    mark(TRAIN)
    model.fit(inputs, answers)
    mark(ends=True)
    told = model.predict(unseen)  # the first use may load and compile
    count, least_s = 0, float(wanted["least_s"])
    mark(INFER)
    begun_s = clock()
    while not count or clock() - begun_s < least_s:
        model.predict(unseen)
        count += len(truths)
    mark(ends=True, count={INFERENCES: count})
    return {"scores": [float(one) for one in score(truths, told)]}


def main(environ: Mapping[str, str]) -> None:
    """Do what the variable tells, and write the scores."""
    from brizna.verbs._mark import mark

    wanted = json.loads(environ[CANDIDATE])
    os.chdir(wanted["folder"])  # where functions are looked for, and their files
    said = try_candidate(wanted, mark)
    with open(environ["BRIZNA_RESULT"], "w", encoding="utf-8") as file:
        json.dump(said, file)


if __name__ == "__main__":
    main(os.environ)
