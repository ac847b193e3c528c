"""The simpler-model rule is decided on the ends of intervals."""

from __future__ import annotations

import pytest

from brizna.check import Contender, SimplerRule, simpler
from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Energy


def contender(name, right, *, training_j, inference_j, of=1000, spread=0.01):
    """Return a model that gets the first items right; its energies scatter over three blocks."""

    def blocks(energy_j):
        factors = (1.0, 1 + spread, 1 - spread)
        return {
            block: exactly(Energy(energy_j * factor), "metered")
            for block, factor in enumerate(factors)
        }

    scores = tuple(float(item < right) for item in range(of))
    return Contender(
        name=name, scores=scores, training_j=blocks(training_j), inference_j=blocks(inference_j)
    )


COMPLEX = contender("network", 980, training_j=1000, inference_j=1.0)


def judged(simple, **rule):
    """Return what the rule says of one simple model."""
    (found,) = simpler(COMPLEX, [simple], rule=SimplerRule(**rule))
    return found


def test_much_cheaper_and_hardly_worse_is_enough():
    found = judged(contender("lines", 975, training_j=100, inference_j=0.1))
    assert found.verdict == "pass"
    assert found.gain == pytest.approx(0.5)
    assert found.gain_low < 0.5 < found.gain_high
    assert found.training_ratio.best.value == pytest.approx(10)
    assert found.life_ratio is None


def test_eight_points_worse_fails_at_three_and_passes_at_ten():
    network = contender("network", 2940, training_j=1000, inference_j=1.0, of=3000)
    lines = contender("lines", 2691, training_j=100, inference_j=0.1, of=3000)
    (strict,) = simpler(network, [lines], rule=SimplerRule())
    assert strict.verdict == "fail"
    assert "3 points" in strict.why
    (lenient,) = simpler(network, [lines], rule=SimplerRule(points=10))
    assert lenient.verdict == "pass"


def test_as_good_but_hardly_cheaper_does_not_do():
    found = judged(contender("smaller", 980, training_j=900, inference_j=0.9))
    assert found.verdict == "fail"
    assert "saves less than a factor of 2" in found.why


def test_a_ratio_whose_interval_holds_the_factor_cannot_be_told():
    found = judged(contender("half", 980, training_j=500, inference_j=0.5, spread=0.1))
    assert found.verdict == "undecided"
    assert "more repeats" in found.why


def test_cheap_to_train_and_dear_to_use_depends_on_how_often_it_is_used():
    vectors = contender("vectors", 985, training_j=10, inference_j=3.0)
    found = judged(vectors)
    assert found.verdict == "undecided"
    assert found.break_even == pytest.approx(495, rel=0.01)  # (1000 - 10) / (3 - 1)
    assert "how many" in found.why
    assert judged(vectors, inferences=10).verdict == "pass"
    assert judged(vectors, inferences=1e6).verdict == "fail"
    assert judged(vectors, inferences=10).life_ratio.best.value == pytest.approx(1010 / 40)


def test_few_items_cannot_tell():
    small = {"training_j": 10, "inference_j": 0.1, "of": 40}
    complex_one = contender("network", 39, **{**small, "training_j": 1000, "inference_j": 1.0})
    (found,) = simpler(complex_one, [contender("lines", 39, **small)], rule=SimplerRule())
    assert found.verdict == "undecided"
    assert "items would tell" in found.why


def test_several_simple_models_share_the_chance_of_error():
    one = contender("one", 960, training_j=100, inference_j=0.1)
    alone = simpler(COMPLEX, [one], rule=SimplerRule())[0]
    others = [one.replace(name=f"other {i}") for i in range(9)]
    together = simpler(COMPLEX, [one, *others], rule=SimplerRule())[0]
    assert alone.guard.comparisons == 1
    assert together.guard.comparisons == 10
    assert together.guard.p_pass == alone.guard.p_pass


def test_energy_that_is_not_known_is_no_saving():
    simple = contender("lines", 980, training_j=1, inference_j=0.1).replace(inference_j={})
    found = judged(simple)
    assert found.verdict == "undecided"
    assert found.inference_ratio is None
    assert found.break_even is None


@pytest.mark.parametrize("rule", [{"points": -1}, {"ratio": 0.5}, {"inferences": -1}])
def test_a_rule_that_cannot_be_is_refused(rule):
    with pytest.raises(InputError):
        SimplerRule(**rule)


def test_models_scored_on_other_items_are_refused():
    with pytest.raises(InputError):
        judged(contender("lines", 10, training_j=1, inference_j=1, of=20))
