"""The manifests that brizna prints and documents are what a cluster understands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brizna.verbs._fix import recipes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "clusters-and-containers.md"


def documented():
    return re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


def printed():
    (pod,) = [r for r in recipes([], powercap="/sys/devices/virtual/powercap") if r.id == "pod"]
    return "\n".join(pod.text)


@pytest.mark.parametrize("text", [documented(), printed()], ids=["documented", "printed"])
def test_a_pod_mounts_the_counters_of_its_node_read_only_and_needs_no_privilege(text):
    yaml = pytest.importorskip("yaml", reason="no library for YAML is installed")
    pod = yaml.safe_load(text)["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(mounts) <= set(volumes)
    assert mounts["counters"]["readOnly"] is True
    assert mounts["counters"]["mountPath"] == "/sys/class/powercap"
    assert volumes["counters"]["hostPath"]["path"] == "/sys/devices/virtual/powercap"
    assert len(pod["securityContext"]["supplementalGroups"]) == 1
    assert "privileged" not in text


def test_what_is_printed_for_a_pod_is_what_is_documented():
    def words(text):
        return set(re.findall(r"[\w/]+", text))

    assert words(printed()) - {"GROUP_NUMBER", "job"} <= words(documented())
