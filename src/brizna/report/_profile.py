"""Energy by code for people, and for the tools that they have: a top list, stacks, speedscope.

Energy of code is written in joules: a function's is often less than a milliwatt-hour.
"""

from __future__ import annotations

from brizna.report._format import Format, Joules
from brizna.report._table import Table
from brizna.report._view import printable, short_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Profile = Mapping[str, Any]

TOP = 15
"""Parts that are listed, if nobody says how many."""
_UJ_PER_J = 1e6


def profile_lines(
    profile: Profile, *, lang: str, width: int = 80, color: bool = False, top: int = TOP
) -> list[str]:
    """Return a run's energy by code: its largest parts, what was seen, and what to try first.

    Args:
        profile: A profile's record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
        top: How many parts to list; the rest are one row.
    """
    profile = printable(profile)
    style = Format(lang)
    lines = [_headline(profile, style)]
    lines += ["", *_table(profile, style, top).lines(width=width, color=color)]
    about = about_looks(profile, style)
    lines += ["", *about] if about else []
    hints = told_hints(profile, style)
    if hints:
        _ = style.say
        lines += ["", _("What to try first:")]
        lines += [f"  - {seen} {do}" for seen, do in hints]
    return lines


def _headline(profile: Profile, style: Format) -> str:
    _ = style.say
    energy = style.estimate(Joules, profile["energy_j"])
    text = {
        "operators": _("{energy} by operator, run {run}"),
        "processes": _("{energy} by process, run {run}"),
    }.get(profile["form"], _("{energy} by code, run {run}"))
    return text.format(energy=energy, run=short_id(profile["run"]))


def _table(profile: Profile, style: Format, top: int) -> Table:
    _ = style.say
    header = (_("part"), _("itself"), _("interval (90%)"), _("share"), _("with all it calls"))
    rows = part_rows(profile, style, top)
    cells = [(r["name"], r["best"], r["ends"], r["share"], r["total"]) for r in rows]
    return Table(header, cells, right=(1, 2, 3, 4))


def part_rows(profile: Profile, style: Format, top: int) -> list[dict[str, Any]]:
    """Return the largest parts in words: ``name``, ``best``, ``ends``, ``share``, ``total``...

    All parts beyond the top are one row, so that the rows sum to the whole.
    """
    _ = style.say
    listed = profile["parts"]
    rows: list[dict[str, Any]] = []
    for part in listed[:top]:
        best, ends = style.parts(Joules, part["self_j"])
        total = part["total_j"]
        rows.append(
            {
                "name": name_part(part, style),
                "kind": part["kind"],
                "best": best,
                "ends": ends,
                "share": style.percent(part["share"]),
                "width": round(100 * part["share"], 2),
                "total": "" if total is None else style.parts(Joules, total)[0],
            }
        )
    rest = listed[top:]
    if rest:
        joules = sum(part["self_j"]["best"] for part in rest)
        share = sum(part["share"] for part in rest)
        name = _("{count} smaller parts").format(count=style.count(len(rest)))
        best = style.quantity(Joules(joules))
        rows.append(
            {"name": name, "kind": "rest", "best": best, "ends": "", "total": ""}
            | {"share": style.percent(share), "width": round(100 * share, 2)}
        )
    return rows


def name_part(part: Mapping[str, Any], style: Format) -> str:
    """Return what a part of a profile, or a branch of its tree, is called."""
    _ = style.say
    place = ""
    if part.get("file"):
        place = f" ({part['file']}:{part['line']})"
    kind, name = part["kind"], part.get("name") or ""
    if kind in ("function", "process", "operator"):
        return f"{name}{place}"
    inside = {
        "native": _("native threads during {name}"),
        "waiting": _("waiting in {name}"),
        "queued": _("ready in {name}, but others had the processors"),
    }
    if kind in inside and name:
        return inside[kind].format(name=f"{name}{place}")
    return {
        "native": _("native threads"),
        "waiting": _("waiting"),
        "queued": _("ready, but others had the processors"),
        "sampler": _("the looks themselves"),
        "unsampled": _("not looked at: start and end of Python, other processes"),
        "outside": _("outside all operators"),
        "others": _("others on this machine, and nobody"),
        "rest": _("smaller parts"),
    }[kind]


def about_looks(profile: Profile, style: Format) -> list[str]:
    """Return how it is known: how many looks, what they took, what no look saw, notes."""
    _ = style.say
    lines: list[str] = []
    if profile["looks"] and profile["period_s"]:
        told = _("Looks: {looks}, one each {period} or less often; processes: {processes}")
        looks = told.format(
            looks=style.count(profile["looks"]),
            processes=style.count(profile["processes"]),
            period=style.duration(profile["period_s"]),
        )
        used_s = profile["cpu_time_s"] or profile["seen_s"]
        if used_s:
            share = style.percent(profile["own_s"] / used_s)
            looks += "; " + _("they took {share} of its processor time").format(share=share)
        lines.append(looks + ".")
    if profile["waiting_share"] is not None:
        text = _("It ran on no processor in {waiting} of the time, else on {processors} of them.")
        processors = profile["processors"]
        lines.append(
            text.format(
                waiting=style.percent(profile["waiting_share"]),
                processors=style.unknown(None) if processors is None else style.number(processors),
            )
        )
    if profile["late_share"] >= 0.0005:
        text = _("Looks that came late told of {share}: it may be that of code that ran before.")
        lines.append(text.format(share=style.percent(profile["late_share"])))
    return [*lines, *(style.stored(note) for note in profile["notes"])]


