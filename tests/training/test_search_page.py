"""The page of a search: what was found, how, and what it cost; one file that loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from speech_emotion.evaluation.intervals import Score
from speech_emotion.training import search_page
from speech_emotion.training.candidate import Candidate
from speech_emotion.training.importance import importances
from speech_emotion.training.search import search
from speech_emotion.training.search_figures import front_svg
from speech_emotion.training.search_space import SearchSpace
from speech_emotion.training.trial import Ensemble

QUICK = {"families": ["lda", "logistic"], "workers": 1, "keep": 2}


class Balanced(HTMLParser):
    """Fails where a tag is left open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "path", "use", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "use", "rect"):
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


def test_the_page_shows_scores_front_importance_and_lineage(made_table, folder):
    table = made_table(speakers=8, strength=0.6)
    search(table, "random", trials=8, folder=folder, **QUICK)
    result = search(table, trials=60, folder=folder, **QUICK)
    text = (folder / "search.html").read_text(encoding="utf-8")
    Balanced().feed(text)
    assert not re.search(r"<script|<link|<img|src=|url\((?!#)|@import", text)
    assert "Tried: 60 candidates" in text
    best = result.kept[0]
    for score in (best.inner["uar"], best.outer["uar"]):
        assert f"{100 * score.value:.1f}\xa0%" in text
    assert f"{100 * best.optimism:+.1f} points".replace("-", "−") in text
    progress = re.search(r"The best inner UAR over [^<]*", text)[0]
    assert "evolution from" in progress
    assert "random from" in progress
    assert "On the front:" in text
    assert "Statistics to choose from" in text
    assert "What mattered:" in text
    highest = result.passed_over.trial if result.passed_over else best
    assert highest.parents
    assert "Where the highest score comes from" in text
    assert f'<td class="number">{max(highest.parents)}</td>' in text


def test_costs_that_hardly_differ_have_ticks_that_do_not_run_into_each_other():
    uar = SimpleNamespace(value=0.7)
    whole = [SimpleNamespace(cost=cost, inner={"uar": uar}, front=False) for cost in (1_224_780_000, 1_226_780_000)]
    labels = re.findall(r"<text[^>]*>(1,22[\d.]+)</text>", front_svg(whole, whole))
    assert 2 <= len(labels) <= 5


def test_what_decides_the_scores_matters_most(made_table):
    from speech_emotion.evaluation.intervals import Score
    from speech_emotion.training.proposals import generation
    from speech_emotion.training.trial import Trial

    space = SearchSpace.of(made_table().config, ["lda", "ridge"])
    trials = []
    for number in range(3):
        for proposal in generation("random", space, [], number, 0):
            value = 0.7 if "mfcc" in proposal.candidate.features else 0.3
            trials.append(Trial(len(trials) + 1, proposal.candidate, 0.1, {"uar": Score(value, 0, 1)}))
    found = importances(trials, space)
    assert next(iter(found)) == "mfcc"
    assert found["mfcc"] > 0.9


def test_where_all_candidates_cost_the_same_a_sentence_says_so(made_table, tmp_path, monkeypatch):
    monkeypatch.setattr(Candidate, "cost", lambda self, *of: 10**9 + len(self.features))
    search(made_table(), trials=4, folder=tmp_path, **QUICK)
    text = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert "All candidates cost the same to 0.1\N{NO-BREAK SPACE}%" in text
    assert "On the front:" not in text
    assert "Not told: that takes a dozen candidates or more" in text


def test_an_ensemble_of_one_is_called_none():
    score = Score(0.5, 0.4, 0.6)
    joined = Ensemble({3: 1.0}, {"uar": score}, {"uar": score})
    about = {
        "parted": "speakers",
        "procedure": None,
        "passed_over": None,
        "strategy": "random",
        "leaderboard": (),
        "protocol": "speaker",
        "test_speakers": range(6),
    }
    result = SimpleNamespace(ensemble=joined, **about)
    assert search_page._notes(result)[0].startswith("There is no ensemble")
