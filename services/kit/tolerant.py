"""Lets aiokafka read a record whose header names are not UTF-8, instead of failing on it for ever.

Kafka does not check header names. aiokafka decodes them strictly while it unpacks a fetched batch,
so that one odd record from outside would hold up its partition, and all that a consumer fetched
with it, for good. Here such a batch is read again by aiokafka's slower reader, leniently.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class _LenientBuffer(bytearray):
    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return _LenientBuffer(found) if isinstance(index, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka is untyped
    _buffer: Any

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, _LenientBuffer):
            self._buffer = _LenientBuffer(self._buffer)


class _Batch:
    """A batch as aiokafka reads it fast; from the first odd record on, as the slow reader does."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                read += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_LenientBatch(self._content), read, None)


class _Records:
    """What aiokafka's fetcher walks through: the batches of one partition's answer."""

    def __init__(self, content: bytes) -> None:
        self._records = _MemoryRecordsPy(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> Any:
        """Give the next batch, or None."""
        content = self._records._next_slice  # noqa: SLF001  (it holds the batch's bytes)
        batch = self._records.next_batch()
        return batch if content is None or batch.magic < 2 else _Batch(batch, content)  # noqa: PLR2004


def install() -> None:
    """Make every consumer of this process read so; doing it again changes nothing."""
    fetcher.MemoryRecords = _Records
