"""Energy by code: run a command and look into it, and tell what was seen of a run."""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.core.codec import digest
from brizna.core.errors import Said, UnavailableError
from brizna.core.profile import Profile, operators_of, profile_of
from brizna.meter import BootClock
from brizna.run import ProcessLooks, Sampler, as_sampled
from brizna.run._sampled import why_not
from brizna.store import Store, append_look, looks_file
from brizna.verbs._run import run_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Run
    from brizna.core.profile import Timed
    from brizna.store import StoredRun
    from brizna.verbs._measure import Measuring
    from brizna.verbs._recorder import Job, Recorder
    from brizna.verbs._run import Finished
    from brizna.verbs._settings import Settings

PERIOD_S = 0.01
"""Mean time between two looks, if nobody says."""
INTERVAL_S = 0.2
"""Time between two readings of the meters, if nobody says: code comes and goes within a second."""


def profile_command(
    job: Job,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    directory: str,
    afterwards: Callable[[Finished], object],
    period_s: float = PERIOD_S,
) -> Finished:
    """Run a command as `run_command` does, and look into it.

    Args:
        job: The command and what it is called.
        settings: The settings in force.
        environ: This process's environment.
        directory: The working directory.
        afterwards: Called with the result while signals are still held back.
        period_s: Mean time between two looks.
    """

    def look_into(recorder: Recorder) -> None:
        if recorder.directory is None:
            return
        place = recorder.directory
        job.started_as, why = as_sampled(
            job.command or (),
            looks_file(place),
            period_us=round(period_s * 1e6),
            environ=environ,
        )
        if why is not None:
            said = Said("Functions are not told apart, only processes: {reason}.", reason=why)
            recorder.note(str(said))

        def write(line: Mapping[str, object]) -> None:
            with suppress(OSError):  # a full disk: what is not told is "not seen"
                append_look(place, line)

        looks = ProcessLooks(write, now_us=BootClock().now_us)
        recorder.sampler.listen(lambda _: looks.look())

    return run_command(
        job,
        settings,
        environ=environ,
        directory=directory,
        afterwards=afterwards,
        follow=look_into,
    )


def look_into_this_process(recorder: Recorder) -> Sampler | None:
    """Begin to look into this process; None where that is not possible, which a note tells."""
    why = why_not()
    if recorder.directory is None or why is not None:
        reason = why or "there is no place for this run's journal"
        said = Said("Functions are not told apart, only processes: {reason}.", reason=reason)
        recorder.note(str(said))
        return None
    looks = Sampler(looks_file(recorder.directory), period_us=round(PERIOD_S * 1e6))
    looks.start()
    return looks


def profile_in(directory: str, *, view: str) -> Profile:
    """Return the energy by code of the run in a directory of a store, as `profile_stored` does."""
    path, run_id = os.path.split(directory)
    return profile_stored(Store(os.path.dirname(path)), run_id, view=view)


def profile_stored(store: Store, reference: str, *, view: str | None = None) -> Profile:
    """Return the energy by code of a stored run; it is kept beside the run.

    Args:
        store: Where the run is.
        reference: Which run.
        view: Whose energy, one of `brizna.core.measurement.VIEWS`; the whole machine's, or what
            was kept last, if None.

    Raises:
        InputError: If the reference means no run, or several.
        UnavailableError: If nobody looked into it, or its energy is not known.
    """
    stored = store.read(reference)
    subject = stored.digest or digest(stored.run.to_json())
    kept = [
        found
        for record in store.records(stored.run.id, schema=Profile.schema)
        if record["subject"] == subject
        and record["form"] != "operators"
        and view in (None, record["view"])
        for found in [Profile.from_json(record)]
    ]
    if kept:
        return kept[0]
    made = _told(store, stored, subject, view or "machine")
    if store.has_record(stored.run.id):
        keep_profile(store, stored.run, made)
    return made


def profile_operators(measured: Measuring, window: Estimate, timed: Timed) -> Profile:
    """Return the energy by operator of a window of a measured block that has ended, and keep it.

    Args:
        measured: The block.
        window: Energy of the window.
        timed: How long its operators took.
    """
    run = measured.run
    made = operators_of(run.id, digest(run.to_json()), window, timed)
    if measured.directory is not None:
        path, _ = os.path.split(measured.directory)
        keep_profile(Store(os.path.dirname(path)), run, made)
    return made


def keep_profile(store: Store, run: Run, profile: Profile) -> None:
    """Keep a profile beside its run, where the store can be written."""
    with suppress(UnavailableError):  # a read-only store can still be shown
        store.put(profile.to_json(), run_id=run.id)


def _told(store: Store, stored: StoredRun, subject: str, view: str) -> Profile:
    run_id = stored.run.id
    lines, damaged = store.looks(run_id)
    if not lines or not store.has_samples(run_id):
        raise UnavailableError(
            "Nobody looked into the code of {run_id}, or its samples are gone. Run it with: "
            "brizna profile -- COMMAND",
            run_id=run_id,
        )
    events, _ = store.events(run_id)
    made = profile_of(stored.run, subject, events=events, lines=lines, view=view)
    notes = [*made.notes, *(note for note in stored.run.notes if note.startswith("Functions are"))]
    if damaged:
        said = Said("{count} lines of looks are damaged and left out.", count=damaged)
        notes.append(str(said))
    return made.replace(notes=tuple(notes))
