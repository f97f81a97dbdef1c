"""A model in one file: a zip archive of ``manifest.json``, ``classifier.onnx`` and ``card.md``.

Nothing in it can run code. A bundle may come from a stranger, so all of it is audited before ONNX Runtime
sees a byte: what the archive declares and what it really holds, every field of the manifest, the checksum
of each member, every operator of the classifier. The same model always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..errors import BundleError, reason_of, unknown
from ..writing import replacing, write_error
from . import card
from .manifest import MEMBERS, Manifest
from .model import Model
from .onnx_audit import audit
from .onnx_classifier import OnnxClassifier
from .strict_json import one_line, short

SUFFIX = ".semodel"
DEFAULT = "tone"
"""The built-in model that is used where none is named."""

LARGEST = {"manifest.json": 16 * 2**20, "classifier.onnx": 512 * 2**20, "card.md": 2**20}
"""Bytes that a member may hold."""


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model as a bundle, whole or not at all.

    Args:
        model: what to save.
        path: the file; its folder is made where it is missing.

    Raises:
        BundleError: if it cannot be written, or :func:`load` would refuse it.
        StorageError: if the disk is full.
    """
    manifest = model.manifest()
    members = {"classifier.onnx": model.classifier.onnx(), "card.md": card.text(manifest).encode()}
    manifest = replace(manifest, members={name: _sha256(data) for name, data in members.items()})
    members = {"manifest.json": manifest.to_json(), **members}
    _audit(members)
    target = Path(path)
    try:
        with replacing(target) as part, zipfile.ZipFile(part, "w") as archive:
            for name, data in members.items():
                archive.writestr(_entry(name), data, zipfile.ZIP_DEFLATED, compresslevel=9)
    except OSError as error:
        raise write_error(target, error, BundleError) from error


def load(source: str | os.PathLike[str]) -> Model:
    """Read a model, after auditing it.

    Args:
        source: a bundle's path, or the name of a built-in model.

    Raises:
        BundleError: if the file is missing or refused; the message says why.
        UsageError: if there is no built-in model of that name.
    """
    path = locate(source)
    manifest, members = _read(path)
    return Model(
        classifier=OnnxClassifier(members["classifier.onnx"]),
        emotions=manifest.emotions,
        config=manifest.config,
        provenance=manifest.provenance,
        name=manifest.name,
        temperature=manifest.temperature,
        sure_above=manifest.sure_above,
        centre=manifest.centre,
        window=manifest.window,
        hop=manifest.hop,
    )


def verify(source: str | os.PathLike[str]) -> Manifest:
    """Audit a bundle as :func:`load` does, and build nothing.

    Args:
        source: a bundle's path, or the name of a built-in model.

    Returns:
        Its manifest.

    Raises:
        BundleError: if the file is missing or refused; the message says why.
        UsageError: if there is no built-in model of that name.
    """
    return _read(locate(source))[0]


def builtin_names() -> tuple[str, ...]:
    """The models that come with this package, by name."""
    return tuple(sorted(path.stem for path in _BUILTIN.glob(f"*{SUFFIX}")))


def locate(source: str | os.PathLike[str]) -> Path:
    """The file of a model that is named or given by path.

    Raises:
        UsageError: if it looks like a name, and there is no built-in model of that name.
    """
    path = Path(source)
    if source == "":
        raise BundleError(f"'' is no model; valid: {', '.join(builtin_names())}, or a path to a {SUFFIX} file")
    if isinstance(source, str) and source in builtin_names():
        return _BUILTIN / f"{source}{SUFFIX}"
    if isinstance(source, str) and source == path.stem and not os.path.exists(path):
        raise unknown("model", source, [*builtin_names(), f"or a path to a {SUFFIX} file"])
    return path


_BUILTIN = Path(__file__).with_name("builtin")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, whatever this is, so that the bytes are the same everywhere
    entry.external_attr = 0o644 << 16
    return entry


def _read(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    try:
        with path.open("rb") as file:
            _check_ending(file)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive)
        return _audit(members), members
    except FileNotFoundError:
        raise BundleError(f"no such model: {path} (built in: {', '.join(builtin_names())})") from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {reason_of(error)}") from error
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    except UNREADABLE as error:
        raise BundleError(f"{path}: is not a model bundle: {one_line(error)}") from error


def _check_ending(file: BinaryIO) -> None:
    """Look at the end-of-archive record alone: zipfile would read an index of any size that it declares."""
    if file.read(1) == PICKLE:
        raise BundleError("is not a model bundle but a pickle, which can run code; such files are never opened")
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - ENDING.size - LOCATOR_SIZE))
    tail = file.read()
    if len(tail) < ENDING.size or tail[-ENDING.size :][:4] != b"PK\5\6":
        raise BundleError("is not a model bundle: not a zip archive, or cut short")
    *_, index_size, _, comment = ENDING.unpack(tail[-ENDING.size :])
    if comment or index_size > LARGEST_INDEX or tail[:4] == b"PK\6\7":
        raise BundleError("is not a model bundle: its archive's index is not one that `save` writes")


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    names = archive.namelist()
    for name in names:
        if name not in LARGEST:
            raise BundleError(f"is refused: holds {short(name)}, which no bundle has (only {', '.join(LARGEST)})")
        if names.count(name) > 1:
            raise BundleError(f"is refused: holds {name} twice")
    for name in LARGEST:
        if name not in names:
            raise BundleError(f"is refused: lacks {name}")
    for entry in archive.infolist():
        if entry.file_size > LARGEST[entry.filename]:
            raise BundleError(
                f"is refused: {entry.filename} says it holds {entry.file_size} bytes; "
                f"the most is {LARGEST[entry.filename]}"
            )
        if entry.flag_bits & ENCRYPTED:
            raise BundleError(f"is refused: {entry.filename} is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BundleError(f"is refused: {entry.filename} is packed by method {entry.compress_type}, not deflate")
    return {name: _unpacked(archive, name) for name in LARGEST}


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as file:
            return file.read(LARGEST[name] + 1)  # zipfile gives no more than was declared
    except UNREADABLE as error:
        raise BundleError(f"is damaged: {name} cannot be unpacked ({one_line(error)})") from error


def _audit(members: Mapping[str, bytes]) -> Manifest:
    manifest = Manifest.from_json(members["manifest.json"])
    for name in MEMBERS:
        if _sha256(members[name]) != manifest.members[name]:
            raise BundleError(f"is refused: {name} was changed (its SHA-256 is not the manifest's)")
    audit(members["classifier.onnx"], manifest.config.size, len(manifest.emotions))
    return manifest


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# what zipfile raises on damaged and hostile archives; ValueError is also a name that is not UTF-8
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)
PICKLE = b"\x80"  # the first byte of a pickle of protocol 2 or later
ENCRYPTED = 0x1  # flag bit 0, APPNOTE.TXT 4.4.4
ENDING = struct.Struct("<4s4H2LH")  # the end of central directory record, APPNOTE.TXT 4.3.16
LOCATOR_SIZE = 20  # of Zip64's, which would overrule that record, APPNOTE.TXT 4.3.15
LARGEST_INDEX = 64 * 1024
