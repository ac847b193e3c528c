"""Where runs are kept: the journal while a run goes on, and records that never change.

Promises: a run whose recorder was killed is found complete to the last whole line, and told the
same by whoever recovers it; nothing that was written is overwritten; a damaged line is left out
and stated, never guessed; a store that cannot be written can still be read; no lock decides
anything. A full disk costs the disk copy, not the run: the journal keeps in memory what it could
not write.

Refuses: to put other bytes where a record stands, to read, pack or unpack a run that is not the
one that its footprints were computed from, to remove or pack a run that goes on, to unpack an
archive whose files differ from its manifest or leave the store; to take a list of what is approved
that is not believed here.

::

    <store>/
      runs/<id>/journal.jsonl        what happened, one checked line an event; thinned beyond 8 MiB
      runs/<id>/marks/marks.jsonl    what `brizna mark` said; a directory of its own, to be watched
      runs/<id>/profile.jsonl        what looks into its code saw, where somebody asked for them
      runs/<id>/run.json             the run's record, once it has ended
      runs/<id>/records/<hex>.json   records that point to the run, named by their digest
      baselines/<hex>.json           what machines draw while nobody uses them
      plans/<hex>.json               when and where jobs are to run
      sweeps/<hex>.json              what sweeps are to try, and what they found
      tunes/<hex>.json               what searches are to try, and what they found
      software/<hex>.json            the distributions of an environment, once for all its runs
      audits/<hex>.json              what environments were held to, and what came of it
      statements/<hex>.json          signed statements of what runs made
      approved/<number>.json         which software is approved, and by whom: signed, in order
      packs/<first>_<last>_<hex>.zip  runs that were packed, each as it lay in its directory
      index.sqlite, recent.json      caches of summaries; may be removed at any time

Records lie beside the run that they are about, so that a run is moved, packed and removed whole.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._alive import command_runs, liveness, process_start, writer_identity
    from brizna.store._answers import (
        keep_answer,
        kept_records,
        open_answer,
        peek,
        read_answers,
    )
    from brizna.store._approvals import APPROVAL_ACTIONS, Approval, Approvals
    from brizna.store._baselines import keep_baseline, latest_baseline
    from brizna.store._bundles import BUNDLE, seal_bundle, unseal_bundle
    from brizna.store._carried_keys import CarriedKeys, Learnt, key_files, key_records, learn
    from brizna.store._envelopes import IN_TOTO, seal, unseal
    from brizna.store._figures import KINDS, estimates_of
    from brizna.store._files import replace_file
    from brizna.store._following import JournalFile
    from brizna.store._homes import data_directory, has_kept_runs
    from brizna.store._ids import new_run_id
    from brizna.store._index import Index
    from brizna.store._journal import Journal
    from brizna.store._keys import REASONS, Key, KeyEnd, KeyRing
    from brizna.store._looks import append_look, looks_file, read_looks
    from brizna.store._marks import append_mark, read_marks
    from brizna.store._merge import merge_runs
    from brizna.store._packing import Packed
    from brizna.store._plans import find_plan, keep_plan, read_plans
    from brizna.store._reading import read_events, retell
    from brizna.store._series import (
        forget_series,
        keep_series,
        series_folder,
        unfinished,
        unfinished_series,
    )
    from brizna.store._signatures import KEY_KINDS
    from brizna.store._software import has_software, keep_software, read_software
    from brizna.store._store import Store
    from brizna.store._stored import RunSummary, StoredRun, runs_of_job
    from brizna.store._tail import Tail
    from brizna.store._totals import (
        Summed,
        Totals,
        Wanted,
        sum_runs,
        unknown_runs,
        without_collector,
    )

__all__ = [
    "APPROVAL_ACTIONS",
    "BUNDLE",
    "IN_TOTO",
    "KEY_KINDS",
    "KINDS",
    "REASONS",
    "Approval",
    "Approvals",
    "CarriedKeys",
    "Index",
    "Journal",
    "JournalFile",
    "Key",
    "KeyEnd",
    "KeyRing",
    "Learnt",
    "Packed",
    "RunSummary",
    "Store",
    "StoredRun",
    "Summed",
    "Tail",
    "Totals",
    "Wanted",
    "append_look",
    "append_mark",
    "command_runs",
    "data_directory",
    "estimates_of",
    "find_plan",
    "forget_series",
    "has_kept_runs",
    "has_software",
    "keep_answer",
    "keep_baseline",
    "keep_plan",
    "keep_series",
    "keep_software",
    "kept_records",
    "key_files",
    "key_records",
    "latest_baseline",
    "learn",
    "liveness",
    "looks_file",
    "merge_runs",
    "new_run_id",
    "open_answer",
    "peek",
    "process_start",
    "read_answers",
    "read_events",
    "read_looks",
    "read_marks",
    "read_plans",
    "read_software",
    "replace_file",
    "retell",
    "runs_of_job",
    "seal",
    "seal_bundle",
    "series_folder",
    "sum_runs",
    "unfinished",
    "unfinished_series",
    "unknown_runs",
    "unseal",
    "unseal_bundle",
    "without_collector",
    "writer_identity",
]

_HOMES = {
    "APPROVAL_ACTIONS": "_approvals",
    "Approval": "_approvals",
    "Approvals": "_approvals",
    "BUNDLE": "_bundles",
    "seal_bundle": "_bundles",
    "unseal_bundle": "_bundles",
    "keep_answer": "_answers",
    "kept_records": "_answers",
    "open_answer": "_answers",
    "peek": "_answers",
    "read_answers": "_answers",
    "data_directory": "_homes",
    "IN_TOTO": "_envelopes",
    "KEY_KINDS": "_signatures",
    "CarriedKeys": "_carried_keys",
    "Learnt": "_carried_keys",
    "learn": "_carried_keys",
    "key_files": "_carried_keys",
    "key_records": "_carried_keys",
    "Key": "_keys",
    "KeyEnd": "_keys",
    "KeyRing": "_keys",
    "REASONS": "_keys",
    "seal": "_envelopes",
    "unseal": "_envelopes",
    "KINDS": "_figures",
    "Index": "_index",
    "Journal": "_journal",
    "JournalFile": "_following",
    "Packed": "_packing",
    "Summed": "_totals",
    "Tail": "_tail",
    "Totals": "_totals",
    "Wanted": "_totals",
    "RunSummary": "_stored",
    "Store": "_store",
    "StoredRun": "_stored",
    "append_look": "_looks",
    "append_mark": "_marks",
    "command_runs": "_alive",
    "estimates_of": "_figures",
    "find_plan": "_plans",
    "has_kept_runs": "_homes",
    "has_software": "_software",
    "keep_baseline": "_baselines",
    "keep_plan": "_plans",
    "keep_software": "_software",
    "read_software": "_software",
    "forget_series": "_series",
    "keep_series": "_series",
    "latest_baseline": "_baselines",
    "liveness": "_alive",
    "looks_file": "_looks",
    "merge_runs": "_merge",
    "new_run_id": "_ids",
    "process_start": "_alive",
    "read_events": "_reading",
    "read_looks": "_looks",
    "read_marks": "_marks",
    "read_plans": "_plans",
    "replace_file": "_files",
    "retell": "_reading",
    "runs_of_job": "_stored",
    "sum_runs": "_totals",
    "series_folder": "_series",
    "unfinished": "_series",
    "unfinished_series": "_series",
    "unknown_runs": "_totals",
    "without_collector": "_totals",
    "writer_identity": "_alive",
}

__getattr__ = lazily(__name__, _HOMES)
