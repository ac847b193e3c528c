"""Rules that read a project's files: locks, images, automatic tests, infrastructure as code."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise

from brizna.check._judge_pipeline import SETTINGS
from brizna.check._steps import CALLED, PIPELINES
from brizna.check._verdict import Evidence, Place
from brizna.core._tables import load
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from brizna.check._project import Held, Project, ProjectRule, SourceFile
    from brizna.check._verdict import Verdict

_LOCKS = ("poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock", "conda-lock.yml", "pixi.lock")
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")
_REQUIREMENTS = re.compile(
    r"(.*/)?(([^/]*[-_.])?requirements([-_.][^/]*)?\.txt|requirements/[^/]+\.txt)"
)
_PINNED = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[^\]]*\])?\s*(==|===)\s*[^*\s,;]+(?=[\s;\\]|$)")
_NAMED = re.compile(r"^[A-Za-z0-9][\w.-]*")
_HASH = re.compile(r"sha(256|384|512)[\"'\s:=]+[0-9a-f]{64,128}")
_PACKAGE = {
    "poetry.lock": re.compile(r"^\[\[package\]\]", re.MULTILINE),
    "uv.lock": re.compile(r"^\[\[package\]\]", re.MULTILINE),
    "pdm.lock": re.compile(r"^\[\[package\]\]", re.MULTILINE),
    "conda-lock.yml": re.compile(r"^- name:", re.MULTILINE),
    "pixi.lock": re.compile(r"^- conda:|^- pypi:", re.MULTILINE),
    "Pipfile.lock": re.compile(r"\"version\":"),
}
_PYLOCK_PACKAGE = re.compile(r"^\[\[packages\]\]", re.MULTILINE)
_IMAGES = re.compile(r"(.*\.)?(Dockerfile|Containerfile)(\..*)?")
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
_FIXED_BASE = re.compile(r"@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$")
_CARDS = ("readme.md", "model_card.md", "modelcard.md")
_DECLARES = re.compile(
    r"^\s*dependencies:\s*\n\s*-|install_requires\s*=\s*(?![\[(]\s*[\])])\S|^\[packages\]\s*\n\s*\w",
    re.MULTILINE,
)
_COMMENT = re.compile(r"^[ \t]*(#|//).*$", re.MULTILINE)
_DECLARED = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "environment.yml")
_IAC = re.compile(
    r".*\.(tf|bicep)|(.*/)?Pulumi\.ya?ml|(.*/)?cloudformation[^/]*\.(ya?ml|json)"
    r"|(.*/)?(playbooks?|ansible)/.*\.ya?ml|(.*/)?playbook[^/]*\.ya?ml|(.*/)?(k8s|kubernetes)/.*\.ya?ml"
)
_SERVERS = re.compile(
    r"aws_instance|google_compute_instance|azurerm_\w*virtual_machine|AWS::EC2::Instance"
    r"|virtualMachines|kind:\s*Deployment|aws_autoscaling_group|ec2\.Instance|sagemaker",
    re.IGNORECASE,
)
_STOPS = re.compile(
    r"min_size\s*=\s*0|MinSize:\s*['\"]?0|minReplicas:\s*0|ScaledObject|auto_?(stop|shutdown|pause)"
    r"|autoShutdown|shutdown_schedule|idle_(timeout|shutdown)|IdleShutdown|instance_schedule"
    r"|aws_autoscaling_schedule|scale_?to_?zero|ScheduledAction",
    re.IGNORECASE,
)
_MODULE = re.compile(r"^\s*module\s+[\"'][^\"']+[\"']\s*{", re.MULTILINE)
_LEDGER_QUIET = re.compile(
    r"hyperledger|fabric-sdk|\braft\b|\betcd3?\b|\bbesu\b|\bqbft\b|\bibft\b", re.IGNORECASE
)
_LEDGER_LOUD = re.compile(
    r"proof[-_ ]of[-_ ]work|ethash|--mine\b|\bethminer\b|\bbitcoind\b|\brandomx\b", re.IGNORECASE
)
_LEDGER = re.compile(
    r"^(web3|py-evm|brownie|eth-brownie|fabric-sdk-py|bitcoinlib|etcd3)\b", re.MULTILINE
)
_SEES_SYSTEM = re.compile(r"include-system-site-packages\s*=\s*true", re.IGNORECASE)
_MOST_NAMED = 5


def files_that_rules_read(path: str) -> bool:
    """Tell whether any rule reads a file of this path, from the project's folder on."""
    name = path.rpartition("/")[2]
    return (
        name in (*_LOCKS, *_DECLARED, "pyvenv.cfg")
        or name.lower() in _CARDS
        or _is_lock(name)
        or bool(_REQUIREMENTS.fullmatch(path) or _IMAGES.fullmatch(name))
        or any(one.fullmatch(path) for one in (PIPELINES, CALLED, SETTINGS, _IAC))
    )


