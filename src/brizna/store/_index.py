"""The index: what lists and sums of runs need, so that they read no record twice.

Only a cache, in SQLite: it may be removed at any time, and one that is spoilt, or of another
version, is made anew. An entry holds while the files of its run have the size and the time that it
was made from. Where the store lies on a network file system, whose locks cannot be relied upon, or
cannot be written, the index lies in the person's cache directory; where that cannot be written
either, it is made in memory and forgotten.

Many processes may use it at once. Whoever finds it locked for longer than a moment looks at the
runs itself: no lock decides what is told.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import suppress
from zlib import crc32

from brizna.core.errors import BriznaError
from brizna.store._figures import KINDS, Figure, footprint_of, is_wanted, layout_of, row_of
from brizna.store._mounts import is_on_network
from brizna.store._records import RECORDS, record_of_bytes
from brizna.store._stored import RunSummary, tell, tell_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Self, TypeVar

    from brizna.store._packs import Packs
    from brizna.store._stored import Told

    Answer = TypeVar("Answer")
    Row = tuple[Any, ...]
    Period = tuple[str | None, str | None]

_TABLES = """
create table pack (
    number integer primary key, name text unique not null, mtime_ns integer, bytes integer,
    broken text
);
create table layout (number integer primary key, told text unique not null);
create table doubt (number integer primary key, name text unique not null);
create table run (
    number integer primary key, id text not null, pack integer not null,
    mtime_ns integer, bytes integer, beside_ns integer,
    name text, state text, outcome text, started text, duration_s real, machine text, tags text,
    zone text, view text, parent text, place text, begun_s real, ended_s real,
    layout integer, doubts blob, figures blob, unique (id, pack)
);
create table summary (number integer primary key, told text not null);
create index run_name on run (name) where name is not null;
create index run_place on run (place, begun_s, ended_s, id) where place is not null;
create index run_parent on run (parent, id) where parent is not null;
"""
_FORM = crc32(json.dumps([_TABLES, RunSummary.fields(), list(KINDS)]).encode()) & 0x7FFFFFFF
_PATIENCE_S = 10.0
_YOUNG_NS = 2_000_000_000
"""Files that changed so lately may change again within one tick of their file system's clock."""
_AT_ONCE = 500
"""Runs written in one go: others wait no longer, and a kill loses no more."""
_NONE = -1
"""The time of a directory of records that is not there."""
_ADD = "insert into run values (null" + ", ?" * 21 + ")"
_SHORT = {"started": "substr(started, 1, 10)"}
"""Columns of which less is told, so that many runs share what is asked of them: the day."""
_TWICE = "select count(*) > count(distinct id) from run"
"""Asks whether a run lies in a pack and beside it, or in two."""
_MEETING = """
select 1 from (
    select begun_s, max(ended_s) over (
        partition by place order by begun_s rows between unbounded preceding and 1 preceding
    ) as before_s from run where place is not null
) where begun_s < before_s limit 1
"""
"""Asks whether any two runs went on at once on one boot of a machine."""


def ask_index(path: str, ask: Callable[[Index], Answer], *, cache: str | None) -> Answer:
    """Return what an index answers; one that is spoilt or locked meanwhile is replaced, once asked.

    Args:
        path: The store's directory.
        ask: What to ask; it may be asked again.
        cache: As for `Index`.
    """
    with Index(path, cache=cache) as index:
        while True:
            try:
                return ask(index)
            except sqlite3.DatabaseError as error:  # locked, full, spoilt, or read-only meanwhile
                index.start_anew(error)


