"""Adaptation to a session and a voice: helps where it can, and harms nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from speech_emotion.errors import BundleError, UsageError
from speech_emotion.models import bundle
from speech_emotion.models.adaptation import ALIKE, PATIENCE, VARIED, Adaptation, centre_of, centred_logarithms
from speech_emotion.models.model import Model

CENTRE = (0.0, 0.0, 0.0, 0.0)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def said(emotions: np.ndarray, offset: np.ndarray, seed: int = 0, noise: float = 0.7) -> np.ndarray:
    """What a model says of clips of four emotions in a voice that moves all of its logits."""
    random = np.random.default_rng(seed)
    return softmax(3.0 * np.eye(4)[emotions] + offset + noise * random.normal(size=(len(emotions), 4)))


OFFSET = np.array([2.0, -1.0, 0.5, -1.5])


def test_nothing_heard_changes_nothing() -> None:
    rows = said(np.arange(8) % 4, OFFSET)
    np.testing.assert_array_equal(Adaptation(CENTRE).adapted(rows), rows)


def test_the_only_recording_of_a_session_is_as_without_it() -> None:
    row = said(np.array([2]), OFFSET)
    np.testing.assert_array_equal(Adaptation(CENTRE).adapted_together(row, ["ann"]), row)


def test_a_voice_that_colours_everything_is_heard_better_after_a_few_varied_recordings() -> None:
    before, after = [], []
    for seed in range(30):
        emotions = np.random.default_rng(seed).permutation(np.arange(24) % 4)
        rows = said(emotions, OFFSET, seed)
        adaptation = Adaptation(CENTRE)
        adaptation.hear(rows[:12])
        before.append((rows[12:].argmax(axis=1) == emotions[12:]).mean())
        after.append((adaptation.adapted(rows[12:]).argmax(axis=1) == emotions[12:]).mean())
    assert np.mean(after) > np.mean(before) + 0.1


def test_who_only_shouts_is_still_heard_to_shout() -> None:
    emotions = np.full(60, 2)
    rows = said(emotions, np.zeros(4), noise=0.5)
    adapted = Adaptation(CENTRE).adapted_together(rows)
    assert (rows.argmax(axis=1) == 2).mean() > 0.9
    assert (adapted.argmax(axis=1) == 2).mean() >= (rows.argmax(axis=1) == 2).mean() - 0.1


@pytest.mark.parametrize("emotion", range(4))
@pytest.mark.parametrize("voice", [None, "ann"])
def test_of_recordings_of_one_emotion_nothing_is_taken_back(emotion: int, voice: str | None) -> None:
    """However many there are, and though the model mistakes some of them."""
    rows = said(np.full(60, emotion), np.zeros(4), noise=1.5)
    assert 0.5 < (rows.argmax(axis=1) == emotion).mean() < 1
    adapted = Adaptation(CENTRE).adapted_together(rows, [voice] * 60)
    np.testing.assert_array_equal(adapted, rows)


def test_the_recordings_of_the_only_voice_of_a_session_count_once() -> None:
    rows = said(np.arange(12) % 4, OFFSET)
    by_voice = Adaptation(CENTRE).adapted_together(rows, ["ann"] * 12)
    np.testing.assert_allclose(by_voice, Adaptation(CENTRE).adapted_together(rows), atol=1e-12)


def test_a_voice_starts_from_what_the_others_of_its_session_have_in_common() -> None:
    """All in one coloured room: a voice of which little was heard is heard as the room asks."""
    emotions = np.arange(60) % 4
    room, new = said(emotions, OFFSET, seed=1), said(np.arange(2), OFFSET, seed=2)
    session = Adaptation(CENTRE)
    session.hear(room, "ann")
    before = session.shift()
    session.hear(new[:1], "bob")
    np.testing.assert_allclose(session.shift("bob"), before)
    assert np.abs(session.shift("bob")).max() > 0.5
    alone = Adaptation(CENTRE)
    alone.hear(new[:1], "bob")
    assert not alone.shift("bob").any()


def test_for_a_linear_model_it_is_centring_of_the_features() -> None:
    random = np.random.default_rng(0)
    weights, values = random.normal(size=(6, 4)), random.normal(size=(400, 6)) + 3
    heard = softmax(values @ weights)
    adaptation = Adaptation(CENTRE)
    adaptation.hear(heard)
    between = entropy(heard.mean(axis=0)) - entropy(heard.T).mean()
    believed = 400 / (400 + PATIENCE) * np.clip((between / np.log(4) - ALIKE) / (VARIED - ALIKE), 0, 1)
    expected = softmax((values - believed * values.mean(axis=0)) @ weights)
    np.testing.assert_allclose(adaptation.adapted(heard), expected, atol=1e-9)


def test_a_voice_is_compared_with_its_session() -> None:
    """One voice in a coloured room: the room accounts for it, and the voice is not moved once more."""
    emotions = np.arange(400) % 4
    rows = softmax(3 * np.log(said(emotions, OFFSET / 2, noise=0.1)))
    known, strange = Adaptation(CENTRE), Adaptation(CENTRE)
    known.hear(rows, "ann")
    strange.hear(rows)
    np.testing.assert_allclose(known.adapted(rows[:4], "ann"), known.adapted(rows[:4]), atol=0.05)
    np.testing.assert_array_equal(strange.adapted(rows[:4], "bob"), strange.adapted(rows[:4]))


def test_two_voices_in_one_session_are_told_apart() -> None:
    emotions = np.arange(80) % 4
    ann, bob = said(emotions, 0.8 * OFFSET, seed=1), said(emotions, -0.8 * OFFSET, seed=2)
    names = ["ann"] * 80 + ["bob"] * 80
    both, truth = np.concatenate([ann, bob]), np.tile(emotions, 2)
    by_voice = Adaptation(CENTRE).adapted_together(both, names)
    by_session = Adaptation(CENTRE).adapted_together(both)
    assert (by_voice.argmax(axis=1) == truth).mean() > (by_session.argmax(axis=1) == truth).mean() + 0.1


@given(st.permutations(list(range(12))))
def test_answers_of_one_call_do_not_depend_on_their_order(order: list[int]) -> None:
    rows = said(np.arange(12) % 4, OFFSET)
    names = np.array(["ann", "bob", "eve"])[np.arange(12) % 3]
    one = Adaptation(CENTRE).adapted_together(rows, names.tolist())
    other = Adaptation(CENTRE).adapted_together(rows[order], names[order].tolist())
    np.testing.assert_allclose(other, one[order], atol=1e-12)


@given(st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_whatever_was_heard_probabilities_stay_probabilities(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.dirichlet(np.full(4, 0.05), size=count)
    adapted = Adaptation((3.0, -1.0, -1.0, -1.0)).adapted_together(rows)
    assert np.isfinite(adapted).all()
    np.testing.assert_allclose(adapted.sum(axis=1), 1)


def test_the_centre_counts_every_emotion_alike() -> None:
    truth = np.array([0, 0, 0, 1])
    rows = np.array([[0.8, 0.2]] * 3 + [[0.2, 0.8]])
    np.testing.assert_allclose(centre_of(truth, rows), 0, atol=1e-12)
    np.testing.assert_allclose(centred_logarithms(rows)[0], np.log(4) / 2 * np.array([1, -1]))


def test_a_stored_session_goes_on_where_it_was(tmp_path: Path) -> None:
    rows = said(np.arange(8) % 4, OFFSET)
    session = Adaptation(CENTRE)
    session.hear(rows, "ann")
    session.save(tmp_path / "ann.json")
    again = Adaptation.load(tmp_path / "ann.json")
    np.testing.assert_array_equal(again.adapted(rows, "ann"), session.adapted(rows, "ann"))
    assert set(json.loads((tmp_path / "ann.json").read_text())["session"]) == {
        "count",
        "logarithms",
        "probabilities",
        "entropy",
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "centre": [0, "x"]}'])
def test_a_file_that_is_no_stored_session_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BundleError, match=r"a\.json") as refused:
        Adaptation.load(tmp_path / "a.json")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("changed", [{"count": -1}, {"count": 10**400}, {"entropy": float("inf")}])
def test_a_stored_session_with_numbers_that_cannot_be_is_refused(changed: dict, tmp_path: Path) -> None:
    session = Adaptation(CENTRE)
    session.hear(said(np.arange(8) % 4, OFFSET), "ann")
    session.save(tmp_path / "a.json")
    values = json.loads((tmp_path / "a.json").read_text())
    values["session"] |= changed
    (tmp_path / "a.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"a\.json is not a stored adaptation"):
        Adaptation.load(tmp_path / "a.json")


def test_a_bundle_remembers_the_centre(model: Model, tmp_path: Path) -> None:
    replace(model, centre=(0.5, -0.25, -0.25)).save(tmp_path / "m.semodel")
    assert bundle.load(tmp_path / "m.semodel").adaptation().centre == (0.5, -0.25, -0.25)


def test_a_model_without_a_centre_says_why_it_cannot_adapt(model: Model) -> None:
    with pytest.raises(UsageError, match="cannot adapt: it was trained without calibration"):
        model.adaptation()


@pytest.mark.parametrize("centre", [(0.0,), (0.0, 0.0, float("nan")), (0.0, 0.0, "x")])
def test_a_centre_that_cannot_be_is_refused(centre: tuple, model: Model) -> None:
    with pytest.raises(BundleError):
        replace(model, centre=centre)


@pytest.mark.parametrize("heard", [[[np.nan, 0.5]], [[0.5, 1.5]], [0.5, 0.5], [[0.2, 0.3, 0.5]]])
def test_what_is_no_probability_is_not_heard(heard: list) -> None:
    session = Adaptation(centre=(0.0, 0.0))
    with pytest.raises(UsageError, match=r"probabilities from 0 to 1, of shape \(n, 2\)"):
        session.hear(heard)
    assert session.session.count == 0


@pytest.mark.parametrize("count", ["Infinity", "1" + "0" * 400])
def test_a_stored_number_that_is_too_large_is_refused_in_one_line(tmp_path: Path, count: str) -> None:
    Adaptation(centre=(0.0, 0.0)).save(tmp_path / "p.json")
    kept = (tmp_path / "p.json").read_text(encoding="utf-8")
    (tmp_path / "p.json").write_text(kept.replace('"count": 0', f'"count": {count}'), encoding="utf-8")
    with pytest.raises(BundleError, match="is not a stored adaptation"):
        Adaptation.load(tmp_path / "p.json")
