"""Which Whisper models are taken, and what is said of the others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from speech_emotion.errors import BundleError, MissingExtraError, UsageError
from speech_emotion.recognition import whisper


def test_a_folder_stands_for_itself(whisper_folder: Path) -> None:
    assert whisper.find(whisper_folder) == whisper_folder
    assert whisper.find(str(whisper_folder)) == whisper_folder


@pytest.mark.parametrize(
    ("name", "says"),
    [("bse", "did you mean 'base'?"), ("./absent", "absent: no such folder"), ("a/b/c", "a/b/c: no such folder")],
)
def test_a_name_that_means_nothing_is_refused(name: str, says: str, whisper_folder: Path) -> None:
    with pytest.raises((UsageError, BundleError), match=says.replace("?", r"\?")):
        whisper.find(name)


@pytest.mark.parametrize("absent", whisper.MEMBERS)
def test_a_folder_that_lacks_a_member_leads_to_no_download(absent: str, whisper_folder: Path, tmp_path: Path) -> None:
    for member in set(whisper.MEMBERS) - {absent}:
        (tmp_path / member).symlink_to(whisper_folder / member)
    with pytest.raises(BundleError, match=f"it has no {absent}"):
        whisper.find(tmp_path)
    with pytest.raises(BundleError, match="a folder, not a file"):
        whisper.find(whisper_folder / "config.json")


def test_a_folder_of_rubbish_is_one_line(whisper_folder: Path, tmp_path: Path) -> None:
    for member in ("config.json", "vocabulary.txt", "tokenizer.json"):
        shutil.copy(whisper_folder / member, tmp_path)
    (tmp_path / "model.bin").write_bytes((whisper_folder / "model.bin").read_bytes()[:1000])
    with pytest.raises(BundleError, match="no Whisper model in CTranslate2's format") as caught:
        whisper.opened(whisper.find(tmp_path))
    assert "\n" not in str(caught.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingExtraError, match=r'pip install "speech-emotion\[words\]"'):
        whisper.find("base")


def test_without_network_a_name_is_one_line_that_says_what_to_do(tmp_path: Path, whisper_folder: Path) -> None:
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "speech_emotion", "predict", "absent.wav", "--words", "--words-model", "tiny.en"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stdout == ""
    downloads, error = done.stderr.splitlines()
    assert downloads == "faster-whisper downloads 'tiny.en' from Hugging Face, once"
    assert error.startswith("error: cannot fetch the Whisper model 'tiny.en' from Hugging Face: it does not answer")
    assert "name a folder that has it" in error
