"""The quality guard answers yes, no, or how many items it would take, and is rarely wrong."""

from __future__ import annotations

from math import comb, isclose, nan, sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.check import Guard, confirm, holm, non_inferior, non_inferior_figure
from brizna.core.errors import InputError


def paired(both, only_base, only_variant, neither):
    """Return right and wrong answers of a base and a variant, by how many items they share."""
    base = [1] * both + [1] * only_base + [0] * only_variant + [0] * neither
    variant = [1] * both + [0] * only_base + [1] * only_variant + [0] * neither
    return base, variant


def test_bounds_are_those_of_a_worked_example():
    """Airway reactivity, 1, 1, 7 and 12 of 21 children: 95 % from -0.517 to -0.026.

    M. Fagerland, S. Lydersen, P. Laake, Recommended tests and confidence intervals for paired
    binomial proportions, Statistics in Medicine 33 (2014) 2850-2875: Tango's interval.
    """
    base, variant = paired(1, 7, 1, 12)
    assert round(non_inferior(base, variant, margin=0.1).low, 3) == -0.517
    assert round(non_inferior(variant, base, margin=0.1).low, 3) == 0.026
    assert non_inferior(base, variant, margin=0.1).method == "tango"


def test_without_a_change_the_bound_is_that_of_no_loss_in_so_many_items():
    guard = non_inferior([1] * 381, [1] * 381, margin=0.01)
    z = 1.959964
    assert isclose(guard.low, -(z**2) / (381 + z**2), rel_tol=1e-4)
    assert guard.verdict == "pass"
    assert non_inferior([1] * 380, [1] * 380, margin=0.01).verdict == "undecided"


def test_a_handful_of_items_without_a_change_passes_nothing():
    for scores in ([1] * 20, [0.8] * 20, [-3.5, -2.0] * 10):
        guard = non_inferior(scores, scores, margin=0.01)
        assert guard.verdict == "undecided"
        assert guard.needed > 300


def test_a_model_that_lost_its_quality_fails():
    base, variant = paired(100, 60, 5, 10)
    assert non_inferior(base, variant, margin=0.05).verdict == "fail"
    rng = Random(1)
    scores = [rng.uniform(0.7, 0.9) for _ in range(100)]
    worse = [score - rng.uniform(0.2, 0.4) for score in scores]
    assert non_inferior(scores, worse, margin=0.05).verdict == "fail"


def test_one_item_never_fails_a_variant():
    base, variant = paired(18, 1, 0, 0)
    assert non_inferior(base, variant, margin=0.001).verdict != "fail"
    scores = [0.9] * 19
    assert non_inferior(scores, [*scores[1:], 0.0], margin=0.001).verdict != "fail"


def test_a_smaller_worst_fall_needs_fewer_items():
    rng = Random(2)
    base = [rng.uniform(0.7, 0.9) for _ in range(100)]
    variant = [score + rng.gauss(0, 0.005) for score in base]
    wide = non_inferior(base, variant, margin=0.01)
    narrow = non_inferior(base, variant, margin=0.01, worst_fall=0.05)
    assert (wide.verdict, narrow.verdict) == ("undecided", "pass")
    assert wide.low < narrow.low < 0


