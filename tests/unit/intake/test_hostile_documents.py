"""A document made to fill memory is refused, or read, within what one document may take."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.intake.formats import limits, sniff
from services.intake.formats.error import FormatError
from tests.unit.intake import hostile

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.parametrize("filled_by", hostile.DOCUMENTS)
def test_no_document_takes_more_memory_than_one_may(filled_by: str, tmp_path: Path) -> None:
    make, code = hostile.DOCUMENTS[filled_by]
    path = tmp_path / "document"
    path.write_bytes(make())
    ran = subprocess.run(
        [sys.executable, "-m", "tests.unit.intake.hostile", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    path.unlink()
    measured = json.loads(ran.stdout)
    assert measured["code"] == code
    assert measured["grew"] < limits.MAX_MEMORY


@pytest.mark.parametrize("text", [
    '[{"a": "[{,\\"\\\\"}, []]', '["\\\\", {"b\\"": [1, 2]}]', '{"a": "', "[,,", '"', "",
])  # fmt: skip
def test_brackets_and_commas_inside_strings_are_no_structure(text: str) -> None:
    left = limits.without_strings(text.encode())
    outside, inside, escaped = [], False, False
    for sign in text:
        if inside:
            inside, escaped = escaped or sign != '"', not escaped and sign == "\\"
        elif sign == '"':
            inside = True
        else:
            outside.append(sign)
    assert left == "".join(outside).encode()


def test_commas_in_prose_do_not_count_as_values() -> None:
    record = {"id": "A-1", "modified": "2026-01-01T00:00:00Z", "details": "," * limits.MAX_VALUES}
    assert sniff.read(json.dumps(record).encode()).format == "osv"


def test_a_refusal_names_the_limit_and_how_to_keep_to_it() -> None:
    make, _ = hostile.DOCUMENTS["relationships of CSAF"]
    with pytest.raises(FormatError) as caught:
        sniff.read(make())
    [fault] = caught.value.faults
    assert (fault.code, fault.pointer) == ("too_deep", "/product_tree/relationships/8")
    assert "8 times" in fault.reason
    assert fault.mend
