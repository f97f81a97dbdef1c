"""A search that was stopped goes on as if it had not been; and no two are in one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import optuna
import pytest

from speech_emotion.corpora.locks import alone_in
from speech_emotion.errors import StorageError, UsageError
from speech_emotion.training.search import search

QUICK = {"families": ["lda", "logistic", "svm"], "workers": 1, "keep": 2}


def begin(table, folder, trials, **options):
    """A search whose process is killed in the middle, as far as its files can tell: the models are not there yet."""

    def stop(trial):
        if trial.number == trials:
            raise SystemExit

    with pytest.raises(SystemExit):
        search(table, trials=40, folder=folder, on_trial=stop, **{**QUICK, **options})


@pytest.mark.parametrize(("strategy", "after"), [("random", 11), ("evolution", 3), ("evolution", 11), ("tpe", 11)])
def test_what_was_stopped_goes_on_with_the_same_sequence(made_table, tmp_path, soon, strategy, after):
    table = made_table(clips=2)
    search(table, strategy, trials=14, folder=tmp_path / "whole", **QUICK)
    begin(table, tmp_path / "stopped", after, strategy=strategy)
    told = []
    search(table, strategy, trials=14, folder=tmp_path / "stopped", resume=True, on_trial=told.append, **QUICK)
    assert [trial.number for trial in told] == list(range(after + 1, 15))
    for path in [tmp_path / "whole" / "leaderboard.csv", *(tmp_path / "whole").glob("*.semodel")]:
        assert path.read_bytes() == (tmp_path / "stopped" / path.name).read_bytes()


SCRIPT = """
import sys
from speech_emotion.features.table import FeatureTable
from speech_emotion.training.search import search
search(FeatureTable.load(sys.argv[1]), trials=24, folder=sys.argv[2], workers=2, keep=2,
       families=["lda", "logistic", "svm"], on_trial=lambda trial: print(trial.number, flush=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_search_that_was_killed_loses_the_trials_in_flight_and_nothing_else(made_table, tmp_path):
    table = made_table(clips=2)
    table.save(tmp_path / "t.npz")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "t.npz"), str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.strip() == "18":
                process.send_signal(signal.SIGKILL)
                break
        rest = process.stdout.read().split()
    told = int(rest[-1]) if rest else 18
    with (tmp_path / "killed" / "evolution.journal").open("ab") as journal:
        journal.write(b'{"op_code": 4, "half a line')
    resumed = []
    result = search(table, trials=24, folder=tmp_path / "killed", resume=True, on_trial=resumed.append, **QUICK)
    assert [trial.number for trial in resumed] == list(range(25 - len(resumed), 25))
    assert len(resumed) <= 24 - told
    search(table, trials=24, folder=tmp_path / "whole", **QUICK)
    board = (tmp_path / "whole" / "leaderboard.csv").read_bytes()
    assert board == (tmp_path / "killed" / "leaderboard.csv").read_bytes()
    assert len(result.leaderboard) == 24


def test_a_finished_search_goes_on_to_more_trials(made_table, tmp_path):
    table = made_table(clips=2)
    search(table, trials=5, folder=tmp_path / "twice", **QUICK)
    search(table, trials=12, folder=tmp_path / "twice", resume=True, **QUICK)
    search(table, trials=12, folder=tmp_path / "once", **QUICK)
    boards = [(tmp_path / name / "leaderboard.csv").read_bytes() for name in ("once", "twice")]
    assert boards[0] == boards[1]


def test_where_a_glimpse_stops_candidates_workers_and_a_resumption_change_nothing(made_table, tmp_path, soon):
    table = made_table(speakers=20, clips=10, strength=1.0)
    for name, ends, workers in (("once", [24], 1), ("two", [24], 2), ("twice", [13, 24], 1)):
        for trials in ends:
            options = {**QUICK, "workers": workers, "resume": trials != ends[0]}
            result = search(table, trials=trials, folder=tmp_path / name, **options)
        assert any(trial.state == "stopped" and trial.folds == 0 for trial in result.leaderboard)
    assert len({(tmp_path / name / "leaderboard.csv").read_bytes() for name in ("once", "two", "twice")}) == 1


def test_what_was_not_finished_is_not_overwritten(made_table, tmp_path):
    table = made_table(clips=2)
    begin(table, tmp_path, 4)
    with pytest.raises(
        UsageError, match=r"not finished \(4 trials\): go on with --resume, or remove .*evolution.journal"
    ):
        search(table, trials=5, folder=tmp_path, **QUICK)


def test_an_interrupt_in_an_outer_fold_ends_the_search_and_the_rest_is_gone_on_with(made_table, tmp_path):
    table, numbers = made_table(clips=2), []

    def interrupt(trial):
        numbers.append(trial.number)
        if len(numbers) == 5:  # the second of the first outer fold
            raise KeyboardInterrupt

    result = search(table, trials=3, folder=tmp_path, outer=2, on_trial=interrupt, **QUICK)
    assert numbers == [1, 2, 3, 1, 2]
    assert (result.stopped, result.procedure) == ("interrupted", None)
    assert all(path.exists() for path in [*result.paths, tmp_path / "search.html"])
    numbers = [0] * 5
    result = search(table, trials=3, folder=tmp_path, outer=2, resume=True, on_trial=interrupt, **QUICK)
    assert numbers[5:] == [3, 1, 2, 3]
    assert result.procedure is not None


def test_what_was_not_finished_of_the_outer_folds_is_told_before_the_first_trial(made_table, tmp_path):
    table = made_table(clips=2)
    search(table, trials=1, folder=tmp_path, **QUICK)
    begin(table, tmp_path / "outer" / "02-of-02", 1)
    with pytest.raises(UsageError, match=r"02-of-02 holds a search that was not finished \(1 trials\)"):
        search(table, trials=1, folder=tmp_path, outer=2, on_trial=pytest.fail, **QUICK)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"seed": 1}, "another seed: 0, not 1"),
        ({"families": ["lda"]}, "another search space"),
        ({"space": {"lda": {"shrinkage": [0.1, 0.2]}}}, "another search space"),
        ({"table": 1}, "another recordings"),
    ],
)
def test_going_on_with_something_else_is_refused_in_a_line(made_table, tmp_path, other, message):
    table = made_table(clips=2)
    begin(table, tmp_path, 2)
    changed = made_table(clips=2, seed=other.get("table", 0))
    options = {name: value for name, value in other.items() if name != "table"}
    before = (tmp_path / "evolution.journal").read_bytes()
    with pytest.raises(UsageError, match=message) as refused:
        search(changed, trials=5, folder=tmp_path, resume=True, **{**QUICK, **options})
    assert "\n" not in str(refused.value)
    assert (tmp_path / "evolution.journal").read_bytes() == before


