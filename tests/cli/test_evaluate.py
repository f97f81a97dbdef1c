"""The command ``evaluate``: what a model or a recipe is worth."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from speech_emotion.cli.main import run
from speech_emotion.corpora.utterance import Origin
from speech_emotion.errors import FeatureError
from speech_emotion.evaluation import side_by_side
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.training.train import recipe, train

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
LDA = ["--family", "lda", "--workers", "1"]


@pytest.fixture
def table(made_table):
    return made_table(speakers=6, strength=0.8)


@pytest.fixture
def saved(table, tmp_path):
    path = tmp_path / "table.npz"
    table.save(path)
    return str(path)


def test_uar_comes_first_then_the_rest_of_what_a_user_must_know(table, saved, capsys):
    assert run(["evaluate", saved, *LDA]) == 0
    out = capsys.readouterr().out
    header, first, *rest = out.splitlines()
    assert header.split() == ["new", "speakers"]
    uar = evaluate(recipe("lda"), table, workers=1).scores["uar"]
    assert first.split()[0] == "UAR"
    assert f"{100 * uar.value:.1f} % ({100 * uar.low:.1f}–{100 * uar.high:.1f})" in first
    text = " ".join(" ".join(rest).split())
    for word in (
        "accuracy",
        "macro F1",
        "ECE",
        "recall sad",
        "UAR female",
        "worst speaker made/0",
        "chance: UAR 33.3 %",
    ):
        assert word in text
    assert "always the most frequent: UAR 33.3 %, accuracy 33.3 %" in text
    assert "UAR of women less that of men" in text
    assert "people" not in text


def test_the_random_split_is_never_shown_alone_and_the_reason_is_told(saved, capsys):
    assert run(["evaluate", saved, *LDA, "--protocol", "random"]) == 0
    header, first, *rest = capsys.readouterr().out.splitlines()
    assert header.split() == ["random", "split,", "same", "speakers", "new", "speakers"]
    assert first.count("(") == 2
    assert "has heard every voice" in " ".join(rest)
    assert run(["evaluate", saved, *LDA, "--protocol", "random", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["protocol"], facts["beside"]["protocol"]) == ("random", "speaker")


def test_json_is_one_document_with_the_scores_at_its_top(table, saved, capsys):
    assert run(["evaluate", saved, *LDA, "--json", "--seed", "3", "--folds", "3", "--no-calibrate"]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = evaluate(recipe("lda", seed=3, calibrate=False), table, folds=3, seed=3, workers=1).as_dict()
    assert {name: facts[name] for name in expected} == expected
    assert set(facts["uar"]) == {"value", "low", "high"}
    assert set(facts["by"]["sex"]) == {"female", "male"}
    assert facts["by"]["worst_speaker"] in facts["by"]["speaker"]
    assert facts["human"] is None
    assert facts["published"] == {}


def test_a_wanted_accuracy_is_judged_on_new_speakers(saved, capsys):
    assert run(["evaluate", saved, *LDA, "--sure-at", "0.8"]) == 0
    out = capsys.readouterr().out
    assert "answered" in out
    assert "right of those" in out


def test_a_model_is_judged_on_new_speakers_only_unless_overlap_is_allowed_and_then_marked(
    table, saved, tmp_path, capsys
):
    heard = np.isin(table.speakers, ["made/00", "made/01", "made/02"])
    model, rest = str(tmp_path / "m.semodel"), str(tmp_path / "rest.npz")
    train(table.rows(heard), "lda", protocols=[], workers=1).save(model)
    table.rows(~heard).save(rest)
    assert run(["evaluate", rest, "--model", model]) == 0
    assert "judged as it is" in capsys.readouterr().err
    assert run(["evaluate", saved, "--model", model]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "trained on 3 of these speakers" in err
    assert "--allow-overlap" in err
    assert run(["evaluate", saved, "--model", model, "--allow-overlap", "--json"]) == 0
    assert "OVERLAP" in json.loads(capsys.readouterr().out)["notes"][0]


def test_several_corpora_are_joined_and_each_is_tested_by_the_others(made_table, saved, tmp_path, capsys):
    other = made_table(speakers=4, emotions=("calm", "happy", "angry"), seed=1)
    renamed = np.char.replace(other.speakers, "made", "other")
    other = replace(other, speakers=renamed, corpora=np.full(len(other), "other"), origins=(Origin("other", "CC0"),))
    other.save(tmp_path / "other.npz")
    options = [*LDA, "--protocol", "corpus", "--json"]
    assert run(["evaluate", saved, str(tmp_path / "other.npz"), *options]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert facts["emotions"] == ["calm", "happy"]
    assert facts["folds"] == 2
    assert set(facts["by"]["corpus"]) == {"made", "other"}
    assert "24 recordings left out: 'sad' is not in all of them" in err


def test_people_and_published_systems_stand_beside_ravdess_on_the_published_folds(ravdess_zip, tmp_path, capsys):
    page = tmp_path / "r.html"
    options = [*LDA[:2], "--protocol", "emobox", "--no-calibrate", "--features", "rms", "--report", str(page)]
    assert run(["evaluate", f"ravdess:{ravdess_zip}", *options]) == 0
    out, err = capsys.readouterr()
    text = " ".join(out.split())
    assert "people who only hear it: accuracy 67 %" in text
    assert "WavLM large 72.0 %" in text
    assert "UAR strong" in text
    assert "means of the six folds" in err
    shown = page.read_text(encoding="utf-8").replace("\xa0", " ")
    for words in ("EmoBox&#39;s folds", "WavLM large", "72.0 %", "67 %", "new sentences", "CC BY-NC-SA 4.0"):
        assert words in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--family", "lda", "--model", "classic"], "name either a model (--model) or a recipe"),
        (["--family", "ldo"], "unknown family 'ldo'"),
        (["--family", "lda", "--protocol", "emobux"], "did you mean 'emobox'?"),
        (["--family", "lda", "--protocol", "emobox"], "for RAVDESS's 24 actors"),
        (["--family", "lda", "--protocol", "sentence"], "72 of 72 have none; protocol 'speaker' works"),
        (["--family", "lda", "--protocol", "corpus"], "needs 2 corpora or more"),
        (["--family", "lda", "--sure-at", "90"], "above 0 and below 1, not 90"),
        (["--model", "classic", "--sure-at", "0.9"], "go with --family"),
        (["--family", "lda", "--folds", "1"], "'--folds'"),
    ],
)
def test_a_wrong_call_is_one_line(saved, capsys, options, message):
    assert run(["evaluate", saved, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("error: ")
    assert message in err.splitlines()[-1]


def test_recordings_that_are_named_twice_are_refused(saved, refused):
    assert "is named twice" in refused(["evaluate", saved, saved, "--family", "lda"])


def test_one_voice_is_shown_with_the_random_split_alone_and_no_promise(made_table, tmp_path, capsys):
    made_table(speakers=1, clips=6).save(tmp_path / "me.npz")
    assert run(["evaluate", str(tmp_path / "me.npz"), *LDA, "--protocol", "random"]) == 0
    assert "nothing is known of other voices" in " ".join(capsys.readouterr().out.split())
    assert run(["evaluate", str(tmp_path / "me.npz"), *LDA]) == 2
    assert "protocol 'random' works" in capsys.readouterr().err


def test_a_report_has_the_other_protocols_beside_it_and_the_command_makes_it_again(saved, tmp_path, capsys):
    page = tmp_path / "new" / "r.html"
    assert run(["evaluate", saved, *LDA, "--no-calibrate", "--report", str(page), "--json"]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    Draft202012Validator(SCHEMA).validate(facts)
    assert set(facts["protocols"]) == {"random", "speaker", "sentence", "corpus"}
    assert "protocol 'speaker' works" in facts["protocols"]["sentence"]["why_not"]
    assert facts["protocols"]["random"]["uar"]["value"] > facts["uar"]["value"]
    assert f"report: {page}" in err
    first = page.read_text(encoding="utf-8")
    assert [path.name for path in page.parent.iterdir()] == ["r.html"]  # nothing of what was kept on the way
    command = shlex.split(facts["repeat"])
    assert command[0] == "speech-emotion"
    assert command[1:] == ["evaluate", saved, "--family", "lda", "--no-calibrate", "--report", str(page), "--seed", "0"]
    page.unlink()
    assert run(command[1:]) == 0
    assert page.read_text(encoding="utf-8") == first


def test_all_documents_are_what_the_schema_says(saved, capsys):
    for options in (["--protocol", "random"], ["--sure-at", "0.7"], ["--protocol", "loso"]):
        assert run(["evaluate", saved, *LDA, *options, "--json"]) == 0
        Draft202012Validator(SCHEMA).validate(json.loads(capsys.readouterr().out))


def test_a_killed_run_goes_on_where_it_stopped(saved, tmp_path, capsys):
    options = ["evaluate", saved, "--family", "lda", "--protocol", "loso", "--json"]
    kept = tmp_path / "kept"
    killer = (
        "import os, signal, sys\n"
        "from speech_emotion.cli import main\n"
        "from speech_emotion.evaluation import resume\n"
        "keep = resume._keep\n"
        "def last(*about):\n"
        "    keep(*about)\n"
        f"    if len(os.listdir({str(kept)!r})) == 4:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return keep(*about)\n"
        "resume._keep = last\n"
        "main.run(sys.argv[1:])\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", killer, *options, "--workers", "1", "--resume", str(kept)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout == b""
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert len(before) == 4
    assert run([*options, "--workers", "2", "--resume", str(kept)]) == 0
    resumed = capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(kept.iterdir())) == 6
    assert run([*options, "--workers", "1"]) == 0
    assert capsys.readouterr().out == resumed


def test_recordings_that_give_answers_away_are_warned_of(table, tmp_path, capsys):
    table.rows(np.append(np.arange(len(table)), [5, 6])).save(tmp_path / "twice.npz")
    assert run(["evaluate", str(tmp_path / "twice.npz"), *LDA, "--no-calibrate"]) == 0
    assert "warning: 2 of 74 recordings are there more than once" in capsys.readouterr().err


def test_worse_sound_stands_beside_the_scores_which_stand_without_it(tmp_path, monkeypatch, capsys):
    table, page = tmp_path / "made.npz", tmp_path / "r.html"
    options = ["--features", "rms,mfcc", "--emotions", "angry,sad", "--workers", "1"]
    assert run(["extract", "synthetic", str(table), *options]) == 0
    capsys.readouterr()
    asked = [*LDA, "--no-calibrate", "--folds", "2", "--robustness", "--clips", "4"]
    assert run(["evaluate", str(table), *asked, "--report", str(page)]) == 0
    out = capsys.readouterr().out
    assert "4 clips in worse sound" in out
    assert "white noise, 10 dB" in out
    assert "What is left of it in worse sound" in page.read_text(encoding="utf-8")
    assert run(["evaluate", str(table), *asked, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMA).validate(facts)
    assert facts["robustness"]["clips"] == 4

    def fail(*arguments, **options):
        raise FeatureError("a.wav has changed")

    monkeypatch.setattr(side_by_side, "robustness", fail)
    assert run(["evaluate", str(table), *asked, "--report", str(page)]) == 1
    out, err = capsys.readouterr()
    assert "UAR" in out
    assert err.splitlines()[-1] == "warning: not measured in worse sound: a.wav has changed"
    assert "Not measured: a.wav has changed" in page.read_text(encoding="utf-8")


def test_what_cannot_be_written_or_read_is_one_line_before_the_work(saved, tmp_path, refused):
    (tmp_path / "file").touch()
    for options, message in (
        (["--report", str(tmp_path)], "is a folder; name a file in it"),
        (["--report", str(tmp_path / "file" / "r.html")], "cannot write in"),
        (["--resume", str(tmp_path / "file")], "cannot write in"),
        (["--robustness"], "72 of 72 recordings are not where the table says (made/0000.wav, …)"),
        (["--clips", "3"], "--clips goes with --robustness"),
    ):
        assert message in refused(["evaluate", saved, *LDA, *options])
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".html"] == []


def test_adaptation_is_reported_both_ways(table, saved, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert run(["evaluate", saved, *LDA, "--adapt", "3,all,session", "--json", "--report", str(page)]) == 0
    facts = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMA).validate(facts)
    expected = evaluate(recipe("lda"), table, workers=1, adapt=(3, "all", "session"))
    assert facts["uar"] == expected.scores["uar"].as_dict()
    assert {name: each["uar"] for name, each in facts["adapted"].items()} == {
        name: each.scores["uar"].as_dict() for name, each in expected.adapted.items()
    }
    assert "after 3 other clips of the speaker" in page.read_text(encoding="utf-8")
    assert run(["evaluate", saved, *LDA, "--adapt", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (without,) = (line for line in lines if line.strip().startswith("not adapted"))
    (after,) = (line for line in lines if line.strip().startswith("after all clips"))
    assert f"{100 * expected.scores['uar'].value:.1f} % (" in without
    assert f"{100 * expected.adapted['all'].scores['uar'].value:.1f} % (" in after


@pytest.mark.parametrize(
    ("options", "says"),
    [(["--adapt", "0"], "not '0'"), (["--adapt", "3", "--no-calibrate"], "leave out --no-calibrate, or --adapt")],
)
def test_an_adaptation_that_cannot_be_is_one_line(saved, capsys, options, says):
    assert run(["evaluate", saved, *LDA, *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err


def test_a_calibration_error_without_calibration_is_marked(saved, tmp_path, capsys):
    assert run(["evaluate", saved, *LDA, "--report", str(tmp_path / "r.html")]) == 0
    out = capsys.readouterr().out
    (ece,) = (line for line in out.splitlines() if line.strip().startswith("ECE"))
    assert ece.count(")*") == 1
    assert ece.index(")*") < ece.rindex(")")
    assert "Judged without calibration" in out
    assert run(["evaluate", saved, *LDA]) == 0
    assert "Judged without calibration" not in capsys.readouterr().out
