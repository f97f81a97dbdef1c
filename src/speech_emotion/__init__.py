"""Hears how something is said.

    import speech_emotion as se

    se.recognize("call.wav")                                # with the built-in model

    corpus = se.corpora.open("ravdess")                     # fetched where it is not at hand
    table = se.extract(corpus)                              # the speech encoder's layers, a row an utterance
    model = se.train(table)                                 # with honest scores inside
    model.save("tone.semodel")

What is named here is loaded when it is first used, so that prediction needs nothing that only training needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import corpora
    from .audio.read import read
    from .audio.waveform import Waveform
    from .corpora.utterance import Corpus, Origin, Utterance
    from .errors import SpeechEmotionError
    from .evaluation.evaluate import Report, evaluate
    from .features.config import FeatureConfig
    from .features.extract import extract
    from .features.table import FeatureTable
    from .models import profiles
    from .models.bundle import load
    from .models.model import Model
    from .models.prediction import Prediction
    from .recognition.adapting import adapted
    from .recognition.live import listen, replay
    from .recognition.recognizer import recognize, recognize_files, recognize_segments
    from .recognition.stream import Moment, Stream
    from .recognition.transcript import Transcript
    from .recognition.words import transcribe
    from .serving import chat
    from .training.leaderboard import SearchResult
    from .training.search import search
    from .training.train import train

_HOMES = {
    "recognize": ".recognition.recognizer",
    "recognize_segments": ".recognition.recognizer",
    "recognize_files": ".recognition.recognizer",
    "listen": ".recognition.live",
    "replay": ".recognition.live",
    "Stream": ".recognition.stream",
    "adapted": ".recognition.adapting",
    "transcribe": ".recognition.words",
    "chat": ".serving.chat",
    "load": ".models.bundle",
    "profiles": ".models.profiles",
    "corpora": ".corpora",
    "read": ".audio.read",
    "extract": ".features.extract",
    "train": ".training.train",
    "evaluate": ".evaluation.evaluate",
    "search": ".training.search",
    "Utterance": ".corpora.utterance",
    "Corpus": ".corpora.utterance",
    "Origin": ".corpora.utterance",
    "Waveform": ".audio.waveform",
    "FeatureConfig": ".features.config",
    "FeatureTable": ".features.table",
    "Model": ".models.model",
    "Prediction": ".models.prediction",
    "Moment": ".recognition.stream",
    "Transcript": ".recognition.transcript",
    "Report": ".evaluation.evaluate",
    "SearchResult": ".training.leaderboard",
    "SpeechEmotionError": ".errors",
}

__all__ = [  # noqa: RUF022 (in the order in which a user meets them)
    "recognize",
    "recognize_segments",
    "recognize_files",
    "listen",
    "replay",
    "Stream",
    "adapted",
    "transcribe",
    "chat",
    "load",
    "profiles",
    "corpora",
    "read",
    "extract",
    "train",
    "evaluate",
    "search",
    "Utterance",
    "Corpus",
    "Origin",
    "Waveform",
    "FeatureConfig",
    "FeatureTable",
    "Model",
    "Prediction",
    "Moment",
    "Transcript",
    "Report",
    "SearchResult",
    "SpeechEmotionError",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'speech_emotion' has no attribute '{name}'")
    home = import_module(_HOMES[name], __name__)
    value = home if name in ("chat", "corpora", "profiles") else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
