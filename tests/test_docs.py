"""The docs say what is there: every command and option, and code that runs."""

from __future__ import annotations

import re
import runpy
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer

from speech_emotion.cli.main import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


def commands() -> list[tuple[str, object]]:
    root = typer.main.get_command(app)
    found = []
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        found += [(f"{name} {sub}", each) for sub, each in inner.items()] if inner else [(name, command)]
    return found


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_and_option_is_in_the_docs(name: str, command: object) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page[page.index(f"\n## {name.split(maxsplit=1)[0]}\n") :]
    section = section[: section.find("\n## ", 5)]
    assert f"speech-emotion {name}" in section
    for parameter in command.params:
        for option in parameter.opts if parameter.param_type_name == "option" else ():
            assert option in section or option in ("--help", "-h"), f"{name} {option}"


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_of_python_in_the_docs_runs(
    block: str,
    ravdess_zip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    microphones: Any,
    request: pytest.FixtureRequest,
) -> None:
    microphones.says = [0.1 * np.random.default_rng(0).standard_normal(20 * 48_000)]
    monkeypatch.setenv("SPEECH_EMOTION_DATA", str(ravdess_zip.parent))
    monkeypatch.chdir(tmp_path)
    soundfile.write("call.wav", 0.1 * np.random.default_rng(0).standard_normal(5 * 16_000), 16_000)
    with zipfile.ZipFile(ravdess_zip) as archive:
        Path("talk.wav").write_bytes(archive.read("Actor_05/03-01-05-02-01-02-05.wav"))
    if "whisper-tiny.en" in block:  # a folder, as a name would be downloaded
        Path("whisper-tiny.en").symlink_to(request.getfixturevalue("whisper_folder"))
    Path("block.py").write_text(block, encoding="utf-8")
    runpy.run_path("block.py")


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
