"""A store of very many runs: what it costs to index, sum, list, find and pack them.

``python bench/store.py [--records 2000] [--runs 1000000]`` measures one short command for real, and
makes so many records from it: runs of 40 machines in four zones over three years, by six teams,
each with its own energy and its own footprint. From the records it times indexing, a second look,
packing, and indexing the packs. A million records with their footprints would fill 30 GB, so the
index of a million is filled through the same code with what such records tell, in packs of a
thousand, and summed, listed and searched by fresh processes whose processor time and memory the
system counts. Writes ``bench/results/store.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from brizna.core.codec import digest_of_bytes, encode
from brizna.store import Index, RunSummary, Store
from brizna.store._packs import MOST_RUNS, Packs
from brizna.store._stored import Told

RESULTS = Path(__file__).parent / "results" / "store.json"
MACHINES, ZONES, TEAMS = 40, ("ES", "FR", "DE", "PL"), ("a", "b", "c", "d", "e", "f")
STAGES = ("data", "pre-training", "fine-tuning", "evaluation", "search")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SPAN_S = 3 * 365 * 86_400
ESTIMATES = (
    *("energy_j", "facility_energy_j", "carbon_operational_g", "carbon_embodied_g", "carbon_g"),
    *("water_l", "cost", "renewable_energy_j", "carbon_market_g", "carbon_hourly_g"),
)
ASKED = {
    "sum": "list(total_runs(store).groups)",
    "sum by team and month": "list(total_runs(store, by=('tag:team', 'month')).groups)",
    "sum by stage and outcome": "list(total_runs(store, by=('stage', 'outcome')).groups)",
    "list the newest 20": "store.runs(limit=20)",
    "find by name": "store.resolve('name 777')",
    "find by the end of an id": "store.resolve('{id}'[-6:])",
}
ASK = """
import json, resource, sys
from brizna.store import Store
from brizna.verbs import total_runs
store = Store(sys.argv[1])
found = {expression}
used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status") as file:
    (peak,) = (line.split()[1] for line in file if line.startswith("VmHWM"))
