"""The page: all that was found is on it, for every way of reading it."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.errors import UsageError
from speech_emotion.evaluation import breakdown
from speech_emotion.evaluation.evaluate import Report
from speech_emotion.evaluation.intervals import Score
from speech_emotion.evaluation.report import Page, check_target, points, render, write
from speech_emotion.evaluation.robustness import Robustness, Row
from speech_emotion.evaluation.study import Side, Study

SCORE = Score(0.5, 0.4, 0.6)
WORSE = Robustness(
    "speaker",
    5,
    0,
    60,
    5,
    1 / 3,
    Score(0.75, 0.7, 0.8),
    None,
    (
        Row("white_10", "noise", "white noise, 10 dB", SCORE, Score(0.25, 0.2, 0.3), Score(0.61, 0.5, 0.7), SCORE),
        Row("opus", "channel", "Opus", None, None, None, missing="this machine has no Opus"),
    ),
    notes=("tested on 60 of 90 clips",),
)
HEARD = ("clips/<img src=x>.wav", "sad", [("sad", 0.9), ("calm", 0.1)])


@pytest.fixture
def study(scored: Report) -> Study:
    kind = replace(scored, protocol="random", scores={**scored.scores, "uar": Score(0.9, 0.85, 0.95)})
    return Study(
        "3 emotions",
        "speaker",
        (
            Side("random", kind),
            Side("speaker", scored),
            Side("sentence", why_not="60 of 60 have none & so on"),
        ),
        robustness=WORSE,
        left_out={"not a recording": 7},
        leaks=("the length of a clip tells <its> emotion",),
        about=(("Licence", "own & only"),),
    )


def page(study: Study, **more: object) -> Page:
    about = {"heard": HEARD, "repeat": "speech-emotion evaluate 'my corpus' --seed 0", "winner": ["It won."], **more}
    return Page("Emotions in <mine>", [study], **about)


def _text(html: str) -> str:
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


def test_the_honest_table_comes_first_with_all_that_is_known(study: Study, scored: Report) -> None:
    html = render(page(study))
    table = _text(html[html.index("<table") : html.index("</table>")])
    uar, accuracy = (str(scored.scores[name]) for name in ("uar", "accuracy"))
    rows = [
        "random split, same speakers 90.0 % (85.0–95.0)",
        f"new speakers {uar} {accuracy} 5",
        "new sentences not possible: 60 of 60 have none &amp; so on",
        "chance 33.3 %",
        "always the most frequent emotion 33.3 % 33.3 %",
    ]
    places = [table.index(row) for row in rows]
    assert places == sorted(places)
    assert "people" not in table
    gain = 100 * (0.9 - scored.scores["uar"].value)
    assert f"The random split puts the UAR {gain:.1f} points above what new speakers get" in _text(html)


def test_all_that_was_found_is_on_the_page(study: Study, scored: Report) -> None:
    text = _text(render(page(study)))
    worst = breakdown.speakers(scored)[0]
    gap = breakdown.sex_gap(scored)
    for words in (
        *(f"{emotion} {100 * recall:.0f}" for emotion, recall in scored.recalls.items()),
        f"Calibration error (ECE) {scored.scores['ece']}",
        f"With its threshold it answers {scored.scores['coverage']}",
        f"The worst is s/0, with a UAR of {100 * worst.uar.value:.1f}",
        f"Sex: female {breakdown.parts(scored, 'sex')[0].uar}",
        "Intensity: strong",
        f"women less that of men: {points(gap.value)}",
        "white noise, 10 dB 50.0 % (40.0–60.0) −25.0 61.0 % +50.0",
        "Opus not measured: this machine has no Opus",
        "tested on 60 of 90 clips",
        "Left out 7: not a recording",
        "the length of a clip tells &lt;its&gt; emotion",
        "1 warning: the recordings may give answers away",
        "It won.",
        "speech-emotion evaluate &#39;my corpus&#39; --seed 0",
    ):
        assert words in text, words


def test_where_worse_sound_could_not_be_measured_the_page_says_why(study: Study) -> None:
    text = _text(render(page(replace(study, robustness=None, not_robust="the files are gone"))))
    assert "Not measured: the files are gone" in text
    assert "worse sound" not in _text(render(page(replace(study, robustness=None))))


def test_people_and_published_systems_stand_in_the_table_of_ravdess(study: Study) -> None:
    eight = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    report = study.honest
    padded = np.pad(report.probabilities, ((0, 0), (0, 5)))
    aspects = {**report.aspects, "corpus": np.full(60, "ravdess")}
    known = replace(
        report,
        protocol="emobox",
        emotions=eight,
        probabilities=padded,
        aspects=aspects,
        confusion=np.pad(report.confusion, ((0, 5), (0, 5))),
    )
    text = _text(render(page(Study("8 emotions", "emobox", (Side("emobox", known),)))))
    assert "people who only heard it (published) – 67 %" in text
    assert "WavLM large 72.0 %" in text


class Reader(HTMLParser):
    """What a reader that speaks goes by: headings, tables, pictures, and what is loaded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_can_be_read_aloud(study: Study) -> None:
    html = render(page(study))
    tags = Reader(html).tags
    names = [tag for tag, _ in tags]
    assert dict(tags)["html"]["lang"] == "en"
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert names.count("table") == names.count("caption")
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    assert names.count("main") == 1
    pictures = [attrs for tag, attrs in tags if tag == "svg"]
    assert len(pictures) == 4
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in pictures:
        assert attrs["role"] == "img"
        assert attrs["aria-labelledby"] in ids
    for _, attrs in tags:
        for name in ("aria-labelledby", "href"):
            target = (attrs.get(name) or "").removeprefix("#")
            assert not target or target in ids


