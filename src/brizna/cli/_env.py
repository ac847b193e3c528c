"""``brizna env``: what runs happen in, and what models are made of; locked, checked, signed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from json import dumps

from brizna.cli._env_attested import add_attested, attested
from brizna.cli._env_check import add_audit, add_check, add_what, audit, check
from brizna.cli._options import add_json, add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.cli._written import put
from brizna.core.errors import InputError
from brizna.core.version import VERSION
from brizna.environment import LOCK_FORMS, REBUILD_FORMS, container_image, rebuild_file
from brizna.report import BILL_FORMS
from brizna.store import Approvals, keep_software
from brizna.verbs import STATEMENT_FORMS, key_ring, surroundings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from brizna.cli._dispatch import Context
    from brizna.store import KeyRing
    from brizna.verbs import Surroundings

    Add = Callable[[Parser], None]
    Do = Callable[[Context, Namespace], int]

ACTIONS = (
    *("show", "diff", "lock", "check", "bom", "audit", "attested", "container"),
    *("sign", "provenance", "affected"),
    *("approved", "propose", "approve", "rollback"),
)
_DOCUMENTS = ("lock", "bom", "container", "sign")
"""Actions that write a file, each in a form of its own."""


def env(context: Context, words: list[str]) -> int:
    """Carry out one of the actions on environments; show one if none is named.

    Raises:
        InputError: If the action is not known.
    """
    action = words[0] if words and words[0] in ACTIONS else "show"
    if words and words[0] not in ACTIONS and not words[0].startswith("-"):
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to do with environments.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], ACTIONS),
            names=", ".join(ACTIONS),
        )
    add, carry_out, about = _known_actions(context)[action]
    parser = Parser(f"brizna env {action}", about, context.texts)
    add(parser)
    if action not in _DOCUMENTS:
        add_json(parser)
    add_settings(parser, ("store", "keys", "lang"))
    given = parser.parse_args(words[1:] if words and words[0] == action else words)
    return carry_out(context, given)


def _known_actions(context: Context) -> dict[str, tuple[Add, Do, str]]:
    _ = context.texts.gettext
    return {
        "show": (add_what, _show, _("Show what is installed, and what it is installed in.")),
        "diff": (_add_two, _diff, _("Tell in what two environments differ.")),
        "lock": (_add_lock, _lock, _("Write a lock with hashes of what is installed.")),
        "check": (add_check, check, _("Check an environment: lock, files, what fits together.")),
        "bom": (_add_bom, _bom, _("Write a bill of materials of what is installed.")),
        "audit": (add_audit, audit, _("Look for known vulnerabilities.")),
        "attested": (add_attested, attested, _("Tell who published what is installed.")),
        "container": (_add_container, _container, _("Write a file that builds it anew.")),
        "sign": (_add_sign, _sign, _("Sign what a model was made of, or its files.")),
        "provenance": (_add_model, _provenance, _("Tell from a model back to what made it.")),
        "affected": (_add_affected, _affected, _("Tell which runs and models a package touched.")),
        "approved": (lambda _: None, _approved, _("List what was proposed and approved.")),
        "propose": (_add_proposal, _propose, _("Propose what is installed for approval.")),
        "approve": (_add_proposal, _approve, _("Approve what was proposed.")),
        "rollback": (_add_reason, _rollback, _("Go back to what was approved before.")),
    }


# ------------------------------------------------------------------------------------ environments


def _add_two(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("before", metavar="BEFORE", help=_("a folder or a run"))
    parser.add_argument("after", metavar="AFTER", help=_("a folder or a run"))


def _add_out(parser: Parser) -> None:
    parser.add_argument(
        "--out", metavar="FILE", help=parser.texts.gettext("write it to a file, not to stdout")
    )


def _add_lock(parser: Parser) -> None:
    _ = parser.texts.gettext
    add_what(parser)
    parser.add_argument(
        "--as",
        dest="form",
        choices=LOCK_FORMS,
        default=LOCK_FORMS[0],
        help=_("requirements (no addresses), or pylock (PEP 751, with addresses)"),
    )
    parser.add_argument(
        "--from", dest="source", metavar="LOCK", help=_("write this lock in another form instead")
    )
    parser.add_argument("--index", metavar="URL", help=_("the one index to ask, not pip's own"))
    parser.add_argument("--wheels", metavar="FOLDER", help=_("a folder of wheels, and no index"))
    _add_out(parser)


def _add_bom(parser: Parser) -> None:
    _ = parser.texts.gettext
    add_what(parser)
    parser.add_argument(
        "--as",
        dest="form",
        choices=BILL_FORMS,
        default=BILL_FORMS[0],
        help=_("the form of the bill"),
    )
    _add_out(parser)


def _add_container(parser: Parser) -> None:
    _ = parser.texts.gettext
    add_what(parser)
    parser.add_argument("--lock", metavar="FILE", required=True, help=_("its lock"))
    parser.add_argument(
        "--as",
        dest="form",
        choices=REBUILD_FORMS,
        default=REBUILD_FORMS[0],
        help=_("what builds it anew"),
    )
    parser.add_argument("--image", metavar="IMAGE", help=_("what the container starts from"))
    _add_out(parser)


def _show(context: Context, given: Namespace) -> int:
    from brizna.report import software_lines

    around = _around(context, given)
    if given.json:
        context.tell_json(
            {
                "name": around.name,
                "installed": around.software.installed,
                "facts": dict(around.facts),
                "software": around.software.to_json(),
            }
        )
    else:
        context.tell(
            *software_lines(
                around.software,
                around.facts,
                lang=context.lang,
                width=context.width,
                color=context.color,
            )
        )
    return 0


def _diff(context: Context, given: Namespace) -> int:
    from brizna.report import difference_lines
    from brizna.verbs import difference, facts_differ

    before, after = (_around(context, given, what) for what in (given.before, given.after))
    packages = difference(before.software, after.software)
    facts = facts_differ(before.facts, after.facts)
    if given.json:
        context.tell_json({"distributions": packages, "facts": facts})
    else:
        _tell_lines(context, partial(difference_lines, packages, facts))
    return 1 if packages else 0


def _lock(context: Context, given: Namespace) -> int:
    from brizna.verbs import LockSource, convert_lock, lock_environment, read_policy

    allowed = read_policy(os.getcwd()).indexes
    source = LockSource(index=given.index, wheels=given.wheels, allowed=allowed)
    if given.source is not None:
        if given.what is not None or given.wheels is not None:
            raise InputError(
                "A lock is made of another one: expected --from without {other}. Leave it out.",
                other=given.what or "--wheels",
            )
        return _write(context, given, convert_lock(given.source, form=given.form, source=source))
    around = _around(context, given)
    return _write(context, given, lock_environment(around, form=given.form, source=source))


def _bom(context: Context, given: Namespace) -> int:
    from brizna.report import software_bill

    around = _around(context, given)
    bill = software_bill(
        around.software, form=given.form, name=around.name, at=_now(), version=VERSION
    )
    return _write(context, given, dumps(bill, ensure_ascii=False, indent=1) + "\n")


def _container(context: Context, given: Namespace) -> int:
    from brizna.verbs import lock_of, read_policy

    around = _around(context, given)
    if lock_of(given.lock).form != LOCK_FORMS[0]:
        raise InputError(
            "{path!r} is a pylock: expected requirements, which every pip installs. Write it so: "
            "brizna env lock --from {path}.",
            path=given.lock,
        )
    indexes, python = read_policy(os.getcwd()).indexes, around.software.python or "3"
    image = given.image or container_image(python)
    if given.form == "dockerfile" and "@sha256:" not in image:
        _ = context.texts.gettext
        told = _(
            "The image {image} may be another one tomorrow: name it with its digest, --image "
            "{image}@sha256:..., which this tells: docker buildx imagetools inspect {image}"
        )
        context.say(told.format(image=image))
    text = rebuild_file(
        given.form,
        lock=os.path.basename(given.lock),
        python=python,
        image=image,
        index=indexes[0] if indexes else None,
    )
    return _write(context, given, text)


# -------------------------------------------------------------------------------------- provenance


def _add_model(parser: Parser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help=parser.texts.gettext("the model's file or folder")
    )


def _add_sign(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_model(parser)
    parser.add_argument(
        "--as",
        dest="form",
        choices=STATEMENT_FORMS,
        default=STATEMENT_FORMS[0],
        help=_("provenance (SLSA: what made it), or model-signing (OpenSSF: its files)"),
    )
    parser.add_argument("--run", metavar="RUN", default="last", help=_("the run that made it"))
    parser.add_argument(
        "--data",
        metavar="NAME=SHA256",
        action="append",
        default=[],
        help=_("the digest of data that it was trained on; may be repeated"),
    )
    _add_key(parser)
    _add_out(parser)


def _add_key(parser: Parser) -> None:
    parser.add_argument(
        "--key", metavar="KEY", help=parser.texts.gettext("with which key; the newest of yours")
    )


def _add_affected(parser: Parser) -> None:
    parser.add_argument(
        "package",
        metavar="NAME[==VERSION]",
        help=parser.texts.gettext("the package, and which version if not any"),
    )


def _sign(context: Context, given: Namespace) -> int:
    from brizna.verbs import Signer, sign_model, sign_run

    signer = Signer(_ring(context, given), at=_now(), key=given.key)
    if given.form == "provenance":
        data = dict(_pair(word) for word in given.data)
        made = sign_run(given.model, given.run, store_of(given, context), signer, data=data)
    else:
        ignore: tuple[str, ...] = ()
        if given.out is not None and os.path.isdir(given.model):
            model, out = str(given.model), str(given.out)
            inner = os.path.relpath(os.path.abspath(out), os.path.abspath(model))
            ignore = () if inner.startswith(os.pardir) else (inner,)
        made = sign_model(given.model, signer, ignore=ignore)
    return _write(context, given, dumps(made, indent=1) + "\n")


def _pair(word: str) -> tuple[str, str]:
    name, _, digest = word.partition("=")
    bare = digest.removeprefix("sha256:")
    if not name or len(bare) != 64 or bare.strip("0123456789abcdef"):
        raise InputError(
            "The data is {word!r}: expected NAME=SHA256, with 64 hexadecimal digits.", word=word
        )
    return name, bare


def _provenance(context: Context, given: Namespace) -> int:
    from brizna.report import provenance_lines
    from brizna.verbs import provenance_of

    chains = provenance_of(given.model, store_of(given, context), _ring(context, given))
    if given.json:
        context.tell_json(chains)
    else:
        context.tell(*provenance_lines(chains, lang=context.lang))
    if any(chain.get("wrong") for chain in chains):
        return 1
    return 0 if any(chain["key"] for chain in chains) else 4


def _affected(context: Context, given: Namespace) -> int:
    from brizna.report import affected_lines
    from brizna.verbs import affected_runs, models_of

    store = store_of(given, context)
    name, _, version = given.package.partition("==")
    runs = affected_runs(store, name, version or None)
    made = models_of(store, _ring(context, given), {one["run"] for one in runs})
    nothing: dict[str, list[str]] = {"models": [], "claimed": []}
    rows = [{**one, **made.get(one["run"], nothing)} for one in runs]
    if given.json:
        context.tell_json(rows)
    else:
        _tell_lines(context, partial(affected_lines, rows))
    return 0


# --------------------------------------------------------------------------------------- approvals


def _add_reason(parser: Parser) -> None:
    parser.add_argument("--reason", required=True, help=parser.texts.gettext("why"))
    _add_key(parser)


def _add_proposal(parser: Parser) -> None:
    add_what(parser)
    _add_reason(parser)


def _approved(context: Context, given: Namespace) -> int:
    from brizna.report import approval_lines

    history = _approvals(context, given).history()
    rows = [{**event.to_json(), "by": by} for event, by in history]
    if given.json:
        context.tell_json(rows)
    else:
        _tell_lines(context, partial(approval_lines, rows))
    return 0


def _propose(context: Context, given: Namespace) -> int:
    return _add_event(context, given, "propose")


def _approve(context: Context, given: Namespace) -> int:
    return _add_event(context, given, "approve")


def _rollback(context: Context, given: Namespace) -> int:
    return _add_event(context, given, "rollback")


def _add_event(context: Context, given: Namespace, action: str) -> int:
    record = None if action == "rollback" else _around(context, given).software
    about = None if record is None else record.installed
    event = _approvals(context, given).add(
        action, about, at=_now(), reason=given.reason, key=given.key
    )
    if record is not None:  # so that checks against a lock know what it is made of
        keep_software(store_of(given, context), record)
    if given.json:
        context.tell_json(event.to_json())
    else:
        context.tell(event.installed)
    return 0


# ------------------------------------------------------------------------------------------ shared


def _around(context: Context, given: Namespace, what: str | None = None) -> Surroundings:
    named = what if what is not None else getattr(given, "what", None)
    return surroundings_of(named, store_of(given, context), context.environ)


def _ring(context: Context, given: Namespace) -> KeyRing:
    settings = settings_of(given, context)
    return key_ring(settings, cwd=os.getcwd(), environ=context.environ)


def _approvals(context: Context, given: Namespace) -> Approvals:
    return Approvals(store_of(given, context).path, _ring(context, given))


def _tell_lines(context: Context, lines: Callable[..., list[str]]) -> None:
    context.tell(*lines(lang=context.lang, width=context.width, color=context.color))


def _write(context: Context, given: Namespace, text: str) -> int:
    """Write a document to the file that was named, or to stdout."""
    if given.out is None:
        context.tell(text.rstrip("\n"))
        return 0
    put(context, given.out, text.encode())
    return 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
