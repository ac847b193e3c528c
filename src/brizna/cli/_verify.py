"""``brizna verify``: recompute what is stated, and say what cannot be right."""

from __future__ import annotations

import os

from brizna.check import ENVIRONMENT_RULES, RULES, SEVERITIES, together
from brizna.cli._options import add_json, add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError, UnavailableError
from brizna.core.version import VERSION
from brizna.report import findings_lines, findings_sarif, severity_names
from brizna.store import replace_file
from brizna.verbs import VERIFIED_FORMS, key_ring, read_signed, verify_statement
from brizna.verbs import verify as verify_one
from brizna.verbs._bundle_signed import whom_to_believe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.check import Verification
    from brizna.cli._dispatch import Context

_RULES = {**RULES, **ENVIRONMENT_RULES}
_CODES = {"pass": 0, "fail": 1, "cannot-tell": 4}


def verify(context: Context, words: list[str]) -> int:
    """Verify runs, bundles and the files of other tools; exit 1 where something is wrong."""
    given = _parser(context).parse_args(words)
    if given.list:
        return _list(context, given)
    store = store_of(given, context)
    found: list[Verification] = []
    ring = key_ring(settings_of(given, context), cwd=os.getcwd(), environ=context.environ)
    whom = whom_to_believe(given.signed_by, ring)
    for what in given.what or ["last"]:
        signed = None if given.form else read_signed(what)
        if signed is None:
            found += verify_one(what, store, form=given.form, digest=given.digest, whom=whom)
        else:
            found.append(verify_statement(what, signed, ring, model=given.model, store=store))
    if given.json:
        context.tell_json([one.to_json() for one in found])
    else:
        context.tell(
            *findings_lines(
                found,
                _RULES,
                lang=context.lang,
                fail_on=given.fail_on,
                derivation=given.derivation,
            )
        )
    if given.sarif is not None:
        _write_sarif(context, given.sarif, found)
    outcome = together(one.outcome(fail_on=given.fail_on) for one in found)
    return 1 if outcome == "cannot-tell" and given.strict else _CODES[outcome]


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna verify",
        _(
            "Recompute what a run, a bundle or a file of another tool states, and say what cannot "
            "be right. Exit 0: verified; 1: something is wrong; 4: cannot tell."
        ),
        context.texts,
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="FILE",
        help=_(
            "a run, a store, a bundle, or a file: CodeCarbon's table, an Impact Framework "
            "manifest, a model card, BoAmps, brizna's JSON, a signed statement"
        ),
    )
    parser.add_argument(
        "--form", choices=VERIFIED_FORMS, help=_("what the file is, where it does not tell itself")
    )
    parser.add_argument(
        "--digest", metavar="SHA256", help=_("the digest that was told when the bundle was made")
    )
    parser.add_argument(
        "--signed-by",
        metavar="KEY",
        help=_(
            "the key that must have signed a bundle: of the ring, or a file with its public half"
        ),
    )
    parser.add_argument(
        "--model",
        metavar="PATH",
        help=_("the model that a signed statement is about, if it is not beside it"),
    )
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="error",
        help=_("the least severity that counts as wrong (error)"),
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help=_("exit 1 also where something cannot be told"),
    )
    parser.add_argument(
        "--derivation",
        action="store_true",
        help=_("show the figures behind each verdict, of rules that are kept too"),
    )
    parser.add_argument("--sarif", metavar="FILE", help=_("write the findings as SARIF 2.1.0"))
    parser.add_argument("--list", action="store_true", help=_("list the rules"))
    add_json(parser)
    add_settings(parser, ("store", "keys", "lang"))
    return parser


def _list(context: Context, given: Namespace) -> int:
    from brizna.report import said

    if given.json:
        context.tell_json([rule.to_json() for rule in _RULES.values()])
        return 0
    names = severity_names(context.lang)
    width = max(map(len, names.values())) + 2
    context.tell(
        *(
            f"{rule.id}  {names[rule.severity]:<{width}}{said(rule.title, context.lang)}"
            for rule in _RULES.values()
        )
    )
    return 0


def _write_sarif(context: Context, path: str, found: list[Verification]) -> None:
    from json import dumps

    data = findings_sarif(found, _RULES, lang=context.lang, version=VERSION)
    full = os.path.abspath(path)
    if os.path.isdir(full):
        raise InputError("{path!r} is a directory: name a file for --sarif.", path=path)
    try:
        replace_file(full, dumps(data, ensure_ascii=False, indent=1).encode() + b"\n")
    except OSError as error:
        raise UnavailableError(
            "{path!r} could not be written ({reason}): name another file with --sarif.",
            path=full,
            reason=error.strerror,
        ) from error
    context.say(full)
