"""Several protocols at once: each as it is alone, and those that do not work with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from speech_emotion import corpora
from speech_emotion.errors import FeatureError, TrainingError
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.evaluation.side_by_side import study
from speech_emotion.features.extract import extract
from speech_emotion.features.table import Failure
from speech_emotion.training.calibrated import Calibrated
from speech_emotion.training.train import recipe, train


@pytest.fixture
def table(made_table):
    made = made_table(strength=0.7)
    return replace(made, sentences=np.array(["a", "b"])[np.arange(len(made)) % 2])


def test_each_protocol_has_the_scores_that_it_has_alone(table):
    found = study(LinearDiscriminantAnalysis(), table, "loso", workers=1, seed=3)
    assert [side.protocol for side in found.sides] == ["random", "speaker", "sentence", "corpus", "loso"]
    for name, report in found.reports.items():
        alone = evaluate(LinearDiscriminantAnalysis(), table, name, workers=1, seed=3)
        assert report.as_dict() == alone.as_dict()
    assert found.sides[3].report is None
    assert "needs 2 corpora or more" in found.sides[3].why_not
    assert found.honest.protocol == "loso"
    assert found.task == "3 emotions"


def test_what_was_asked_for_must_work(table):
    with pytest.raises(TrainingError, match="2 corpora or more"):
        study(LinearDiscriminantAnalysis(), table, "corpus", workers=1)


class Counted(LinearDiscriminantAnalysis):
    """Counts how often it is fitted."""

    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        return super().fit(X, y)


def test_only_new_speakers_and_what_was_asked_for_are_calibrated_and_no_answer_differs(table):
    Counted.fits = 0
    found = study(Calibrated(Counted(), folds=2), table, "speaker", workers=1, folds=3)
    assert Counted.fits == 3 * 3 + 3 + 2  # calibrated: two inner folds and the model; random; two sentences
    calibrated = evaluate(Calibrated(LinearDiscriminantAnalysis(), folds=2), table, "random", folds=3, workers=1)
    plain = found.reports["random"]
    assert plain.scores["uar"] == calibrated.scores["uar"]
    assert (plain.confusion == calibrated.confusion).all()
    assert plain.scores["log_loss"] != calibrated.scores["log_loss"]


def test_a_saved_model_is_judged_by_new_speakers_only(table, tmp_path: Path):
    heard = np.isin(table.speakers, ["made/00", "made/01", "made/02"])
    train(table.rows(heard), "lda", protocols=[], workers=1).save(tmp_path / "m.semodel")
    from speech_emotion.models.bundle import load

    found = study(load(tmp_path / "m.semodel"), table.rows(~heard), workers=1)
    assert list(found.reports) == ["speaker"]
    assert all("cannot be fitted anew" in side.why_not for side in found.sides if side.report is None)


def test_what_a_saved_model_does_not_know_is_not_said_to_be_judged(made_table):
    table = replace(made_table(), durations=np.full(72, 3600, dtype=np.float32))
    known = table.rows(np.isin(table.emotions, ["calm", "sad"])).narrow(["mfcc"])
    found = study(train(known, "lda", protocols=[], workers=1), table, beside=(), workers=1)
    facts = dict(found.about)
    assert facts["Of them judged"] == "48 clips, 48.0 hours, 6 speakers"
    assert facts["Features"] == "mfcc (mean over frames): 4 numbers a clip"


def test_what_was_left_out_and_what_may_leak_is_kept(table):
    failures = (Failure("a.wav", "is empty"), Failure("b.wav", "is empty"))
    twice = table.rows(np.append(np.arange(len(table)), 5))
    found = study(
        recipe("lda", calibrate=False),
        replace(twice, failures=failures, left_out={"song": 4}),
        beside=(),
        subject="lda",
        workers=1,
    )
    assert found.left_out == {"song": 4, "is empty": 2}
    assert any("1 of 73 recordings is there more than once" in line for line in found.leaks)
    assert dict(found.about)["Model"] == "lda"


@pytest.fixture
def recorded(tmp_path: Path):
    """The table of sixteen half-second tones by four speakers: the louder are angry."""
    rng = np.random.default_rng(0)
    for speaker in ("ann", "bob", "eve", "joe"):
        for emotion, level in (("angry", 0.5), ("sad", 0.05)):
            for take in range(2):
                place = tmp_path / "corpus" / emotion / f"{speaker}_{take}.wav"
                place.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(place, level * rng.uniform(-1, 1, 8000), 16_000)
    (tmp_path / "corpus" / "list.csv").write_text(
        "path,emotion,speaker\n"
        + "".join(
            f"{path.relative_to(tmp_path / 'corpus').as_posix()},{path.parent.name},{path.stem.split('_')[0]}\n"
            for path in sorted((tmp_path / "corpus").rglob("*.wav"))
        ),
        encoding="utf-8",
    )
    return extract(corpora.open("folder", tmp_path / "corpus" / "list.csv"), ["rms", "zcr"], workers=1)


def test_degraded_sound_is_judged_beside_it_under_the_honest_protocol(recorded):
    found = study(recipe("lda"), recorded, "random", beside=("speaker",), folds=2, workers=1, degraded=True, clips=4)
    assert found.robustness.protocol == "speaker"
    assert found.robustness.clips == 4
    assert found.not_robust == ""


def test_recordings_that_are_gone_are_missed_before_the_work(recorded):
    path = Path(str(recorded.paths[3]))
    path.unlink()
    with pytest.raises(FeatureError, match=r"1 of 16 recordings are not where the table says .*--robustness"):
        study(object(), recorded, degraded=True)  # what is no model is not reached


def test_where_the_sound_cannot_be_degraded_the_scores_stand(recorded):
    path = str(recorded.paths[3])
    soundfile.write(path, np.zeros(8000), 16_000)
    found = study(recipe("lda", calibrate=False), recorded, beside=(), folds=2, workers=1, degraded=True)
    assert found.robustness is None
    assert path in found.not_robust
    assert found.reports["speaker"].scores["uar"].value == 1
