"""Energy of a training before it runs: operations, what of the peak is reached, and watts."""

from __future__ import annotations

from math import ceil, floor, inf

from brizna.account._factors import ROOM, coefficient
from brizna.account._models import every_accelerator, find_accelerator, number
from brizna.core._tables import load
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.factors import Factor, factor
from brizna.core.quantities import Duration, Energy, Power, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

    from brizna.account._models import Accelerator

_GIGA, _TERA = 1e9, 1e12
_OVER_STATED = 1.1
"""Of the power that a maker states: meters and boosts go a little above it."""
_AROUND_W = 1000.0
"""That a machine draws at most around one accelerator: of eight of 700 W in 10.2 kW it is 575."""
USUAL_CARD = "H100"
"""Is taken where nobody says which accelerator trains."""
_MIDDLE = 0.9
"""Of the accelerators of the table, as the doubt of which it is."""
_STATE_BYTES = 16
"""Of a parameter that Adam trains in mixed precision: weights, gradients and Adam's state.
Rajbhandari et al., ZeRO: Memory Optimizations Toward Training Trillion Parameter Models, 2020,
section 3.1.
"""
_WEIGHT_BYTES = 2
_FROZEN_BYTES = 0.5
"""Of a weight that is frozen, in 4 bits, as few as they are kept in."""


