"""Keep finished parts of a list on disk, so that a run that died goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.schema.batch import part_files
from triage.schema.findings import Finding, Level
from triage.schema.meta import FORMAT_VERSION
from triage.worklist.gathering import PartScored
from triage.worklist.routing import ROUTES
from triage.writing import shown, write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from triage.schema.batch import Batch
    from triage.schema.places import Place
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy

KEPT_VERSION = 2
_OURS = re.compile(r"part-\d{5}\.(arrow|json)|\.part-\d{5}\.(arrow|json)\.[a-z0-9_]{8}\.partial")
_ARRAYS = ("lane", "imminence", "score", "received")
_TOLD = b"told"
_MADE_BY = ("report-triage", "numpy", "pyarrow")


class Finished:
    """Finished parts in a folder that only its owner can read; what is in it is personal data.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    tell : callable
        Hears of parts that are there and cannot be taken.

    Raises
    ------
    InputRefusedError
        The folder holds something else, or is no folder.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise InputRefusedError("not a folder", where=str(folder), mend="choose another --resume")
        folder.mkdir(mode=0o700, exist_ok=True)
        foreign = sorted(entry.name for entry in folder.iterdir() if not _OURS.fullmatch(entry.name))
        if foreign:
            raise InputRefusedError(
                f"a folder that this program did not make: it holds {shown(foreign[0])}",
                where=str(folder),
                mend="choose another --resume",
            )
        folder.chmod(0o700)
        self.folder, self.tell = folder, tell

    def take_prints(self, batch: Batch, model: Model, policy: Policy, now: datetime) -> list[str]:
        """Return the SHA-256 of what each part of a batch folder comes of: the same gives the same part.

        Parameters
        ----------
        batch : Batch
            A batch in files.
        model, policy, now
            With which it is scored.
        """
        if batch.folder is None:
            return []
        same = {
            "kept": KEPT_VERSION,
            "tables": FORMAT_VERSION,
            "versions": [version(name) for name in _MADE_BY],
            "model": model.as_dict(),
            "policy": policy.digest,
            "as_of": [now.isoformat(), batch.meta.as_of.isoformat()],
        }
        return [
            _digest({**same, "part": index, "files": _hash_files(part_files(batch.folder, index))})
            for index in range(batch.meta.parts)
        ]

    def find(self, index: int, made_of: str) -> PartScored | None:
        """Return a part that an earlier run finished, if it is there, whole, and made of the same.

        Parameters
        ----------
        index : int
            Of the part.
        made_of : str
            As `take_prints` says.
        """
        content, about = self._files(index)
        if not about.exists():
            return None
        try:
            said = json.loads(about.read_text(encoding="utf-8"))
            if said["made_of"] != made_of:
                self._tell(about, "made with another model, policy, time, version or batch")
                return None
            data = content.read_bytes()
            if hashlib.sha256(data).hexdigest() != said["sha256"]:
                self._tell(content, "not as it was written")
                return None
            return _read(data)
        except (OSError, RecursionError, ValueError, KeyError, TypeError, pa.ArrowException):
            self._tell(about, "damaged")
            return None

    def keep(self, index: int, made_of: str, part: PartScored) -> None:
        """Keep a part; until both of its files are whole it counts as not there.

        Parameters
        ----------
        index, made_of
            As of `find`.
        part : PartScored
            What came of it.
        """
        content, about = self._files(index)
        about.unlink(missing_ok=True)
        data = _write(part)
        with write_file(content, force=True, mode=0o600) as file:
            file.write_bytes(data)
        said = {"made_of": made_of, "sha256": hashlib.sha256(data).hexdigest()}
        with write_file(about, force=True, mode=0o600) as file:
            file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")

    def remove(self) -> None:
        """Remove the folder: the list was written."""
        for entry in self.folder.iterdir():
            if _OURS.fullmatch(entry.name):
                entry.unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _files(self, index: int) -> tuple[Path, Path]:
        return self.folder / f"part-{index:05d}.arrow", self.folder / f"part-{index:05d}.json"

    def _tell(self, file: Path, found: str) -> None:
        self.tell(f"{file}: {found}; the part is scored again")


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _hash_files(files: Mapping[str, Place]) -> dict[str, str]:
    hashes = {}
    for name, path in files.items():
        with path.open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def _write(part: PartScored) -> bytes:
    """Return a part as one Arrow file: one row, and in it each array and table as a list."""
    columns: dict[str, pa.Array] = {
        "told": pa.array([part.told.to_pybytes()], pa.large_binary()),
        **{name: _in_a_row(pa.array(getattr(part, name))) for name in _ARRAYS},
        "known": _in_a_row(pa.array(np.asarray(part.known).ravel())),
        "aside": _in_a_row(_as_structs(part.aside)),
        **{name: _in_a_row(_as_structs(table)) for name, table in part.routed.items()},
    }
    told = {
        "sources": part.sources,
        "findings": [finding.as_dict() for finding in part.findings],
        "alarms": part.alarms,
        "not_yet_known": part.not_yet_known,
    }
    table = pa.table(columns).replace_schema_metadata({_TOLD: json.dumps(told)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file:
        file.write_table(table)
    return bytes(sink.getvalue())


def _in_a_row(array: pa.Array) -> pa.Array:
    return pa.LargeListArray.from_arrays([0, len(array)], array)


def _as_structs(table: pa.Table) -> pa.Array:
    if not table.num_rows:
        return pa.array([], pa.struct(list(table.schema)))
    return pa.concat_arrays(table.to_struct_array().chunks)


def _read(data: bytes) -> PartScored:
    with pa.ipc.open_file(pa.BufferReader(data)) as file:
        table = file.read_all()
    said = json.loads(table.schema.metadata[_TOLD])
    arrays = {name: table[name].chunk(0).flatten() for name in table.column_names if name != "told"}
    tables = {name: pa.Table.from_struct_array(arrays[name]) for name in ("aside", *ROUTES)}
    return PartScored(
        told=pa.py_buffer(table["told"][0].as_py()),
        **{name: np.array(arrays[name]) for name in _ARRAYS},
        known=np.array(arrays["known"]).reshape(3, -1),
        routed={name: tables[name] for name in ROUTES},
        sources={name: (cases, raised) for name, (cases, raised) in said["sources"].items()},
        aside=tables["aside"],
        findings=[Finding(**{**one, "level": Level(one["level"])}) for one in said["findings"]],
        alarms=said["alarms"],
        not_yet_known=said["not_yet_known"],
    )
