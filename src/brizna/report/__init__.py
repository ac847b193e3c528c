"""Records for people to read: lines for the terminal, a page for the browser, and documents.

Promises: each figure appears with its unit, its interval and where it comes from; no figure shows
more digits than its doubt leaves; what is unknown is a word with its reason. English and Spanish;
the language is an argument. A page is one file that asks no host for anything, and the same
records give the same bytes.

Refuses to measure, to account, and to look anything up: what a report shows was handed to it.
"""

from __future__ import annotations

from brizna.core.lazy import lazily
from brizna.report._said import said, stored
from brizna.report._texts import LANGUAGES, pick_language, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._advice import hardware_advice_lines, site_advice_lines
    from brizna.report._boundary import (
        boundary_lines,
        conversion_lines,
        hours_lines,
        sci_for_ai_lines,
        sci_lines,
    )
    from brizna.report._bundle_texts import bundle_method, bundle_readme
    from brizna.report._cache import cache_lines
    from brizna.report._card import into_card
    from brizna.report._claims import claims_lines
    from brizna.report._codecarbon import (
        CODECARBON_COLUMNS,
        CODECARBON_PARTS,
        codecarbon_csv,
        codecarbon_rows,
    )
    from brizna.report._compare import compare_lines, saving
    from brizna.report._dossier import Document, Dossier, Figure, Lack, Selection
    from brizna.report._env import (
        affected_lines,
        approval_lines,
        difference_lines,
        provenance_lines,
        software_lines,
    )
    from brizna.report._evaluation import evaluation_lines
    from brizna.report._everyday import everyday_lines
    from brizna.report._explain import explain
    from brizna.report._factors import (
        differences_lines,
        factor_lines,
        factors_lines,
        reaccount_lines,
    )
    from brizna.report._facts import FACTS, Fact, Facts, read_facts
    from brizna.report._federate import federation_lines
    from brizna.report._filling import Filling
    from brizna.report._findings import findings_lines, findings_sarif, severity_names
    from brizna.report._flame import profile_page
    from brizna.report._format import Format
    from brizna.report._gate import gate_lines, gate_markdown, gate_page, gate_progress
    from brizna.report._html import html_report
    from brizna.report._idle import baseline_lines, idle_lines
    from brizna.report._improve import (
        improvement_card,
        improvement_lines,
        improvement_page,
        replay_lines,
    )
    from brizna.report._jobs import jobs_lines
    from brizna.report._junit import findings_junit
    from brizna.report._keys import key_lines
    from brizna.report._manager import ManagerForm, manager_origins, manager_page, manager_pdf
    from brizna.report._money import bill_lines, cost_lines
    from brizna.report._plan import (
        elsewhere_lines,
        followed_line,
        plan_lines,
        plans_lines,
        waiting_line,
    )
    from brizna.report._prediction import prediction_lines, reuse_lines
    from brizna.report._profile import collapsed, profile_lines, speedscope
    from brizna.report._renderers import (
        RENDERERS,
        ManyMedia,
        Renderer,
        find_renderer,
        in_medium,
        is_text,
        renderer_names,
    )
    from brizna.report._review import (
        review_lines,
        review_markdown,
        review_page,
        review_sarif,
    )
    from brizna.report._scaling import scaling_lines
    from brizna.report._schedule import FORMS, Launch, schedule
    from brizna.report._simpler import simpler_lines
    from brizna.report._software_bill import (
        BILL_FORMS,
        software_bill,
    )
    from brizna.report._spent import budgets_lines, charges_lines
    from brizna.report._sweep import sweep_lines, sweep_page
    from brizna.report._terminal import (
        doctor_lines,
        explain_lines,
        footprint_lines,
        run_lines,
        runs_lines,
        show_lines,
        wants_color,
        zones_lines,
    )
    from brizna.report._totals import packed_lines, totals_lines, totals_remarks
    from brizna.report._trace import trace
    from brizna.report._tune import tune_lines, tune_page

__all__ = [
    "BILL_FORMS",
    "CODECARBON_COLUMNS",
    "CODECARBON_PARTS",
    "FACTS",
    "FORMS",
    "LANGUAGES",
    "RENDERERS",
    "Document",
    "Dossier",
    "Fact",
    "Facts",
    "Figure",
    "Filling",
    "Format",
    "Lack",
    "Launch",
    "ManagerForm",
    "ManyMedia",
    "Renderer",
    "Selection",
    "affected_lines",
    "approval_lines",
    "baseline_lines",
    "bill_lines",
    "boundary_lines",
    "budgets_lines",
    "bundle_method",
    "bundle_readme",
    "cache_lines",
    "charges_lines",
    "claims_lines",
    "codecarbon_csv",
    "codecarbon_rows",
    "collapsed",
    "compare_lines",
    "conversion_lines",
    "cost_lines",
    "difference_lines",
    "differences_lines",
    "doctor_lines",
    "elsewhere_lines",
    "evaluation_lines",
    "everyday_lines",
    "explain",
    "explain_lines",
    "factor_lines",
    "factors_lines",
    "federation_lines",
    "find_renderer",
    "findings_junit",
    "findings_lines",
    "findings_sarif",
    "followed_line",
    "footprint_lines",
    "gate_lines",
    "gate_markdown",
    "gate_page",
    "gate_progress",
    "hardware_advice_lines",
    "hours_lines",
    "html_report",
    "idle_lines",
    "improvement_card",
    "improvement_lines",
    "improvement_page",
    "in_medium",
    "into_card",
    "is_text",
    "jobs_lines",
    "key_lines",
    "manager_origins",
    "manager_page",
    "manager_pdf",
    "packed_lines",
    "pick_language",
    "plan_lines",
    "plans_lines",
    "prediction_lines",
    "profile_lines",
    "profile_page",
    "provenance_lines",
    "reaccount_lines",
    "read_facts",
    "renderer_names",
    "replay_lines",
    "reuse_lines",
    "review_lines",
    "review_markdown",
    "review_page",
    "review_sarif",
    "run_lines",
    "runs_lines",
    "said",
    "saving",
    "scaling_lines",
    "schedule",
    "sci_for_ai_lines",
    "sci_lines",
    "severity_names",
    "show_lines",
    "simpler_lines",
    "site_advice_lines",
    "software_bill",
    "software_lines",
    "speedscope",
    "stored",
    "sweep_lines",
    "sweep_page",
    "texts",
    "totals_lines",
    "totals_remarks",
    "trace",
    "tune_lines",
    "tune_page",
    "waiting_line",
    "wants_color",
    "zones_lines",
]