class Training(Record):
    """A training that is planned; None where nobody says.

    Attributes:
        params_b: Parameters, in 1e9.
        active_b: Of these used for a token; all if None.
        tokens_b: Tokens that are trained on, each pass over them counted, in 1e9.
        flop: Operations, instead of the three above.
        gpu: The accelerator, by name; `USUAL_CARD` with the doubt of which it is if None.
        gpus: How many.
        mfu: Share of the dense 16-bit peak that is reached over all hours.
        tflops: Instead: operations a second that one reaches, in 1e12.
        power_w: Mean power of one accelerator; of its share of the machine with ``host`` 1.
        host: Energy of the machines over that of their accelerators.
        peft: Whether only a few parameters are trained, the others frozen.
    """

    params_b: float | None = None
    active_b: float | None = None
    tokens_b: float | None = None
    flop: float | None = None
    gpu: str | None = None
    gpus: float = 1
    mfu: float | None = None
    tflops: float | None = None
    power_w: float | None = None
    host: float | None = None
    peft: bool = False

    def _check(self) -> None:
        fields = ("params_b", "active_b", "tokens_b", "flop", "gpus", "mfu", "tflops", "power_w")
        for name in (*fields, "host"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise InputError("{name} is {value}: expected more than 0.", name=name, value=value)
        if self.flop is None and None in (self.params_b, self.tokens_b):
            raise InputError(
                "The training has neither its operations nor both parameters and tokens: give "
                "flop, or params_b and tokens_b."
            )
        if self.mfu is not None and not self.mfu <= 1:
            raise InputError("mfu is {mfu}: expected a share of the peak, in (0, 1].", mfu=self.mfu)
        if self.host is not None and not self.host >= 1:
            raise InputError("host is {host}: expected 1 or more.", host=self.host)
        if not float(self.gpus).is_integer():
            raise InputError(
                "gpus is {value}: expected a whole number of accelerators.", value=self.gpus
            )
        self._check_together()

    def _check_together(self) -> None:
        if self.flop is not None and self.tokens_b is not None:
            raise InputError(
                "The training has {flop:g} operations and {tokens:g}e9 tokens: expected one of "
                "them, for the other follows. Give flop, or params_b and tokens_b.",
                flop=self.flop,
                tokens=self.tokens_b,
            )
        if self.mfu is not None and self.tflops is not None:
            raise InputError(
                "The training has mfu {mfu:g} and tflops {tflops:g}: expected one of them, for "
                "both say what is reached. Leave one out.",
                mfu=self.mfu,
                tflops=self.tflops,
            )
        params_b, active_b = self.params_b, self.active_b
        if params_b is not None and active_b is not None and active_b > params_b:
            raise InputError(
                "The training uses {active:g}e9 parameters for a token, of {total:g}e9 in all: "
                "expected no more than there are. Give active_b, or params_b.",
                active=active_b,
                total=params_b,
            )


class Trained(Record):
    """What a training is estimated to take.

    Attributes:
        flop: Operations, six a parameter and token.
        device_s: Time of all accelerators together.
        duration_s: On so many at once.
        accelerators_j: Energy of the accelerators.
        energy_j: With the machines around them.
        factors: The published numbers behind it.
    """

    flop: float
    device_s: Estimate
    duration_s: Estimate
    accelerators_j: Estimate
    energy_j: Estimate
    factors: tuple[Factor, ...]


class PublishedTraining(Record):
    """A training of which the hours were published.

    Attributes:
        name: Of the model.
        training: What it was, its accelerators included.
        device_s: Time of all accelerators together.
        power_w: Of each, as the source takes it.
        facility_pue: What the source multiplies by.
        energy_j: As published; None where it was not.
        reached: Share of the peak over all hours.
        source: Who says so.
    """

    name: str
    training: Training
    device_s: float
    power_w: float
    facility_pue: float
    energy_j: float | None
    reached: float
    source: str

    _forms: ClassVar = {"training": Training.from_json, "factors": each(Factor.from_json)}


def estimate_training(given: Training) -> Trained:
    """Return time and energy of a training.

    ``operations = 6 x active parameters x tokens`` [1]; ``time = operations / (peak x share)``;
    ``energy = time x power x host``. What nobody says is as in published trainings, with their
    spread; what is given is taken as it is.

    Raises:
        InputError: If more is reached, or drawn, than the accelerator can.
        CoverageError: If the accelerator is not known.

    References:
        [1] Kaplan et al., Scaling Laws for Neural Language Models, 2020, section 2.1.
    """
    card = find_accelerator(given.gpu or USUAL_CARD)
    _check_card(given, card)
    used: list[Factor] = []

    def use(found: Factor) -> Estimate:
        used.append(found)
        return found.estimate()

    flop = operations(given)
    work = exactly(Ratio(flop))
    if given.peft:
        work = work * use(_factor("training/pass-share-peft"))
    if given.tflops is not None:
        reached = exactly(Ratio(given.tflops / card.tflops_16))
    elif given.mfu is not None:
        reached = exactly(Ratio(given.mfu))
    else:
        reached = use(_factor("training/mfu"))
    one_s = Estimate(Duration(1 / (card.tflops_16 * _TERA)), basis="published")
    device_s = work / reached * one_s
    if given.power_w is not None:
        power = exactly(Power(given.power_w))
    else:
        share = use(_factor("training/power-share"))
        power = share * exactly(Power(card.power_w), "published")
    accelerators = device_s * power
    if given.gpu is None:
        device_s, accelerators = _on_any_card(given, device_s, accelerators)
    host = (
        use(factor(ROOM, "inference", "inference-host"))
        if given.host is None
        else exactly(Ratio(given.host))
    )
    return Trained(
        flop=flop,
        device_s=device_s.based("modelled"),
        duration_s=device_s.scaled(1 / given.gpus).based("modelled"),
        accelerators_j=accelerators.based("modelled"),
        energy_j=(accelerators * host).based("modelled"),
        factors=tuple(used),
    )


def _on_any_card(
    given: Training, device_s: Estimate, energy_j: Estimate
) -> tuple[Estimate, Estimate]:
    """Return hours and energy with the doubt of which accelerator it is, if they depend on it."""
    cards, usual = every_accelerator(), find_accelerator(USUAL_CARD)
    name = "model:training/which-accelerator"
    slower = [usual.tflops_16 / card.tflops_16 for card in cards]
    thirst = [
        many * (card.power_w / usual.power_w if given.power_w is None else 1.0)
        for many, card in zip(slower, cards, strict=True)
    ]
    if given.tflops is None:
        device_s = device_s.doubted_by(name, *_middle(slower))
        return device_s, energy_j.doubted_by(name, *_middle(thirst))
    if given.power_w is None:
        powers = [card.power_w / usual.power_w for card in cards]
        energy_j = energy_j.doubted_by(name, *_middle(powers))
    return device_s, energy_j


def _middle(ratios: Sequence[float]) -> tuple[float, float]:
    """Return the ends between which the middle nine in ten lie, and 1 with them."""
    ranked, out = sorted(ratios), floor(len(ratios) * (1 - _MIDDLE) / 2)
    return min(ranked[out], 1.0), max(ranked[-1 - out], 1.0)


def check_memory(given: Training) -> bool:
    """Return whether a training's weights, gradients and optimiser fit so many accelerators.

    What is not told is taken to fit. Where they do not, a part of them must lie elsewhere.

    Raises:
        InputError: If not even the weights do; names the fewest accelerators that hold them.
    """
    if given.params_b is None or given.gpu is None:
        return True
    card = find_accelerator(given.gpu)
    each = _FROZEN_BYTES if given.peft else _WEIGHT_BYTES
    memory_gb, weights_gb = given.gpus * card.memory_gb, each * given.params_b
    if weights_gb > memory_gb:
        raise InputError(
            "{params:g}e9 parameters are {weights:.0f} GB of weights, but {gpus:g} x {card} hold "
            "{memory:.0f} GB: expected at least {fewest} accelerators. Give gpus or gpu.",
            params=given.params_b,
            weights=weights_gb,
            gpus=given.gpus,
            card=card.name,
            memory=memory_gb,
            fewest=ceil(weights_gb / card.memory_gb),
        )
    return given.peft or _STATE_BYTES * given.params_b <= memory_gb


def _check_card(given: Training, card: Accelerator) -> None:
    peak = max(card.tflops_16, card.tflops_8 or 0.0)
    if given.tflops is not None and given.tflops > peak:
        raise InputError(
            "tflops is {tflops:g}, but {card} computes at most {peak:g} (1e12 operations a "
            "second): expected what one accelerator reaches. Give less, or mfu as a share of the "
            "peak.",
            tflops=given.tflops,
            card=card.name,
            peak=peak,
        )
    most_w = card.power_w * _OVER_STATED
    if given.host is not None and given.host <= 1:
        most_w += _AROUND_W
    if given.power_w is not None and given.power_w > most_w:
        raise InputError(
            "power_w is {power:g} W, but {card} draws at most {stated:g} W: expected the mean of "
            "one accelerator. With its share of the machine in it give host 1; that may be up to "
            "{around:g} W more.",
            power=given.power_w,
            card=card.name,
            stated=card.power_w,
            around=_AROUND_W,
        )


def operations(given: Training) -> float:
    """Return the operations of a training, frozen weights trained too."""
    if given.flop is not None:
        return given.flop
    assert given.params_b is not None, "checked when it was made"
    assert given.tokens_b is not None, "checked when it was made"
    active_b = given.params_b if given.active_b is None else given.active_b
    return coefficient("flop/training").value * active_b * _GIGA * given.tokens_b * _GIGA


def published_trainings() -> tuple[PublishedTraining, ...]:
    """Return the trainings of which the hours were published, with the share they reached."""
    data = load(ROOM, "trainings")
    found: list[PublishedTraining] = []
    for row, cells in enumerate(data.rows):
        training = Training(
            params_b=number(data, row, "params_b"),
            active_b=number(data, row, "active_b"),
            tokens_b=number(data, row, "tokens_b"),
            gpu=cells["accelerator"],
        )
        device_s = Duration.of(number(data, row, "device_hours"), "h").value
        peak = find_accelerator(cells["accelerator"]).tflops_16 * _TERA
        energy_mwh = data.number(row, "energy_mwh")
        found.append(
            PublishedTraining(
                name=cells["name"],
                training=training,
                device_s=device_s,
                power_w=number(data, row, "power_w"),
                facility_pue=number(data, row, "facility_pue"),
                energy_j=None if energy_mwh is None else Energy.of(energy_mwh, "MWh").value,
                reached=operations(training) / (device_s * peak),
                source=cells["source"],
            )
        )
    return tuple(found)


def _factor(name: str) -> Factor:
    return factor(ROOM, "training", name)
