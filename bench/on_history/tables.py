"""The results as tables of a page."""

from __future__ import annotations

from on_history.awhile import PUBLISHED

_KINDS = {"start": "in a row", "pause": "with pauses"}


def markdown(results):
    """Return all tables."""
    return "\n".join(
        (
            f"Run on {results['started'][:10]} with brizna {results['version']}.\n",
            "### The cheapest window in 63 zones\n",
            _windows(results["windows"]),
            "### Let's Wait Awhile\n",
            _awhile(results["awhile"]),
            "### With the forecasts that were issued\n",
            _issued(results["issued"]),
            _overall(results["overall"]),
            "### How near forecasts came\n",
            _forecasts(results["forecasts"]),
        )
    )


def _windows(rows):
    lines = ["| hours of work | hours of slack | at once | in a row | with pauses |"]
    lines.append("|---:|---:|---:|---:|---:|")
    by_key = {(row["length_h"], row["slack_h"], row["pausable"]): row for row in rows}
    for length, slack, pausable in by_key:
        if pausable:
            continue
        row, pausing = by_key[length, slack, False], by_key[length, slack, True]
        cells = [f"{row['now_g_per_kwh']:.2f}", _less(row), _less(pausing)]
        lines.append(f"| {length} | {slack} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _less(row):
    return f"{row['best_g_per_kwh']:.2f} (−{row['saved_g_per_kwh']:.2f})"


def _awhile(found):
    lines = ["| deadline | jobs | in a row | with pauses |", "|---|---|---:|---:|"]
    for rule, one in found["rules"].items():
        if rule in PUBLISHED:
            row, pauses = PUBLISHED[rule]
            lines.append(f"| {rule} | published: 3,387 drawn, 5 % noise | {row} % | {pauses} % |")
        row, pauses = one["without_noise"]
        lines.append(f"| {rule} | all {one['jobs']:,}, no noise | {row:.2f} % | {pauses:.2f} % |")
        cells = [
            f"{mean:.2f} ± {spread:.2f} %"
            for mean, spread in zip(one["with_noise"], one["with_noise_spread"], strict=True)
        ]
        told = f"{one['draws']} draws of {one['jobs_drawn']:,}, 5 % noise"
        lines.append(f"| {rule} | {told} | {' | '.join(cells)} |")
    row, pauses = found["after_friday"]
    lines.append(
        f"| next-workday, Friday evening until Monday | all, no noise | {row:.2f} % "
        f"| {pauses:.2f} % |"
    )
    return "\n".join(lines) + "\n"


def _issued(rows):
    head = ("grid", "hours of work", "kind", "best there was", "planned once", "planned anew")
    lines = [f"| {' | '.join((*head, 'anew beyond once'))} |", "|---|---:|---|---:|---:|---:|---:|"]
    by_key = {(row["zone"], row["length_h"], row["policy"], row["knowledge"]): row for row in rows}
    for zone, length, policy, knowledge in by_key:
        if policy not in _KINDS or knowledge != "perfect":
            continue
        best, once, anew = (
            by_key[zone, length, policy, one] for one in ("perfect", "one-shot", "re-planned")
        )
        cells = (
            zone,
            str(length),
            _KINDS[policy],
            f"{best['saving']:.1%}",
            *(f"{one['saving']:.1%}, keeps {one['kept']:.0%}" for one in (once, anew)),
            _gain(anew),
        )
        lines.append(f"| {' | '.join(cells)} |".replace("%", " %").replace("-", "−"))
    return "\n".join(lines) + "\n"


def _overall(rows):
    lines = ["| grid | planning anew saves beyond planning once |", "|---|---:|"]
    lines += [f"| {row['zone']} | {_gain(row)} |".replace("-", "−") for row in rows]
    return "\n".join(lines) + "\n"


def _gain(row):
    numbers = (100 * row[name] for name in ("gain", "gain_low", "gain_high"))
    return "{:+.2f} points ({:+.2f} to {:+.2f})".format(*numbers)


def _forecasts(rows):
    lines = [
        "| grid | forecast | day 1 | day 2 | day 3 | day 4 | all | mean miss | in its 80 % |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        shares = (f"{share:.1%}".replace("%", " %") for share in (*row["by_day"], row["all"]))
        inside = "" if row["inside"] is None else f"{row['inside']:.0%}".replace("%", " %")
        cells = (row["zone"], row["forecast"], *shares, f"{row['mean_miss']:.1f}", inside)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