_HOMES = {
    "affected_lines": "_env",
    "approval_lines": "_env",
    "difference_lines": "_env",
    "provenance_lines": "_env",
    "software_lines": "_env",
    "BILL_FORMS": "_software_bill",
    "software_bill": "_software_bill",
    "review_lines": "_review",
    "review_markdown": "_review",
    "review_page": "_review",
    "review_sarif": "_review",
    "findings_junit": "_junit",
    "gate_lines": "_gate",
    "gate_markdown": "_gate",
    "gate_page": "_gate",
    "gate_progress": "_gate",
    "into_card": "_card",
    "Document": "_dossier",
    "Dossier": "_dossier",
    "Figure": "_dossier",
    "Lack": "_dossier",
    "Selection": "_dossier",
    "FACTS": "_facts",
    "Fact": "_facts",
    "Facts": "_facts",
    "read_facts": "_facts",
    "Filling": "_filling",
    "RENDERERS": "_renderers",
    "Renderer": "_renderers",
    "ManyMedia": "_renderers",
    "find_renderer": "_renderers",
    "in_medium": "_renderers",
    "is_text": "_renderers",
    "renderer_names": "_renderers",
    "trace": "_trace",
    "packed_lines": "_totals",
    "totals_lines": "_totals",
    "totals_remarks": "_totals",
    "prediction_lines": "_prediction",
    "reuse_lines": "_prediction",
    "improvement_card": "_improve",
    "improvement_lines": "_improve",
    "improvement_page": "_improve",
    "replay_lines": "_improve",
    "sweep_lines": "_sweep",
    "sweep_page": "_sweep",
    "tune_lines": "_tune",
    "tune_page": "_tune",
    "reaccount_lines": "_factors",
    "factors_lines": "_factors",
    "factor_lines": "_factors",
    "differences_lines": "_factors",
    "collapsed": "_profile",
    "profile_lines": "_profile",
    "profile_page": "_flame",
    "scaling_lines": "_scaling",
    "speedscope": "_profile",
    "CODECARBON_COLUMNS": "_codecarbon",
    "CODECARBON_PARTS": "_codecarbon",
    "FORMS": "_schedule",
    "Launch": "_schedule",
    "Format": "_format",
    "baseline_lines": "_idle",
    "budgets_lines": "_spent",
    "charges_lines": "_spent",
    "bill_lines": "_money",
    "boundary_lines": "_boundary",
    "conversion_lines": "_boundary",
    "cost_lines": "_money",
    "hours_lines": "_boundary",
    "sci_for_ai_lines": "_boundary",
    "sci_lines": "_boundary",
    "cache_lines": "_cache",
    "claims_lines": "_claims",
    "hardware_advice_lines": "_advice",
    "site_advice_lines": "_advice",
    "codecarbon_csv": "_codecarbon",
    "codecarbon_rows": "_codecarbon",
    "compare_lines": "_compare",
    "doctor_lines": "_terminal",
    "elsewhere_lines": "_plan",
    "explain": "_explain",
    "explain_lines": "_terminal",
    "federation_lines": "_federate",
    "followed_line": "_plan",
    "footprint_lines": "_terminal",
    "html_report": "_html",
    "idle_lines": "_idle",
    "evaluation_lines": "_evaluation",
    "everyday_lines": "_everyday",
    "key_lines": "_keys",
    "jobs_lines": "_jobs",
    "plan_lines": "_plan",
    "plans_lines": "_plan",
    "run_lines": "_terminal",
    "runs_lines": "_terminal",
    "saving": "_compare",
    "schedule": "_schedule",
    "show_lines": "_terminal",
    "simpler_lines": "_simpler",
    "waiting_line": "_plan",
    "wants_color": "_terminal",
    "zones_lines": "_terminal",
    "ManagerForm": "_manager",
    "manager_origins": "_manager",
    "manager_page": "_manager",
    "manager_pdf": "_manager",
    "bundle_method": "_bundle_texts",
    "bundle_readme": "_bundle_texts",
    "severity_names": "_findings",
    "findings_lines": "_findings",
    "findings_sarif": "_findings",
}

__getattr__ = lazily(__name__, _HOMES)
