"""What each criterion of federation advice says below its limit and above it."""

from __future__ import annotations

from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Words(Record):
    """One criterion.

    Attributes:
        paragraph: Where the guide states it.
        below: What it says where its number lies at its limit or below.
        above: What it says above.
        reasons: Why, for each of these and for ``cannot-tell``.
        needs: Fields of the case without which it has no number.
    """

    paragraph: str
    below: str
    above: str
    reasons: dict[str, Said]
    needs: tuple[str, ...] = ()


NAMES: Mapping[str, Said] = {
    "patience": Said("slow convergence tolerated"),
    "battery": Said("battery"),
    "size": Said("size of the model"),
}
"""What people read of those criteria that can forbid federating."""
WORDS: Mapping[str, Words] = {
    "sensitivity": Words(paragraph="4.1 +1", below="", above="", reasons={}),
    "volume": Words(
        paragraph="4.1 +2",
        below="for",
        above="against",
        reasons={
            "for": Said("updates are fewer bytes than the raw data"),
            "against": Said("updates are more bytes than the raw data, which move once"),
            "cannot-tell": Said("updates may be fewer or more bytes than the raw data"),
        },
        needs=("raw_gb",),
    ),
    "light-model": Words(
        paragraph="4.1 +3",
        below="for",
        above="neither",
        reasons={
            "for": Said("a round sends for a shorter time than it computes"),
            "neither": Said("a round sends for a longer time than it computes"),
            "cannot-tell": Said("a round may send for longer than it computes"),
        },
        needs=("work_s", "up_mbit", "down_mbit"),
    ),
    "patience": Words(
        paragraph="4.1 +4",
        below="for",
        above="against",
        reasons={
            "for": Said("the rounds are done in the time there is"),
            "against": Said("the rounds take longer than the time there is"),
            "cannot-tell": Said("the rounds may take longer than the time there is"),
        },
        needs=("within_h", "work_s", "up_mbit", "down_mbit"),
    ),
    "heterogeneity": Words(
        paragraph="4.1 -1",
        below="neither",
        above="against",
        reasons={
            "neither": Said("a typical client waits for the slowest a small part of a round"),
            "against": Said("a typical client waits for the slowest most of a round"),
            "cannot-tell": Said("a typical client may wait for the slowest most of a round"),
        },
        needs=("slowest", "work_s", "up_mbit", "down_mbit"),
    ),
    "battery": Words(
        paragraph="4.1 -1",
        below="neither",
        above="against",
        reasons={
            "neither": Said("a round takes a small part of a charge"),
            "against": Said("a round takes too much of a charge"),
            "cannot-tell": Said("a round may take too much of a charge"),
        },
        needs=("busy_w", "work_s"),
    ),
    "memory": Words(
        paragraph="4.1 -2",
        below="neither",
        above="against",
        reasons={
            "against": Said("training the model takes more memory than the smallest client has"),
            "cannot-tell": Said(
                "training the model may take more memory than the smallest client has"
            ),
        },
    ),
    "size": Words(
        paragraph="4.1 -2",
        below="neither",
        above="against",
        reasons={
            "neither": Said("the model has millions of parameters, but moves less than the data"),
            "against": Said("the model is large, and sending it outweighs moving the data"),
            "cannot-tell": Said("the model is large, and sending it may outweigh the data"),
        },
    ),
    "network": Words(
        paragraph="4.1 -3",
        below="neither",
        above="against",
        reasons={
            "neither": Said("the network takes less energy than the clients' computing"),
            "against": Said("the network takes more energy than the clients' computing"),
            "cannot-tell": Said("the network may take more energy than the clients' computing"),
        },
        needs=("kwh_per_gb", "busy_w", "work_s"),
    ),
    "reach": Words(
        paragraph="4.1 -3",
        below="against",
        above="neither",
        reasons={
            "neither": Said("most of the invited clients finish a round"),
            "against": Said("most of the invited clients do not finish a round"),
            "cannot-tell": Said("fewer than half of the invited clients may finish a round"),
        },
    ),
    "traceability": Words(
        paragraph="4.1 -4", below="", above="", reasons={}, needs=("exact", "audited", "inspected")
    ),
}
"""By the name of the criterion; training that takes too much memory is a way to be too large."""
