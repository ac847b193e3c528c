"""``brizna check``: hold a project against the rules of a profile, and answer what they ask."""

from __future__ import annotations

import os

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.cli._written import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.check import Choice, ProjectRule, Review
    from brizna.cli._dispatch import Context
    from brizna.store import KeyRing, Store

_CODES = {"pass": 0, "fail": 1, "cannot-tell": 4}
ACTIONS = ("answer",)


def check(context: Context, words: list[str]) -> int:
    """Hold a project against rules; exit 1 where one is broken, 4 where one cannot be told."""
    if words[:1] == ["answer"]:
        return _answer(context, words[1:])
    given = _parser(context).parse_args(words)
    if given.list or given.questions:
        return _list(context, given)
    from brizna.check import rules_of
    from brizna.report import review_lines
    from brizna.verbs import all_rules, check_project

    store, ring = _places(context, given)
    every = all_rules()
    found = check_project(
        given.project,
        store=store,
        ring=ring,
        profile=given.profile,
        choice=_choice(given, every),
        is_named=settings_of(given, context).origins["store"] != "default",
    )
    rules = {rule.id: rule for rule in rules_of(given.profile, every.values())}
    if given.json:
        context.tell_json(found.to_json())
    else:
        context.tell(*review_lines(found, rules, lang=context.lang, fail_on=given.fail_on))
    _write(context, given, found, rules)
    outcome = found.outcome(fail_on=given.fail_on)
    return 1 if outcome == "cannot-tell" and given.strict else _CODES[outcome]


def _places(context: Context, given: Namespace) -> tuple[Store, KeyRing]:
    """Return the store and the key ring that the settings name, looking from the project on."""
    from brizna.store import Store
    from brizna.verbs import key_ring
    from brizna.verbs._run import current_directory

    settings, here = settings_of(given, context), current_directory()
    project = os.path.join(here, given.project)
    store = Store.find(settings["store"], cwd=project, environ=context.environ)
    return store, key_ring(settings, cwd=here, environ=context.environ)


def _choice(given: Namespace, every: dict[str, ProjectRule]) -> Choice:
    """Return which rules the project file and the options name."""
    from brizna.verbs import read_choice

    of_file = read_choice(given.project, every)
    return of_file.replace(
        select=tuple(given.select) or of_file.select,
        ignore=(*of_file.ignore, *given.ignore),
    )


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna check",
        _(
            "Hold a project against the rules of a profile: its records, its files, and what "
            "people answered and signed (brizna check answer). Exit 0: kept; 1: broken; 4: cannot "
            "tell."
        ),
        context.texts,
    )
    parser.add_argument(
        "project", nargs="?", default=".", metavar="FOLDER", help=_("of the project (here)")
    )
    parser.add_argument(
        "--profile",
        default="pnav",
        metavar="NAME",
        help=_("pnav (the default), ai-act, sci, green-ml, or one that a package brings"),
    )
    for option, what in (
        ("--select", _("judge this rule only, or those whose ids begin so; may be repeated")),
        ("--ignore", _("do not judge this rule, or those whose ids begin so; may be repeated")),
    ):
        parser.add_argument(option, metavar="RULE", action="append", default=[], help=what)
    parser.add_argument(
        "--fail-on",
        choices=("note", "warning", "error"),
        default="error",
        help=_("the least severity that counts as wrong (error)"),
    )
    parser.add_argument(
        "--strict", action="store_true", help=_("exit 1 also where something cannot be told")
    )
    for option, what in (
        ("--sarif", _("write what is broken or untold as SARIF 2.1.0")),
        ("--junit", _("write the verdicts as JUnit XML")),
        ("--markdown", _("write the verdicts as a table in Markdown")),
        ("--html", _("write the verdicts as a page")),
    ):
        parser.add_argument(option, metavar="FILE", help=what)
    parser.add_argument("--list", action="store_true", help=_("list the rules of the profile"))
    parser.add_argument(
        "--questions", action="store_true", help=_("list what only people can tell")
    )
    add_json(parser)
    add_settings(parser, ("store", "keys", "lang"))
    return parser


def _list(context: Context, given: Namespace) -> int:
    from brizna.check import rules_of
    from brizna.report import said, severity_names, stored
    from brizna.verbs import all_rules

    rules = rules_of(given.profile, all_rules().values())
    if given.questions:
        rules = [rule for rule in rules if rule.question is not None]
    if given.json:
        context.tell_json([rule.to_json() for rule in rules])
        return 0
    names = severity_names(context.lang)
    width = max(map(len, names.values())) + 2
    for rule in rules:
        title = rule.title if not given.questions or rule.question is None else rule.question
        told = f"{rule.id}  {names[rule.severity]:<{width}}{said(title, context.lang)}"
        context.tell(f"{told}   [{stored(rule.reference, context.lang)}]")
    return 0


def _write(
    context: Context, given: Namespace, found: Review, rules: dict[str, ProjectRule]
) -> None:
    """Write the files that were asked for."""
    from json import dumps

    from brizna.core.version import VERSION
    from brizna.report import findings_junit, review_markdown, review_page, review_sarif

    lang, least = context.lang, given.fail_on
    if given.sarif is not None:
        data = review_sarif(found, rules, lang=lang, version=VERSION)
        put(context, given.sarif, dumps(data, ensure_ascii=False, indent=1).encode() + b"\n")
    if given.junit is not None:
        told = found.verification(with_waived=False)
        put(context, given.junit, findings_junit([told], rules, lang=lang))
    if given.markdown is not None:
        text = review_markdown(found, rules, lang=lang, fail_on=least)
        put(context, given.markdown, text.encode())
    if given.html is not None:
        put(context, given.html, review_page(found, rules, lang=lang, fail_on=least))


# ------------------------------------------------------------------------------------------ answers


def _answer(context: Context, words: list[str]) -> int:
    from brizna.report import said
    from brizna.verbs import answer_question, question_of

    given = _answer_parser(context).parse_args(words)
    rule = question_of(given.rule)
    store, ring = _places(context, given)
    digest, answer = answer_question(
        {"rule": rule.id, "answer": given.answer, "because": given.because, "by": given.by},
        evidence=given.evidence,
        directory=given.project,
        store=store,
        ring=ring,
        key=given.key,
    )
    if given.json:
        context.tell_json({"digest": digest, "answer": answer.to_json()})
        return 0
    question = rule.title if rule.question is None else rule.question
    context.tell(said(question, context.lang), f"{given.by}: {given.answer}; {given.because}")
    context.say(digest)
    return 0


def _answer_parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna check answer",
        _(
            "Answer what only a person can tell, sign it, and keep it in the store. A yes needs a "
            "file that shows it; once the file has changed, the answer does not count any more."
        ),
        context.texts,
    )
    parser.add_argument("rule", metavar="RULE", help=_("its id, such as BRZ-Q001"))
    parser.add_argument(
        "--answer", required=True, choices=("yes", "no", "not-applicable"), help=_("what is so")
    )
    parser.add_argument("--by", required=True, metavar="NAME", help=_("who answers"))
    parser.add_argument("--because", required=True, metavar="TEXT", help=_("why, in a sentence"))
    parser.add_argument(
        "--evidence",
        metavar="FILE",
        action="append",
        default=[],
        help=_("a file of the project that shows it; may be repeated"),
    )
    parser.add_argument(
        "--key", metavar="KEY", help=_("with which of your keys to sign (the newest)")
    )
    parser.add_argument("--project", default=".", metavar="FOLDER", help=_("of the project (here)"))
    add_json(parser)
    add_settings(parser, ("store", "keys", "lang"))
    return parser
