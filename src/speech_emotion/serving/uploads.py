"""Reading what a request brings: all of it in memory, none on disk, within its limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from .limits import ServerLimits
from .refusals import RefusedError

FORM = "multipart/form-data"
RAW = ("audio/", "video/", "application/octet-stream", "application/ogg")
"""Beginnings of the content types of a body that is a recording itself."""

MOST_FIELDS = 32


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording, and what was asked of it.

    Attributes:
        file: its bytes.
        fields: of the form, in order; none where the body is the recording itself.
    """

    file: bytes
    fields: tuple[tuple[str, str], ...] = ()


async def read(request: Request, limits: ServerLimits, raw: bool = True) -> Upload:
    """The recording that a request brings: a form with a field ``file``, or the body itself.

    Args:
        request: of which nothing was read.
        limits: how much there may be, and how slowly it may come.
        raw: whether the body itself may be the recording.

    Raises:
        RefusedError: if there is none, or it is too large or comes too slowly.
    """
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if not (kind == FORM or (raw and kind.startswith(RAW))):
        valid = f"{FORM}, audio/..." if raw else FORM
        raise RefusedError(415, "media_type", f"the content type '{kind}' is not understood (valid: {valid})")
    body = await _body(request, limits)
    if kind != FORM:
        return Upload(body)
    return await _form(request, body)


async def _body(request: Request, limits: ServerLimits) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise _too_large(limits)
    grown = bytearray()
    pieces = request.stream()
    clock = asyncio.get_running_loop().time
    end = clock() + limits.body_seconds
    try:
        while True:
            left = min(limits.idle_seconds, end - clock())
            grown += await asyncio.wait_for(pieces.__anext__(), left)
            if len(grown) > limits.body_bytes:
                raise _too_large(limits)
    except StopAsyncIteration:
        return bytes(grown)
    except (TimeoutError, asyncio.TimeoutError):
        raise RefusedError(
            408, "body_timeout", "the body came too slowly "
            f"(more than {limits.idle_seconds:g} s without a byte, or {limits.body_seconds:g} s in all)",
            headers={"Connection": "close"},
        ) from None  # fmt: skip
    except ClientDisconnect:
        raise RefusedError(400, "disconnected", "the connection was closed before the body was complete") from None


def _too_large(limits: ServerLimits) -> RefusedError:
    return RefusedError(
        413, "body_too_large", f"the body is larger than {limits.body_mb:g} MB; cut or compress the recording"
    )


async def _form(request: Request, body: bytes) -> Upload:
    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, once(), max_files=1, max_fields=MOST_FIELDS)
    parser.spool_max_size = len(body) + 1  # otherwise it would write what is larger to disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RefusedError(400, "bad_form", f"the form cannot be read: {error.message}") from None
    files = [value for name, value in form.multi_items() if isinstance(value, UploadFile) and name == "file"]
    fields = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    if not files:
        raise RefusedError(422, "no_file", "the form has no file in a field 'file'", "file")
    return Upload(await files[0].read(), fields)
