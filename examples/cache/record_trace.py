"""Write a trace of requests, as a service could record it, into ``trace.jsonl``.

The requests are made up: few are asked for often and many once, as popularity usually is.
"""

from __future__ import annotations

import json
from hashlib import sha256
from random import Random

SECRET = b"of this service alone: without it, others could try what was asked"


def main():
    """Write ``trace.jsonl``: for each request a key that tells nothing of it, and when it came."""
    chance, second = Random(1), 0.0
    with open("trace.jsonl", "w", encoding="utf-8") as trace:
        for _ in range(5000):
            second += chance.expovariate(2)
            request = f"question {int(chance.paretovariate(0.6))}"
            key = sha256(SECRET + request.encode()).hexdigest()[:16]
            trace.write(json.dumps({"key": key, "time": round(second, 3)}) + "\n")


if __name__ == "__main__":
    main()
