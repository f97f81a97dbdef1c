"""Ideas are judged among training speakers, and what is worth nothing scores nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from speech_emotion.evaluation.protocols import folds_of
from speech_emotion.features.defaults import AS_IN_LIFE, TEMPI
from speech_emotion.features.table import FeatureTable


@pytest.fixture
def ideas(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    import ideas

    monkeypatch.setattr(ideas.workers, "cores", lambda: 1)  # processes would not find the script
    return ideas


@pytest.fixture
def tables(made_table: Callable[..., FeatureTable]) -> tuple[FeatureTable, FeatureTable]:
    """In place of RAVDESS and EMO-DB; nothing of the emotion is in the first four columns."""
    made = []
    for name, emotions in (("ravdess", ("calm", "happy", "neutral", "sad")), ("emodb", ("happy", "neutral", "sad"))):
        table = made_table(speakers=24, clips=2, emotions=emotions, strength=1.5)
        values = table.values.copy()
        values[:, :4] = np.random.default_rng(1).normal(size=(len(values), 4))
        speakers = [f"{name}/{number:02d}" for number in np.repeat(np.arange(1, 25), 2 * len(emotions))]
        noisy = values + np.random.default_rng(2).normal(size=values.shape).astype(np.float32)
        copies = {copy: values if copy in TEMPI else noisy for copy in AS_IN_LIFE}
        corpora = np.full(len(values), name)
        made.append(replace(table, values=values, speakers=np.array(speakers), corpora=corpora, copies=copies))
    return made[0], made[1]


def test_no_test_speaker_of_a_fold_has_a_say(ideas: ModuleType, tables: tuple[FeatureTable, FeatureTable]) -> None:
    ravdess, emodb = tables
    data = ideas.Data(ravdess, emodb, (2,))
    locked = set(ravdess.speakers[folds_of("emobox", ravdess, 6, 0)[1][1]])
    assert len(data.inner()) == ideas.PARTS
    for train, test in [*data.inner(), *data.between_sexes()]:
        heard, judged = set(ravdess.speakers[train]), set(ravdess.speakers[test])
        assert not heard & judged
        assert not (heard | judged) & locked


def test_an_idea_is_worth_what_its_features_tell(ideas: ModuleType, tables: tuple[FeatureTable, FeatureTable]) -> None:
    data = ideas.Data(*tables, (1,))
    blind = ideas.Idea("blind", columns=lambda names: np.arange(len(names)) < 4)
    whole, nothing = (ideas.judged(idea, data, ideas.QUESTIONS) for idea in (ideas.IDEAS[0], blind))
    assert float(whole["new speakers"]) > 60
    assert float(whole["new speakers, far"]) < float(whole["new speakers"])
    assert float(nothing["new speakers"]) < 40
    assert float(nothing["EMO-DB → RAVDESS"]) < 50


def test_another_corpus_is_learnt_beside_the_first(
    ideas: ModuleType, tables: tuple[FeatureTable, FeatureTable]
) -> None:
    ravdess, emodb = tables
    data = ideas.Data(ravdess, emodb, (1,))
    alone, both = (data.tasks(idea, "new speakers")[0].learnt for idea in (ideas.IDEAS[0], ideas.IDEAS[-1]))
    assert len(both[0]) - len(alone[0]) == (1 + len(AS_IN_LIFE)) * len(emodb)
    assert set(both[2]) - set(alone[2]) == set(emodb.speakers)
    assert set(both[1]) == {0, 1, 2, 3}
