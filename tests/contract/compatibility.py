"""Compares a contract with its released copy: what may change without a new version.

Contracts evolve by addition. Within a version no property may go or change its type, none may
become required, an enumeration may not lose a member, and no limit may tighten, so that a
consumer one release older or newer than a producer still reads it.
"""

from typing import Any

Schema = dict[str, Any]
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaks(released: Schema, current: Schema) -> list[str]:
    """Name every difference that would break a reader or a writer; empty means compatible."""
    problems: list[str] = []
    old = {"": released, **released.get("$defs", {})}
    new = {"": current, **current.get("$defs", {})}
    for name, before in old.items():
        if name not in new:
            problems.append(f"{name} was removed")
            continue
        problems += _object(name or "event", before, new[name])
    return problems


def _object(name: str, before: Schema, after: Schema) -> list[str]:
    problems = [
        f"{name}: enumeration lost {member!r}"
        for member in before.get("enum", [])
        if member not in after.get("enum", [])
    ]
    properties = after.get("properties", {})
    for field, shape in before.get("properties", {}).items():
        if field not in properties:
            problems.append(f"{name}.{field} was removed")
        else:
            problems += _field(f"{name}.{field}", shape, properties[field])
    problems += [
        f"{name}.{field} became required"
        for field in after.get("required", [])
        if field not in before.get("required", [])
    ]
    return problems


def _field(name: str, before: Schema, after: Schema) -> list[str]:
    problems = [
        f"{name}: {key} changed from {before.get(key)!r} to {after.get(key)!r}"
        for key in ("type", "$ref", "format", "pattern", "items", "anyOf", "additionalProperties")
        if before.get(key) != after.get(key)
    ]
    problems += [
        f"{name}: {key} tightened"
        for keys, worse in ((LOWER, 1), (UPPER, -1))
        for key in keys
        if key in after and (key not in before or (after[key] - before[key]) * worse > 0)
    ]
    return problems
