"""Settings come from the environment, refuse what is unsafe, and their page is current."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.kit.settings import PREFIX, Settings, document

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_of_settings_is_what_make_schemas_writes() -> None:
    assert PAGE.read_text() == document()


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}TOPIC_PREFIX", "blue.")
    assert Settings().topic_prefix == "blue."


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}PRINCIPALS_FILE", "")
    assert Settings().principals_file is None


def test_passwords_do_not_show() -> None:
    assert "hunter2" not in repr(Settings(kafka_password="hunter2"))


def test_compressed_time_is_refused_outside_a_sandbox() -> None:
    with pytest.raises(ValidationError, match="PATCHVIGIL_SANDBOX=true"):
        Settings(time_compression=60)
    assert Settings(time_compression=60, sandbox=True).time_compression == 60
