"""The page about simulated machines runs as it stands."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "simulate-a-machine.md"


def test_the_steps_of_the_page_run_and_end_with_the_truth_between_low_and_high(capsys):
    blocks = re.findall(r"^   ```python\n(.*?)^   ```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    code = "".join(re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in blocks)
    names = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  (our own page)
    assert len(blocks) == 3
    package = names["run"].measurement.channels[0]
    assert package.energy_j.low.value <= 1000 <= package.energy_j.high.value
    assert package.gaps
    assert capsys.readouterr().out