OTHERS = [
    "mine\nand mine\n",
    "mine, without an end",
    '{"a": 1}\n',
    '{"a": 1}',
    '{\n "a": 1\n}\n',
    "[" * 100_000,
    "\0" * 9,
]


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_journal_is_refused_and_kept(made_table, tmp_path, text):
    (tmp_path / "evolution.journal").write_text(text)
    for resume in (False, True):
        with pytest.raises(UsageError, match="is not a search's journal"):
            search(made_table(), trials=1, folder=tmp_path, resume=resume, **QUICK)
    assert (tmp_path / "evolution.journal").read_text() == text


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["mine"], "its studies are mine"),
        (["mine", "search"], "its studies are mine, search"),
        (["search"], "its trials are no search's"),
    ],
)
def test_a_journal_of_another_program_is_refused_and_kept(made_table, tmp_path, names, why):
    path = tmp_path / "evolution.journal"
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    for name in names:
        optuna.create_study(storage=storage, study_name=name).optimize(lambda trial: trial.suggest_float("x", 0, 1), 2)
    before = path.read_bytes()
    for resume in (False, True):
        with pytest.raises(UsageError, match=rf"is not a search's journal \({why}\); move it away"):
            search(made_table(), trials=1, folder=tmp_path, resume=resume, **QUICK)
    assert path.read_bytes() == before


@pytest.mark.parametrize("end", ["{}\n", '{"op_code": 4, "half\n', '{"op_code": 4, "half', "\0" * 512, "\0\n", "7\n"])
def test_a_broken_end_costs_nothing_else(made_table, tmp_path, end):
    table = made_table(clips=2)
    begin(table, tmp_path, 2)
    with (tmp_path / "evolution.journal").open("a") as journal:
        journal.write(end)
    made = []
    search(table, trials=4, folder=tmp_path, resume=True, on_trial=made.append, **QUICK)
    assert [trial.number for trial in made] == [3, 4]


def test_a_last_line_without_its_end_is_not_lost(made_table, tmp_path):
    table = made_table(clips=2)
    begin(table, tmp_path, 2)
    journal = tmp_path / "evolution.journal"
    whole = [line for line in journal.read_bytes().splitlines(keepends=True) if b'"finished"' not in line]
    journal.write_bytes(b"".join(whole).rstrip(b"\n"))
    made = []
    search(table, trials=4, folder=tmp_path, resume=True, on_trial=made.append, **QUICK)
    assert [trial.number for trial in made] == [3, 4]
    assert journal.read_bytes().startswith(b"".join(whole))


def test_a_journal_that_is_broken_in_the_middle_is_refused_with_the_line_and_kept(made_table, tmp_path):
    table = made_table(clips=2)
    begin(table, tmp_path, 2)
    journal = tmp_path / "evolution.journal"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([*lines[:2], "{}\n", *lines[2:]]))
    with pytest.raises(UsageError, match=r"evolution\.journal: line 3 is broken; move the file away"):
        search(table, trials=4, folder=tmp_path, resume=True, **QUICK)
    assert journal.read_text().splitlines(keepends=True)[2:] == ["{}\n", *lines[2:]]