print(json.dumps([used.ru_utime + used.ru_stime, int(peak) / 1024]))
"""


class Template:
    """A run that was measured, and its footprint, from which others are made.

    Args:
        directory: A directory for the store of that one run.
    """

    def __init__(self, directory: str) -> None:
        options = ["--zone", "ES", "--store", directory, "--quiet", "--name", "template"]
        program = "sum(i * i for i in range(3_000_000))"
        command = [sys.executable, "-m", "brizna", "run", *options, "--", sys.executable, "-c"]
        subprocess.run([*command, program], check=True)
        store = Store(directory)
        stored = store.read("last")
        self.id = stored.run.id
        self.run = encode(stored.run.to_json()).decode()
        (footprint,) = store.records(self.id, schema="brizna.footprint/1")
        self.footprint = encode(footprint).decode()
        self.subject = footprint["subject"]
        self.machine = stored.run.machine
        self.hour = f"{stored.run.started[:13]}"
        self.plain, self.account = json.loads(self.run), json.loads(self.footprint)
        self.summary = RunSummary.of(self.plain, stored.digest)

    def make(self, number: int, of: int) -> tuple[str, bytes, bytes]:
        """Return the id, the record and the footprint of one of many runs."""
        chance = random.Random(number)
        at = FIRST + timedelta(seconds=number * SPAN_S / of)
        run_id = f"{at:%Y%m%dT%H%M%SZ}-{number % (1 << 24):06x}"
        machine, scale = f"m{chance.randrange(MACHINES):011d}", chance.lognormvariate(0, 1)
        told = {self.id: run_id, self.machine: machine, self.hour: f"{at:%Y-%m-%dT%H}"}
        told["ES/2"] = f"{chance.choice(ZONES)}/2"
        run = json.loads(_replaced(self.run, told))
        run["started"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        run["name"] = f"name {number}"
        run["tags"] = [f"team:{chance.choice(TEAMS)}", f"stage:{chance.choice(STAGES)}"]
        run["process"]["host"], run["process"]["boot_us"] = machine, 1_000_000 * number * 60
        _scale(run["measurement"], ("energy_j",), scale)
        record = encode(run)
        told[self.subject] = digest_of_bytes(record)
        footprint = json.loads(_replaced(self.footprint, told))
        _scale(footprint, ESTIMATES, scale)
        return run_id, record, encode(footprint)

    def tell(self, number: int, of: int) -> Told:
        """Return what the records of one of many runs tell, without their bytes."""
        chance = random.Random(number)
        at = FIRST + timedelta(seconds=number * SPAN_S / of)
        run_id = f"{at:%Y%m%dT%H%M%SZ}-{number % (1 << 24):06x}"
        machine, scale = f"m{chance.randrange(MACHINES):011d}", chance.lognormvariate(0, 1)
        names = {self.id: run_id, self.machine: machine, self.hour: f"{at:%Y-%m-%dT%H}"}
        zone = names["ES"] = chance.choice(ZONES)
        process = {**self.plain["process"], "host": machine, "boot_us": 60_000_000 * number}
        summary = self.summary.replace(
            id=run_id,
            name=f"name {number}",
            tags=(f"team:{chance.choice(TEAMS)}", f"stage:{chance.choice(STAGES)}"),
            started=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            machine=machine,
            energy_j=_scaled(self.summary.energy_j, scale, names),
            process=process,
            digest=f"sha256:{number:064x}",
        )
        footprint = {
            name: _scaled(value, scale, names) if name in ESTIMATES and value else value
            for name, value in self.account.items()
        }
        footprint["subject"] = summary.digest
        run = {**self.plain, "id": run_id, "site": {"zone": zone}, "process": process}
        return Told(summary=summary, run=run, records=(footprint,))


def _scaled(value: dict, scale: float, names: dict[str, str]) -> dict:
    """Return an estimate that is so many times as large, with the names of another run."""
    doubts = {}
    for name, ends in value["doubts"].items():
        told = name if name in _COMMON else _replaced(name, names)
        doubts[told] = [end * scale for end in ends]
    return {**value, "best": value["best"] * scale, "doubts": doubts}


_COMMON = frozenset(("factor:pue/default", "factor:embodied/default-machine"))


def _replaced(text: str, told: dict[str, str]) -> str:
    for old, new in told.items():
        text = text.replace(old, new)
    return text


def _scale(values: dict, names: tuple[str, ...], scale: float) -> None:
    for name in names:
        value = values.get(name)
        if value is not None:
            for field in ("low", "best", "high"):
                value[field] *= scale
            value["doubts"] = {
                n: [end * scale for end in ends] for n, ends in value["doubts"].items()
            }


def write_records(store: Store, template: Template, count: int) -> int:
    """Write so many runs, each in a directory of its own, and return their bytes."""
    size = 0
    for number in range(count):
        run_id, record, footprint = template.make(number, count)
        place = Path(store.directory(run_id), "records")
        place.mkdir(parents=True)
        place.joinpath(f"{digest_of_bytes(footprint)[7:]}.json").write_bytes(footprint)
        place.parent.joinpath("run.json").write_bytes(record)
        size += len(record) + len(footprint)
    return size


def fill_index(store: Store, template: Template, count: int) -> str:
    """Fill the index of a store with so many runs, in packs that stand for them; return an id."""
    packs = Path(store.path, "packs")
    packs.mkdir(parents=True)
    run_id = ""
    with Index(store.path, cache=None) as index:
        for start in range(0, count, MOST_RUNS):
            numbers = range(start, min(start + MOST_RUNS, count))
            told = [template.tell(number, count) for number in numbers]
            ids = sorted(one.summary.id for one in told)
            run_id = ids[-1]
            name = f"{ids[0]}_{ids[-1]}_{start:064x}.zip"
            packs.joinpath(name).touch()
            index.add_pack(name, Packs(str(packs)).stamps()[name], told, ())
    return run_id


def timed(work) -> tuple[object, float]:
    """Return what work returns and the processor time that it took, in seconds."""
    begun = time.process_time()
    found = work()
    return found, time.process_time() - begun


def of_records(directory: str, template: Template, count: int) -> dict[str, object]:
    """Return what indexing, summing and packing real records takes, in seconds for each run."""
    from brizna.verbs import total_runs

    store = Store(directory)
    size = write_records(store, template, count)
    _, indexed_s = timed(store.runs)
    before, _ = timed(lambda: total_runs(store, by=("tag:team",)))
    time.sleep(2.1)  # files that have just changed are looked at again
    store.runs(limit=1)
    _, unchanged_s = timed(lambda: store.runs(limit=1))
    packed, packed_s = timed(lambda: store.pack(keep_last=0))
    _, again_s = timed(lambda: store.runs(limit=1))
    after, _ = timed(lambda: total_runs(store, by=("tag:team",)))
    assert len(packed.ids) == count
    assert after == before, "packing changes no figure"
    kept = sum(one.stat().st_size for one in Path(directory, "packs").iterdir())
    return {
        "records": count,
        "bytes_per_run": size / count,
        "packed_bytes_per_run": kept / count,
        "index_s_per_run": indexed_s / count,
        "look_for_changes_s_per_run": unchanged_s / count,
        "pack_s_per_run": packed_s / count,
        "index_packs_s_per_run": again_s / count,
    }


def of_index(directory: str, template: Template, count: int) -> dict[str, object]:
    """Return what filling the index of very many runs takes, and asking it."""
    run_id, filled_s = timed(lambda: fill_index(Store(directory), template, count))
    return {"runs": count, "fill_s": filled_s, **ask_index(directory, str(run_id))}


def ask_index(directory: str, run_id: str) -> dict[str, object]:
    """Return what asking an index takes, and how large it is."""
    asked = {}
    for name, expression in ASKED.items():
        program = ASK.replace("{expression}", expression.replace("{id}", run_id))
        answer = subprocess.run(
            [sys.executable, "-c", program, directory], check=True, capture_output=True
        )
        cpu_s, memory_mib = json.loads(answer.stdout)
        asked[name] = {"cpu_s": cpu_s, "memory_mib": memory_mib}
        print(f"{name}: {cpu_s:.2f} s, {memory_mib:.0f} MiB", flush=True)
    size = os.stat(os.path.join(directory, "index.sqlite")).st_size
    return {"index_bytes": size, "asked": asked}


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--ask", metavar="STORE", help="ask a filled index again, and no more")
    given = parser.parse_args()
    if given.ask is not None:
        results = json.loads(given.output.read_text(encoding="utf-8"))
        (newest,) = Store(given.ask).runs(limit=1)
        results["index"] |= ask_index(given.ask, newest.id)
        given.output.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as place:
        template = Template(os.path.join(place, "one"))
        records = of_records(os.path.join(place, "records"), template, given.records)
        print(json.dumps(records, indent=1), flush=True)
        index = of_index(os.path.join(place, "index"), template, given.runs)
    used = resource.getrusage(resource.RUSAGE_SELF)
    results = {"records": records, "index": index, "bench_mib": used.ru_maxrss / 1024}
    given.output.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