class Index:
    """The index of a store, for use within a ``with``.

    Args:
        path: The store's directory.
        cache: The person's cache directory; None where there is none.
    """

    def __init__(self, path: str, *, cache: str | None) -> None:
        self._home = os.path.join(path, "runs")
        self._places = list(_places(path, cache))
        self._layouts: dict[int, tuple[Figure, ...]] = {}
        self._doubts: dict[int, str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._was_spoilt = False
        self.broken: list[RunSummary] = []
        """Packs that cannot be read, each as a run that cannot be."""

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    # ---------------------------------------------------------------------------------- keeping up

    def keep_up(self, loose: Sequence[str], packs: Packs) -> list[str]:
        """Look at what changed since the last time, and return the runs that have no sound record.

        Args:
            loose: The ids of the runs with directories of their own, in order.
            packs: The packs of the store.
        """
        self.keep_up_packs(packs)
        return self._compare(loose)

    def _compare(self, loose: Sequence[str]) -> list[str]:
        """Read loose runs that are new or changed, and forget those that are gone."""
        known = iter(
            self._database.execute(
                "select id, mtime_ns, bytes, beside_ns from run where pack = 0 order by id"
            ).fetchall()
        )
        gone: list[str] = []
        changed: list[tuple[str, tuple[int, int, int]]] = []
        left: list[str] = []
        entry = next(known, None)
        for run_id in loose:
            while entry is not None and entry[0] < run_id:
                gone.append(entry[0])
                entry = next(known, None)
            stamp = _stamp(os.path.join(self._home, run_id))
            if entry is not None and entry[0] == run_id:
                if stamp is None:
                    gone.append(run_id)
                elif entry[1:] != stamp:
                    changed.append((run_id, stamp))
                entry = next(known, None)
            elif stamp is not None:
                changed.append((run_id, stamp))
            if stamp is None:
                left.append(run_id)
        gone += [entry[0]] if entry is not None else []
        gone += [one[0] for one in known]
        left += self._read_loose(changed)
        if gone:
            self._forget("run.id = ? and run.pack = 0", [(run_id,) for run_id in gone])
        return left

    def _read_loose(self, changed: Sequence[tuple[str, tuple[int, int, int]]]) -> list[str]:
        left: list[str] = []
        for start in range(0, len(changed), _AT_ONCE):
            told: list[tuple[Told, int, tuple[int, int, int]]] = []
            unsound: list[tuple[str]] = []
            for run_id, stamp in changed[start : start + _AT_ONCE]:
                try:
                    one = tell_directory(run_id, os.path.join(self._home, run_id, "run.json"))
                except OSError:  # whoever lists the run says what is wrong
                    unsound.append((run_id,))
                    continue
                if one.run is None:  # it may be mended without a touch to this file
                    unsound.append((run_id,))
                else:
                    told.append((one, 0, stamp))
            self._write(told)
            if unsound:
                self._forget("run.id = ? and run.pack = 0", unsound)
                left += [run_id for (run_id,) in unsound]
        return left

    def keep_up_packs(self, packs: Packs) -> None:
        """Read the packs that are new, and forget those that are gone."""
        self.broken.clear()
        there = packs.stamps()
        asked = "select name, mtime_ns, bytes, number, broken from pack"
        known = {name: told for name, *told in self._database.execute(asked).fetchall()}
        gone = [
            (number,)
            for name, (*stamp, number, _) in known.items()
            if there.get(name) != tuple(stamp)
        ]
        if gone:
            self._forget("run.pack = ?", gone)
            with self._database:
                self._database.executemany("delete from pack where number = ?", gone)
        for name, stamp in there.items():
            if name in known and tuple(known[name][:2]) == stamp:
                self.broken += map(RunSummary.from_json, json.loads(known[name][3]))
            else:
                self._read_pack(packs, name, stamp)

    def _read_pack(self, packs: Packs, name: str, stamp: tuple[int, int]) -> None:
        told: list[Told] = []
        broken: list[RunSummary] = []
        try:
            for run_id, files in packs.runs(name):
                one = tell(run_id, files.get("run.json", b""), lambda files=files: _records(files))
                if one.run is None:
                    broken.append(one.summary)
                else:
                    told.append(one)
        except BriznaError as error:  # it is read again each time, until it is mended
            self.broken.append(RunSummary(id=name, state="unreadable", reason=str(error)))
            return
        self.broken += broken
        self.add_pack(name, stamp, told, broken)

    def add_pack(
        self, name: str, stamp: tuple[int, int], told: Iterable[Told], broken: Iterable[RunSummary]
    ) -> None:
        """Take in a pack.

        Args:
            name: The pack's name.
            stamp: As of `Packs.stamps`.
            told: What its sound runs tell.
            broken: Those that are not sound.
        """
        with self._database:
            self._database.execute("begin immediate")
            number = self._database.execute(
                "insert into pack values (null, ?, ?, ?, ?)",
                (name, *stamp, json.dumps([summary.to_json() for summary in broken])),
            ).lastrowid
            assert number is not None
            self._write_each([(one, number, (0, 0, 0)) for one in told])

    def _write(self, told: Sequence[tuple[Told, int, tuple[int, int, int]]]) -> None:
        if not told:
            return
        with self._database:
            self._database.execute("begin immediate")
            self._write_each(told)

    def _write_each(self, told: Sequence[tuple[Told, int, tuple[int, int, int]]]) -> None:
        write = self._database.execute
        for one, pack, stamp in told:
            row = self._row(one)
            number = write(
                "select number from run where id = ? and pack = ?", (one.summary.id, pack)
            )
            for (old,) in number.fetchall():
                write("delete from run where number = ?", (old,))
                write("delete from summary where number = ?", (old,))
            written = write(_ADD, (one.summary.id, pack, *stamp, *row)).lastrowid
            text = json.dumps(one.summary.to_json(), separators=(",", ":"))
            write("insert into summary values (?, ?)", (written, text))

    def _row(self, told: Told) -> tuple[Any, ...]:
        summary = told.summary
        run: dict[str, Any] = told.run or {}
        footprint: dict[str, Any] = footprint_of(told) or {}
        layout, doubts, figures = row_of(told)
        site: dict[str, Any] = run.get("site") or {}
        process: dict[str, Any] = run.get("process") or {}
        where = [process.get(name) for name in ("host", "boot", "ns")]
        is_placed = None not in where and process.get("boot_us") is not None
        begun_s = process["boot_us"] / 1e6 if is_placed else None
        return (
            summary.name,
            summary.state,
            summary.outcome,
            summary.started,
            summary.duration_s,
            summary.machine,
            json.dumps(summary.tags) if summary.tags else None,
            site.get("zone"),
            footprint.get("view", "machine"),
            summary.parent,
            json.dumps(where) if is_placed else None,
            begun_s,
            None if begun_s is None else begun_s + (summary.duration_s or 0.0),
            self._number("layout", "told", layout),
            self._doubt_numbers(doubts),
            figures.tobytes(),
        )

    def _doubt_numbers(self, names: Sequence[str]) -> bytes:
        from array import array

        return array("I", [self._number("doubt", "name", name) for name in names]).tobytes()

    def _number(self, table: str, column: str, value: str) -> int:
        """Return the number of a layout or of a doubt, which is given one where it has none."""
        number = self._numbers.get((table, value))
        if number is None:
            ask = f"select number from {table} where {column} = ?"  # noqa: S608 - our own names
            found = self._database.execute(ask, (value,)).fetchone()
            if found is None:
                add = f"insert into {table} values (null, ?)"  # noqa: S608 - our own names
                number = self._database.execute(add, (value,)).lastrowid
            else:
                number = found[0]
            assert number is not None
            if len(self._numbers) > 1 << 17:
                self._numbers.clear()
            self._numbers[table, value] = number
        return number

    def _forget(self, where: str, values: Sequence[tuple[Any, ...]]) -> None:
        with self._database:
            self._database.executemany(
                f"delete from summary where number in (select number from run where {where})",  # noqa: S608 - our own words
                values,
            )
            self._database.executemany(f"delete from run where {where}", values)  # noqa: S608

    # ------------------------------------------------------------------------------------- telling

    def packed_ids(self) -> list[str]:
        """Return the ids of the runs in packs, in order."""
        asked = "select distinct id from run where pack > 0 order by id"
        return [run_id for (run_id,) in self._database.execute(asked)]

    def summaries(
        self, *, limit: int | None = None, up_to: str | None = None, only_packed: bool = False
    ) -> list[RunSummary]:
        """Return summaries, the newest last; of those of one run, that of its own directory.

        Args:
            limit: How many of the newest; all if None.
            up_to: The beginning of an id: only runs that sort before or with it.
            only_packed: Leave out runs with directories of their own.
        """
        found: list[RunSummary] = []
        asked = (
            "select run.id, told from run join summary using (number) "
            "where pack >= ? and substr(id, 1, 16) <= ? order by id desc, pack"
        )
        for run_id, told in self._database.execute(asked, (int(only_packed), up_to or "9")):
            if found and found[-1].id == run_id:
                continue
            if limit is not None and len(found) >= limit:
                break
            found.append(RunSummary.from_json(json.loads(told)))
        return found[::-1]

    def packed_before(self, packs: Packs, run_id: str, limit: int) -> list[RunSummary]:
        """Return summaries of the newest packed runs up to the second of a run."""
        self.keep_up_packs(packs)
        return self.summaries(limit=limit, up_to=run_id[:16], only_packed=True)

    def named(self, name: str) -> list[str]:
        """Return the ids of the runs of this name, in order."""
        asked = "select distinct id from run where name = ? order by id"
        return [run_id for (run_id,) in self._database.execute(asked, (name,))]

    def like(self, part: str) -> list[str]:
        """Return the ids that begin or end with a text, in order."""
        asked = "select distinct id from run where instr(id, ?) order by id"
        found = (run_id for (run_id,) in self._database.execute(asked, (part,)))
        return [one for one in found if one.startswith(part) or one.endswith(part)]

    def rows(self, columns: Sequence[str], period: Period = (None, None)) -> Iterator[Row]:
        """Give, run by run, the id and columns of `COLUMNS` and of figures.

        Args:
            columns: Names of columns; of ``started`` the day is given.
            period: Only runs begun from the first of these texts on and before the second.
        """
        named = ", ".join(_SHORT.get(column, column) for column in columns)
        where, bounds = _within(period)
        is_twice = self._database.execute(_TWICE).fetchone() == (1,)
        order = "order by id, pack" if is_twice else ""
        rows = self._database.execute(f"select id, {named} from run {where} {order}", bounds)  # noqa: S608 - our own words
        return _once(rows) if is_twice else rows

    def without(
        self, figures: Collection[str], period: Period = (None, None)
    ) -> list[tuple[str, str | None]]:
        """Return the id and the tags of each run that has none of these figures, in order.

        Args:
            figures: Of `KINDS`; a cost may be named with its currency.
            period: As for `rows`.
        """
        asked = [number for (number,) in self._database.execute("select number from layout")]
        known = [any(is_wanted(one.name, figures) for one in self.layout(each)) for each in asked]
        if all(known):
            return []
        lacking = {number for number, is_known in zip(asked, known, strict=True) if not is_known}
        where, bounds = _within(period)
        text = f"select id, layout, tags from run {where} order by id, pack"  # noqa: S608
        rows = _once(self._database.execute(text, bounds))
        return [(run_id, tags) for run_id, layout, tags in rows if layout in lacking]

    def figures_of(self, ids: Iterable[str]) -> dict[str, tuple[str, tuple[Figure, ...], Row]]:
        """Return the view, the layout and the row, as of `rows`, of those runs that are known."""
        named = "id, duration_s, doubts, figures, layout, view"
        asked = f"select {named} from run where id = ? order by pack limit 1"  # noqa: S608
        found = (self._database.execute(asked, (run_id,)).fetchone() for run_id in ids)
        return {row[0]: (row[5], self.layout(row[4]), row) for row in found if row is not None}

    def at_once(self) -> list[str]:
        """Return the ids of the runs that shared their boot of a machine with another at a time."""
        if self._database.execute(_MEETING).fetchone() is None:
            return []
        found: list[str] = []
        place, end_s, latest = None, 0.0, ("", False)
        asked = (
            "select place, begun_s, ended_s, id from run where place is not null "
            "order by place, begun_s, ended_s, id"
        )
        for seen, begun_s, ended_s, run_id in self._database.execute(asked):
            if run_id == latest[0]:  # the same run, in a pack and beside it
                continue
            meets = seen == place and begun_s < end_s
            if meets and not latest[1]:
                found.append(latest[0])
            if meets:
                found.append(run_id)
            if seen != place or ended_s >= end_s:
                end_s, latest = ended_s, (run_id, meets)
            elif meets:
                latest = (latest[0], True)
            place = seen
        return list(dict.fromkeys(found))

    def with_parent(self) -> list[tuple[str, str]]:
        """Return the id of each run that names a parent which is here too, and that parent's."""
        asked = (
            "select distinct run.id, run.parent from run where run.parent is not null and exists "
            "(select 1 from run as outer where outer.id = run.parent)"
        )
        return self._database.execute(asked).fetchall()

    def summaries_of(self, ids: Iterable[str]) -> list[RunSummary]:
        """Return the summaries of these runs, in the order asked for; those that are known."""
        asked = (
            "select told from run join summary using (number) where id = ? order by pack limit 1"
        )
        found = (self._database.execute(asked, (run_id,)).fetchone() for run_id in ids)
        return [RunSummary.from_json(json.loads(told)) for (told,) in filter(None, found)]

    def layout(self, number: int) -> tuple[Figure, ...]:
        """Return the layout of this number."""
        if number not in self._layouts:
            asked = "select told from layout where number = ?"
            (told,) = self._database.execute(asked, (number,)).fetchone()
            self._layouts[number] = layout_of(json.loads(told))
        return self._layouts[number]

    def doubt(self, number: int) -> str:
        """Return the name of the doubt of this number."""
        if not self._doubts:
            self._doubts = dict(self._database.execute("select number, name from doubt"))
        return self._doubts[number]

    # ------------------------------------------------------------------------------------- opening

    def _open(self) -> None:
        """Open the index in the first place where it can be kept; make it if it is of no use."""
        for _ in range(2 * len(self._places)):
            try:
                self._database = _connect(self._places[0])
            except (sqlite3.OperationalError, OSError):  # locked, no room, or no permission
                self._places.pop(0)
            except sqlite3.DatabaseError:  # spoilt, or of another version
                _remove(self._places[0])
                if os.path.exists(self._places[0]):  # in a store that cannot be written
                    self._places.pop(0)
            else:
                return

    def start_anew(self, error: sqlite3.DatabaseError) -> None:
        """Open another index in the place of this one, which is spoilt, full or locked.

        Args:
            error: What is wrong with it; raised where there is no other place.
        """
        if self._places[0] == ":memory:":
            raise error
        self._numbers.clear()
        self._layouts.clear()
        self._doubts.clear()
        with suppress(sqlite3.Error):
            self._database.rollback()
        is_spoilt = _is_spoilt(self._database)
        self._database.close()
        if is_spoilt:
            _remove(self._places[0])
        if not is_spoilt or self._was_spoilt:
            self._places.pop(0)
        self._was_spoilt = is_spoilt
        self._open()


def _within(period: Period) -> tuple[str, list[str]]:
    """Return the condition that runs began in a period, and what stands for its marks."""
    asked = [(sign, end) for sign, end in zip((">=", "<"), period, strict=True) if end is not None]
    where = " and ".join(f"coalesce(started, '') {sign} ?" for sign, _ in asked)
    return f"where {where}" if where else "", [end for _, end in asked]


def _once(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Give the first of the rows of each run."""
    last = None
    for row in rows:
        if row[0] != last:
            last = row[0]
            yield row


def _connect(place: str) -> sqlite3.Connection:
    if place != ":memory:":
        os.makedirs(os.path.dirname(place), exist_ok=True)
    database = sqlite3.connect(place, timeout=_PATIENCE_S)
    try:
        database.execute("pragma page_size = 16384")  # of one that is made: a row fills 4096 badly
        database.execute("pragma cache_size = -65536")
        _set_up(database)
        database.execute("pragma synchronous = normal")
    except (sqlite3.DatabaseError, OSError):
        database.close()
        raise
    return database


def _set_up(database: sqlite3.Connection) -> None:
    """Make the tables; refuse those of another version.

    Raises:
        sqlite3.DatabaseError: If they are there and of another form.
    """
    (form,) = database.execute("pragma user_version").fetchone()
    if form == _FORM:
        return
    with database:
        database.execute("begin exclusive")
        (form,) = database.execute("pragma user_version").fetchone()
        (tables,) = database.execute("select count(*) from sqlite_master").fetchone()
        if tables and form != _FORM:
            raise sqlite3.DatabaseError("another form")
        if not tables:
            for statement in filter(str.strip, _TABLES.split(";")):
                database.execute(statement)
            database.execute(f"pragma user_version = {_FORM}")


def _is_spoilt(database: sqlite3.Connection) -> bool:
    try:
        return database.execute("pragma quick_check(1)").fetchone() != ("ok",)
    except sqlite3.OperationalError:  # locked, or its disk does not answer
        return False
    except sqlite3.DatabaseError:
        return True


def _remove(place: str) -> None:
    for path in (place, f"{place}-journal"):
        with suppress(OSError):
            os.unlink(path)


def _places(path: str, cache: str | None) -> Iterator[str]:
    """Give where the index may lie, the best place first."""
    if os.path.isdir(path) and not is_on_network(path):
        yield os.path.join(path, "index.sqlite")
    if cache is not None:
        name = f"{crc32(os.path.realpath(path).encode(errors='surrogateescape')):08x}"
        yield os.path.join(cache, f"index-{name}.sqlite")
    yield ":memory:"


def _stamp(directory: str) -> tuple[int, int, int] | None:
    """Return what the entry of a run is valid for; None if it has no record."""
    try:
        status = os.stat(f"{directory}/run.json")
    except OSError:
        return None
    try:
        beside_ns = os.stat(f"{directory}/{RECORDS}").st_mtime_ns
    except OSError:
        beside_ns = _NONE
    if abs(time.time_ns() - beside_ns) < _YOUNG_NS:
        beside_ns = 0  # fits nothing: it is looked at again
    return status.st_mtime_ns, status.st_size, beside_ns


def _records(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    beside = sorted(path for path in files if path.startswith(f"{RECORDS}/"))
    return [record_of_bytes(path, files[path]) for path in beside]