def test_the_page_reads_other_journals_and_leaves_them_as_they_are(made_table, tmp_path):
    table = made_table(clips=2)
    search(table, "random", trials=2, folder=tmp_path, **QUICK)
    others = {"random.journal": (tmp_path / "random.journal").read_bytes() + b'{"half', "notes.journal": b'{"a": 1}\n'}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.journal").mkdir()
    search(table, trials=2, folder=tmp_path, **QUICK)
    assert {name: (tmp_path / name).read_bytes() for name in others} == others
    assert "random from" in (tmp_path / "search.html").read_text(encoding="utf-8")


def test_a_search_that_was_killed_before_its_first_trial_begins_anew(made_table, tmp_path):
    table = made_table(clips=2)
    begin(table, tmp_path, 1)
    journal = tmp_path / "evolution.journal"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:3]))
    assert search(table, trials=2, folder=tmp_path, resume=True, **QUICK).models


def test_a_trial_of_somebody_else_is_refused_in_a_line(made_table, tmp_path):
    table = made_table(clips=2)
    begin(table, tmp_path, 2)
    journal = tmp_path / "evolution.journal"
    journal.write_text(journal.read_text().replace('"number"', '"place"'))
    with pytest.raises(UsageError, match="a trial that no search wrote") as refused:
        search(table, trials=5, folder=tmp_path, resume=True, **QUICK)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("number", None), ("seconds", "long"), ("uars", [None, "high"]), ("parents", "3"), ("mutations", [1])),
        *(("scores", {"uar": {"value": None, "low": 0, "high": 1}}), ("candidate", "lda"), ("at", None), ("error", 3)),
        *(("scores", {"uar": {"value": 0.5, "low": 0, "high": 1}}), ("number", 7), ("parents", [2]), ("parents", [99])),
        *(("at", 10**400), ("cost", 10**400), ("uars", []), ("made", "up"), ("glimpse", []), ("seconds", -1)),
    ],
)
def test_a_trial_that_was_damaged_is_refused_in_a_line(made_table, tmp_path, name, value):
    table = made_table(clips=2)
    begin(table, tmp_path, 2)
    journal = tmp_path / "evolution.journal"
    steps = [json.loads(line) for line in journal.read_text().splitlines()]
    told = [step["user_attrs"] for step in steps if "user_attrs" in step and "number" in step["user_attrs"]]
    told[-1][name] = value
    journal.write_text("".join(json.dumps(step) + "\n" for step in steps))
    with pytest.raises(UsageError, match="a trial that no search wrote"):
        search(table, trials=5, folder=tmp_path, resume=True, **QUICK)
    journal.rename(tmp_path / "old.journal")
    assert search(table, trials=1, folder=tmp_path, **QUICK).models  # the page passes over it, or shows what it can


def test_two_searches_in_one_folder_are_kept_apart(made_table, tmp_path):
    with (
        alone_in(tmp_path),
        pytest.raises(UsageError, match=rf"another search is at work in .*\(process {os.getpid()} on"),
    ):
        search(made_table(), trials=1, folder=tmp_path, **QUICK)
    assert [path.name for path in tmp_path.iterdir()] == []


def test_the_lock_of_a_process_that_died_is_taken_over(made_table, tmp_path):
    code = "import sys, os; from pathlib import Path; from speech_emotion.corpora.locks import alone_in\n"
    code += "with alone_in(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "search.lock").exists()
    assert search(made_table(clips=2), trials=1, folder=tmp_path, **QUICK).models
    assert not (tmp_path / "search.lock").exists()


def test_optuna_reads_the_journal(made_table, tmp_path):
    result = search(made_table(clips=2), trials=12, folder=tmp_path, **QUICK)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "evolution.journal"))
    study = optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend))
    best = max((t for t in study.trials if t.values), key=lambda t: t.values[0])
    highest = result.passed_over.trial if result.passed_over else result.leaderboard[0]
    assert best.values == [highest.inner["uar"].value, highest.cost]
    assert len(study.trials) == 12


@pytest.mark.parametrize("break_", [lambda path: path.unlink(), lambda path: path.write_text("mine")])
def test_a_journal_that_goes_while_it_is_written_ends_the_search_in_a_line(made_table, tmp_path, break_):
    def break_it(trial):
        if trial.number == 2:
            break_(tmp_path / "evolution.journal")

    with pytest.raises(StorageError, match=r"evolution\.journal: was removed or changed while") as told:
        search(made_table(clips=2), trials=8, folder=tmp_path, on_trial=break_it, **QUICK)
    assert "\n" not in str(told.value)


def test_a_disk_that_is_full_ends_the_search_in_a_line_that_names_the_file(made_table, tmp_path, monkeypatch):
    def add_trial(study, trial):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("optuna.study.Study.add_trial", add_trial)
    with pytest.raises(StorageError, match=r"evolution\.journal: no space left on device; --resume goes on"):
        search(made_table(clips=2), trials=2, folder=tmp_path, **QUICK)
