"""What the Python API, the command line and the web share: the verbs.

Promises: finds settings, meters, factors and the store, calls the pure rooms, keeps the records.
A fault of a meter or of the store never reaches the job that is measured: it is told at the end.
Refuses to print: faces do that. What waits inside a program alone says on stderr until when.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.verbs._account import account_case, view_of_case
    from brizna.verbs._advise import advise_hardware, advise_site
    from brizna.verbs._baseline import keep_measured, measure_baseline
    from brizna.verbs._bill import BillRequest, read_bill, reconcile_bill
    from brizna.verbs._book import book_of
    from brizna.verbs._bundle import BundleForm
    from brizna.verbs._check import (
        all_rules,
        answer_question,
        check_project,
        question_of,
        read_choice,
        shown_files,
    )
    from brizna.verbs._codecarbon import Broken, Imported, import_codecarbon
    from brizna.verbs._compare import comparisons, explain_view, savings
    from brizna.verbs._convert import as_views, check_alike, convert_footprint, convert_views
    from brizna.verbs._doctor import diagnose
    from brizna.verbs._elsewhere import Elsewhere, replay_elsewhere
    from brizna.verbs._env import (
        Demands,
        Surroundings,
        affected_runs,
        audit_environment,
        check_environment,
        difference,
        facts_differ,
        surroundings_of,
    )
    from brizna.verbs._env_lock import LockSource, convert_lock, lock_environment, lock_of
    from brizna.verbs._env_policy import EnvironmentPolicy, read_policy
    from brizna.verbs._evaluate import History, try_policies
    from brizna.verbs._factors import add_factor, set_in_force, set_of_file, set_of_run
    from brizna.verbs._federate import advise_federate
    from brizna.verbs._followed import Followed
    from brizna.verbs._gate import GateAsked, GateProgress, gate
    from brizna.verbs._history import unlike_runs
    from brizna.verbs._hourly import RunAccount, RunFacts, account_run_again
    from brizna.verbs._improve import improve_model
    from brizna.verbs._jobs_table import write_rows
    from brizna.verbs._keys import key_ring
    from brizna.verbs._mark import mark
    from brizna.verbs._measure import Measuring, Part, measure, measured_around
    from brizna.verbs._money import prices_between
    from brizna.verbs._overview import Overview, Question, overview_of
    from brizna.verbs._page import page_of, zones_of
    from brizna.verbs._plan import PlanRequest, plan_job
    from brizna.verbs._plan_jobs import JobsPlan, plan_jobs
    from brizna.verbs._predict import ScalingForecast, ScalingRequest, predict_scaling
    from brizna.verbs._predict_energy import Prediction, predict_energy
    from brizna.verbs._reaccount import reaccount
    from brizna.verbs._report import dossier_of, facts_of, read_period, write_report
    from brizna.verbs._reuse import Kept, Reuse, reuse
    from brizna.verbs._run import run_command
    from brizna.verbs._saved import Saved
    from brizna.verbs._sci import sci_of_ai, sci_of_run, stage_of
    from brizna.verbs._series import resumed_plan
    from brizna.verbs._settings import SETTINGS, Settings, read_settings
    from brizna.verbs._spent import (
        Asked,
        Reserved,
        charge_runs,
        judge_budgets,
        read_budget,
        read_budgets,
    )
    from brizna.verbs._statements import (
        STATEMENT_FORMS,
        Signer,
        models_of,
        provenance_of,
        read_signed,
        sign_model,
        sign_run,
        verify_statement,
    )
    from brizna.verbs._sweep import (
        Bench,
        Progress,
        plan_sweep,
        sweep,
    )
    from brizna.verbs._sweep_levels import read_dimension
    from brizna.verbs._totals import FIGURES, RunTotals, Wanted, total_runs
    from brizna.verbs._trialling import SweepStoppedError
    from brizna.verbs._tune import TuneProgress, carry_out_tune, plan_tune, tune
    from brizna.verbs._verify import VERIFIED_FORMS, verify
    from brizna.verbs._views import View, recompute_view, view_of, views_of
    from brizna.verbs._when import Greenest, when_greenest

__all__ = [
    "FIGURES",
    "SETTINGS",
    "STATEMENT_FORMS",
    "VERIFIED_FORMS",
    "Asked",
    "Bench",
    "BillRequest",
    "Broken",
    "BundleForm",
    "Demands",
    "Elsewhere",
    "EnvironmentPolicy",
    "Followed",
    "GateAsked",
    "GateProgress",
    "Greenest",
    "History",
    "Imported",
    "JobsPlan",
    "Kept",
    "LockSource",
    "Measuring",
    "Overview",
    "Part",
    "PlanRequest",
    "Prediction",
    "Progress",
    "Question",
    "Reserved",
    "Reuse",
    "RunAccount",
    "RunFacts",
    "RunTotals",
    "Saved",
    "ScalingForecast",
    "ScalingRequest",
    "Settings",
    "Signer",
    "Surroundings",
    "SweepStoppedError",
    "TuneProgress",
    "View",
    "Wanted",
    "account_case",
    "account_run_again",
    "add_factor",
    "advise_federate",
    "advise_hardware",
    "advise_site",
    "affected_runs",
    "all_rules",
    "answer_question",
    "as_views",
    "audit_environment",
    "book_of",
    "carry_out_tune",
    "charge_runs",
    "check_alike",
    "check_environment",
    "check_project",
    "comparisons",
    "convert_footprint",
    "convert_lock",
    "convert_views",
    "diagnose",
    "difference",
    "dossier_of",
    "explain_view",
    "facts_differ",
    "facts_of",
    "gate",
    "import_codecarbon",
    "improve_model",
    "judge_budgets",
    "keep_measured",
    "key_ring",
    "lock_environment",
    "lock_of",
    "mark",
    "measure",
    "measure_baseline",
    "measured_around",
    "models_of",
    "overview_of",
    "page_of",
    "plan_job",
    "plan_jobs",
    "plan_sweep",
    "plan_tune",
    "predict_energy",
    "predict_scaling",
    "prices_between",
    "provenance_of",
    "question_of",
    "reaccount",
    "read_bill",
    "read_budget",
    "read_budgets",
    "read_choice",
    "read_dimension",
    "read_period",
    "read_policy",
    "read_settings",
    "read_signed",
    "recompute_view",
    "reconcile_bill",
    "replay_elsewhere",
    "resumed_plan",
    "reuse",
    "run_command",
    "savings",
    "sci_of_ai",
    "sci_of_run",
    "set_in_force",
    "set_of_file",
    "set_of_run",
    "shown_files",
    "sign_model",
    "sign_run",
    "stage_of",
    "surroundings_of",
    "sweep",
    "total_runs",
    "try_policies",
    "tune",
    "unlike_runs",
    "verify",
    "verify_statement",
    "view_of",
    "view_of_case",
    "views_of",
    "when_greenest",
    "write_report",
    "write_rows",
    "zones_of",
]

_HOMES = {
    "read_policy": "_env_policy",
    "EnvironmentPolicy": "_env_policy",
    "convert_lock": "_env_lock",
    "LockSource": "_env_lock",
    "Demands": "_env",
    "Surroundings": "_env",
    "affected_runs": "_env",
    "audit_environment": "_env",
    "check_environment": "_env",
    "difference": "_env",
    "facts_differ": "_env",
    "lock_environment": "_env_lock",
    "lock_of": "_env_lock",
    "surroundings_of": "_env",
    "STATEMENT_FORMS": "_statements",
    "Signer": "_statements",
    "read_signed": "_statements",
    "models_of": "_statements",
    "provenance_of": "_statements",
    "sign_model": "_statements",
    "sign_run": "_statements",
    "verify_statement": "_statements",
    "read_choice": "_check",
    "all_rules": "_check",
    "answer_question": "_check",
    "check_project": "_check",
    "question_of": "_check",
    "shown_files": "_check",
    "GateAsked": "_gate",
    "GateProgress": "_gate",
    "gate": "_gate",
    "key_ring": "_keys",
    "as_views": "_convert",
    "check_alike": "_convert",
    "convert_footprint": "_convert",
    "convert_views": "_convert",
    "dossier_of": "_report",
    "facts_of": "_report",
    "read_period": "_report",
    "write_report": "_report",
    "FIGURES": "_totals",
    "RunTotals": "_totals",
    "Wanted": "_totals",
    "total_runs": "_totals",
    "Asked": "_spent",
    "Reserved": "_spent",
    "charge_runs": "_spent",
    "judge_budgets": "_spent",
    "read_budget": "_spent",
    "read_budgets": "_spent",
    "Kept": "_reuse",
    "Reuse": "_reuse",
    "reuse": "_reuse",
    "Prediction": "_predict_energy",
    "predict_energy": "_predict_energy",
    "RunAccount": "_hourly",
    "RunFacts": "_hourly",
    "account_run_again": "_hourly",
    "sci_of_ai": "_sci",
    "sci_of_run": "_sci",
    "stage_of": "_sci",
    "advise_federate": "_federate",
    "advise_hardware": "_advise",
    "advise_site": "_advise",
    "read_dimension": "_sweep_levels",
    "TuneProgress": "_tune",
    "carry_out_tune": "_tune",
    "plan_tune": "_tune",
    "tune": "_tune",
    "sweep": "_sweep",
    "resumed_plan": "_series",
    "plan_sweep": "_sweep",
    "SweepStoppedError": "_trialling",
    "Progress": "_sweep",
    "Bench": "_sweep",
    "ScalingForecast": "_predict",
    "ScalingRequest": "_predict",
    "predict_scaling": "_predict",
    "JobsPlan": "_plan_jobs",
    "Elsewhere": "_elsewhere",
    "History": "_evaluate",
    "PlanRequest": "_plan",
    "SETTINGS": "_settings",
    "Followed": "_followed",
    "Measuring": "_measure",
    "Part": "_measure",
    "Settings": "_settings",
    "View": "_views",
    "Broken": "_codecarbon",
    "Imported": "_codecarbon",
    "import_codecarbon": "_codecarbon",
    "account_case": "_account",
    "add_factor": "_factors",
    "BillRequest": "_bill",
    "read_bill": "_bill",
    "reconcile_bill": "_bill",
    "prices_between": "_money",
    "book_of": "_book",
    "reaccount": "_reaccount",
    "set_in_force": "_factors",
    "set_of_file": "_factors",
    "set_of_run": "_factors",
    "comparisons": "_compare",
    "diagnose": "_doctor",
    "explain_view": "_compare",
    "keep_measured": "_baseline",
    "improve_model": "_improve",
    "mark": "_mark",
    "measure": "_measure",
    "measure_baseline": "_baseline",
    "measured_around": "_measure",
    "page_of": "_page",
    "plan_job": "_plan",
    "plan_jobs": "_plan_jobs",
    "read_settings": "_settings",
    "recompute_view": "_views",
    "replay_elsewhere": "_elsewhere",
    "run_command": "_run",
    "savings": "_compare",
    "try_policies": "_evaluate",
    "unlike_runs": "_history",
    "view_of": "_views",
    "view_of_case": "_account",
    "views_of": "_views",
    "Greenest": "_when",
    "when_greenest": "_when",
    "write_rows": "_jobs_table",
    "zones_of": "_page",
    "BundleForm": "_bundle",
    "Overview": "_overview",
    "Question": "_overview",
    "overview_of": "_overview",
    "Saved": "_saved",
    "VERIFIED_FORMS": "_verify",
    "verify": "_verify",
}

__getattr__ = lazily(__name__, _HOMES)