def told_hints(profile: Profile, style: Format) -> list[tuple[str, str]]:
    """Return what to try first: what was seen, and the experiment that would tell."""
    seen, tries = _seen(style), _tries(style)
    return [
        (
            seen[hint["id"]].format(share=style.percent(hint["share"]), about=hint["about"]),
            tries[hint["id"]],
        )
        for hint in profile["hints"]
        if hint["id"] in seen
    ]


def _seen(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "waits-for-data": _("It waits for its data in {share} of the time ({about})."),
        "waits": _("It runs on no processor in {share} of the time, mostly in {about}."),
        "queued": _("In {share} of the time it was ready, but others had the processors."),
        "native-threads": _("Native threads take {share} of the energy."),
        "one-function": _("{about} alone takes {share} of the energy."),
        "row-by-row": _("Going through a table row by row takes {share} ({about})."),
        "copies": _("Copying, packing and unpacking values takes {share} ({about})."),
        "imports": _("Importing modules takes {share}, most of it {about}."),
        "double": _("Arithmetic in double precision takes {share} ({about})."),
        "conversions": _("Copying and converting tensors takes {share} ({about})."),
        "outside-operators": _("{share} of the window is spent outside all operators."),
    }


def _tries(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "waits-for-data": _(
            "Try more or fewer loading processes: brizna power sweep --vary WORKERS=0,2,4 -- ..."
        ),
        "waits": _(
            "What waits draws idle power: shorten the wait, or let others use the machine "
            "meanwhile; brizna compare tells whether it helped."
        ),
        "queued": _(
            "These figures are of a busy machine: measure it alone, or at another time, before you "
            "change anything."
        ),
        "native-threads": _(
            "Fewer threads may use less energy in hardly more time: brizna power sweep --threads "
            "1,2,4 -- ..."
        ),
        "one-function": _("Start there, and compare both versions: brizna compare BEFORE AFTER."),
        "row-by-row": _(
            "Whole columns at once usually use a fraction: compare both with brizna compare."
        ),
        "copies": _("Pass values on instead of copying them, and compare with brizna compare."),
        "imports": _(
            "Import what only some runs need where it is needed, or let one process do more work."
        ),
        "double": _(
            "Single precision often suffices: check the quality, and compare with brizna compare."
        ),
        "conversions": _("Keep tensors on one device, in one type and layout, from the start."),
        "outside-operators": _(
            "Larger batches need fewer steps of Python: brizna power sweep --vary BATCH=32,64,128 "
            "-- ..."
        ),
    }


# --------------------------------------------------------------------------- for other tools


def stacks(profile: Profile, style: Format) -> list[tuple[list[str], float]]:
    """Return every branch as the names from the outermost in, with its own joules."""
    tree: Sequence[Mapping[str, Any]] = profile["tree"]
    paths: list[list[str]] = []
    found: list[tuple[list[str], float]] = []
    for branch in tree:
        above = branch["above"]
        paths.append([*([] if above is None else paths[above]), name_part(branch, style)])
        if branch["self_j"] > 0:
            found.append((paths[-1], branch["self_j"]))
    return found


def collapsed(profile: Profile, *, lang: str) -> bytes:
    """Return the tree as collapsed stacks: a line a branch, weighed by whole microjoules."""
    lines = (
        f"{';'.join(name.replace(';', ',') for name in path)} {round(joules * _UJ_PER_J)}\n"
        for path, joules in stacks(printable(profile), Format(lang))
    )
    return "".join(lines).encode()


def speedscope(profile: Profile, *, lang: str) -> bytes:
    """Return the tree as a file that speedscope opens: one sample a branch, in microjoules.

    The form has no unit of energy: its values are microjoules without a unit.
    """
    from json import dumps

    frames: dict[str, int] = {}
    samples: list[list[int]] = []
    weights: list[int] = []
    for path, joules in stacks(profile, Format(lang)):
        samples.append([frames.setdefault(name, len(frames)) for name in path])
        weights.append(round(joules * _UJ_PER_J))
    name = f"brizna {profile['run']} (µJ)"
    value = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": name,
        "exporter": "brizna",
        "shared": {"frames": [{"name": frame} for frame in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": "none",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": samples,
                "weights": weights,
            }
        ],
    }
    return dumps(value, ensure_ascii=False).encode() + b"\n"
