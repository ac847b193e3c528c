"""What to try first, from what a profile saw: each hint rests on a share that can be shown.

A hint never promises a saving: it says what was seen and names an experiment that would tell.
"""

from __future__ import annotations

from math import fsum

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from brizna.core.profile import Branch, Part, Profile

HINTS = {
    "waits-for-data": 0.2,
    "waits": 0.2,
    "queued": 0.1,
    "native-threads": 0.3,
    "one-function": 0.4,
    "row-by-row": 0.1,
    "copies": 0.1,
    "imports": 0.25,
    "double": 0.1,
    "conversions": 0.1,
    "outside-operators": 0.4,
}
"""Each hint with the share from which on it is given."""
MOST_HINTS = 4
_LOADERS = ("torch/utils/data/", "multiprocessing/", "queue.py", "concurrent/futures/")
_ROWS = ("iterrows", "itertuples", "iteritems", "apply")
_COPIES = ("copy.py", "pickle.py", "json/encoder.py", "json/decoder.py", "json/__init__.py")
_CONVERSIONS = ("aten::to", "aten::_to_copy", "aten::copy_", "aten::contiguous", "aten::clone")
_SEVERAL = 1.2
"""Mean number of processors from which on more than one works."""


class Hint(Record):
    """Something to try, as what was seen suggests it.

    Attributes:
        id: What was seen: a name of `HINTS`.
        share: Which part of the energy, in [0, 1], it is about; of the time, for waiting.
        about: The function, file or operator it is about; empty where it is about all of it.
    """

    id: str
    share: float
    about: str = ""


def hints_of(profile: Profile) -> tuple[Hint, ...]:
    """Return what to try first, the largest share first; nothing where nothing stands out."""
    rules = _operator_rules if profile.form == "operators" else _function_rules
    found = [hint for hint in rules(profile) if hint.share >= HINTS[hint.id]]
    return tuple(sorted(found, key=lambda hint: -hint.share)[:MOST_HINTS])


def _function_rules(profile: Profile) -> Iterable[Hint]:
    yield from _waiting(profile)
    yield from _largest(profile)
    parts = profile.parts
    native = fsum(part.share for part in parts if part.kind == "native")
    if (profile.processors or 0.0) >= _SEVERAL:
        yield Hint(id="native-threads", share=native)
    rows = _inside(profile, lambda one: _is_pandas(one) and one.name.endswith(_ROWS))
    yield Hint(id="row-by-row", share=rows[0], about=rows[1])
    copies = _inside(profile, lambda one: (one.file or "") in _COPIES)
    yield Hint(id="copies", share=copies[0], about=copies[1])
    imports = _inside(profile, lambda one: one.name == "<module>" and one.above is not None)
    yield Hint(id="imports", share=imports[0], about=imports[1])


def _is_pandas(branch: Branch) -> bool:
    return (branch.file or "").startswith("pandas/")


def _waiting(profile: Profile) -> Iterable[Hint]:
    """Yield what the program mostly waits for, by the time that it waits."""
    waits = [branch for branch in profile.tree if branch.kind == "waiting"]
    whole_j = fsum(branch.self_j for branch in waits)
    queued_j = fsum(branch.self_j for branch in profile.tree if branch.kind == "queued")
    if whole_j + queued_j <= 0:
        return
    time_share = profile.waiting_share or 0.0
    yield Hint(id="queued", share=time_share * queued_j / (whole_j + queued_j))
    if not whole_j:
        return
    share = time_share * whole_j / (whole_j + queued_j)
    loading_j = fsum(
        branch.self_j
        for branch in waits
        if any((one.file or "").startswith(_LOADERS) for one in _callers(profile.tree, branch))
    )
    most = max(waits, key=lambda branch: branch.self_j)
    callers = [one.name for one in _callers(profile.tree, most) if one.kind == "function"]
    about = callers[0] if callers else ""
    if loading_j >= whole_j / 2:
        yield Hint(id="waits-for-data", share=share * loading_j / whole_j, about=about)
    else:
        yield Hint(id="waits", share=share, about=about)


def _callers(tree: Sequence[Branch], branch: Branch) -> Iterable[Branch]:
    """Yield what a branch lies in, the innermost first."""
    above = branch.above
    while above is not None:
        yield tree[above]
        above = tree[above].above


def _largest(profile: Profile) -> Iterable[Hint]:
    """Yield the function that takes most by itself, native threads that work for it included."""
    sums: dict[tuple[str, str | None], float] = {}
    for part in profile.parts:
        if part.kind in ("function", "native") and part.name:
            key = (part.name, part.file)
            sums[key] = sums.get(key, 0.0) + part.share
    if sums:
        key = max(sums, key=lambda key: sums[key])
        yield Hint(id="one-function", share=sums[key], about=key[0])


def _inside(profile: Profile, fits: Callable[[Branch], bool]) -> tuple[float, str]:
    """Return the share of all branches that fit or lie in one that does, and the largest's name."""
    tree = profile.tree
    outermost: list[int | None] = []
    sums: dict[int, float] = {}
    for number, branch in enumerate(tree):
        around = None if branch.above is None else outermost[branch.above]
        around = number if around is None and fits(branch) else around
        outermost.append(around)
        if around is not None:
            sums[around] = sums.get(around, 0.0) + branch.self_j
    if not sums:
        return 0.0, ""
    most = tree[max(sums, key=lambda number: sums[number])]
    whole_j = fsum(branch.self_j for branch in tree)
    share = fsum(sums.values()) / whole_j if whole_j > 0 else 0.0
    return share, (most.file or "") if most.name == "<module>" else most.name


def _operator_rules(profile: Profile) -> Iterable[Hint]:
    def largest(fits: Callable[[Part], bool]) -> tuple[float, str]:
        found = [part for part in profile.parts if part.kind == "operator" and fits(part)]
        return fsum(part.share for part in found), found[0].name if found else ""

    double = largest(lambda part: part.name.endswith("[double]"))
    yield Hint(id="double", share=double[0], about=double[1])
    moved = largest(lambda part: part.name.partition(" ")[0] in _CONVERSIONS)
    yield Hint(id="conversions", share=moved[0], about=moved[1])
    outside = fsum(part.share for part in profile.parts if part.kind == "outside")
    yield Hint(id="outside-operators", share=outside)
