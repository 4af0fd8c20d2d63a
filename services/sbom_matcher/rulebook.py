"""Reads the matcher's policy packs from `packs/`; what is wrong with one is said with its field."""

import importlib.resources
from functools import lru_cache

import yaml
from pydantic import ValidationError

from services.sbom_matcher.domain.support import Notice

_SUPPORT = "support-notice.yaml"


class PackError(Exception):
    """A policy pack cannot be used; the message names file, field and reason."""


def parse(name: str, text: str) -> Notice:
    """Read the pack of notice.

    Raises:
        PackError: it is not YAML, or a field of it is missing, unknown or wrong.
    """
    try:
        return Notice.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise PackError(f"{name}: not YAML: {error}") from error
    except ValidationError as error:
        faults = (
            f"{name}: {'.'.join(map(str, fault['loc'])) or 'pack'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise PackError("\n".join(faults)) from error


@lru_cache
def support_notice() -> Notice:
    """How long before the end of support a finding is raised."""
    source = importlib.resources.files("services.sbom_matcher") / "packs" / _SUPPORT
    return parse(_SUPPORT, source.read_text("utf-8"))
