"""The page and the picture."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.evaluation.evaluate import Report, report
from speech_emotion.evaluation.report import Comparison, Page, confusion_png, confusion_svg, render

EMOTIONS = ("calm", "happy", "sad")


@pytest.fixture
def scored() -> Report:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 20)
    probabilities = rng.dirichlet(np.ones(3), 60) + 0.3 * np.eye(3)[truth]
    speakers = np.array([f"s/{n % 5}" for n in range(60)])
    return report(probabilities, truth, speakers, EMOTIONS, protocol="speaker", folds=5, seed=0)


def page(scored: Report, **more: object) -> str:
    comparison = Comparison("3 emotions", scored, scored, 0.67)
    return render(Page(title="Emotions in <mine>", about=[("Licence", "own & only")], comparisons=[comparison], **more))


def test_the_page_shows_both_scores_chance_and_people(scored: Report) -> None:
    text = page(scored)
    for name in ("uar", "accuracy"):
        assert text.count(f">{scored.scores[name]}</td>") >= 2
    assert "33.3 %" in text
    assert "67 %" in text


def test_what_comes_from_outside_is_escaped(scored: Report) -> None:
    text = page(scored, heard=("<img src=x>.wav", "sad", [("sad", 0.9), ("calm", 0.1)]), warning="<b>")
    assert "<mine>" not in text
    assert "<img" not in text
    assert "own &amp; only" in text


def test_the_page_is_well_formed_and_loads_nothing(scored: Report) -> None:
    class Checker(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: list) -> None:
            assert tag not in ("script", "link", "img", "iframe")
            assert not [value for name, value in attrs if name == "src"]
            if tag not in ("meta", "br", "use", "path", "rect"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

        def handle_startendtag(self, tag: str, attrs: list) -> None:
            pass

    checker = Checker()
    checker.feed(page(scored).replace("</path>", "").replace("</rect>", ""))
    assert not checker.open


def test_the_same_scores_give_the_same_picture(scored: Report, tmp_path: Path) -> None:
    assert confusion_svg(scored) == confusion_svg(scored)
    confusion_png(scored, tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["c.png"]


@pytest.mark.parametrize("width", [390, 1200])
def test_chromium_shows_the_page_from_disk_within_its_width(scored: Report, tmp_path: Path, width: int) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium")
    probe = "<script>document.title = document.documentElement.scrollWidth + ' ' + document.links.length</script>"
    heard = ("clips/03-01-06-01-02-01-12.wav", "fearful", [("fearful", 0.8), ("calm", 0.2)])
    (tmp_path / "page.html").write_text(page(scored, heard=heard) + probe, encoding="utf-8")
    frame = (
        f"<iframe src=page.html width={width} height=3000 onload='document.title=frames[0].document.title'></iframe>"
    )
    (tmp_path / "frame.html").write_text(f"<!doctype html>{frame}", encoding="utf-8")
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--allow-file-access-from-files"]
    done = subprocess.run(
        [chromium, *quiet, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    shown, links = re.search(r"<title>(\d+) (\d+)</title>", done.stdout).groups()
    assert int(shown) <= width
    assert links == "0"
