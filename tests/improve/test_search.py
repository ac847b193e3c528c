"""The search over fakes: which compositions are built, raced, judged and chosen."""

from __future__ import annotations

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.improve import (
    Improvement,
    Machine,
    Material,
    Search,
    Workshop,
    outcome_of,
    part,
    study_of,
    yearly_energies,
)
from brizna.improve._worker import scores_of
from brizna.testing import FakeBench, fake_config

MACHINE = Machine(isa=(), processors=1, libraries={})


def searched(folder, *, bench=None, sections=None, **search):
    """Return what a study with fakes finds, and the bench."""
    config = fake_config(**search)
    for name, values in (sections or {}).items():
        config[name] = {**config.get(name, {}), **values}
    study = study_of(config, directory=str(folder))
    bench = bench or FakeBench()
    workshop = Workshop(str(folder / "study"), study, bench)
    try:
        search = Search(study, workshop, MACHINE)
        search.run()
        return outcome_of(search, study, workshop, MACHINE, key="k"), bench
    finally:
        workshop.close()


def names(found, state):
    return {row.name: row for row in found.rows if row.state == state}


def test_the_cheapest_that_is_good_enough_is_chosen_and_confirmed(tmp_path):
    found, _ = searched(tmp_path)
    assert found.chosen == "fold + round(bits=8) + fake fp32"
    row = found.row(found.chosen)
    assert row.quality.verdict == "pass"
    assert row.confirmed.verdict == "pass"
    assert row.ratio.low.value < 0.4 < row.ratio.high.value


def test_what_is_not_shown_to_take_less_is_not_chosen(tmp_path):
    plugins = [*fake_config()["search"]["plugins"], "barely:Barely"]
    (tmp_path / "barely.py").write_text(BARELY)
    found, _ = searched(tmp_path, plugins=plugins, transforms=["barely"])
    row = found.row("barely + fake fp32")
    assert row.quality.verdict == "pass"
    assert row.ratio.best.value < 1 < row.ratio.high.value
    assert found.chosen is None
    assert "barely + fake fp32 is good enough and may take less" in found.notes[0]


BARELY = """
from brizna.improve import Serving
from brizna.testing._improve import FakeFold


class Barely(FakeFold):
    name = "barely"

    def changed(self, model):
        return model.replace(cost_s=model.cost_s * 0.99)
"""


def test_what_is_built_is_told_before_it_is(tmp_path):
    told, bench = [], FakeBench()
    study = study_of(fake_config(), directory=str(tmp_path))
    workshop = Workshop(str(tmp_path / "study"), study, bench)
    search = Search(
        study, workshop, MACHINE, tell=lambda progress: told.append((progress, len(bench.done)))
    )
    search.run()
    workshop.close()
    built = {one.name: done for one, done in told if one.doing == "build"}
    tried = {one.name: done for one, done in told if one.doing == "trial"}
    assert built["fold"] < tried["fold + fake fp32"]
    assert len(built) == sum(name.startswith("model/") for name in bench.done) - 1


def test_what_breaks_quality_is_refused_however_cheap(tmp_path):
    found, _ = searched(tmp_path)
    row = found.row("fold + round(bits=2) + fake fp32")
    assert row.state == "dropped"
    assert row.quality.verdict == "fail"
    assert row.why == "its quality is too low"


def test_a_step_that_raises_is_a_row_and_one_that_does_not_apply_is_declined(tmp_path):
    found, _ = searched(tmp_path)
    failed = names(found, "failed")
    assert failed["broken"].why == "RuntimeError: an operator is not known here"
    assert names(found, "declined")["as it is + refused"].why == "it is for other models"


def test_training_is_declined_without_material_and_follows_a_failed_pruning_with_it(tmp_path):
    found, _ = searched(tmp_path / "without")
    assert "needs train" in names(found, "declined")["prune + train"].why
    given = {"data": {"train": "brizna.testing._improve:fake_items"}}
    found, _ = searched(tmp_path / "with", sections=given)
    assert found.chosen == "prune + train + fold + round(bits=8) + fake fp32"
    assert found.row("prune + fake fp32").quality.verdict == "fail"


def test_no_step_stands_before_one_of_an_earlier_stage(tmp_path):
    found, _ = searched(tmp_path)
    stages = {"prune": 10, "train": 20, "fold": 60, "round": 90}
    for row in found.rows:
        order = [stages[step["name"]] for step in row.steps]
        assert order == sorted(set(order))


