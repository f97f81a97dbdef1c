"""The clients in docs/server.md, run against a server as the page starts it."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from speech_emotion.serving.limits import ServerLimits

from .conftest import Running, launch, wav

PAGE = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
CLIENTS = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
PLACE = "127.0.0.1:8765"


@pytest.fixture(scope="module")
def shown(whisper_folder: Path) -> Iterator[Running]:
    running = launch("--words", str(whisper_folder))
    yield running
    assert running.end() == 0


@pytest.mark.parametrize("number", range(len(CLIENTS)))
def test_a_client_of_the_docs_runs(
    number: int, shown: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("call.wav").write_bytes(wav(5.0))
    assert PLACE in CLIENTS[number]
    Path("client.py").write_text(CLIENTS[number].replace(PLACE, shown.url.removeprefix("http://")), encoding="utf-8")
    runpy.run_path("client.py")


def test_the_page_names_each_limit_with_its_default() -> None:
    limits = ServerLimits(concurrent=1)
    for name in ServerLimits.__dataclass_fields__:
        option = "--" + name.replace("_", "-")
        default = "as many as cores" if name == "concurrent" else f"{getattr(limits, name):g}"
        assert f"| `{option}` | {default} |" in PAGE
