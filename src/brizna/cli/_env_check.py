"""``brizna env check`` and ``brizna env audit``: hold an environment to rules; known weaknesses."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial

from brizna.check import ENVIRONMENT_RULES
from brizna.cli._options import settings_of, store_of
from brizna.cli._written import add_findings, put_findings
from brizna.core.errors import InputError
from brizna.report import findings_lines
from brizna.store import Approvals
from brizna.verbs import key_ring, read_policy, surroundings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.check import Verification
    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser
    from brizna.verbs import EnvironmentPolicy, Surroundings
    from brizna.verbs._env import LookUp

_CODES = {"pass": 0, "fail": 1, "cannot-tell": 4}


def add_what(parser: Parser) -> None:
    """Add the environment that is meant."""
    _ = parser.texts.gettext
    parser.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help=_("a folder such as .venv, or a run; what python starts here if none is named"),
    )


def add_check(parser: Parser) -> None:
    """Add what ``brizna env check`` takes."""
    _ = parser.texts.gettext
    add_what(parser)
    parser.add_argument("--lock", metavar="FILE", help=_("a lock that it must be"))
    parser.add_argument(
        "--approved", action="store_true", help=_("it must be what is approved in the store")
    )
    parser.add_argument(
        "--firmware", action="store_true", help=_("the processor's microcode must not be old")
    )
    _add_ends(parser)


def add_audit(parser: Parser) -> None:
    """Add what ``brizna env audit`` takes."""
    _ = parser.texts.gettext
    add_what(parser)
    parser.add_argument(
        "--snapshot", metavar="PATH", help=_("a folder or zip of OSV records; nobody is asked")
    )
    parser.add_argument(
        "--online", action="store_true", help=_("ask osv.dev; names and versions are sent")
    )
    parser.add_argument(
        "--pip-audit",
        action="store_true",
        help=_("ask pip-audit, which asks PyPI; names and versions are sent"),
    )
    _add_ends(parser)


def _add_ends(parser: Parser) -> None:
    parser.add_argument(
        "--strict",
        action="store_true",
        help=parser.texts.gettext("exit 1 also where something cannot be told"),
    )
    add_save(parser)
    add_findings(parser)


def add_save(parser: Parser) -> None:
    """Add that what is found is kept."""
    parser.add_argument(
        "--save",
        action="store_true",
        help=parser.texts.gettext("keep what is found in the store, for brizna check to read"),
    )


def check(context: Context, given: Namespace) -> int:
    """Hold an environment to the rules; exit 1 where one is broken, 4 where one cannot be told."""
    from brizna.verbs import Demands, check_environment
    from brizna.verbs._env_known import remembered

    store = store_of(given, context)
    around = surroundings_of(given.what, store, context.environ)
    ring = key_ring(settings_of(given, context), cwd=os.getcwd(), environ=context.environ)
    current = Approvals(store.path, ring).current() if given.approved else None
    demands = Demands(
        lock=given.lock,
        approved=current,
        is_list_asked=given.approved,
        is_firmware_asked=given.firmware,
        policy=read_policy(os.getcwd()),
        known=None if given.lock is None else remembered(around, store, ring),
    )
    found = check_environment(around, demands, at=datetime.now(UTC).isoformat())
    return _tell(context, given, found, around)


def audit(context: Context, given: Namespace) -> int:
    """Look for known vulnerabilities; exit 1 where there are some, 4 where it cannot be told."""
    from brizna.verbs import audit_environment

    asked = (given.snapshot is not None, given.online, given.pip_audit)
    if sum(asked) != 1:
        raise InputError(
            "Nothing says where vulnerabilities are looked up, or more than one thing does: "
            "expected --snapshot PATH, --online or --pip-audit."
        )
    policy, now = read_policy(os.getcwd()), datetime.now(UTC)
    around = surroundings_of(given.what, store_of(given, context), context.environ)
    found = audit_environment(around, _look_up(given, policy, now), now=now, policy=policy)
    return _tell(context, given, found, around)


def _look_up(given: Namespace, policy: EnvironmentPolicy, now: datetime) -> LookUp:
    """Return who is asked."""
    from brizna.environment import audit_by_pip_audit, audit_offline, audit_online

    if given.snapshot is not None:
        offline = partial(audit_offline, snapshot=given.snapshot)
        return lambda distributions, private: offline(distributions, private=private)
    at = now.isoformat()
    online = partial(audit_online, at=at, address=policy.osv)
    asked = partial(audit_by_pip_audit, at=at) if given.pip_audit else online
    return lambda distributions, private: asked(distributions, private=private)


def _tell(context: Context, given: Namespace, found: Verification, around: Surroundings) -> int:
    save(context, given, found, around)
    if given.json:
        context.tell_json(found.to_json())
    else:
        context.tell(*findings_lines([found], ENVIRONMENT_RULES, lang=context.lang))
    put_findings(context, given, found, dict(ENVIRONMENT_RULES))
    outcome = found.outcome()
    return 1 if found.untold and given.strict else _CODES[outcome]


def save(context: Context, given: Namespace, found: Verification, around: Surroundings) -> None:
    """Keep what was found, if that was asked for."""
    if not given.save:
        return
    from brizna.verbs._kept_environments import keep_verification

    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    keep_verification(store_of(given, context), around, found, at=at)
