"""A person plans a job, keeps the plan, and reads it in both languages."""

from __future__ import annotations

import json

import pytest

JOB = """
name = "train"
duration_h = 2
power_w = 300
deadline = "2026-11-24T00:00Z"
"""


@pytest.fixture
def series(tmp_path):
    """Return a file in which hour 5 of a day is clean in A and hour 9 in FR."""
    lines = ["time,ES,FR"]
    for hour in range(24):
        es, fr = (100 if 5 <= hour < 7 else 300), (50 if 9 <= hour < 11 else 200)
        lines.append(f"2026-11-23T{hour:02d}:00Z,{es},{fr}")
    path = tmp_path / "series.csv"
    path.write_text("\n".join(lines))
    (tmp_path / "job.toml").write_text(JOB)
    return str(path)


@pytest.fixture
def forecasts(tmp_path):
    """Return a file of two forecasts for one day; the later one says another hour."""
    lines = ["zone,issue_utc,target_utc,value"]
    for issue, clean in ((23, 5), (24, 9)):
        for hour in range(24):
            value = 100 if hour == clean else 300
            lines.append(f"ES,2026-11-{issue - 1}T12:00,2026-11-24T{hour:02d}:00,{value}")
    path = tmp_path / "forecasts.csv"
    path.write_text("\n".join(lines))
    return str(path)