# -------------------------------------------------------------------------------------------- locks


def judge_locked(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether all dependencies have exact versions."""
    locks, loose = _locks(project)
    if loose:
        file, names = loose[0]
        return rule.failed(
            Place(file=file.path),
            Said("{names} without an exact version", names=_few(names)),
            Said("name==version for each package, those that packages need in turn too"),
        )
    empty = [one for one in locks if not _packages(one)]
    if empty:
        return _unread(rule, empty[0])
    if locks:
        return rule.passed(
            Place(file=locks[0].path),
            [_count(one, Said("locked packages"), len(_packages(one))) for one in locks],
        )
    declared = [one for one in project.files if one.name in _DECLARED and _declares(one)]
    if declared:
        return rule.failed(
            Place(file=declared[0].path),
            Said("dependencies are declared here, and there is no lock"),
            Said("a lock beside it: requirements with ==, pylock.toml, uv.lock, poetry.lock"),
        )
    return rule.untold(
        project.place, Said("neither a lock nor a list of dependencies was found here")
    )


def _declares(file: SourceFile) -> bool:
    """Tell whether a file of a project names at least one dependency."""
    if file.name != "pyproject.toml":
        return bool(_DECLARES.search(_COMMENT.sub("", file.text)))
    try:
        told: dict[str, Any] = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError:
        return False
    own, poetry = told.get("project", {}), told.get("tool", {}).get("poetry", {})
    groups = [
        own.get("dependencies"),
        *own.get("optional-dependencies", {}).values(),
        *told.get("dependency-groups", {}).values(),
        *(one.get("dependencies") for one in poetry.get("group", {}).values()),
        set(poetry.get("dependencies", {})) - {"python"},
        "dependencies" in own.get("dynamic", ()),
    ]
    return any(groups)


def judge_hashes(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether all locked packages have hashes."""
    locks, _ = _locks(project)
    if not locks:
        return rule.untold(project.place, Said("no lock was found here"))
    shown: list[Evidence] = []
    for lock in locks:
        blocks = _packages(lock)
        if not blocks:
            return _unread(rule, lock)
        bare = [_first_line(one) for one in blocks if not _HASH.search(one)]
        if lock.name == "poetry.lock" and "[metadata.files]" in lock.text:
            bare = [] if _HASH.search(lock.text) else bare
        own = [one for one in bare if _is_own(one, blocks)]
        bare = [one for one in bare if one not in own]
        if bare:
            return rule.failed(
                Place(file=lock.path),
                Said(
                    "{count} of {all} packages without a hash: {names}",
                    count=len(bare),
                    all=len(blocks),
                    names=_few(bare),
                ),
                Said("a SHA-256 or better for each package"),
            )
        shown.append(_count(lock, Said("packages with hashes"), len(blocks)))
    return rule.passed(Place(file=locks[0].path), shown)


def _unread(rule: ProjectRule, lock: SourceFile) -> Verdict:
    why = Said("no package can be read from {path}", path=lock.path)
    return rule.untold(Place(file=lock.path), why)


def _locks(project: Project) -> tuple[list[SourceFile], list[tuple[SourceFile, list[str]]]]:
    """Return the locks, and the requirements that are none with what is loose in them."""
    locks: list[SourceFile] = []
    loose: list[tuple[SourceFile, list[str]]] = []
    for file in project.files:
        if _is_lock(file.name):
            locks.append(file)
        elif _REQUIREMENTS.fullmatch(file.path):
            names = [_first_line(one) for one in _required(file.text) if not _PINNED.match(one)]
            if names:
                loose.append((file, names))
            elif _required(file.text):
                locks.append(file)
    return locks, loose


def _is_lock(name: str) -> bool:
    return name in _LOCKS or bool(_PYLOCK.fullmatch(name))


def _packages(lock: SourceFile) -> list[str]:
    """Return what a lock says of each package."""
    head = _PACKAGE.get(lock.name) or (_PYLOCK_PACKAGE if _PYLOCK.fullmatch(lock.name) else None)
    if head is None:
        return _required(lock.text)
    if lock.name == "Pipfile.lock":
        return re.findall(r"\"[\w.-]+\":\s*{[^{}]*\"version\":[^{}]*}", lock.text)
    starts = [one.start() for one in head.finditer(lock.text)]
    return [lock.text[a:b] for a, b in pairwise([*starts, len(lock.text)])]


def _required(text: str) -> list[str]:
    """Return the requirements of a file, each with its options."""
    joined = re.sub(r"\\\s*\n", " ", text)
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if _NAMED.match(line)]


