"""Reads the templates that ship with the service; one that asks for an unknown fact fails."""

import importlib.resources
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import yaml

from services.notification.domain import template as templates
from services.notification.domain.answers import ANSWERS, COMPOSED
from services.notification.domain.template import Template, TemplateError


@cache
def library() -> Mapping[str, Template]:
    """Every template by its id.

    Raises:
        TemplateError: a file is not YAML, contradicts itself, or names an unknown fact.
    """
    folder = importlib.resources.files("services.notification") / "templates"
    found: dict[str, Template] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".yaml"):
            continue
        try:
            parsed = templates.parse(yaml.safe_load(file.read_text(encoding="utf-8")))
        except (TemplateError, yaml.YAMLError) as error:
            raise TemplateError(f"{file.name}: {error}") from error
        for each in parsed:
            _refuse_unknown_facts(file.name, each)
            found[each.id] = each
    return MappingProxyType(found)


def _refuse_unknown_facts(file: str, template: Template) -> None:
    for field in template.fields:
        if field.fact is not None and field.fact not in ANSWERS.keys() | COMPOSED:
            raise TemplateError(f"{file}: field {field.id} asks for the unknown fact {field.fact}")


def template_of(name: str | None) -> Template | None:
    """The template a clock names, with or without a version behind `@`."""
    return library().get(name.partition("@")[0]) if name else None
