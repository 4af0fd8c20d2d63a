"""Reads, adds and removes access rules on a broker."""

from collections.abc import Iterable
from typing import Any, Literal

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.access import Rule, rules
from deploy.kafka.answers import PATIENCE, settle

_EVERYWHERE = "*"
_ANY_BINDING: Any = AclBindingFilter  # its type forbids None, which means "any"
_RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}


def found(admin: AdminClient, prefix: str) -> frozenset[Rule]:
    """Read the broker's rules on this prefix's names; an empty prefix means unprefixed names."""
    any_rule = _ANY_BINDING(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None,
        AclOperation.ANY, AclPermissionType.ANY,
    )  # fmt: skip
    ours = {(rule.kind, rule.name) for rule in rules(prefix)}
    found = (_rule(binding) for binding in admin.describe_acls(any_rule).result(PATIENCE))
    return frozenset(rule for rule in found if rule and (rule.kind, rule.name) in ours)


def add(admin: AdminClient, missing: Iterable[Rule]) -> None:
    """Grant rules."""
    if bindings := [_binding(rule) for rule in missing]:
        settle(admin.create_acls(bindings, request_timeout=PATIENCE).values())


def remove(admin: AdminClient, unwanted: Iterable[Rule]) -> None:
    """Take rules back."""
    filters = [_binding(rule, AclBindingFilter) for rule in unwanted]
    settle(admin.delete_acls(filters, request_timeout=PATIENCE).values())


def _rule(binding: Any) -> Rule | None:
    """Read one binding as a rule of ours; anything of another kind belongs to somebody else."""
    kinds: dict[Any, Literal["topic", "group"]] = {
        ResourceType.TOPIC: "topic",
        ResourceType.GROUP: "group",
    }
    kind = kinds.get(binding.restype)
    if kind is None or not binding.principal.startswith("User:"):
        return None
    return Rule(kind, binding.name, binding.principal.removeprefix("User:"), binding.operation.name)


def _binding(rule: Rule, kind: Any = AclBinding) -> Any:
    return kind(
        _RESOURCES[rule.kind],
        rule.name,
        ResourcePatternType.PREFIXED if rule.by_prefix else ResourcePatternType.LITERAL,
        f"User:{rule.user}",
        _EVERYWHERE,
        AclOperation[rule.operation],
        AclPermissionType.ALLOW,
    )
