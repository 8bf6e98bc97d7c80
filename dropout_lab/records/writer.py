"""What is written into a sweep's folder while it trains: records, appended one by one."""

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dropout_lab.core.errors import writing
from dropout_lab.core.trial import canonical_json
from dropout_lab.records.fields import FIELDS, Record
from dropout_lab.records.folder import FORMAT, file_of


class Writer:
    """Appends records to the files of one worker; creates the folder on the first write."""

    def __init__(self, folder: Path, worker: int = 0) -> None:
        self.folder = folder
        self.worker = worker
        self._descriptors: dict[str, int] = {}

    def append(self, kind: str, record: Record, *, durable: bool = True) -> None:
        """Writes one record; if `durable`, returns once it and all before it are on the disk, not only in a cache.

        Raises UserError if the record cannot be written whole; the written part is then removed.
        """
        missing = FIELDS[kind] - record.keys()
        if missing:
            raise ValueError(f"a record of {kind} lacks {sorted(missing)}")
        if kind == "sessions":
            record = {**record, "format": FORMAT}
        line = (canonical_json(record) + "\n").encode()
        path = file_of(self.folder, kind, self.worker)
        with writing(path):
            if kind not in self._descriptors:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._descriptors[kind] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            descriptor = self._descriptors[kind]
            written = os.write(descriptor, line)
            if written != len(line):  # the disk is full: another worker's next record must not continue this line
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            self.sync()

    def sync(self) -> None:
        """Returns once everything that was written is on the disk, not only in a cache."""
        for kind, descriptor in self._descriptors.items():
            with writing(file_of(self.folder, kind, self.worker)):
                os.fsync(descriptor)

    def close(self) -> None:
        """Closes the files."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()


def epoch_records(rows: Mapping[str, Sequence[Any]]) -> Mapping[str, Record]:
    """An epoch's columns as records by kind: metrics are curves, columns `<what>/<site>` are learned."""
    records: dict[str, Record] = {"curves": {name: values for name, values in rows.items() if "/" not in name}}
    long: dict[str, list[Any]] = {name: [] for name in ("id", "epoch", "site", "quantity", "value")}
    for name in [name for name in rows if "/" in name]:
        quantity, _, site = name.partition("/")
        for run, epoch, value in zip(rows["id"], rows["epoch"], rows[name], strict=True):
            if value is not None:
                for column, entry in zip(long, (run, epoch, site, quantity, value), strict=True):
                    long[column].append(entry)
    return records | ({"learned": long} if long["id"] else {})