def _first_line(block: str) -> str:
    named = re.search(r"^name\s*=\s*[\"']([^\"']+)", block, re.MULTILINE)
    if named:
        return named[1]
    return re.split(r"[\s=<>~!;\[:]", block.lstrip("\"'- "), maxsplit=1)[0].strip("\"'")


def _is_own(name: str, blocks: list[str]) -> bool:
    """Tell whether a package is the project itself, or a folder of it, which has no archive."""
    block = next((one for one in blocks if _first_line(one) == name), "")
    return bool(re.search(r"source\s*=\s*{\s*(editable|virtual|directory|path)\b", block))


def _few(names: Iterable[str]) -> str:
    told = list(names)
    return ", ".join(told[:_MOST_NAMED]) + (" ..." if len(told) > _MOST_NAMED else "")


def _count(file: SourceFile, what: Said, count: int) -> Evidence:
    return Evidence(name=str(what), value=float(count), unit="1", origin=file.path)


def _shown(file: SourceFile) -> Evidence:
    return Evidence(name=file.path, value=None, unit="1", origin=file.digest)


# --------------------------------------------------------------------------------------- isolation


def judge_isolated(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the work runs in an environment of its own: a container, or a virtual one."""
    runs = project.of("brizna.run/1")
    last = runs[-1] if runs else None
    if last is not None and last.data["environment"].get("container"):
        name = str(last.data["environment"]["container"])
        shown = Evidence(name=name, value=None, unit="1", origin=last.place)
        return rule.passed(Place(file=last.place), [shown])
    own = [one for one in project.files if one.name == "pyvenv.cfg" and one.path.count("/") < 2]
    shared = [one.path for one in own if _SEES_SYSTEM.search(one.text)]
    software: dict[str, Any] = (last.data["environment"].get("software") or {}) if last else {}
    if last is not None and software.get("is_isolated") is False:
        shared.insert(0, last.place)
    if shared:
        return rule.failed(
            Place(file=shared[0]),
            Said("the environment sees the packages of the system"),
            Said("an environment of its own, with include-system-site-packages = false"),
        )
    found = [_shown(one) for one in own]
    images = [one for one in project.files if _IMAGES.fullmatch(one.name)]
    found += [_shown(one) for one in images if _FROM.search(one.text)]
    found += [_shown(one) for one in project.files if one.name == "environment.yml"]
    if last is not None and software.get("is_isolated"):
        found.append(Evidence(name="is_isolated", value=None, unit="1", origin=last.place))
    if found:
        return rule.passed(project.place, found)
    return rule.untold(
        project.place,
        Said("neither a virtual environment nor an image was found, and no run in a container"),
    )


def judge_image(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether images are built on bases that cannot change."""
    images = [one for one in project.files if _IMAGES.fullmatch(one.name)]
    if not images:
        return rule.unasked(project.place, Said("no image is built here"))
    loose = [(image, base) for image in images for base in _loose_bases(image.text)]
    for image, base in loose:
        if "$" not in base:
            return rule.failed(
                Place(file=image.path),
                Said("FROM {base}", base=base),
                Said("FROM name@sha256:..., which is the same image for ever"),
            )
    for image, base in loose:
        return rule.untold(Place(file=image.path), Said("the base {base} is a variable", base=base))
    for image in images:
        if not _FROM.search(image.text):
            return rule.untold(Place(file=image.path), Said("it names no base"))
    return rule.passed(Place(file=images[0].path), [_shown(one) for one in images])


def _loose_bases(text: str) -> list[str]:
    """Return the bases of an image that may be others next time."""
    bases = _FROM.findall(text)
    stages = {name.lower() for _, name in bases if name} | {"scratch"}
    return [
        base for base, _ in bases if base.lower() not in stages and not _FIXED_BASE.search(base)
    ]


def _in_code(
    files: Iterable[SourceFile], wanted: re.Pattern[str]
) -> list[tuple[SourceFile, re.Match[str]]]:
    """Return where files say this, but for lines that are comments."""
    code = ((one, _COMMENT.sub("", one.text)) for one in files)
    return [(one, match) for one, text in code if (match := wanted.search(text))]


def _found(rule: ProjectRule, found: list[tuple[SourceFile, re.Match[str]]]) -> Verdict:
    return rule.passed(
        Place(file=found[0][0].path, line=_line(found[0][1])),
        [Evidence(name=match[0], value=None, unit="1", origin=one.path) for one, match in found],
    )


def _line(match: re.Match[str]) -> int:
    return match.string.count("\n", 0, match.start()) + 1


# ---------------------------------------------------------------------------------- infrastructure


def judge_infrastructure(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the infrastructure is code under version control."""
    code = _infrastructure(project)
    if not code:
        return rule.untold(
            project.place,
            Said("no infrastructure as code was found here; a single machine may need none"),
        )
    if not project.is_versioned:
        return rule.failed(
            Place(file=code[0].path),
            Said("it is not under version control"),
            Said("a history of each change, as git keeps it"),
        )
    return rule.passed(Place(file=code[0].path), [_shown(one) for one in code])


def judge_idle(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether idle resources are switched off by themselves."""
    code = _infrastructure(project)
    if not code:
        return rule.unasked(project.place, Said("no infrastructure as code was found here"))
    stops = _in_code(code, _STOPS)
    if stops:
        return _found(rule, stops)
    servers = _in_code(code, _SERVERS)
    if any(_MODULE.search(one.text) for one in code) or not servers:
        return rule.untold(
            Place(file=code[0].path),
            Said("what it starts is not written here: it comes from modules or other files"),
        )
    return rule.failed(
        Place(file=servers[0][0].path, line=_line(servers[0][1])),
        Said("servers ({name}) that nothing stops when they are idle", name=servers[0][1][0]),
        Said("a schedule, an idle time-out, or a scale that goes down to 0"),
    )


def _infrastructure(project: Project) -> list[SourceFile]:
    return [one for one in project.files if _IAC.fullmatch(one.path)]


def judge_consensus(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether a distributed ledger agrees at low consumption."""
    texts = [
        one
        for one in project.files
        if _is_lock(one.name) or _REQUIREMENTS.fullmatch(one.path) or _IAC.fullmatch(one.path)
    ]
    loud = _in_code(texts, _LEDGER_LOUD)
    if loud:
        return rule.failed(
            Place(file=loud[0][0].path, line=_line(loud[0][1])),
            Said("{name}: agreement by proof of work", name=loud[0][1][0]),
            Said("a permissioned ledger, or one that agrees without proof of work"),
        )
    quiet = _in_code(texts, _LEDGER_QUIET)
    if quiet:
        return _found(rule, quiet)
    if _in_code(texts, _LEDGER):
        return rule.untold(
            project.place, Said("a ledger's client is used, but which ledger is not written here")
        )
    if not texts:
        return rule.untold(project.place, Said("no lock was found here"))
    return rule.unasked(project.place, Said("no distributed ledger is used here"))


# ----------------------------------------------------------------------------------- federation


_FEDERATED = re.compile(
    r"^(flwr|fedml|openfl|nvflare|pysyft|syft)\b|name = \"(flwr|fedml|openfl|nvflare)\"",
    re.MULTILINE,
)


def judge_federation(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether federating was weighed before it was done."""
    advice = project.of("brizna.federation-advice/1")
    if advice:
        return _judge_advice(rule, advice)
    locks, loose = _locks(project)
    files = [*locks, *(file for file, _ in loose)]
    used = _in_code(files, _FEDERATED)
    if used:
        return rule.failed(
            Place(file=used[0][0].path, line=_line(used[0][1])),
            Said("{name} is used, and nothing tells that federating suits", name=used[0][1][0]),
            Said("the answer of brizna federate advise CASE --json, in a file of the project"),
        )
    if not files:
        why = Said("neither advice on federating nor a list of dependencies was found here")
        return rule.untold(project.place, why)
    return rule.unasked(project.place, Said("nothing is federated here"))


def _judge_advice(rule: ProjectRule, advice: list[Held]) -> Verdict:
    """Judge advice that lies in the project, by what its case comes to when it is asked again."""
    untold: Verdict | None = None
    for one in reversed(advice):
        place, again = Place(file=one.place), one.data.get("again")
        if again is None:
            why = Said("the advice does not hold a case that could be asked again")
            untold = untold or rule.untold(place, why)
        elif again != one.data.get("verdict"):
            return rule.failed(
                place,
                Said("it says {verdict}", verdict=one.data.get("verdict")),
                Said("{verdict}, as its case comes to", verdict=again),
            )
    if untold is not None:
        return untold
    shown = [
        Evidence(
            name=": ".join(filter(None, (one.data.get("name"), str(one.data["verdict"])))),
            value=None,
            unit="1",
            origin=one.digest,
        )
        for one in advice
    ]
    return rule.passed(Place(file=advice[-1].place), shown)


# ------------------------------------------------------------------------------------ compatibility


_DRIVER = re.compile(r"Kernel Module\s+(?:for \S+\s+)?(\d+)\.(\d+)|^(\d+)\.(\d+)", re.MULTILINE)
_CUDA = re.compile(r"nvidia-cuda-runtime(?:-cu(\d+))?\"?[^\n]*?==\s*(\d+)\.|\+cu(\d{2})\d\b")
DRIVER_FILE = "/proc/driver/nvidia/version"
"""Where the driver of NVIDIA's cards says its version."""


def judge_driver(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the driver serves the CUDA of the lock."""
    locks, _ = _locks(project)
    used = _in_code(locks, _CUDA)
    if not used:
        if not locks:
            return rule.untold(project.place, Said("no lock was found here"))
        return rule.unasked(project.place, Said("the lock has no library of CUDA in it"))
    lock, match = used[0]
    cuda = int(match[2] or match[3] or match[1])
    place = Place(file=lock.path, line=_line(match))
    file = project.file(DRIVER_FILE)
    seen = _DRIVER.search(file.text) if file else None
    if file is None or seen is None:
        return rule.untold(
            place, Said("CUDA {cuda} is locked, and no driver of NVIDIA is here", cuda=cuda)
        )
    driver = (int(seen[1] or seen[3]), int(seen[2] or seen[4]))
    told = ".".join(map(str, driver))
    shown = [
        Evidence(name=f"driver {told}", value=None, unit="1", origin=file.path),
        Evidence(name=f"CUDA {cuda}", value=None, unit="1", origin=lock.path),
    ]
    rows = load("brizna.check", "compatibility").rows
    least = next((row["version"] for row in rows if row["id"].endswith(f"/cuda-{cuda}")), None)
    if least is None:
        return rule.untold(place, Said("the table does not know CUDA {cuda}", cuda=cuda), shown)
    if driver < tuple(map(int, f"{least}.0".split(".")[:2])):
        return rule.failed(
            place,
            Said("driver {driver} with CUDA {cuda}", driver=told, cuda=cuda),
            Said("driver {least} or later", least=least),
            shown,
        )
    return rule.passed(place, shown)
