"""Microphones: found by name, lost, and back."""

from __future__ import annotations

import sys
from itertools import islice
from typing import Any

import numpy as np
import pytest

from speech_emotion.audio import microphone
from speech_emotion.audio.microphone import Lost, Opened, devices, find, hear
from speech_emotion.errors import AudioError, MissingExtraError


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ if isinstance(event, (Opened, Lost)) else "sound" for event in events]


def test_only_what_can_be_listened_to_is_a_device(microphones: Any) -> None:
    found = devices()
    assert [(device.number, device.name, device.channels, device.rate) for device in found] == [
        (0, "Built-in", 2, 48_000),
        (2, "USB mic", 1, 48_000),
        (3, "USB camera", 1, 48_000),
    ]
    assert [device.default for device in found] == [True, False, False]


@pytest.mark.parametrize(("wanted", "number"), [(None, 0), (2, 2), ("2", 2), ("usb MIC", 2), ("camera", 3)])
def test_a_device_is_found_by_number_name_or_part_of_it(wanted: Any, number: int, microphones: Any) -> None:
    assert find(wanted).number == number


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("studio", r"no microphone 'studio' \(there are: 0 Built-in, 2 USB mic, 3 USB camera\)"),
        (1, "no microphone '1'"),
        ("usb", r"'usb' may be several microphones \(2 USB mic, 3 USB camera\); give the number"),
    ],
)
def test_a_device_that_is_not_there_is_told_with_those_that_are(wanted: Any, says: str, microphones: Any) -> None:
    with pytest.raises(AudioError, match=says):
        next(hear(wanted))


def test_without_a_default_the_first_is_taken_and_without_any_it_is_told(microphones: Any) -> None:
    microphones.default.device = (-1, -1)
    assert find().name == "Built-in"
    microphones.names = [("Speakers", 0)]
    with pytest.raises(AudioError, match=r"there is no microphone; plug one in, or name a recording$"):
        find()


def test_its_sound_comes_as_it_was_said(microphones: Any) -> None:
    said = np.linspace(-1, 1, 48_000, dtype=np.float32)
    microphones.says = [said]
    opened, *blocks = list(islice(hear("USB mic"), 21))
    assert (opened.device.name, opened.rate) == ("USB mic", 48_000)
    np.testing.assert_array_equal(np.concatenate(blocks)[:, 0], said)


def test_one_that_is_unplugged_is_waited_for_by_its_name(microphones: Any) -> None:
    microphones.says = [np.zeros(4_800), np.ones(2_205)]
    looked = []

    def plug_in(seconds: float) -> None:
        looked.append(seconds)
        if len(looked) == 3:  # it is back, at another place and rate
            microphones.names = [*microphones.names, ("USB mic", 1)]
            microphones.rate = 44_100.0

    events = []
    sound = hear(2, sleep=plug_in)
    for _ in range(3):
        events.append(next(sound))
    microphones.names = [each for each in microphones.names if each[0] != "USB mic"]
    for event in sound:
        events.append(event)
        if len(events) == 6:
            break
    assert kinds(events) == ["Opened", "sound", "sound", "Lost", "Opened", "sound"]
    assert events[3].reason == "no sound comes from USB mic any more; waiting for it"
    assert (events[4].device.number, events[4].rate) == (3, 44_100)
    assert microphones.looks == 3


def test_one_that_gives_only_all_its_channels_is_opened_with_them(microphones: Any) -> None:
    microphones.says = [np.zeros(2_400)]
    microphones.refuses = {1: "Invalid number of channels"}
    _, block = islice(hear(), 2)
    assert block.shape == (2_400, 2)


def test_one_that_cannot_be_opened_says_why(microphones: Any) -> None:
    microphones.refuses = {1: "Device\n unavailable", 2: "x"}
    with pytest.raises(AudioError, match=r"Built-in cannot be opened \(Device unavailable\)"):
        next(hear())


def test_sound_that_nobody_fetches_in_time_is_told(microphones: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "MOST_WAITING", 2)
    microphones.says = [np.zeros(48_000), np.zeros(2_400)]
    events = list(islice(hear(), 4))
    assert kinds(events) == ["Opened", "Lost", "Opened", "sound"]
    assert "too slow" in events[1].reason


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r'pip install "speech-emotion\[live\]"'):
        devices()
