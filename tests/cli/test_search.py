"""The command ``search``: what it prints, and that stopping it keeps what was found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run
from speech_emotion.cli.search import _Board
from speech_emotion.features.table import FeatureTable
from speech_emotion.models.bundle import load
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.search import search
from speech_emotion.training.trial import Trial

QUICK = ["--families", "lda", "--workers", "1"]


@pytest.fixture
def saved(made_table, tmp_path):
    """A table that ``extract`` could have saved."""
    path = tmp_path / "table.npz"
    made_table().save(path)
    return str(path)


def test_the_best_are_printed_with_the_score_for_new_speakers(saved, tmp_path, capsys):
    folder = tmp_path / "models"
    assert run(["search", saved, "--trials", "4", "--keep", "2", "--models-dir", str(folder), *QUICK]) == 0
    out, err = capsys.readouterr()
    best = sorted(folder.glob("*.semodel"))[0]
    uar = load(best).provenance.scores["outer"]["uar"]
    assert f"{100 * uar['value']:.1f} % ({100 * uar['low']:.1f}–{100 * uar['high']:.1f})" in out
    text = " ".join(out.split())
    assert "4 trials. Chosen on 4 speakers, then tested once on 2 that no choice saw." in text
    assert "Of 2 speakers they mean little" in text
    assert "Chance: 33.3 %" in text
    assert out.splitlines()[-1] == f"best: {best}"
    assert err == ""


def test_for_known_voices_it_says_that_a_new_one_scores_less(made_table, tmp_path, capsys):
    made_table(speakers=2, clips=12).save(tmp_path / "table.npz")
    told = ["--protocol", "random", "--trials", "2", "--models-dir", str(tmp_path / "models"), *QUICK]
    assert run(["search", str(tmp_path / "table.npz"), *told]) == 0
    assert capsys.readouterr().err == ""
    table = FeatureTable.load(tmp_path / "table.npz")
    table.rows(np.tile(np.arange(len(table)), 2)).save(tmp_path / "table.npz")
    assert run(["search", str(tmp_path / "table.npz"), *told]) == 0
    out, err = capsys.readouterr()
    assert "72 of 144 recordings are there more than once" in err
    shown = " ".join(out.split())
    assert "UAR, clips not heard" in shown
    assert "Chosen on 108 clips, then tested once on 36 others" in shown
    assert "learnt anew, has a UAR of" in shown
    assert "bootstrap over clips" in shown


def test_an_ensemble_is_held_against_the_best_model_alone(made_table, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("speech_emotion.training.trial.Ensemble.better", True)
    saved = str(tmp_path / "hard.npz")
    made_table(speakers=8, strength=0.5).save(saved)
    folder = tmp_path / "models"
    assert run(["search", saved, "--trials", "6", "--models-dir", str(folder), "--workers", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["ensemble"]
    assert run(["search", saved, "--trials", "6", "--resume", "--models-dir", str(folder), "--workers", "1"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    inner, alone = (100 * found[each]["uar"]["value"] for each in ("inner", "alone"))
    assert f"the ensemble reaches {inner:.1f} %" in text
    assert f"and the single model, picked in the same way, {alone:.1f} %" in text


def test_a_search_that_is_not_there_cannot_go_on_and_it_is_said(saved, tmp_path, capsys):
    folder = tmp_path / "modles"
    asked = ["search", saved, "--trials", "1", "--models-dir", str(folder), *QUICK]
    assert run([*asked, "--resume"]) == 0
    assert capsys.readouterr().err == f"note: no search by evolution in {folder} to go on with; this is a new one\n"
    assert run([*asked, "--resume"]) == 0
    assert capsys.readouterr().err == ""


def test_a_search_that_would_be_replaced_is_named(saved, tmp_path, capsys):
    folder = tmp_path / "models"
    asked = ["search", saved, "--trials", "1", "--models-dir", str(folder), *QUICK]
    assert run(asked) == 0
    assert run([*asked, "--resume", "--strategy", "random"]) == 2
    assert f"error: {folder} holds no search by random to go on with, but by evolution: give" in capsys.readouterr().err
    assert run(asked) == 0
    assert f"this search takes the place of the one in {folder}" in capsys.readouterr().err


def test_json_is_one_document(saved, tmp_path, capsys):
    folder = tmp_path / "models"
    options = ["--trials", "3", "--keep", "1", "--features", "mel,mfcc", "--emotions", "calm,sad", "--json"]
    options += ["--seed", "2"]
    assert run(["search", saved, "--models-dir", str(folder), *options, *QUICK]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["emotions"] == ["calm", "sad"]
    assert facts["stopped"] == "trials"
    assert len(facts["models"]) == 1
    assert set(facts["models"][0]["features"]) <= {"mel", "mfcc"}


def test_the_same_seed_prints_the_same(saved, tmp_path, capsys):
    printed = []
    for _ in range(2):
        run(["search", saved, "--trials", "3", "--seed", "4", "--models-dir", str(tmp_path / "m"), *QUICK])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--budget", "soon"], "budget must be a time above 0, such as 90s, 5m or 1h, not 'soon'"),
        (["--strategy", "evolve"], "unknown strategy 'evolve'"),
        (["--families", "mpl"], "unknown family 'mpl'"),
        (["--protocol", "loso"], "unknown protocol 'loso'"),
        (["--features", "tune"], "unknown feature 'tune'"),
        (["--trials", "0"], "'--trials'"),
        (["--models-dir", "{}/table.npz"], "cannot write in"),
    ],
)
def test_a_wrong_call_is_one_line(saved, tmp_path, refused, options, message):
    assert message in refused(["search", saved, "--models-dir", str(tmp_path), *(o.format(tmp_path) for o in options)])


def test_a_score_that_cannot_be_reached_is_refused_before_the_recordings_are_read(tmp_path, capsys):
    assert run(["search", "no-such-corpus", "--until", "60", "--models-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "error: until is a UAR above 0 and at most 1, such as 0.6, not 60\n"


def test_a_space_that_the_recordings_do_not_fill_is_refused_before_they_are_read(tmp_path, capsys):
    (tmp_path / "space.toml").write_text('features = ["tone", "mfcc"]\n')
    assert (
        run(["search", "no-such-corpus", "--space", str(tmp_path / "space.toml"), "--models-dir", str(tmp_path)]) == 2
    )
    assert "unknown feature 'mfcc'" in capsys.readouterr().err


def test_the_board_shows_one_search_at_a_time():
    board = _Board(float("inf"), 2)
    trial = partial(Trial, candidate=Candidate("ridge", ("tone",), {}), seconds=1.0, inner={})
    for number in (1, 2):
        board.add(trial(number=number))
    board.test(1, 1)
    assert "2 of 2 trials; testing" in str(board._table().title)
    board.add(trial(number=1))  # of the first outer fold
    assert str(board._table().title) == "1 of 2 trials"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_trials_and_keeps_the_best(saved, tmp_path, number, monkeypatch, capsys):
    from speech_emotion.training.judging import held_out

    judged = []

    def judge_then_signal(bench, candidate, fold):
        found = held_out(bench, candidate, fold)
        judged.append(fold)
        if len(judged) == 13:
            os.kill(os.getpid(), number)
            threading.Event().wait(5)
        return found

    monkeypatch.setattr("speech_emotion.training.judging.held_out", judge_then_signal)
    folder = tmp_path / "models"
    assert run(["search", saved, "--budget", "60s", "--models-dir", str(folder), *QUICK]) == 0
    out, err = capsys.readouterr()
    assert "interrupted after" in err
    assert "best: " in out
    assert (folder / "leaderboard.csv").exists()
    assert list(folder.glob("*.semodel"))


def test_nothing_but_the_result_reaches_a_pipe(saved, tmp_path):
    command = [sys.executable, "-c", "from speech_emotion.cli.main import main; main()", "search", saved]
    options = ["--trials", "2", "--models-dir", str(tmp_path / "m"), "--json", *QUICK]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["trials"] == 2
    assert done.stderr == ""


def test_of_recordings_more_is_measured_than_one_model_needs(tmp_path, monkeypatch, capsys):
    rng, mine, seen = np.random.default_rng(0), tmp_path / "mine", []
    for speaker in ("anna", "bert", "cleo", "dora"):
        for emotion, level in (("calm", 0.01), ("angry", 0.3)):
            path = mine / speaker / emotion / "1.wav"
            path.parent.mkdir(parents=True)
            soundfile.write(path, level * rng.standard_normal(8_000), 16_000)

    def find(table, *args, **options):
        seen.append(table)
        return search(table, *args, **options)

    monkeypatch.setattr("speech_emotion.training.search.search", find)
    asked = ["search", str(mine), "--features", "mfcc", "--trials", "2", "--models-dir", str(tmp_path / "m"), *QUICK]
    assert run(asked) == 0
    assert seen[0].config.statistics == ("mean", "std", "slope", "delta", "p10", "p50", "p90")
    assert list(seen[0].copies) == ["slower", "faster"]
    assert run([*asked, "--statistics", "mean,delta", "--copies", "none"]) == 0
    assert (seen[1].config.statistics, seen[1].copies) == (("mean", "delta"), {})
    capsys.readouterr()
