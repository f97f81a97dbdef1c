"""The pictures: what they say is what was scored."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from speech_emotion.evaluation import breakdown, figures
from speech_emotion.evaluation.evaluate import Report

SVG = "{http://www.w3.org/2000/svg}"


def _drawn(report: Report) -> dict[str, str]:
    parts = breakdown.speakers(report)
    sexes = dict(zip(report.speakers.tolist(), report.aspects["sex"].tolist(), strict=True))
    return {
        "confusion": figures.confusion_svg(report),
        "reliability": figures.reliability_svg(report),
        "risk": figures.risk_coverage_svg(report),
        "speakers": figures.speakers_svg(parts, sexes, report.chance),
    }


def _title(svg: str) -> str:
    return ElementTree.fromstring(svg).find(f"{SVG}title").text


def test_each_picture_says_in_words_what_it_shows(scored: Report) -> None:
    for name, svg in _drawn(scored).items():
        element = ElementTree.fromstring(svg)
        assert element.tag == f"{SVG}svg"
        assert element.get("role") == "img"
        assert element.get("aria-labelledby") == f"{name}-title"
        assert element.find(f"{SVG}title").get("id") == f"{name}-title"
        assert len(_title(svg)) > 40


def test_the_words_are_the_scores(scored: Report) -> None:
    drawn = _drawn(scored)
    shares = scored.confusion / scored.confusion.sum(axis=1, keepdims=True)
    for emotion, share in zip(scored.emotions, np.diag(shares), strict=True):
        assert f"{emotion} {100 * share:.0f}" in _title(drawn["confusion"])
    shown = re.findall(r">(\d+)</text>", drawn["confusion"])
    assert shown == [f"{100 * share:.0f}" for share in shares.ravel()]
    wrong = (scored.probabilities.argmax(axis=1) != scored.truth).mean()
    assert f"100 % answered, {100 * wrong:.0f} % wrong" in _title(drawn["risk"])
    assert f"Calibration error: {scored.scores['ece'].value:.3f}." in _title(drawn["reliability"])
    worst = breakdown.speakers(scored)[0]
    assert worst.name == "s/0"
    assert f"{100 * worst.uar.value:.0f} % for s/0, the worst" in _title(drawn["speakers"])


def test_women_men_and_unknown_have_lines_of_their_own_and_the_worst_is_named(scored: Report) -> None:
    text = re.findall(r">([^<>]+)</text>", _drawn(scored)["speakers"])
    assert {"women", "men", "sex unknown", "s/0", "chance"} <= set(text)


def test_colours_are_the_pages_and_ids_the_pictures_own(scored: Report) -> None:
    ids: list[str] = []
    for name, svg in _drawn(scored).items():
        for colour in re.findall(r"(?:fill|stroke): ([^;\"]+)", svg):
            assert colour == "none" or colour.startswith("var(--"), f"{name}: {colour}"
        ids += re.findall(r'\bid="([^"]+)"', svg)
        for target in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg):
            assert "".join(target) in ids
        assert "<image" not in svg
        assert "<script" not in svg
    assert len(ids) == len(set(ids))


def test_a_name_is_drawn_as_it_is_whatever_it_looks_like(scored: Report) -> None:
    strange = replace(scored, speakers=np.where(scored.speakers == "s/0", "<b>$x^2$ & co", scored.speakers))
    svg = _drawn(strange)["speakers"]
    element = ElementTree.fromstring(svg)
    shown = [text.text for text in element.iter(f"{SVG}text")]
    assert "<b>$x^2$ & co" in shown, shown
    assert "<b>$x^2$ & co" in _title(svg)


def test_the_same_scores_give_the_same_pictures(scored: Report, tmp_path: Path) -> None:
    assert _drawn(scored) == _drawn(scored)
    figures.confusion_png(scored, tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["c.png"]


@pytest.mark.parametrize(("part", "expected"), [(0.25, 0.0), (0.5, 0.5), (0.6, 2 / 3), (1.0, 0.5)])
def test_the_error_at_a_coverage_is_that_of_at_least_so_many(part: float, expected: float) -> None:
    coverage, risk = np.array([0.25, 0.5, 0.75, 1.0]), np.array([0.0, 0.5, 2 / 3, 0.5])
    assert figures.error_at(coverage, risk, part) == pytest.approx(expected)
