"""What a run happened in and on: software, job, machine.

Promises: a capture reads files only, starts no process, asks nobody; secrets are cut out before
anything is kept; host and user names stay out unless they are asked for. A lock without hashes is
none. Refuses to record the values of environment variables, but for those that steer how numbers
are computed, which are listed.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.environment._capture import capture, machine_name
    from brizna.environment._git import code
    from brizna.environment._index import (
        PUBLIC_INDEX,
        archive_hashes,
        index_address,
        lock_indexes,
        origins,
        pip_indexes,
        without_login,
    )
    from brizna.environment._installed import (
        Place,
        changed_files,
        own_place,
        place_of,
        place_of_command,
        software,
    )
    from brizna.environment._locks import LOCK_FORMS, entries_of_report, read_lock, write_lock
    from brizna.environment._model_files import (
        MODEL_SIGNATURE,
        PROVENANCE,
        check_statement,
        model_files,
        model_statement,
        provenance_statement,
        root_of,
    )
    from brizna.environment._needs import libc, needs_of
    from brizna.environment._numerics import IMAGE_VARIABLE, STEERING, numerics, seeds
    from brizna.environment._osv import OSV_API, Audit, audit_offline, audit_online
    from brizna.environment._pip_audit import audit_by_pip_audit
    from brizna.environment._rebuild import (
        REBUILD_FORMS,
        container_image,
        rebuild_file,
    )
    from brizna.environment._redact import redact
    from brizna.environment._simple_index import index_files

__all__ = [
    "IMAGE_VARIABLE",
    "LOCK_FORMS",
    "MODEL_SIGNATURE",
    "OSV_API",
    "PROVENANCE",
    "PUBLIC_INDEX",
    "REBUILD_FORMS",
    "STEERING",
    "Audit",
    "Place",
    "archive_hashes",
    "audit_by_pip_audit",
    "audit_offline",
    "audit_online",
    "capture",
    "changed_files",
    "check_statement",
    "code",
    "container_image",
    "entries_of_report",
    "index_address",
    "index_files",
    "libc",
    "lock_indexes",
    "machine_name",
    "model_files",
    "model_statement",
    "needs_of",
    "numerics",
    "origins",
    "own_place",
    "pip_indexes",
    "place_of",
    "place_of_command",
    "provenance_statement",
    "read_lock",
    "rebuild_file",
    "redact",
    "root_of",
    "seeds",
    "software",
    "without_login",
    "write_lock",
]

_HOMES = {
    "IMAGE_VARIABLE": "_numerics",
    "index_files": "_simple_index",
    "without_login": "_index",
    "pip_indexes": "_index",
    "origins": "_index",
    "lock_indexes": "_index",
    "archive_hashes": "_index",
    "index_address": "_index",
    "PUBLIC_INDEX": "_index",
    "REBUILD_FORMS": "_rebuild",
    "container_image": "_rebuild",
    "rebuild_file": "_rebuild",
    "MODEL_SIGNATURE": "_model_files",
    "PROVENANCE": "_model_files",
    "check_statement": "_model_files",
    "model_files": "_model_files",
    "model_statement": "_model_files",
    "provenance_statement": "_model_files",
    "root_of": "_model_files",
    "LOCK_FORMS": "_locks",
    "entries_of_report": "_locks",
    "read_lock": "_locks",
    "write_lock": "_locks",
    "Audit": "_osv",
    "OSV_API": "_osv",
    "audit_by_pip_audit": "_pip_audit",
    "audit_offline": "_osv",
    "audit_online": "_osv",
    "STEERING": "_numerics",
    "Place": "_installed",
    "capture": "_capture",
    "changed_files": "_installed",
    "code": "_git",
    "machine_name": "_capture",
    "libc": "_needs",
    "needs_of": "_needs",
    "numerics": "_numerics",
    "own_place": "_installed",
    "place_of": "_installed",
    "place_of_command": "_installed",
    "redact": "_redact",
    "seeds": "_numerics",
    "software": "_installed",
}

__getattr__ = lazily(__name__, _HOMES)
