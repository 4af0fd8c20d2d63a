"""The principals file: who acts, how it is known, and clear words for what is wrong with it."""

import base64
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.actors import Actor, Principals, PrincipalsError, parse, token_sha256

PERSON: dict[str, Any] = {
    "id": "psirt-1",
    "name": "PSIRT engineer on duty",
    "kind": "person",
    "roles": ["psirt"],
    "token_sha256": token_sha256("open sesame"),
}


def write(folder: Path, *entries: Any) -> Path:
    path = folder / "principals.yaml"
    path.write_text(yaml.safe_dump({"principals": list(entries)}))
    return path


def key_pair() -> tuple[Ed25519PrivateKey, str]:
    private = Ed25519PrivateKey.generate()
    return private, base64.b64encode(private.public_key().public_bytes_raw()).decode()


def test_a_token_names_its_actor_with_roles_and_without_proofs(tmp_path: Path) -> None:
    principals = Principals(write(tmp_path, PERSON))
    assert principals.by_token("open sesame") == Actor(
        "psirt-1", "PSIRT engineer on duty", "person", frozenset({"psirt"})
    )
    assert principals.by_token("Open sesame") is None
    assert principals.by_token("") is None
    assert principals.by_token(PERSON["token_sha256"]) is None  # the digest is not the token


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, PERSON)
    principals = Principals(path)
    write(tmp_path, PERSON | {"token_sha256": token_sha256("new")})
    assert principals.by_token("open sesame") is None
    assert principals.by_token("new") is not None


def test_a_broken_change_keeps_the_last_good_file_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, PERSON)
    principals = Principals(path)
    write(tmp_path, PERSON, PERSON)
    assert principals.by_token("open sesame") is not None
    assert principals.by_token("open sesame") is not None
    os.unlink(path)  # noqa: PTH108  (the shortest way to a missing file)
    assert principals.by_token("open sesame") is not None
    said = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.ERROR]
    assert len(said) == 2
    assert "repeats the id" in said[0]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("psirt", "principals[1] is not a mapping"),
        (PERSON | {"id": "Has Spaces"}, "principals[1] (Has Spaces): id:"),
        (PERSON | {"id": "b", "kind": "robot"}, "principals[1] (b): kind:"),
        (PERSON | {"id": "b", "token_sha256": "abc"}, "principals[1] (b): token_sha256:"),
        (PERSON | {"id": "b", "rolls": []}, "principals[1] (b): rolls:"),
        (PERSON | {"id": "b", "token_sha256": None}, "neither token_sha256 nor public_key"),
        (PERSON | {"id": "b", "public_key": "AAAA"}, "has 3 bytes"),
        (PERSON | {"id": "b", "public_key": "!"}, "is not base64"),
        (PERSON | {"id": "b", "public_key": key_pair()[1]}, "public_key is for integrations"),
        (PERSON | {"token_sha256": token_sha256("b")}, "repeats the id of principals[0]"),
        (PERSON | {"id": "b"}, "repeats the token_sha256 of principals[0]"),
    ],
)
def test_a_wrong_entry_is_named_with_its_field_and_reason(
    tmp_path: Path, entry: Any, said: str
) -> None:
    with pytest.raises(PrincipalsError) as caught:
        parse(write(tmp_path, PERSON, entry))
    assert said in str(caught.value)
    assert str(caught.value).startswith("principals.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"principals: [", "is not YAML"),
        (b"\xff", "is not YAML in UTF-8"),
        (b"people: []", "has no list `principals`"),
        (b"", "has no list `principals`"),
    ],
)
def test_a_file_that_is_no_list_of_principals_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "principals.yaml"
    path.write_bytes(content)
    with pytest.raises(PrincipalsError, match=said):
        parse(path)


def test_the_example_in_the_operators_page_is_a_good_file(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "operations.md"
    example = page.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "principals.yaml"
    path.write_text(example)
    assert [each.kind for each in parse(path)] == ["person", "integration"]


def test_a_missing_file_says_which_setting_points_at_it(tmp_path: Path) -> None:
    with pytest.raises(PrincipalsError, match="principals_file"):
        Principals(tmp_path / "nowhere.yaml")


def test_only_a_true_signature_of_the_named_integration_over_the_value_counts(
    tmp_path: Path,
) -> None:
    private, public = key_pair()
    other, _ = key_pair()
    plm = {"id": "plm", "name": "PLM", "kind": "integration", "public_key": public}
    principals = Principals(write(tmp_path, PERSON, plm))

    def signed(by: Ed25519PrivateKey, value: bytes) -> str:
        return base64.b64encode(by.sign(value)).decode()

    good = {"pv-principal": "plm", "pv-signature": signed(private, b"value")}
    found = principals.principal_of(good, b"value")
    assert found == Actor("plm", "PLM", "integration", frozenset())
    assert principals.principal_of(good, b"Value") is None
    for wrong in (
        {},
        {"pv-principal": "plm"},
        {"pv-signature": good["pv-signature"]},
        good | {"pv-principal": "psirt-1"},
        good | {"pv-principal": "nobody"},
        good | {"pv-signature": signed(other, b"value")},
        good | {"pv-signature": "not base64!"},
        good | {"pv-signature": "AAAA"},
    ):
        assert principals.principal_of(wrong, b"value") is None
