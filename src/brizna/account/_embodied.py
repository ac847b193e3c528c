"""What making a server emits, added up from its parts, after the formulas that Boavizta published.

A processor and a memory stick are mostly their dies: kg = area x factor + a constant; flash the
same by its capacity over its density; power supplies by their mass; board, case and assembly are
constants [1]. With the parts of a Dell R740 (two processors of 24 cores, 12 sticks of 32 GB, one
SSD of 400 GB, two power supplies) it gives the published 970 kg [2].

References:
    [1] Boavizta, boaviztapi, issue 2 (methodology); data of Green Cloud Computing,
        Umweltbundesamt, texte 94/2021.
    [2] Boavizta, boaviztapi documentation, getting started with a single server.
"""

from __future__ import annotations

from math import ceil, inf

from brizna.account._factors import coefficient, embodied
from brizna.core.errors import InputError, Said
from brizna.core.estimate import exactly
from brizna.core.factors import nearest
from brizna.core.quantities import Ratio
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor

    Use = Callable[[Factor], Estimate]


_AT_LEAST_SOME = ("cpus", "cores", "sticks", "ssds")
"""Parts of which no server has none; leave them out where nobody knows how many."""


class ServerParts(Record):
    """The parts of a server, as far as they count for its making.

    Attributes:
        cpus: Processors.
        cores: Cores of each; the method's default if None.
        memory_gb: Memory.
        sticks: Sticks that it is on; as many as 32 GB sticks make it if None.
        ssd_gb: Flash, of all drives together.
        ssds: Drives that it is on; one if there is any flash and nobody says.
        hdds: Hard disks.
        power_supplies: How many.
    """

    cpus: float = 2
    cores: float | None = None
    memory_gb: float = 0.0
    sticks: float | None = None
    ssd_gb: float = 0.0
    ssds: float | None = None
    hdds: float = 0.0
    power_supplies: float = 2

    def _check(self) -> None:
        for name in self.fields():
            value = getattr(self, name)
            if value is None or (0 < value < inf) or (value == 0 and name not in _AT_LEAST_SOME):
                continue
            raise InputError(
                "The server has {name} = {value}: expected a number {least}.",
                name=name,
                value=value,
                least=Said("above 0") if name in _AT_LEAST_SOME else Said("from 0 up"),
            )


SERVER_WORDS = ServerParts.fields()
"""What can be said of a server: ``server:cpus=2,cores=24,memory_gb=384,ssd_gb=400``."""


def read_server(text: str, known: ServerParts) -> ServerParts:
    """Return a server as a text describes it, over what is known of it already.

    Args:
        text: ``server``, or ``server:`` and ``name=number`` parted by commas.
        known: What it is where the text does not say.

    Raises:
        InputError: If a name is unknown or a number none.
    """
    said: dict[str, float] = {}
    for pair in filter(None, text.partition(":")[2].split(",")):
        name, _, number = pair.strip().partition("=")
        if name not in SERVER_WORDS:
            raise InputError(
                "{text!r} says {name!r} of a server.{hint} Known: {known}.",
                text=text,
                name=name,
                hint=nearest(name, SERVER_WORDS),
                known=", ".join(SERVER_WORDS),
            )
        try:
            said[name] = float(number)
        except ValueError as error:
            raise InputError(
                "{text!r} gives {name} as {number!r}: expected a number.",
                text=text,
                name=name,
                number=number,
            ) from error
    return known.replace(**said)


def embodied_parts(server: ServerParts, use: Use) -> dict[str, Estimate]:
    """Return the carbon of making each part of a server; their total is the server's.

    Every part has the doubts of the factors that it rests on, by their names: what one factor
    may be wrong by moves all parts that use it together.

    Args:
        server: Its parts.
        use: What turns a shipped factor into the estimate in force, and lists it.
    """
    cores = coefficient("server/cores").value if server.cores is None else server.cores
    area = use(coefficient("server/die-per-core")).scaled(cores)
    area += use(coefficient("server/die-beside-cores"))
    cpu = use(embodied("cpu-die")) * area + use(embodied("cpu-base"))
    parts = {
        "cpu": cpu.scaled(server.cpus),
        "power-supply": use(embodied("power-supply"))
        * use(coefficient("server/power-supply")).scaled(server.power_supplies),
        "board": use(embodied("motherboard")),
        "case": use(embodied("rack-case")),
        "assembly": use(embodied("assembly")),
    }
    if server.memory_gb:
        by_size = ceil(server.memory_gb / coefficient("server/stick").value)
        sticks = by_size if server.sticks is None else server.sticks
        parts["memory"] = _on_dies("ram", "memory", server.memory_gb, sticks, use)
    if server.ssd_gb:
        drives = 1 if server.ssds is None else server.ssds
        parts["ssd"] = _on_dies("ssd", "ssd", server.ssd_gb, drives, use)
    if server.hdds:
        parts["hdd"] = use(embodied("hdd")).scaled(server.hdds)
    return parts


def _on_dies(kind: str, density: str, size_gb: float, pieces: float, use: Use) -> Estimate:
    """Return the making of storage that is on dies: by their area, and a constant for a piece."""
    area_cm2 = exactly(Ratio(size_gb)) / use(coefficient(f"server/{density}-density"))
    dies = use(embodied(f"{kind}-die")) * area_cm2
    return dies + use(embodied(f"{kind}-base")).scaled(pieces)
