"""`make setup`: which interpreter it takes, and what it says where none can be had."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script in its place, and one for the interpreters that it finds."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "setup.sh", tmp_path / "deploy")
    (tmp_path / "bin").mkdir()
    return tmp_path


def _interpreter(checkout: Path, name: str, *, fits: bool) -> None:
    """Put an interpreter there that can tell its version and nothing else."""
    program = checkout / "bin" / name
    program.write_text(
        "#!/bin/sh\n"
        f'case "$1" in --version) echo "Python of {name}";; -c) exit {int(not fits)};;'
        ' *) echo "no ensurepip" >&2; exit 1;; esac\n'
    )
    program.chmod(0o755)


def _set_up(checkout: Path, **environment: str) -> tuple[int, str]:
    path = f"{checkout / 'bin'}:/usr/bin:/bin"
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 15))):
        if not (checkout / "bin" / name).exists():  # whatever this machine has is not to be found
            _interpreter(checkout, name, fits=False)
    done = subprocess.run(
        ["bash", str(checkout / "deploy" / "setup.sh")],
        env={"PATH": path, **environment}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_an_interpreter_that_is_too_old_is_refused_with_the_way_to_name_another(
    checkout: Path,
) -> None:
    _interpreter(checkout, "python3", fits=False)
    status, said = _set_up(checkout)
    assert status == 1
    assert "Python of python3 is too old" in said
    assert "make setup PYTHON=/path/to/python" in said


def test_a_newer_interpreter_beside_one_that_is_too_old_is_taken(checkout: Path) -> None:
    _interpreter(checkout, "python3", fits=False)
    _interpreter(checkout, "python3.12", fits=True)
    assert "python3.12 cannot make a virtual environment" in _set_up(checkout)[1]


def test_the_interpreter_that_was_named_is_taken_and_no_other(checkout: Path) -> None:
    _interpreter(checkout, "python3", fits=True)
    _interpreter(checkout, "chosen", fits=True)
    chosen = str(checkout / "bin" / "chosen")
    assert f"{chosen} cannot make" in _set_up(checkout, PYTHON=chosen)[1]
    assert "there is no /absent" in _set_up(checkout, PYTHON="/absent")[1]


def test_an_interpreter_without_venv_says_which_package_brings_it(checkout: Path) -> None:
    _interpreter(checkout, "python3", fits=True)
    status, said = _set_up(checkout)
    assert status == 1
    assert "no ensurepip" in said
    assert "python3-venv" in said
    assert not (checkout / ".venv-error").exists()
