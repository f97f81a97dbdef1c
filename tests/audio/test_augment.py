"""The same words under other conditions, each measured by other means than those that made it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import signal

from speech_emotion.audio import augment
from speech_emotion.audio.waveform import RATE, Waveform
from speech_emotion.errors import UsageError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(hertz: float, seconds: float = 1.0, level: float = 0.2, rate: int = RATE) -> Waveform:
    return Waveform(
        (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32), rate
    )


def spoken(seconds: float = 1.0, level: float = 0.2) -> Waveform:
    """Half a second of silence, a hum of five harmonics, half a second of silence."""
    hum = sum(tone(200 * number, seconds, level / number).samples for number in range(1, 6))
    silence = np.zeros(RATE // 2, dtype=np.float32)
    return Waveform(np.concatenate([silence, hum, silence]))


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def others() -> list[Waveform]:
    return [
        Waveform(signal.lfilter([1], [1, -0.9], rng(n).normal(0, 0.01, 3000 + n)).astype(np.float32)) for n in range(6)
    ]


NOISES: dict[str, Callable[[Waveform, float], Waveform]] = {
    "white": lambda waveform, snr: augment.white_noise(waveform, snr, rng()),
    "pink": lambda waveform, snr: augment.pink_noise(waveform, snr, rng()),
    "babble": lambda waveform, snr: augment.babble_noise(waveform, snr, rng(), others()),
}


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("snr", [20.0, 10.0, 0.0, -5.0])
def test_noise_is_as_strong_as_asked_against_the_speech_without_its_pauses(kind: str, snr: float) -> None:
    clean = spoken(level=0.05)
    noisy = NOISES[kind](clean, snr)
    assert np.abs(noisy.samples).max() < 1
    noise, middle = noisy.samples - clean.samples, slice(RATE // 2, -RATE // 2)
    measured = 10 * np.log10(power(clean.samples[middle]) / power(noise))
    assert measured == pytest.approx(snr, abs=0.1)


def test_a_mixture_that_would_be_too_loud_is_made_quieter_as_a_whole() -> None:
    clean = spoken(level=0.5)
    loud, noisy = augment.white_noise(clean, 0, rng(3)), augment.white_noise(clean, 20, rng(3))
    assert np.abs(loud.samples).max() == pytest.approx(1, abs=1e-6)
    # 0 dB is ten times the noise of 20 dB: what is left after the noise is taken off is the speech, scaled.
    noise = (noisy.samples - clean.samples) * 10
    scale = np.abs(loud.samples).max() / np.abs(clean.samples + noise).max()
    assert loud.samples == pytest.approx(scale * (clean.samples + noise), abs=1e-5)


@pytest.mark.parametrize(("kind", "slope"), [("white", 0.0), ("pink", -3.01)])
def test_noise_has_its_colour(kind: str, slope: float) -> None:
    clean = tone(1000, 20.0, level=1e-3)
    noise = NOISES[kind](clean, -20).samples - clean.samples
    frequency, density = signal.welch(noise, RATE, nperseg=4096)
    octaves = [(low, 2 * low) for low in (62.5, 125, 250, 500, 1000, 2000, 4000)]
    level = [10 * np.log10(density[(frequency >= low) & (frequency < high)].mean()) for low, high in octaves]
    assert np.polyfit(np.arange(len(octaves)), level, 1)[0] == pytest.approx(slope, abs=0.15)


def test_babble_has_each_voice_at_the_same_level_however_loud_it_was_recorded() -> None:
    clean = tone(100, 2.0, level=0.01)
    loud, quiet = tone(1000, 0.7, level=0.9), tone(3000, 0.7, level=0.001)
    babble = augment.babble_noise(clean, 0, rng(), [loud, quiet]).samples - clean.samples
    frequency, density = signal.welch(babble, RATE, nperseg=4096)
    first, second = (density[np.abs(frequency - hertz) < 50].sum() for hertz in (1000, 3000))
    assert 10 * np.log10(first / second) == pytest.approx(0, abs=0.3)


def test_babble_has_no_pauses_where_a_voice_waits_before_it_speaks() -> None:
    clean = tone(100, 3.0, level=0.01)
    late = Waveform(np.concatenate([np.zeros(RATE, dtype=np.float32), tone(1000, 0.5).samples]))
    babble = augment.babble_noise(clean, 0, rng(), [late]).samples - clean.samples
    assert np.abs(babble.reshape(-1, RATE // 10)).max(axis=1).min() > 0.005


def test_speech_is_where_the_loud_frames_are() -> None:
    mask = augment.active(spoken())
    assert not mask[: RATE // 2].any()
    assert mask[RATE // 2 : -RATE // 2].all()
    assert not mask[-RATE // 2 :].any()


def test_silence_stays_silent() -> None:
    silence = Waveform(np.zeros(RATE, dtype=np.float32))
    for change in (
        *(lambda w, f=f: f(w, 10.0) for f in NOISES.values()),
        lambda w: augment.reverberation(w, 0.5, rng()),
    ):
        assert not change(silence).samples.any()


def test_gain_is_in_decibels_and_clips_as_a_recorder() -> None:
    quiet = tone(440, level=0.1)
    assert augment.gain(quiet, 20 * np.log10(2)).samples == pytest.approx(2 * quiet.samples, abs=1e-6)
    assert augment.gain(quiet, -20).samples == pytest.approx(quiet.samples / 10, abs=1e-7)
    loud = augment.gain(quiet, 40).samples
    assert loud.max() == 1
    assert (np.abs(loud) == 1).mean() > 0.9


def test_a_telephone_carries_300_to_3400_hertz() -> None:
    def through(hertz: float, mu_law: bool = False) -> float:
        changed = augment.telephone(tone(hertz, 1.0), mu_law).samples[RATE // 4 : -RATE // 4]
        return 10 * np.log10(max(power(changed), 1e-12) / 0.02)

    for inside in (300, 1000, 3000, 3400):
        assert through(inside) == pytest.approx(0, abs=0.1)
        assert through(inside, mu_law=True) == pytest.approx(0, abs=0.3)
    for outside in (60, 100, 150, 3700, 4500, 6000):
        assert through(outside) < -40


def test_a_telephone_is_not_late_and_its_8_bits_make_some_35_decibels_of_noise() -> None:
    clean = tone(1000, 1.0)
    plain = augment.telephone(clean, mu_law=False)
    assert plain.samples[800:-800] == pytest.approx(clean.samples[800:-800], abs=2e-3)
    coded = augment.telephone(clean)
    noise = 10 * np.log10(power(plain.samples) / power(coded.samples - plain.samples))
    assert 33 < noise < 43  # ITU-T G.712 asks for 33 dB or more; a compander of 8 bits reaches about 38


@pytest.mark.parametrize("rt60", [0.2, 0.5, 1.0])
def test_a_room_dies_away_by_60_decibels_in_its_time(rt60: float) -> None:
    impulse = augment.room(rt60, RATE, rng())
    assert impulse[0] == 1
    tail = impulse[1:]
    decay = 10 * np.log10((tail[::-1] ** 2).cumsum()[::-1])  # Schroeder (1965)
    decay -= decay[0]
    first, last = (int(np.argmax(decay < level)) for level in (-5, -35))
    slope = np.polyfit(np.arange(first, last) / RATE, decay[first:last], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.05)


@pytest.mark.parametrize("direct", [-6.0, 0.0, 10.0])
def test_a_room_keeps_the_direct_sound_as_strong_as_asked(direct: float) -> None:
    impulse = augment.room(0.4, RATE, rng(), direct)
    assert 10 * np.log10(1 / (impulse[1:] ** 2).sum()) == pytest.approx(direct, abs=1e-6)


def test_reverberation_keeps_the_level_and_is_not_late() -> None:
    clean = spoken(level=0.1)
    wet = augment.reverberation(clean, 0.5, rng())
    assert power(wet.samples) == pytest.approx(power(clean.samples), rel=1e-4)
    assert not wet.samples[: RATE // 2 - 10].astype(np.float16).any()
    click = Waveform(np.eye(1, RATE, 100, dtype=np.float32)[0])
    assert augment.reverberation(click, 0.5, rng()).samples.argmax() == 100


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_speed_changes_length_and_pitch_alike(factor: float) -> None:
    changed = augment.speed(tone(1000, 2.0), factor)
    assert changed.rate == RATE
    assert changed.duration == pytest.approx(2.0 / factor, abs=2 / RATE)
    spectrum = np.abs(np.fft.rfft(changed.samples * np.hanning(len(changed.samples)), 2**19))
    assert spectrum.argmax() * RATE / 2**19 == pytest.approx(1000 * factor, abs=0.5)


def test_a_part_is_where_most_is_said() -> None:
    clean = spoken(1.0)
    for seconds in (0.25, 0.5, 1.0):
        assert augment.active(augment.crop(clean, seconds)).all()
        assert augment.crop(clean, seconds).duration == seconds
    longer = augment.crop(clean, 1.5)
    assert power(longer.samples) * 1.5 == pytest.approx(power(clean.samples) * 2, rel=1e-6)


def test_much_said_quietly_is_kept_before_a_shout() -> None:
    pause = np.zeros(RATE, dtype=np.float32)
    parts = [pause, tone(440, 0.2, level=0.5).samples, pause, tone(440, 1.0, level=0.05).samples, pause]
    part = augment.crop(Waveform(np.concatenate(parts)), 1.0)
    assert part.samples == pytest.approx(tone(440, 1.0, level=0.05).samples, abs=1e-6)


def test_of_two_parts_with_as_much_speech_the_louder_is_kept() -> None:
    steps = Waveform(np.concatenate([tone(440, 1.0, level=level).samples for level in (0.2, 0.5, 0.1)]))
    assert augment.crop(steps, 1.0).samples == pytest.approx(tone(440, 1.0, level=0.5).samples, abs=1e-6)


def test_a_recording_that_is_short_enough_stays_whole() -> None:
    clean = tone(440, 0.8)
    assert augment.crop(clean, 1.0) is clean


def test_the_same_seed_makes_the_same_sound_and_another_makes_another() -> None:
    clean = spoken()
    changes: list[Callable[[np.random.Generator], Waveform]] = [
        lambda source: augment.white_noise(clean, 10, source),
        lambda source: augment.pink_noise(clean, 10, source),
        lambda source: augment.babble_noise(clean, 10, source, others()),
        lambda source: augment.reverberation(clean, 0.5, source),
    ]
    for change in changes:
        assert (change(rng(1)).samples == change(rng(1)).samples).all()
        assert (change(rng(1)).samples != change(rng(2)).samples).any()


@pytest.mark.parametrize(
    "change",
    [
        lambda w: augment.white_noise(w, float("nan"), rng()),
        lambda w: augment.babble_noise(w, 10, rng(), []),
        lambda w: augment.babble_noise(w, 10, rng(), [Waveform(np.zeros(99, dtype=np.float32))]),
        lambda w: augment.babble_noise(w, 10, rng(), [tone(100, rate=8000)]),
        lambda w: augment.gain(w, 300),
        lambda w: augment.reverberation(w, 0, rng()),
        lambda w: augment.reverberation(w, 0.5, rng(), float("inf")),
        lambda w: augment.speed(w, 0),
        lambda w: augment.crop(w, 0),
        lambda w: augment.crop(w, float("inf")),
    ],
)
def test_what_makes_no_sense_is_refused(change: Callable[[Waveform], Waveform]) -> None:
    with pytest.raises(UsageError):
        change(tone(440))


SOUNDS = hnp.arrays(
    np.float32, st.integers(1, 3000), elements=st.floats(-1, 1, width=32, allow_nan=False), fill=st.just(np.float32(0))
)


@given(SOUNDS, st.sampled_from([8_000, 16_000, 44_100]), st.integers(0, 9))
def test_whatever_the_sound_the_result_is_one(samples: np.ndarray, rate: int, seed: int) -> None:
    clean = Waveform(samples, rate)
    same_length = [
        augment.white_noise(clean, -10, rng(seed)),
        augment.pink_noise(clean, 0, rng(seed)),
        augment.babble_noise(clean, 5, rng(seed), [tone(300, 0.1, rate=rate)]),
        augment.gain(clean, 30),
        augment.telephone(clean),
        augment.reverberation(clean, 0.3, rng(seed)),
    ]
    assert all(len(changed.samples) == len(samples) for changed in same_length)
    for changed in (*same_length, augment.speed(clean, 1.1), augment.speed(clean, 0.9), augment.crop(clean, 0.05)):
        assert changed.rate == rate
        assert changed.samples.dtype == np.float32
        assert len(changed.samples) >= 1
        assert np.isfinite(changed.samples).all()
        assert np.abs(changed.samples).max() <= 1