def test_the_page_loads_nothing_and_runs_nothing(study: Study) -> None:
    html = render(page(study))
    for tag, attrs in Reader(html).tags:
        assert tag not in ("script", "link", "img", "image", "iframe", "object", "form")
        for name, value in attrs.items():
            assert name not in ("src", "srcset", "data", "action")
            assert not name.startswith("on")
            assert not (name.endswith("href") and not value.startswith("#"))
    assert not re.search(r"url\((?!#)|@import", html)


def test_a_model_that_was_judged_on_its_own_speakers_is_marked_before_its_score(study: Study, scored: Report) -> None:
    marked = replace(scored, notes=("OVERLAP: trained on 2 of these 5 speakers",))
    html = render(page(replace(study, sides=(Side("speaker", marked),))))
    assert html.index("OVERLAP: trained on 2") < html.index("How good it is")
    assert "In detail: speakers that it has heard" in html
    assert "In detail: new speakers" not in html
    assert "OVERLAP" not in render(page(study))


def test_a_report_is_refused_where_its_name_does_not_say_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"saved as .html, not as 'r.txt'; name it r.html"):
        check_target(tmp_path / "r.txt")


def test_what_comes_from_outside_is_escaped(study: Study) -> None:
    html = render(page(study, warning="<b>careful"))
    for raw in ("<mine>", "<img", "<its>", "<b>careful"):
        assert raw not in html
    assert "own &amp; only" in html


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def _contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_by_day_by_night_and_on_paper() -> None:
    style = files("speech_emotion.evaluation").joinpath("templates/style.css").read_text(encoding="utf-8")
    roots = re.findall(r":root \{([^}]*)\}", style)
    assert len(roots) == 3
    for root in roots:
        colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root))
        for ink, ground in (("ink", "ground"), ("soft", "ground"), ("ink", "card"), ("soft", "card")):
            assert _contrast(colour[ink], colour[ground]) >= 4.5, (ink, ground, root)
        assert _contrast(colour["warn"], colour["warn-ground"]) >= 4.5
        for bar in ("bar", "other"):
            assert _contrast(colour[bar], colour["ground"]) >= 3
        half = [(int(colour["bar"][at : at + 2], 16) + int(colour["ground"][at : at + 2], 16)) // 2 for at in (1, 3, 5)]
        assert _contrast(colour["ink"], "#{:02x}{:02x}{:02x}".format(*half)) >= 4.5  # the darkest cell of a confusion


def test_it_is_written_whole_into_a_folder_that_is_made(study: Study, tmp_path: Path) -> None:
    target = tmp_path / "new" / "r.html"
    check_target(target)
    write(page(study), target)
    assert target.read_text(encoding="utf-8") == render(page(study))
    assert [path.name for path in target.parent.iterdir()] == ["r.html"]
    with pytest.raises(UsageError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(UsageError, match="cannot write in"):
        check_target(target / "inside.html")


@pytest.mark.parametrize("name", ["table.npz", "best.semodel", "report", "page.html.txt"])
def test_only_a_page_is_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"saved as \.html.*name it"):
        check_target(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_replaced_by_a_page(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(UsageError, match="a device or a pipe"):
        check_target(tmp_path / "pipe.html")


@pytest.mark.parametrize("width", [390, 1200])
def test_chromium_shows_the_page_from_disk_within_its_width(study: Study, tmp_path: Path, width: int) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium")
    probe = "<script>document.title = document.documentElement.scrollWidth + ' ' + document.links.length</script>"
    (tmp_path / "page.html").write_text(render(page(study)) + probe, encoding="utf-8")
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
    assert links == "1"  # to the warnings, on the page itself


def test_the_page_names_files_without_their_folders(study: Study) -> None:
    repeat = "speech-emotion evaluate ravdess:/home/ann/Speech.zip --report '/home/ann lee/r.html'"
    html = render(page(study, heard=("/home/ann/clips/a.wav", "sad", [("sad", 1.0)]), repeat=repeat))
    assert "/home" not in html
    text = _text(html)
    assert "a.wav" in text
    assert "ravdess:Speech.zip --report r.html" in text


def test_scores_after_adaptation_stand_beside_those_without(study: Study, scored: Report) -> None:
    after = replace(scored, scores={**scored.scores, "uar": Score(0.95, 0.9, 0.97)})
    sides = tuple(
        replace(side, report=replace(side.report, adapted={"10": after})) if side.protocol == "speaker" else side
        for side in study.sides
    )
    text = _text(render(page(replace(study, sides=sides))))
    assert f"without {scored.scores['uar']}" in text
    assert "after 10 other clips of the speaker 95.0 % (90.0–97.0)" in text
    assert "Adapted to who it hears" not in _text(render(page(study)))
