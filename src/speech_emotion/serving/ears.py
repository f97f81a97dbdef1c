"""The models of a server, and the threads on which they hear."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..audio.waveform import RATE, Waveform
from ..errors import SpeechEmotionError, UsageError
from ..models import bundle
from ..models.model import Model
from ..recognition import whisper
from ..recognition.transcript import Transcript
from ..recognition.words import transcribe
from ..workers import cores
from .refusals import unknown_model

Result = TypeVar("Result")


class Ears:
    """Models by name.

    Args:
        sources: names of built-in models, or paths of bundles; the first is the one used where none is named.
        words: a Whisper model, by name or folder; None writes down no words.
        concurrent: recordings heard at once.

    Raises:
        BundleError: if a bundle is refused.
        UsageError: if there is no model, no built-in one of that name, or two have one name.
        MissingExtraError: if words are asked for, and faster-whisper is not installed.
        DownloadError: if the Whisper model cannot be fetched.
    """

    def __init__(self, sources: Iterable[str], words: str | None, concurrent: int) -> None:
        self.models: dict[str, Model] = {}
        for source in sources:
            model = bundle.load(source)
            if model.name in self.models:
                raise UsageError(f"two models are named '{model.name}'; name one of them only")
            self.models[model.name] = model
        if not self.models:
            raise UsageError("a server needs a model")
        self._words = None if words is None else whisper.find(words)
        self.words = Path(words).name if words is not None and os.path.exists(words) else words
        self._closed = threading.Event()
        self._files = ThreadPoolExecutor(concurrent, "files")
        self._streams = ThreadPoolExecutor(cores(), "streams")

    @property
    def default(self) -> str:
        """The name of the model that is used where none is named."""
        return next(iter(self.models))

    def model(self, name: str | None) -> Model:
        """The model of that name.

        Raises:
            RefusedError: if there is none.
        """
        name = name or self.default
        if name not in self.models:
            raise unknown_model(name, tuple(self.models))
        return self.models[name]

    def transcribe(self, sound: Waveform, model: Model, language: str | None) -> Transcript:
        """The words of a recording, and its tone.

        Raises:
            UsageError: if the language is not known.
            SpeechEmotionError: if the server has ended.
        """
        assert self._words is not None
        return transcribe(sound, model, words=self._words, language=language, through=self.while_open)

    def while_open(self, parts: Iterable[Result]) -> Iterator[Result]:
        """Those parts of long work, which ends where the server does: a thread cannot be broken off otherwise.

        Raises:
            SpeechEmotionError: if the server has ended.
        """
        for part in parts:
            if self._closed.is_set():
                raise SpeechEmotionError("the server has ended")
            yield part

    async def hear(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Work on a recording, beside everything else."""
        return await asyncio.get_running_loop().run_in_executor(self._files, partial(work, *arguments))

    async def follow(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Work on a piece of a stream; long recordings do not delay it but for the cores that they take."""
        return await asyncio.get_running_loop().run_in_executor(self._streams, partial(work, *arguments))

    def warm(self) -> None:
        """Load what a first request would have to wait for."""
        for model in self.models.values():
            model.recognize(Waveform(np.zeros(RATE, dtype=np.float32)))
        if self._words is not None:
            whisper.opened(self._words)

    def close(self) -> None:
        """Let the threads end."""
        self._closed.set()
        self._files.shutdown(wait=False, cancel_futures=True)
        self._streams.shutdown(wait=False, cancel_futures=True)
