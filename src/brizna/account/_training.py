"""Energy of a training before it runs: operations, what of the peak is reached, and watts."""

from __future__ import annotations

from math import inf

from brizna.account._factors import ROOM, coefficient
from brizna.account._models import find_accelerator, number
from brizna.core._tables import load
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.factors import Factor, factor
from brizna.core.quantities import Duration, Energy, Power, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

_GIGA, _TERA = 1e9, 1e12


class Training(Record):
    """A training that is planned; None where nobody says.

    Attributes:
        params_b: Parameters, in 1e9.
        active_b: Of these used for a token; all if None.
        tokens_b: Tokens that are trained on, each pass over them counted, in 1e9.
        flop: Operations, instead of the three above.
        gpu: The accelerator, by name.
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
    gpu: str = "H100"
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
        CoverageError: If the accelerator is not known.

    References:
        [1] Kaplan et al., Scaling Laws for Neural Language Models, 2020, section 2.1.
    """
    card = find_accelerator(given.gpu)
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
        peak = find_accelerator(training.gpu).tflops_16 * _TERA
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
