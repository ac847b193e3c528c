"""Each step and runtime is described, and keeps what needs no library to tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brizna.improve import Runtime, Transform, all_runtimes, all_transforms, transform_from
from brizna.improve._material import Material
from brizna.improve._transform import step_name, step_of

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "transforms.md"
TOOL = ROOT / "tools" / "write_transform_reference.py"


def test_the_page_is_what_the_classes_say():
    made = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, check=True)
    assert PAGE.read_text(encoding="utf-8") == made.stdout, (
        "run: python tools/write_transform_reference.py > docs/reference/transforms.md"
    )


@pytest.mark.parametrize("kind", all_transforms(), ids=lambda kind: kind.name)
def test_each_step_survives_a_recipe_and_has_choices_and_a_name(kind):
    choices = kind.choices()
    assert choices
    assert len(set(map(step_name, map(step_of, choices)))) == len(choices)
    for one in choices:
        assert isinstance(one, Transform)
        assert transform_from(step_of(one)) == one
        assert set(one.needs) <= set(Material.fields())
        assert 0 < one.stage < 1000


def test_names_of_steps_and_runtimes_are_their_own():
    names = [one.name for one in (*all_transforms(), *all_runtimes())]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("runtime", all_runtimes(), ids=lambda runtime: runtime.name)
def test_each_runtime_is_one(runtime):
    assert isinstance(runtime, Runtime)
    assert runtime.takes


def test_naming_steps_imports_no_heavy_library():
    code = (
        "import sys; from brizna.improve import all_runtimes, all_transforms; "
        "all_transforms(); all_runtimes(); "
        "print([n for n in ('torch', 'onnx', 'openvino', 'nncf', 'numpy') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
