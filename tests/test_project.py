"""The repository keeps its word: its lock, its documents, and what importing brizna costs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon
from brizna.core.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(SETTINGS)["project"]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])


# ------------------------------------------------------------------------------------------ lock


def pins(name):
    """Return the package == version lines of a lock."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return {line.rstrip(" \\") for line in lines if re.match(r"\S+==", line)}


def test_demonstration_installs_what_the_tests_tested():
    assert pins("demo.txt") <= pins("dev.txt")


@pytest.mark.parametrize("name", ["demo.txt", "dev.txt", "heavy.txt"])
def test_lock_has_hashes_and_no_places(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    followed = re.findall(r"^(\S+==.+) \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert set(followed) == pins(name)
    assert "://" not in text
    assert not re.search(
        r"^(-i|--index-url|--extra-index-url|--find-links|torch==)", text, re.MULTILINE
    )


def every_requirement():
    """Return the requirements of the base install and of all extras."""
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]


def test_lock_holds_every_dependency():
    names = {re.split(r"[ <>=;]", requirement)[0] for requirement in every_requirement()}
    locked = {pin.partition("==")[0] for pin in pins("dev.txt") | pins("heavy.txt")}
    assert names - locked == {"torch"}  # tools/set_up.py asks for it by its exact version


@pytest.mark.parametrize("requirement", every_requirement())
def test_dependency_names_what_needs_it(requirement):
    line = next(line for line in SETTINGS.splitlines() if f'"{requirement}"' in line)
    assert re.search(r"#.*(/|make )", line), line


def test_every_ignored_rule_has_its_reason():
    section = SETTINGS.split("[tool.ruff.lint]")[1].split("[tool.ruff.lint.flake8")[0]
    bare = [
        line
        for line in section.splitlines()
        if re.match(r'\s+"[A-Z]+\d*",', line) and "#" not in line
    ]
    assert not bare


# ------------------------------------------------------------------------------------- documents


def anchors(page):
    """Return the anchors of a page's headings."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links():
    """Yield each page with each of its links to a file."""
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" not in target:
                yield page, target


def test_every_link_leads_somewhere():
    lost = []
    for page, target in links():
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not lost


def test_every_page_can_be_reached_from_the_index():
    index = ROOT / "docs" / "index.md"
    seen, waiting = set(), {index}
    while waiting:
        page = waiting.pop()
        seen.add(page)
        found = {(page.parent / t.partition("#")[0]).resolve() for p, t in links() if p == page}
        waiting |= {p for p in found if p.suffix == ".md"} - seen
    assert not {str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md")} - {
        str(p.relative_to(ROOT)) for p in seen
    }


def test_every_page_is_of_one_of_four_kinds():
    kinds = {page.relative_to(ROOT / "docs").parts[0] for page in ROOT.glob("docs/**/*.md")}
    assert kinds == {"index.md", "tutorial", "how-to", "reference", "explanation"}


def test_every_make_command_in_the_documents_exists():
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = [
        (page.name, name)
        for page in PAGES
        for words in re.findall(r"(?:\$ |`)make ((?:[a-z]+ ?)+)", page.read_text(encoding="utf-8"))
        for name in words.split()
    ]
    assert named
    assert not [(page, name) for page, name in named if name not in targets]


def test_documented_estimate_is_what_the_code_computes():
    text = (ROOT / "docs" / "reference" / "estimates.md").read_text(encoding="utf-8")
    shown = json.loads(text.split("```json")[1].split("```")[0])
    assert Estimate.from_json(Carbon, shown).to_json() == shown


def test_citation_names_the_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {VERSION}\n" in citation


def test_every_changelog_fragment_is_of_a_known_kind():
    kinds = {kind["directory"] for kind in tomllib.loads(SETTINGS)["tool"]["towncrier"]["type"]}
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    strange = [
        f.name for f in fragments if not re.fullmatch(rf".+\.({'|'.join(kinds)})\.md", f.name)
    ]
    assert not strange


def test_test_files_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
    assert not list((ROOT / "tests").rglob("__init__.py"))


# ---------------------------------------------------------------------------------- cost of import

HEAVY = (
    *("argparse", "asyncio", "babel", "ctypes", "dataclasses", "importlib.metadata", "inspect"),
    *("jinja2", "logging", "numpy", "pathlib", "psutil", "pynvml", "rich", "socket", "sqlite3"),
    *("subprocess", "tempfile", "threading", "typing", "urllib"),
)
LOADED = "\nimport sys; print(*sys.modules, file=sys.stderr)"


def loaded_by(statement):
    """Return what a statement prints in a fresh interpreter, and the modules that it loads."""
    command = [sys.executable, "-c", statement + LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize(("statement", "most"), [("import brizna", 12)])
def test_importing_is_silent_and_light(statement, most):
    _, before = loaded_by("pass")
    printed, after = loaded_by(statement)
    new = after - before
    assert not printed
    assert not new & set(HEAVY)
    assert len(new) <= most, sorted(new)
