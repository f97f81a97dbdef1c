from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.audio.soundness import Soundness, examine
from speech_emotion.evaluation.intervals import Score
from speech_emotion.evaluation.nuisance import ALL, Nuisance, nuisance, score

PLAIN = examine(np.full((16_000, 1), 0.1, dtype=np.float32) * np.sin(np.arange(16_000))[:, None], 16_000)


def scored(change: str, tells: bool, speakers: int = 6, clips: int = 8, seed: int = 0) -> Nuisance | None:
    """Recordings of two emotions in which one thing differs: by the emotion, or by chance."""
    rng = np.random.default_rng(seed)
    emotions = np.tile(["happy"] * clips + ["sad"] * clips, speakers)
    voices = np.repeat([f"me/{number}" for number in range(speakers)], 2 * clips)
    told = emotions == "sad" if tells else rng.random(len(emotions)) < 0.5
    values = {"rate": (16_000, 44_100), "bits": (16, 32), "channels": (1, 2)}.get(change, (0.2, 0.9))
    sounds: list[Soundness] = [replace(PLAIN, **{change: values[int(which)]}) for which in told]
    return nuisance(sounds, emotions.tolist(), voices.tolist(), workers=1)


@pytest.mark.parametrize("name", ["seconds", "leading", "trailing", "level", "peak", "rate", "channels", "bits"])
def test_a_nuisance_that_tells_everything_is_seen(name: str) -> None:
    found = scored(name, tells=True)
    assert found is not None
    assert found.scores[name].value == 1
    assert found.telling == (name,)
    assert found.protocol == "speaker"
    assert found.chance == 0.5
    assert found.solved


@pytest.mark.parametrize("seed", range(4))
def test_a_nuisance_that_tells_nothing_is_not(seed: int) -> None:
    found = scored("leading", tells=False, seed=seed, speakers=10)
    assert found is not None
    assert not found.solved
    assert abs(found.scores["leading"].value - 0.5) < 0.15


def test_few_speakers_are_not_believed_unless_much_is_told() -> None:
    much = scored("rate", tells=True, speakers=3)
    assert much is not None
    assert much.telling == ("rate",)
    emotions, rng = np.tile(["happy", "sad"], 60), np.random.default_rng(0)
    level = np.where(rng.random(120) < 0.75, emotions == "sad", emotions == "happy").astype(np.float64)
    few = score({"level": level}, emotions, np.repeat(["me/1", "me/2"], 60), workers=1)
    assert few is not None
    assert few.scores["level"].low > few.chance
    assert few.telling == ()


def test_what_never_varies_is_not_scored() -> None:
    found = scored("leading", tells=True)
    assert found is not None
    assert set(found.scores) == {"leading", ALL}


def test_nothing_that_varies_tells_nothing() -> None:
    found = nuisance([PLAIN] * 8, ["happy", "sad"] * 4, ["a/1", "a/1", "a/2", "a/2"] * 2, workers=1)
    assert found is not None
    assert found.scores == {}
    assert found.telling == ()
    assert not found.solved


def test_new_speakers_test_what_was_learnt_from_others() -> None:
    """Each speaker's own level tells the emotion, but another way round in each: in new voices it tells nothing."""
    voices = np.repeat([f"me/{number}" for number in range(12)], 20)
    emotions = np.tile(["happy", "sad"], 120)
    sign = np.where(np.repeat(np.arange(12), 20) % 2, 1, -1)
    level = sign * np.where(emotions == "sad", 1.0, -1.0)
    found = score({"level": level}, emotions, voices, workers=1)
    assert found is not None
    assert not found.solved
    assert found.scores["level"].value < 0.75


@pytest.mark.parametrize("speakers", [["me/unknown"] * 40, ["me/ann"] * 40])
def test_one_voice_is_scored_on_clips_and_says_so(speakers: list[str]) -> None:
    rng = np.random.default_rng(0)
    emotions = np.tile(["happy", "sad"], 20)
    found = score({"level": (emotions == "sad") + 0.01 * rng.random(40)}, emotions, np.array(speakers), workers=1)
    assert found is not None
    assert found.protocol == "random"
    assert found.scores["level"].value == 1
    assert not found.solved, "one voice says nothing of others"


@pytest.mark.parametrize("emotions", [[], ["happy"] * 6, ["happy"] * 5 + ["sad"]])
def test_too_little_to_learn_is_not_scored(emotions: list[str]) -> None:
    speakers = np.array([f"me/{number % 3}" for number in range(len(emotions))], dtype=np.str_)
    values = {"level": np.arange(len(emotions), dtype=np.float64)}
    assert score(values, np.array(emotions, dtype=np.str_), speakers, workers=1) is None


@pytest.mark.parametrize(("speakers", "level", "told"), [(8, 0.2, True), (3, 0.2, False), (8, 0.3, False)])
def test_what_only_all_of_them_together_tell_is_seen_where_there_are_speakers_enough(
    speakers: int, level: float, told: bool
) -> None:
    scores = {ALL: Score(0.5, 0.4, 0.6), "level": Score(0.35, level, 0.5)}
    assert Nuisance("speaker", ("happy", "sad"), scores, 0.25, speakers).telling_together == told