def test_the_plan_names_the_place_the_hours_and_what_they_save(brizna, series):
    done = brizna(
        *("plan", "job.toml", "--zones", "ES,FR", "--now", "2026-11-23", "--signal", series)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("train at FR (UTC): 2026-11-23 09:00 - 2026-11-23 11:00\n")
    assert "83%" in done.stdout
    assert "- Place: at once at FR, the job makes 33 % less carbon than at ES." in done.stdout
    words = ("plan", "job.toml", "--zones", "ES,FR", "--now", "2026-11-23", "--signal", series)
    spanish = brizna(*words, "--lang", "es").stdout
    assert "- Lugar: ya mismo, en FR, el trabajo produce un 33 % menos" in spanish


def test_a_kept_plan_is_found_again(brizna, shown, series):
    words = ("plan", "job.toml", "--zones", "ES", "--now", "2026-11-23", "--signal", series)
    made = shown(*words, "--save")
    assert made["schema"] == "brizna.plan/1"
    assert made["best"]["start"] == "2026-11-23T05:00:00+00:00"
    plans = shown("plan", "list")["plans"]
    (digest,) = plans
    assert shown("plan", "show", digest[7:15]) == made
    assert "train" in brizna("plan", "list").stdout
    assert brizna("plan", "show", "nothing").returncode == 2


def test_only_forecasts_that_were_out_are_planned_on(shown, forecasts, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.replace("24T", "25T").replace("= 2", "= 1"))
    words = ("plan", "job.toml", "--zones", "ES", "--signal", forecasts)
    early = shown(*words, "--now", "2026-11-22T13:00")
    assert early["best"]["start"] == "2026-11-24T05:00:00+00:00"
    assert early["signals"][0]["issued_at"] == "2026-11-22T12:00:00+00:00"
    assert any(name.startswith("model:hours/ES") for name in early["best"]["carbon_g"]["doubts"])
    late = shown(*words, "--now", "2026-11-23T13:00")
    assert late["best"]["start"] == "2026-11-24T09:00:00+00:00"


def test_a_job_like_a_run_draws_what_the_run_drew(brizna, shown, series):
    assert brizna("run", "--name", "small", "--", "true").returncode == 0
    run = shown("show", "small")
    words = ("--zones", "ES", "--now", "2026-11-23", "--signal", series, "--deadline", "24h")
    made = shown("plan", "--like", "small", *words)
    best = made["best"]["energy_j"]["best"]
    assert best == pytest.approx(run["measurement"]["energy_j"]["best"], rel=1e-2, abs=0.01)
    longer = shown("plan", "--like", "small", "--length", "2h", "--pausing", *words)
    assert sum(long for long, _ in longer["workload"]["phases"]) == pytest.approx(7200)


def test_offline_the_profile_of_a_zone_is_planned_on_and_said_to_be_one(brizna, tmp_path):
    (tmp_path / "job.toml").write_text(JOB)
    done = brizna("plan", "job.toml", "--zones", "ES,PT", "--now", "2026-11-23")
    assert done.returncode == 0, done.stderr
    assert "known from a profile of what is usual only" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan",), "no job was given"),
        (("plan", "job.toml", "--zones", "ES", "--now", "then"), "is no instant"),
        (("plan", "job.toml", "--zones", "ES", "--deadline", "1h"), "cannot end before"),
        (("plan", "job.toml", "--zones", "ES", "--weights", "joy"), "expected names with numbers"),
        (("plan", "nowhere.toml"), "cannot be read"),
        (("plan", "job.toml", "--zones", "ES", "--deadline", "1000000h"), "at most 366 days"),
        (("plan", "job.toml", "--zones", "ES", "--deadline", "2900-01-01T00:00Z"), "at most 366"),
    ],
)
def test_what_cannot_be_planned_is_said(brizna, tmp_path, words, said):
    (tmp_path / "job.toml").write_text(JOB)
    done = brizna(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_plan_may_be_asked_for_in_json_too(brizna, series, tmp_path):
    job = {"duration_h": 1, "power_w": 100, "deadline": "2026-11-24T00:00Z", "pausing": {}}
    (tmp_path / "job.json").write_text(json.dumps(job))
    words = ("--zones", "ES", "--now", "2026-11-23", "--signal", f"carbon={series}")
    done = brizna("plan", "job.json", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The job at ES (UTC): 2026-11-23 05:00")


def test_what_came_is_told_beside_what_was_promised(brizna, shown, series, tmp_path):
    words = ("plan", "job.toml", "--zones", "ES", "--now", "2026-11-23", "--signal", series)
    made = shown(*words, "--save")
    came = ["time,ES"]
    came += [f"2026-11-23T{hour:02d}:00Z,{150 if 5 <= hour < 7 else 300}" for hour in range(24)]
    (tmp_path / "came.csv").write_text("\n".join(came))
    told = shown("plan", "realised", "train", "--signal", "came.csv")
    assert told["promised_saving_g"] == pytest.approx(made["saving_g"]["best"])
    assert told["saving_g"] == pytest.approx(0.75 * made["saving_g"]["best"])
    assert "the plan promised" in brizna("plan", "realised", "--signal", "came.csv").stdout
    (tmp_path / "came.csv").write_text("\n".join(came[:4]))
    assert brizna("plan", "realised", "--signal", "came.csv").returncode == 3


def test_a_file_that_ends_before_the_deadline_goes_on_as_is_usual_and_the_plan_says_so(
    brizna, tmp_path
):
    rows = [f"2026-11-{22 + hour // 24:02}T{hour % 24:02}:00Z,900" for hour in range(24, 48)]
    (tmp_path / "day.csv").write_text("\n".join(["time,ES", *rows]))
    job = 'duration_h = 2\npower_w = 300\ndeadline = "2026-11-25T00:00Z"'
    (tmp_path / "job.toml").write_text(job)
    words = ("plan", "job.toml", "--zones", "ES", "--now", "2026-11-23", "--json")
    done = brizna(*words, "--signal", "day.csv")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["best"]["start"] >= "2026-11-24"
    (said,) = [text for text in plan["advice"] if "as it usually is" in text]
    assert "2026-11-23T00:00+00:00 to 2026-11-24T00:00+00:00" in said
    carbon, now = plan["best"]["carbon_g"], plan["at_once"]["carbon_g"]
    of_hours = [name for name in carbon["doubts"] if name.startswith("model:hours/ES/")]
    assert of_hours, "usual hours are doubtful"
    assert now["best"] == pytest.approx(0.6 * 900 * 1.58, rel=0.3)
    spread = (carbon["high"] - carbon["low"]) / carbon["best"]
    assert spread > (now["high"] - now["low"]) / now["best"]


def test_other_series_stand_beside_the_carbon_and_its_share_under_it(brizna, series, tmp_path):
    hours = [f"2026-11-23T{hour:02d}:00Z," for hour in range(24)]
    marginal = tmp_path / "marginal.csv"
    marginal.write_text("\n".join(["time,ES", *(f"{hour}500" for hour in hours)]))
    share = tmp_path / "share.csv"
    share.write_text("\n".join(["time,ES", *(f"{hour}0.4" for hour in hours)]))
    words = ("plan", "job.toml", "--zones", "ES", "--now", "2026-11-23", "--signal", series)
    more = ("--signal", f"marginal={marginal}", "--signal", f"renewable={share}")
    done = brizna(*words, *more, "--tariff", "0.1", "--currency", "EUR")
    assert done.returncode == 0, done.stderr
    lines = [line.split("  ")[0].strip() for line in done.stdout.splitlines()]
    carbon = lines.index("carbon")
    told = done.stdout.splitlines()[carbon:]
    assert told[1].strip().startswith("67%")
    assert lines[carbon + 2 : carbon + 5] == ["money", "carbon, marginal", "renewable share"]
    assert told[3].split()[2:4] == ["375", "g"]
    assert told[4].split()[2:] == ["40%", "40%", "-"]


def test_of_a_zone_with_an_annual_figure_no_profile_is_spoken_of(brizna, tmp_path):
    (tmp_path / "job.toml").write_text(JOB)
    done = brizna("plan", "job.toml", "--zones", "KE", "--now", "2026-11-23")
    assert "Of the hours of KE only an annual figure is known" in done.stdout
    assert "from a profile of what is usual only" not in done.stdout
