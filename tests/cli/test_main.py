"""The command as a user meets it: exit statuses, one-line errors, pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.cli.main import run

COMMAND = [sys.executable, "-m", "speech_emotion"]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("demo", "predict", "resample", "extract", "train", "search", "corpus", "models"):
        assert name in shown


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == version("speech-emotion")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict"], "Missing argument 'files'"),
        (["predict", "--bogus", "x"], "No such option: --bogus"),
        (["predict", "x.wav", "--top-k", "0"], "Invalid value for '--top-k': '0' should be greater than or equal to 1"),
        (["predict", "x.wav", "--top-k", "x\n"], r"Invalid value for '--top-k': 'x\n' should be a valid integer"),
        (["no-such-command"], "No such command 'no-such-command'"),
        (["predict", "x.wav", "--format", "jsn"], "unknown format 'jsn' (valid: table, json, jsonl, csv, vtt, rttm)"),
        (["predict", "x.wav", "--model", "clasic"], "did you mean 'classic'?"),
        (["predict", "x.wav", "--segments", "--hop", "5"], "hop"),
        (["extract", "absent-folder", "t.npz"], "absent-folder"),
        (["extract", "synthetic", "t.csv"], "name it t.npz"),
        (["extract", "synthetic", "t.npz", "--features", "mels"], "unknown feature 'mels'"),
        (["demo", "--budget", "soon"], "budget must be a time above 0, such as 90s, 5m or 1h, not 'soon'"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert told[-1].startswith("error: ")
    assert said in told[-1]
    assert not [line for line in told if "Traceback" in line]
    assert not list(tmp_path.iterdir())


def test_an_interrupt_is_told_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("speech_emotion.models.bundle.load", interrupted)
    assert run(["predict", "x.wav"]) == 130
    assert capsys.readouterr().err.splitlines() == ["interrupted"]


@pytest.mark.skipif(os.name != "posix", reason="pipes that close early")
def test_a_reader_that_has_enough_ends_the_command_quietly(ravdess_zip: Path) -> None:
    whole = f"{' '.join(COMMAND)} predict {ravdess_zip}/Actor_01/*.wav x y z --format jsonl | head -n 1"
    done = subprocess.run(["bash", "-c", whole], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_an_interrupt_while_the_command_is_loaded_is_one_line() -> None:
    script = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from speech_emotion.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_prediction_loads_nothing_that_only_training_needs(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    script = (
        "import sys; from speech_emotion.cli.main import run\n"
        "status = run(['predict', sys.argv[1], '--segments', '--format', 'json'])\n"
        "print(status, [name for name in sys.modules if name.split('.')[0] in "
        "('sklearn', 'scipy', 'librosa', 'optuna', 'matplotlib', 'torch', 'skl2onnx', 'onnx', 'joblib')])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.wav")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_an_archive_that_cannot_be_read_costs_its_own_line_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "good.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    (tmp_path / "bad.zip").write_bytes(b"PK rubbish")
    assert run(["predict", str(tmp_path / "bad.zip"), str(tmp_path / "good.wav"), "--format", "jsonl"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert ["error" in line for line in lines] == [True, False]


@pytest.mark.parametrize("option", ["--features", "--emotions"])
def test_a_list_without_names_is_refused(
    option: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["extract", "synthetic", "t.npz", option, ","]) == 2
    assert "',' names nothing" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="encodings of streams")
def test_what_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    name = tmp_path / "gr\u00fc\u00dfe\U0001f600.wav"
    done = subprocess.run(
        [*COMMAND, "predict", str(name)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 1
    assert b"\\ud83d\\ude00" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="encodings of streams")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_json_stays_json_where_the_encoding_lacks_a_letter(encoding: str, tmp_path: Path) -> None:
    name = "gr\u00fc\u00dfe \u0142\U0001f600.wav"
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / name).touch()
    done = subprocess.run(
        [*COMMAND, "corpus", "check", str(tmp_path), "--workers", "1", "--json"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    (empty,) = (found for found in json.loads(done.stdout.decode(encoding))["findings"] if found["kind"] == "empty")
    assert empty["paths"] == [str(tmp_path / "sad" / name)]


def test_too_little_memory_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise MemoryError

    monkeypatch.setattr("speech_emotion.models.bundle.load", full)
    assert run(["predict", "x.wav"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told == ["error: out of memory; cut long recordings into utterances, or use fewer processes: --workers 1"]


def test_a_name_that_is_too_long_costs_its_own_line_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "good.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    assert run(["predict", "x" * 300, str(tmp_path / "good.wav"), "--format", "jsonl"]) == 1
    assert ["error" in line for line in capsys.readouterr().out.splitlines()] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["predict", ""], 1), (["corpus", "info", ""], 2), (["corpus", "info", "~nobody-here/x"], 2)],
)
def test_an_empty_or_impossible_name_is_one_line(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == status
    assert len(capsys.readouterr().err.strip().splitlines()) <= 2


@pytest.mark.parametrize("name", ["a\nb.wav", "\x1b[31mred.wav"])
def test_a_hostile_name_stays_on_its_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", name]) == 1
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 1
    assert "\x1b" not in shown


@pytest.mark.skipif(os.name != "posix", reason="closing streams in a shell")
@pytest.mark.parametrize(("closed", "status"), [("2>&-", 0), (">&-", 2), ("<&-", 0)])
def test_closed_streams_are_no_traceback(closed: str, status: int, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    whole = f"{' '.join(COMMAND)} predict {tmp_path}/a.wav --format csv {closed}"
    done = subprocess.run(["bash", "-c", whole], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    if not status:
        assert done.stdout.startswith("path,start,end")


@pytest.mark.skipif(os.name != "posix", reason="a pipe among the files")
def test_a_pipe_among_the_recordings_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    os.mkfifo(tmp_path / "b.wav")
    assert run(["predict", str(tmp_path), "--format", "jsonl"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