def test_a_variant_that_changes_nothing_passes_by_its_scores_where_items_are_few(tmp_path):
    found, _ = searched(tmp_path, sections={"quality": {"margin": 0.001}})
    row = found.row("fold + fake fp32")
    assert (row.quality.verdict, row.quality.method) == ("pass", "alike")
    assert (row.confirmed.verdict, row.confirmed.method) == ("pass", "alike")
    assert found.chosen == row.name
    assert found.row("fold + round(bits=8) + fake fp32").quality.verdict == "undecided"


def test_an_undecided_variant_says_how_many_items_it_needs(tmp_path):
    found, _ = searched(tmp_path, sections={"quality": {"margin": 0.01}})
    guard = found.row("fold + round(bits=8) + fake fp32").quality
    assert guard.verdict == "undecided"
    assert guard.needed > guard.items


def test_pays_after_counts_the_steps_against_the_base_and_the_best_that_changes_nothing(tmp_path):
    found, _ = searched(tmp_path)
    row = found.row(found.chosen)
    assert found.lossless == "fold + fake fp32"
    assert row.cost_s == pytest.approx(0.2)
    assert row.break_even == pytest.approx(0.2 / (1e-3 - 0.4e-3), rel=0.1)
    assert row.break_even_lossless == pytest.approx(0.2 / (0.8e-3 - 0.4e-3), rel=0.15)


def test_what_pays_and_what_a_year_saves_follow_the_ratio_of_trials_beside_each_other(tmp_path):
    found, _ = searched(tmp_path, bench=FakeBench(power_w=20.0, scatter=0.1))
    row, base = found.row(found.chosen), found.row(found.base)
    part, low, high = (end.value for end in (row.ratio.best, row.ratio.low, row.ratio.high))
    before = base.cpu_s.best.value / 1000
    assert row.break_even == pytest.approx(row.cost_s / (before * (1 - part)))
    at_ends = tuple(row.cost_s / (before * (1 - end)) for end in (low, high))
    assert row.break_even_ends == pytest.approx(at_ends)
    year = yearly_energies(base, row, yearly=1e6, is_proxy=False)
    whole = base.energy_j.best.value * 1000
    assert year["saved"].best.value == pytest.approx(whole * (1 - part))
    assert 0 < year["saved"].low.value < year["saved"].high.value
    assert yearly_energies(base, row, yearly=1e6, is_proxy=True)["saved"].basis == "modelled"


def test_what_one_trial_tells_has_no_interval_in_json(tmp_path):
    found, _ = searched(tmp_path)
    rows = {row["name"]: row for row in found.to_json()["rows"]}
    for figure in ("ratio", "cpu_s"):
        once = rows["fold + round(bits=2) + fake fp32"][figure]
        assert (once["low"], once["high"]) == (None, None)
        often = rows[found.chosen][figure]
        assert often["low"] < often["best"] < often["high"]
    assert rows["fold + round(bits=2) + fake fp32"]["break_even_ends"] is None


def test_a_study_without_volume_tries_all_and_one_with_too_little_builds_nothing_more(tmp_path):
    found, _ = searched(tmp_path, sections={"workload": {"yearly_inferences": 1}})
    built = [row for row in found.rows if row.steps]
    assert not built
    assert any("in a year save at most" in row.why for row in names(found, "declined").values())


def test_a_spent_budget_begins_nothing_new_but_still_chooses(tmp_path):
    found, bench = searched(tmp_path, budget="1s")
    whole, more = searched(tmp_path / "whole")
    assert len(bench.done) < len(more.done)
    assert "the budget is spent" in {row.why for row in found.rows}
    assert whole.spent_s > found.spent_s


def test_a_budget_in_joules_is_refused_where_nothing_counts_them(tmp_path):
    with pytest.raises(InputError, match="is not measured here"):
        searched(tmp_path, budget="5kJ")


@pytest.mark.parametrize("killed_at", [0, 1, 4, 9, 14])
def test_a_study_that_was_killed_goes_on_and_finds_what_it_would_have(tmp_path, killed_at):
    whole, bench = searched(tmp_path / "whole")
    place = tmp_path / "cut"
    first = FakeBench(dies_at=killed_at)
    with pytest.raises(KeyboardInterrupt):
        searched(place, bench=first)
    again, second = searched(place)
    assert again.chosen == whole.chosen
    assert len(first.done) + len(second.done) == len(bench.done)


def test_a_torn_line_of_the_journal_costs_what_it_would_have_told(tmp_path):
    _, bench = searched(tmp_path)
    journal = tmp_path / "study" / "journal.jsonl"
    data = journal.read_bytes()
    journal.write_bytes(data[: len(data) - 7])
    _, again = searched(tmp_path)
    assert again.done == bench.done[-1:]


