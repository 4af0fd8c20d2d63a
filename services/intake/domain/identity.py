"""Digests and derived ids: the same content and the same subject always give the same ones."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel, TypeAdapter

_NAMESPACE = UUID("0b6a9a2c-6c0f-5a53-9f0e-3d6f0a51c2d7")


def derived(*parts: str) -> UUID:
    """An id that follows from its parts."""
    return uuid5(_NAMESPACE, "\x1f".join(parts))


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def canonical(*parts: Any) -> str:
    """The digest of values in canonical form: the fields of models in their declared order."""
    return digest(_ANY.dump_json(parts))


def of_models(models: Sequence[BaseModel], *rest: Any) -> str:
    """The digest of models and plain values; a fraction of the cost of `canonical` for many."""
    hashed = hashlib.sha256()
    for model in models:
        hashed.update(type(model).__pydantic_serializer__.to_json(model))
    hashed.update(orjson.dumps(rest))
    return hashed.hexdigest()
