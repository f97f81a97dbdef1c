"""Scores after adaptation stand beside those without, and are those of the adaptation that users get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from speech_emotion.errors import TrainingError, UsageError
from speech_emotion.evaluation.adapted import asked
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.models.adaptation import Adaptation
from speech_emotion.models.bundle import load
from speech_emotion.training.train import recipe, train


@pytest.fixture
def table(made_table):
    return made_table(speakers=6, clips=6, strength=1.5)


def test_the_scores_without_it_stay_as_they_are(table) -> None:
    plain = evaluate(recipe("lda"), table, workers=1)
    found = evaluate(recipe("lda"), table, workers=1, adapt=(3, "all", "session"))
    assert list(found.adapted) == ["3", "all", "session"]
    np.testing.assert_array_equal(found.probabilities, plain.probabilities)
    without = {name: value for name, value in found.as_dict().items() if name != "adapted"}
    assert without == plain.as_dict()
    assert set(found.as_dict()["adapted"]["all"]) == set(without)


def test_a_saved_model_is_scored_as_its_own_adaptation_answers(table, made_table, tmp_path) -> None:
    train(table, "lda", protocols=(), workers=1).save(tmp_path / "m.semodel")
    model = load(tmp_path / "m.semodel")
    others = replace(made_table(speakers=3, clips=6, seed=1), speakers=np.repeat(["x/1", "x/2", "x/3"], 18))
    found = evaluate(model, others, adapt=["all", "session"], allow_overlap=True)
    rows = model.predict_proba(others)
    centre = model.centre
    np.testing.assert_allclose(
        found.adapted["session"].probabilities, Adaptation(centre).adapted_together(rows), atol=1e-12
    )
    own = others.speakers == "x/2"
    np.testing.assert_allclose(
        found.adapted["all"].probabilities[own], Adaptation(centre).adapted_together(rows[own]), atol=1e-12
    )


def test_a_clip_is_adapted_to_other_clips_of_its_speaker_only(table) -> None:
    """All of them, where there are no more than are asked for; and never to itself."""
    found = evaluate(recipe("lda"), table, workers=1, adapt=(17, "all"))
    np.testing.assert_allclose(found.adapted["17"].probabilities, found.adapted["all"].probabilities, atol=1e-9)
    alone = evaluate(recipe("lda"), table, workers=1, adapt=1)
    np.testing.assert_array_equal(alone.adapted["1"].probabilities, alone.probabilities)


def test_what_is_drawn_follows_from_the_seed(table) -> None:
    first, again = (evaluate(recipe("lda"), table, workers=1, adapt=5).adapted["5"] for _ in range(2))
    np.testing.assert_array_equal(first.probabilities, again.probabilities)


def test_finished_folds_that_are_kept_can_adapt_too(table, tmp_path) -> None:
    first = evaluate(recipe("lda"), table, workers=1, resume=tmp_path)
    again = evaluate(recipe("lda"), table, workers=1, resume=tmp_path, adapt="all")
    np.testing.assert_array_equal(again.probabilities, first.probabilities)
    expected = evaluate(recipe("lda"), table, workers=1, adapt="all")
    np.testing.assert_array_equal(again.adapted["all"].probabilities, expected.adapted["all"].probabilities)


def test_too_few_clips_are_told(table) -> None:
    found = evaluate(recipe("lda"), table, workers=1, adapt=30)
    assert "6 of 6 speakers have fewer than 30 other clips: all of theirs were heard" in found.adapted["30"].notes
    assert found.adapted["30"].notes[0] == "adapted after 30 other clips of the speaker, emotions unknown"


def test_the_threshold_holds_for_adapted_answers(table) -> None:
    found = evaluate(recipe("lda", sure_at=0.8), table, workers=1, adapt="all")
    assert {"coverage", "sure_accuracy"} <= set(found.adapted["all"].scores)


@pytest.mark.parametrize("adapt", [0, -1, "ten", "1.5", "", ["all", "others"]])
def test_what_cannot_be_adapted_to_is_refused(adapt) -> None:
    with pytest.raises(UsageError, match="to 'all' or to the 'session'"):
        asked(adapt)


def test_a_recipe_without_calibration_cannot_adapt(table) -> None:
    with pytest.raises(UsageError, match="only a calibrated recipe can adapt"):
        evaluate(recipe("lda", calibrate=False), table, workers=1, adapt=3)


def test_where_calibration_finds_nothing_it_says_so(made_table) -> None:
    with pytest.raises(TrainingError, match="a model adapts from what it says on average"):
        evaluate(recipe("lda"), made_table(speakers=1, clips=6), "random", workers=1, adapt=3)
