"""Whether a directory lies on a file system of the network, where locks cannot be relied upon."""

from __future__ import annotations

import os

_OF_THE_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre"),
        *("gpfs", "beegfs", "pvfs2", "orangefs", "ocfs2", "gfs2", "davfs", "virtiofs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone"),
        *("fuse.juicefs", "fuse.beegfs", "fuse.davfs"),
    )
)
MOUNTS = "/proc/self/mountinfo"


def is_on_network(path: str, *, mounts: str = MOUNTS) -> bool:
    """Tell whether a path lies on a network file system; False where the system does not say.

    Args:
        path: The path.
        mounts: The file in which the system lists what is mounted where.
    """
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.split() for line in file]
    except OSError:
        return False
    place = os.path.realpath(path)
    found, kind = "", ""
    for words in lines:
        if "-" not in words or len(words) < 7:
            continue
        mounted = words[4].replace("\\040", " ")
        inside = place == mounted or place.startswith(mounted.rstrip("/") + "/")
        if inside and len(mounted) >= len(found):  # of two on one place the later hides the first
            found, kind = mounted, words[words.index("-") + 1]
    return kind in _OF_THE_NETWORK
