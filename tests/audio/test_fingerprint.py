"""A take is known again, and another take is not."""

from __future__ import annotations

import io
import itertools
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from speech_emotion.audio import fingerprint as module
from speech_emotion.audio.fingerprint import NO_FINGERPRINT, SAME_TAKE, Fingerprint, fingerprint, likeness, matches
from speech_emotion.audio.read import read
from speech_emotion.audio.waveform import Waveform
from speech_emotion.corpora import ravdess
from speech_emotion.corpora.synthetic import SENTENCES, TONES
from speech_emotion.corpora.voice import RATE, invent, say

Samples = NDArray[np.float32]


def take(seed: int, emotion: str = "happy") -> Samples:
    """One made voice says one sentence; every seed is another take."""
    voice = invent("female", np.random.default_rng(7))
    return np.asarray(say(SENTENCES[0], voice, TONES[emotion], np.random.default_rng(seed)), dtype=np.float32)


def at_rate(samples: Samples) -> Waveform:
    return Waveform(soxr.resample(samples, RATE, 11_025), 11_025)


def softer(samples: Samples) -> Waveform:
    return Waveform((np.rint(samples * 10 ** (-20 / 20) * 2**15) / 2**15).astype(np.float32), RATE)


def through(format: str, samples: Samples) -> Waveform:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=format)
    decoded, rate = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
    return Waveform(decoded, rate)


def trimmed(samples: Samples) -> Waveform:
    return Waveform(samples[len(samples) // 5 + 37 : -len(samples) // 5], RATE)


def in_noise(samples: Samples, decibels: float = 20) -> Waveform:
    noise = np.random.default_rng(0).standard_normal(len(samples))
    noise *= np.sqrt((samples**2).mean()) * 10 ** (-decibels / 20)
    return Waveform((samples + noise).astype(np.float32), RATE)


COPIES: dict[str, Callable[[Samples], Waveform]] = {
    "another rate": at_rate,
    "20 dB softer": softer,
    "MP3": lambda samples: through("MP3", samples),
    "Ogg": lambda samples: through("OGG", samples),
    "trimmed": trimmed,
    "noise of 20 dB": in_noise,
    "noise of 10 dB": lambda samples: in_noise(samples, 10),
    "upside down": lambda samples: Waveform(-samples, RATE),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_known_again(name: str) -> None:
    others = [fingerprint(Waveform(take(seed), RATE)) for seed in range(4)]
    copy = fingerprint(COPIES[name](take(2)))
    assert [(match.first, match.second) for match in matches([*others, copy])] == [(2, 4)]


def test_another_take_is_not_the_same() -> None:
    prints = [fingerprint(Waveform(take(seed, emotion), RATE)) for seed in range(6) for emotion in TONES]
    assert list(matches(prints)) == []


def test_a_match_says_where_the_second_begins_in_the_first() -> None:
    samples = take(0)
    cut = fingerprint(Waveform(samples[round(0.32 * RATE) :], RATE))
    (match,) = matches([fingerprint(Waveform(samples, RATE)), cut])
    assert match.offset == pytest.approx(0.32, abs=0.017)
    (back,) = matches([cut, fingerprint(Waveform(samples, RATE))])
    assert back.offset == pytest.approx(-0.32, abs=0.017)


def test_a_take_inside_a_longer_recording_is_found() -> None:
    long = np.concatenate([take(0), take(1), take(2)])
    (match,) = matches([fingerprint(Waveform(take(1), RATE)), fingerprint(Waveform(long, RATE))])
    assert match.offset == pytest.approx(-len(take(0)) / RATE, abs=0.017)


@pytest.mark.parametrize("length", [0, 1, 1000, 16_000])
def test_silence_and_what_is_too_short_have_no_fingerprint(length: int) -> None:
    silent = fingerprint(Waveform(np.zeros(length, dtype=np.float32)))
    assert len(silent.spoken) == 0
    assert list(matches([silent, silent, NO_FINGERPRINT])) == []


def test_steady_tones_are_not_taken_for_each_other() -> None:
    times = np.arange(32_000) / 16_000
    tones = [fingerprint(Waveform((0.3 * np.sin(2 * np.pi * f * times)).astype(np.float32))) for f in (300, 440, 700)]
    assert list(matches(tones)) == []


def test_no_recordings_have_no_matches() -> None:
    assert list(matches([])) == []


def test_likeness_is_the_correlation_of_what_falls_together() -> None:
    rng = np.random.default_rng(0)
    changes = rng.integers(-120, 121, size=(60, 63)).astype(np.int8)
    whole = Fingerprint(changes, np.ones(60, dtype=np.bool_))
    other = rng.integers(-120, 121, size=(50, 63)).astype(np.int8)
    ours, theirs = changes[10:].astype(float).ravel(), other.astype(float).ravel()
    expected = (ours @ theirs) / np.sqrt((ours @ ours) * (theirs @ theirs))
    assert likeness(whole, Fingerprint(other, np.ones(50, dtype=np.bool_)), 10) == pytest.approx(expected, abs=1e-5)
    assert likeness(whole, whole, 0) == pytest.approx(1)
    assert likeness(whole, whole, 50) == -1, "ten frames are too few to tell"
    assert likeness(whole, whole, 100) == -1


def test_portions_of_the_work_do_not_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    prints = [fingerprint(Waveform(take(seed % 3), RATE)) for seed in range(9)]
    whole = list(matches(prints))
    assert len(whole) == 9  # three pairs of each of three takes
    monkeypatch.setattr(module, "_HITS", 1)
    assert list(matches(prints)) == whole


def test_ravdess_has_one_take_under_two_names_and_no_other(ravdess_zip: Path) -> None:
    """An actor says each sentence twice in each way: those are two takes, and nearest to a false alarm."""
    corpus = ravdess.read(ravdess_zip)
    chosen = [u for u in corpus.utterances if u.speaker in ("ravdess/02", "ravdess/07", "ravdess/22")]
    prints = [fingerprint(read(utterance.path, 8_000)) for utterance in chosen]
    names = [Path(utterance.path).stem for utterance in chosen]
    found = [(names[match.first], names[match.second]) for match in matches(prints)]
    assert found == [("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")]
    takes = defaultdict(list)
    for utterance, each in zip(chosen, prints, strict=True):
        takes[utterance.speaker, utterance.sentence, utterance.emotion, utterance.intensity].append(each)
    # without the votes that spare the work: every pair of takes, at every lag
    highest = sorted(
        max(likeness(one, other, lag) for lag in range(-60, 61))
        for pair in takes.values()
        for one, other in itertools.combinations(pair, 2)
    )
    assert highest[-1] == pytest.approx(1)
    assert highest[-2] < SAME_TAKE - 0.05
