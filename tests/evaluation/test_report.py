"""The page and the picture."""

from __future__ import annotations

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
    probabilities = rng.dirichlet(np.ones(3), 60) + np.eye(3)[truth]
    speakers = np.array([f"s/{n % 5}" for n in range(60)])
    return report(probabilities, truth, speakers, EMOTIONS, protocol="speaker", folds=5, seed=0)


def page(scored: Report, **more: object) -> str:
    comparison = Comparison("3 emotions", scored, scored, 0.67)
    return render(Page(title="Emotions in <mine>", about=[("Licence", "own & only")], comparisons=[comparison], **more))


def test_the_page_shows_both_scores_chance_and_people(scored: Report) -> None:
    text = page(scored)
    value = f"{scored.scores['uar'].value:.0%}"
    assert text.count(value) >= 2
    assert "33%" in text
    assert "67%" in text


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
