"""SBOMs that a build's tool really made: of the environment that these tests run in."""

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom

TOOL = Path(sys.executable).with_name("cyclonedx-py")


def made(file: Path, form: str, version: str) -> Path:
    """Make the SBOM of this environment with `cyclonedx-py`."""
    options = ("--of", form, "--sv", version, "-o", file)
    subprocess.run([TOOL, "environment", *options, sys.prefix], check=True, capture_output=True)
    return file


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize(("form", "version"), [("JSON", "1.6"), ("XML", "1.7")])
def test_every_installed_package_is_read_with_its_version_and_purl(
    tmp_path: Path, form: str, version: str
) -> None:
    found = sniff.read(made(tmp_path / "bom", form, version).read_bytes())
    assert isinstance(found, Sbom)
    assert (found.format, found.format_version) == (f"cyclonedx-{form.lower()}", version)
    read = {_canonical(each.name): each for each in found.components}
    installed = {_canonical(each.name): each.version for each in distributions()}
    assert {name: each.version for name, each in read.items()} == installed
    without = {each.name for each in found.components if each.purl is None}
    assert without == {"patchvigil"}, "installed from its folder, so no registry has it"
    assert all((each.purl or "pkg:pypi/").startswith("pkg:pypi/") for each in found.components)
    assert len(found.dependencies) > len(installed)