def test_a_figure_of_all_items_is_judged_by_resampling(tmp_path):
    figure = {"quality": {"metric": "brizna.testing._improve:fake_figure", "margin": 0.05}}
    found, _ = searched(tmp_path, sections=figure)
    assert found.chosen == "fold + round(bits=8) + fake fp32"
    assert found.row(found.chosen).quality.method == "bootstrap"


def test_threads_are_tried_for_the_cheapest_only(tmp_path):
    found, _ = searched(tmp_path, sections={"workload": {"threads": [1, 2]}})
    with_two = [row.name for row in found.rows if row.serving and row.serving["threads"] == 2]
    assert len(with_two) == 2


def test_what_was_found_survives_encode_and_decode(tmp_path):
    found, _ = searched(tmp_path)
    assert Improvement.from_json(found.to_json()) == found


def test_costs_without_a_counter_are_called_a_proxy(tmp_path):
    found, _ = searched(tmp_path)
    assert found.is_proxy
    assert all(row.energy_j is None for row in found.rows)


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        ("quality", {"marign": 1}, "Did you mean 'margin'"),
        ("quality", {"margin": -1}, "a margin of 0 or more"),
        ("model", {"path": "x.onnx"}, "either path"),
        ("search", {"repeats": 1}, "at least 2 repeats"),
        ("search", {"budget": "soon"}, "expected a duration"),
        ("workload", {"yearly_inferences": 0}, "more than 0"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(tmp_path, section, values, words):
    with pytest.raises(InputError, match=words):
        searched(tmp_path, sections={section: values})


@pytest.mark.parametrize(
    "search", [{"transforms": ["fodl"]}, {"without": ["nope"]}, {"runtimes": ["tensorrt-x"]}]
)
def test_a_name_that_nobody_knows_is_refused_with_those_there_are(tmp_path, search):
    with pytest.raises(InputError, match=r"is no (step|runtime) that is known here.*fake|fold"):
        searched(tmp_path, **search)


def test_a_wrong_reference_is_told_before_anything_is_tried(tmp_path):
    bench = FakeBench()
    with pytest.raises(InputError, match=r"cannot begin.*no_such_score.*cannot be imported"):
        searched(
            tmp_path,
            bench=bench,
            sections={"quality": {"score": "brizna.testing._improve:no_such_score"}},
        )
    assert bench.done == ["model/source"]


def test_items_that_fail_are_told_as_such(tmp_path):
    (tmp_path / "mine.py").write_text("def items():\n    raise OSError('no such table')\n")
    with pytest.raises(InputError, match=r"items \(mine:items\) fails with OSError: no such table"):
        searched(tmp_path, sections={"quality": {"items": "mine:items"}})


def test_a_library_that_is_not_there_is_named_with_what_installs_it(tmp_path):
    (tmp_path / "absent.py").write_text(
        "def load():\n    raise ModuleNotFoundError('No module named torch', name='torch')\n"
    )
    with pytest.raises(UnavailableError, match=r"needs torch.*pip install 'brizna\[torch\]'"):
        searched(tmp_path, sections={"model": {"load": "absent:load"}})


def test_a_model_that_nothing_here_runs_is_told_as_not_available(tmp_path):
    plugins = [name for name in fake_config()["search"]["plugins"] if "Runtime" not in name]
    with pytest.raises(UnavailableError, match="No runtime here runs"):
        searched(tmp_path, plugins=plugins)


@pytest.mark.parametrize("answer", ["[0.0]", "[float('nan'), 1.0]", "[[1.0, float('inf')], [1.0]]"])
def test_scores_that_are_too_few_or_no_numbers_are_told(tmp_path, answer):
    (tmp_path / f"said{len(answer)}.py").write_text(f"def score(predict, items): return {answer}\n")
    material = Material(path=(str(tmp_path),), score=f"said{len(answer)}:score")
    with pytest.raises(InputError, match=r"score \(said\d+:score\) gave"):
        scores_of(material, None, [1, 2])


def test_too_few_items_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least two"):
        searched(tmp_path, sections={"quality": {"items": "builtins:list"}})


def test_costs_are_joules_where_a_counter_tells_them(tmp_path):
    found, _ = searched(tmp_path, bench=FakeBench(power_w=20.0))
    row = found.row(found.chosen)
    assert not found.is_proxy
    assert row.energy_j.best.value == pytest.approx(1000 * 0.4e-3 * 20.0, rel=0.1)
    assert row.energy_j.basis == "metered"
    assert found.spent_j.best.value == pytest.approx(found.spent_s * 20.0)


def test_a_budget_in_joules_ends_the_search_where_they_are_counted(tmp_path):
    whole, _ = searched(tmp_path / "whole", bench=FakeBench(power_w=20.0))
    found, _ = searched(tmp_path / "cut", bench=FakeBench(power_w=20.0), budget="20J")
    assert found.spent_j.best.value < whole.spent_j.best.value
    assert "the budget is spent" in {row.why for row in found.rows}


def test_a_budget_of_modelled_joules_is_told_as_such(tmp_path):
    bench = FakeBench(power_w=20.0, basis="modelled")
    found, _ = searched(tmp_path, bench=bench, budget="1kJ")
    assert "the joules of the budget are modelled, as no counter tells them here" in found.notes
    found, _ = searched(tmp_path / "counted", bench=FakeBench(power_w=20.0), budget="1kJ")
    assert not found.notes


def test_only_the_cheapest_are_tried_again(tmp_path):
    found, _ = searched(tmp_path, repeats=4)
    trials = {row.name: row.trials for row in found.rows if row.trials}
    assert trials[found.chosen] == trials[found.lossless] == 4
    assert trials["fold + round(bits=2) + fake fp32"] == 1


def test_the_best_that_fits_is_chosen_and_what_is_larger_is_told(tmp_path):
    found, _ = searched(tmp_path, max_bytes=10)
    assert found.chosen is None
    assert found.row("fold + fake fp32").why == "it is larger than the study allows"
    found, _ = searched(tmp_path / "all", max_bytes=10_000)
    assert found.chosen == "fold + round(bits=8) + fake fp32"


def test_items_of_one_group_are_never_on_both_sides_of_the_choice(tmp_path):
    named = {"groups": "brizna.testing._improve:fake_groups", "confirm": 0.5, "worst_fall": 0.2}
    found, _ = searched(tmp_path, sections={"quality": named})
    row = found.row(found.chosen)
    assert (row.quality.method, row.quality.groups) == ("bootstrap", 50)
    assert (row.quality.items, row.confirmed.items, row.confirmed.groups) == (200, 200, 50)


def test_pairs_with_a_group_on_either_side_play_no_part():
    study = study_of(fake_config(), directory=".").replace(confirm=0.4)
    pairs = [[str(one), str(other)] for one in range(10) for other in range(one)]
    parts = part(len(pairs), study, pairs)
    sides = [
        {name for number in numbers for name in pairs[number]}
        for numbers in (parts.choosing, parts.confirm)
    ]
    assert not sides[0] & sides[1]
    assert (len(parts.choosing), len(parts.confirm)) == (15, 6)


def test_what_could_not_win_comes_after_what_could(tmp_path):
    _, bench = searched(tmp_path)
    tried = [name.partition("/")[2].partition("/")[2] for name in bench.done]
    order = {name: place for place, name in reversed(list(enumerate(tried)))}
    assert order["fold + round(bits=8) + fake fp32"] < order["fold + round(bits=2) + fake fp32"]


def test_a_base_that_is_slow_to_load_is_stood_in_for_while_racing(tmp_path):
    found, bench = searched(tmp_path, bench=FakeBench(slow_start_s=5.0))
    racing = [name for name in bench.done if name.startswith("trial/")]
    beside = [name for name in racing if name.endswith("/fake fp32")]
    assert len(beside) < len({name.split("/")[1] for name in racing})
    row = found.row("fold + round(bits=2) + fake fp32")
    assert row.ratio.best.value == pytest.approx(0.8 * 0.3, rel=0.15)


ROUGH = """
from brizna.improve import Serving
from brizna.testing import FakeRuntime


class Rough(FakeRuntime):
    name = "rough"

    def servings(self, model, machine):
        return (Serving(runtime="rough", precision="bf16"),)
"""


@pytest.mark.parametrize("subset", [200, 2])
def test_what_rounds_too_roughly_drives_nothing_else_out(tmp_path, subset):
    (tmp_path / "rough.py").write_text(ROUGH)
    plugins = [*fake_config()["search"]["plugins"], "rough:Rough"]
    found, _ = searched(tmp_path, plugins=plugins, subset=subset)
    rough = [row for row in found.rows if row.trials and row.serving["runtime"] == "rough"]
    assert "pass" not in {row.quality.verdict for row in rough}
    assert found.chosen == "fold + round(bits=8) + fake fp32"
    assert min(row.ratio.best.value for row in rough) < found.row(found.chosen).ratio.best.value