def test_so_many_items_as_it_says_do_tell():
    base, variant = paired(180, 6, 4, 10)
    guard = non_inferior(base, variant, margin=0.03)
    assert guard.verdict == "undecided"
    times = -(-guard.needed // 200)
    again = non_inferior(base * times, variant * times, margin=0.03)
    assert again.verdict == "pass"


def test_right_at_the_margin_no_number_of_items_tells():
    base, variant = paired(80, 10, 0, 10)
    assert non_inferior(base, variant, margin=0.1).needed is None


@pytest.mark.parametrize(
    ("base", "variant", "margin"),
    [([1], [1], 0.1), ([1, 0], [1], 0.1), ([1, nan], [1, 0], 0.1), ([1, 0], [1, 0], -0.1)],
)
def test_what_cannot_be_compared_is_refused(base, variant, margin):
    with pytest.raises(InputError):
        non_inferior(base, variant, margin=margin)


# --------------------------------------------------------------------------------- laws and rates

SCORES = st.lists(
    st.tuples(st.floats(0, 1, width=16), st.floats(0, 1, width=16)), min_size=2, max_size=40
)


@given(SCORES, st.floats(0.001, 0.5))
def test_bounds_hold_the_difference_and_agree_with_the_verdict(pairs, margin):
    base, variant = zip(*pairs, strict=True)
    guard = non_inferior(base, variant, margin=margin)
    assert guard.low <= guard.difference + 1e-9
    assert guard.high >= guard.difference - 1e-9
    assert (guard.verdict == "pass") == (guard.p_pass <= guard.level)
    if abs(guard.low + margin) > 1e-6:
        assert (guard.verdict == "pass") == (guard.low > -margin)
    assert Guard.from_json(guard.to_json()) == guard


@given(SCORES, st.floats(0.001, 0.3), st.floats(0.001, 0.3))
def test_a_wider_margin_is_never_harder_to_pass(pairs, one, two):
    base, variant = zip(*pairs, strict=True)
    narrow, wide = (non_inferior(base, variant, margin=m) for m in sorted((one, two)))
    assert wide.p_pass <= narrow.p_pass + 1e-9


@given(SCORES, st.randoms(use_true_random=False))
def test_the_order_of_items_says_nothing(pairs, rng):
    mixed = list(pairs)
    rng.shuffle(mixed)
    one, two = (non_inferior(*zip(*each, strict=True), margin=0.05) for each in (pairs, mixed))
    assert one.verdict == two.verdict
    assert isclose(one.low, two.low, abs_tol=1e-9)


@pytest.mark.parametrize(("items", "margin"), [(40, 0.05), (120, 0.02), (120, 0.1)])
def test_of_all_samples_those_judged_wrongly_are_rare(items, margin):
    """Every sample of items that only one model gets right, with its exact probability."""
    for better in (0.0, 0.01, 0.1):
        worse, passed, failed = better + margin, 0.0, 0.0
        for lost in range(items + 1):
            for won in range(items + 1 - lost if better else 1):
                rest = items - lost - won
                chance = comb(items, lost) * comb(items - lost, won) * worse**lost * better**won
                chance *= (1 - worse - better) ** rest
                if chance > 1e-9:
                    verdict = non_inferior(*paired(rest, lost, won, 0), margin=margin).verdict
                    passed += chance * (verdict == "pass")
                    failed += chance * (verdict == "fail")
        assert passed <= 0.05
        assert failed <= 0.05


def test_what_breaks_one_item_in_fifty_is_not_passed_by_hundred_that_it_spared():
    rng, passed = Random(3), 0
    for _ in range(400):
        variant = [0.02 if rng.random() < 0.02 else 0.98 for _ in range(100)]
        passed += non_inferior([0.98] * 100, variant, margin=0.01).verdict == "pass"
    assert passed <= 400 * 0.05


# ----------------------------------------------------------------------------------------- figures


def pearson(xs, ys):
    """Return the correlation; nan where one of them does not vary."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    square = sum((a - x) ** 2 for a in xs) * sum((b - y) ** 2 for b in ys)
    both = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return both / sqrt(square) if square > 0 else nan


def correlated(count, noise, seed):
    """Return a figure of how well two models agree with the truth, the second with more noise."""
    rng = Random(seed)
    truth = [rng.gauss(0, 1) for _ in range(count)]
    base = [x + rng.gauss(0, 0.5) for x in truth]
    variant = [x + rng.gauss(0, noise) for x in base]

    def figure(items):
        known = [truth[i] for i in items]
        return tuple(pearson(known, [scores[i] for i in items]) for scores in (base, variant))

    return figure


@pytest.mark.parametrize(
    ("items", "noise", "verdict"),
    [(300, 0.05, "pass"), (300, 2.0, "fail"), (20, 0.05, "undecided")],
)
def test_a_correlation_is_judged_by_drawing_items_anew(items, noise, verdict):
    figure = correlated(items, noise, 4)
    guard = non_inferior_figure(figure, items, margin=0.03, rng=Random(5), resamples=200)
    assert (guard.verdict, guard.method) == (verdict, "bootstrap")
    again = non_inferior_figure(figure, items, margin=0.03, rng=Random(5), resamples=200)
    assert again == guard


def test_a_figure_that_mostly_does_not_exist_is_refused():
    with pytest.raises(InputError, match="exists in"):
        non_inferior_figure(
            lambda items: (1.0, 1.0) if len(set(items)) == len(items) else (nan, nan),
            10,
            margin=0.1,
            rng=Random(6),
            resamples=50,
        )


def test_a_figure_of_one_item_is_refused():
    with pytest.raises(InputError):
        non_inferior_figure(lambda _: (1.0, 1.0), 1, margin=0.1, rng=Random(7))


# --------------------------------------------------------------------------------- many variants


def test_together_variants_are_judged_by_holm():
    near = non_inferior(*paired(185, 1, 0, 14), margin=0.031)
    sure = non_inferior(*paired(185, 0, 0, 14), margin=0.1)
    assert near.verdict == "pass"
    assert near.p_pass > near.level / 3
    together = holm({"near": near, "sure": sure, "other": near})
    assert together["sure"].verdict == "pass"
    assert together["near"].verdict == "undecided"
    assert together["near"].needed > near.items
    assert together["near"].comparisons == 3
    assert holm({"near": near})["near"].verdict == "pass"
    assert holm({}) == {}


def test_what_was_chosen_has_to_pass_on_items_that_did_not_choose_it():
    passed = non_inferior([1] * 500, [1] * 500, margin=0.01)
    failed = non_inferior(*paired(100, 60, 5, 10), margin=0.05)
    open_ = non_inferior([1] * 50, [1] * 50, margin=0.01)
    assert confirm(passed, passed).verdict == "pass"
    assert confirm(passed, failed).verdict == "fail"
    assert confirm(open_, passed).verdict == "undecided"
    assert confirm(passed, open_) == open_


def shifted_by_groups(count, rng):
    """Return scores of pairs of documents, each pair moved by both of its documents."""
    own = [rng.gauss(0, 0.05) for _ in range(count)]
    pairs = [(one, other) for one in range(count) for other in range(one)]
    return [own[one] + own[other] for one, other in pairs], [[str(a), str(b)] for a, b in pairs]


def mean_of(moved):
    return lambda items: (0.0, sum(moved[item] for item in items) / len(items))


def test_items_that_share_groups_say_less_than_as_many_that_do_not():
    moved, groups = shifted_by_groups(20, Random(2))
    manner = {"margin": 0.05, "worst_fall": 0.1, "resamples": 300}
    apart = non_inferior_figure(mean_of(moved), len(moved), rng=Random(1), **manner)
    shared = non_inferior_figure(mean_of(moved), groups, rng=Random(1), **manner)
    assert (shared.groups, shared.items, apart.groups) == (20, 190, None)
    assert shared.difference == apart.difference
    assert shared.low < apart.low < apart.high < shared.high


def test_the_scatter_of_pairs_is_that_of_their_documents():
    """The mean of all pairs' shifts is twice the mean of their documents' own."""
    count, own = 30, [-0.05, 0.05] * 15
    pairs = [(one, other) for one in range(count) for other in range(one)]
    moved = [own[one] + own[other] for one, other in pairs]
    groups = [[str(one), str(other)] for one, other in pairs]
    manner = {"margin": 0.05, "worst_fall": 0.1, "resamples": 1000}
    of_pairs = non_inferior_figure(mean_of(moved), groups, rng=Random(3), **manner)
    twice = [2 * shift for shift in own]
    of_documents = non_inferior([0.0] * count, twice, margin=0.05, worst_fall=0.2)
    assert isclose(of_pairs.low, of_documents.low, rel_tol=0.1)


def test_places_without_a_common_name_are_drawn_apart():
    moved = [0.1 * (reader == "r0") for reader in ("r0", "r1", "r2", "r3") for _ in range(5)]
    groups = [[f"r{reader}", f"t{text}"] for reader in range(4) for text in range(5)]
    manner = {"margin": 0.5, "worst_fall": 0.1, "resamples": 100}
    assert non_inferior_figure(mean_of(moved), groups, rng=Random(0), **manner).groups == 4


def test_a_group_of_many_items_can_fall_further_than_one_item():
    even = [[f"g{item % 40}"] for item in range(200)]
    uneven = [["g0" if item < 100 else f"g{item % 40}"] for item in range(200)]
    manner = {"margin": 0.05, "worst_fall": 0.8, "resamples": 100}
    one, other = (
        non_inferior_figure(mean_of([0.0] * 200), groups, rng=Random(0), **manner)
        for groups in (even, uneven)
    )
    assert one.verdict == "undecided"
    assert other.low < one.low < 0
    assert one.needed < 200  # groups, not items


def test_groups_of_unequal_number_are_refused():
    with pytest.raises(InputError, match="as many for each"):
        non_inferior_figure(mean_of([0.0] * 3), [["a"], ["a", "b"], ["c"]], margin=1, rng=Random(0))
