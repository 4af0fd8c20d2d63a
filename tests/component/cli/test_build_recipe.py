"""What `docs/sboms.md` tells a build to do, with an SBOM that its tool really made."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.component.cli.machine import PROGRAM, Machine, until

TOOL = Path(sys.executable).with_name("cyclonedx-py")
PAGE = Path(__file__).parents[3] / "docs" / "sboms.md"
CVE = "CVE-2026-70001"
PRODUCT = """
products:
  - product: built-here
    name: A product that a build makes
    entity: larkfield
    versions: [{version: "1.0"}]
"""

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def _advisory() -> dict[str, Any]:
    """Write an OSV record on a package that this environment really contains."""
    fixed = f"{version('packaging')}.post1"
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {
        "package": {"ecosystem": "PyPI", "name": "packaging"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": CVE, "modified": "2026-11-20T00:00:00Z", "affected": [affected]}


def _recipe() -> str:
    """The plain shell of the page: what a build runs."""
    found = re.search(r"```sh recipe\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, "docs/sboms.md has the recipe"
    return found[1]


def test_a_build_submits_the_sbom_that_its_tool_made_and_it_is_matched(
    machine: Machine, case: str, tmp_path: Path
) -> None:
    assert case, "the company is registered"
    (tmp_path / "product.yaml").write_text(PRODUCT)
    machine("product", "import", tmp_path / "product.yaml", "--as", "plm")
    (tmp_path / "advisory.json").write_text(json.dumps(_advisory()))
    machine("submit", tmp_path / "advisory.json", "--as", "plm")
    build = {
        **os.environ, **machine.environment, "PRODUCT": "built-here", "VERSION": "1.0",
        "VIRTUAL_ENV": sys.prefix, "PATCHVIGIL_PRINCIPAL": "plm",
        "PATH": f"{TOOL.parent}{os.pathsep}{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    said = subprocess.run(
        ["bash", "-euc", _recipe()], cwd=tmp_path, env=build, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    assert "1 published" in said.stdout
    [finding] = until(
        lambda: machine.json("finding", "ls", "--product", "built-here", "--vulnerability", CVE),
        "a finding on what the build contains",
    )
    assert (finding["component"], finding["verdict"]) == ("packaging", "affected")
    assert finding["component_version"] == version("packaging")
    assert finding["evidence"][0]["matcher"] == "purl"
    again = subprocess.run(
        ["bash", "-euc", _recipe()], cwd=tmp_path, env=build, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert again.returncode == 0, "a build that ran twice is no fault"
