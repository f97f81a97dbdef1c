"""How long saved models take, by turns."""

from __future__ import annotations

from speech_emotion.training import timing
from speech_emotion.training.train import train


def test_models_hear_by_turns_and_one_that_cannot_be_loaded_has_no_time(made_table, tmp_path, monkeypatch):
    table = made_table()
    first, second, broken = (tmp_path / f"{name}.semodel" for name in ("first", "second", "broken"))
    for path in (first, second):
        train(table, family="lda", name=path.stem).save(path)
    broken.write_bytes(b"no bundle")
    heard = []
    alone = timing._seconds_to_hear
    monkeypatch.setattr(timing, "_seconds_to_hear", lambda model: heard.append(model.name) or alone(model))
    times = timing.milliseconds([first, broken, second])
    assert heard == ["first", "second"] * (1 + timing.REPEATS)
    assert times[1] is None
    assert times[0] > 0 < times[2]
