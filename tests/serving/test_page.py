"""The page, in a real Chromium with a microphone that plays a recording."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

import speech_emotion as se

from .conftest import ROOT, Running, launch, wav

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=60_000)

KIDS = "Actor_05/03-01-05-02-01-02-05.wav"  # angry
TOKEN = "a-token-for-the-page"
NOTED = r"Failed to load resource: (the server responded|net::ERR_CONNECTION_REFUSED)"
PAGE = ROOT / "src" / "speech_emotion" / "serving" / "page"


@pytest.fixture(scope="module")
def kids(ravdess_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("microphone") / "=kids, angry.wav"
    with ZipFile(ravdess_zip) as archive:
        path.write_bytes(archive.read(KIDS))
    return path


@pytest.fixture(scope="module")
def chromium(kids: Path) -> Iterator[object]:
    """A browser whose microphone says the clip again and again."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium")
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    played = kids.with_name("microphone.wav")
    played.write_bytes(kids.read_bytes())
    arguments = ["--no-sandbox", *fake, f"--use-file-for-fake-audio-capture={played}"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def talking(whisper_folder: Path) -> Iterator[Running]:
    running = launch("--model", "tone,classic", "--words", str(whisper_folder), "--token", TOKEN)
    yield running
    assert running.end() == 0
    assert TOKEN not in "\n".join(running.said)


@pytest.fixture
def opened(chromium: object) -> Iterator[Callable[..., object]]:
    """Opens the page; at the end nothing has left the server, and the console is clean of all but what is expected."""
    contexts, asked, said = [], [], []

    def open_(running: Running, **options: object) -> object:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append((running, request.url)))
        page.on("websocket", lambda socket: asked.append((running, socket.url)))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(running.url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert {url for running, url in asked if not is_own(running, url)} == set()
    # The browser itself notes each answer that is an error, or none; the page shows those in words.
    assert [line for line in said if not re.match(NOTED, line)] == []


def is_own(running: Running, url: str) -> bool:
    return urlsplit(url).netloc == urlsplit(running.url).netloc or url.startswith("blob:" + running.url)


def enter(page: object) -> None:
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Go on").click()


def saved(page: object, button: object) -> str:
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_an_angry_voice_at_the_microphone_sounds_angry(talking: Running, opened: Callable[..., object]) -> None:
    page = opened(talking)
    enter(page)
    start = page.get_by_role("button", name="Start the microphone")
    expect(start).to_be_disabled()  # without consent
    expect(page.locator("#consent")).to_contain_text(f"{urlsplit(talking.url).netloc}. It is heard there and not kept")
    page.get_by_label("I agree").check()
    start.click()
    expect(page.locator("#now")).to_have_text("Sounds angry")
    expect(page.locator("#sure")).to_contain_text("sure")
    expect(page.locator("#changes")).to_have_text("Sounds angry")  # what is read aloud
    expect(page.get_by_role("img")).to_have_attribute("aria-label", re.compile("sounds angry [0-9.]+ s"))
    expect(page.locator("#live-words")).to_contain_text("Kids are talking by the door")
    expect(page.locator("#live-words .tag").first).to_contain_text("Sounds angry")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#live-state")).to_have_text("Stopped; the microphone is closed.")
    page.get_by_text("The same as text").click()
    expect(page.locator("#runs li", has_text="sounds angry").first).to_be_visible()
    answers = json.loads(saved(page, page.locator("#live-json")))
    assert "angry" in {moment["emotion"] for moment in answers["moments"]}
    assert "door" in answers["words"][0]["text"]
    rows = list(csv.DictReader(saved(page, page.locator("#live-csv")).splitlines()))
    labels = [moment["label"] for moment in answers["moments"]]
    assert [row["label"] for row in rows][: len(labels)] == labels  # more may come between the two downloads
    assert [float(row["angry"]) for row in rows[:1]] == [
        score["score"] for score in answers["moments"][0]["scores"] if score["label"] == "angry"
    ]


def test_a_dropped_file_sounds_as_the_library_says(server: Running, opened: Callable[..., object], kids: Path) -> None:
    expected = se.recognize(kids, model=se.load("classic"))
    page = opened(server)
    drop = """(place, [name, bytes]) => {
        const given = new DataTransfer();
        given.items.add(new File([new Uint8Array(bytes)], name));
        place.dispatchEvent(new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true}));
    }"""
    expect(page.locator("#drop")).to_be_visible()
    page.locator("#drop").evaluate(drop, [kids.name, list(kids.read_bytes())])
    heard = page.locator("#results .heard")
    expect(heard).to_have_text(re.compile(f"^Sounds {expected.emotion} "))
    expect(page.locator("#results .words")).to_have_count(0)  # this server writes down none
    assert page.locator("#results .bars li").first.inner_text().startswith(expected.emotion or "")
    [answer] = json.loads(saved(page, page.locator("#files-json")))
    assert answer["scores"] == [
        {"label": label, "score": pytest.approx(score, abs=1e-6)} for label, score in expected.scores
    ]
    [row] = csv.DictReader(saved(page, page.locator("#files-csv")).splitlines())
    assert row["path"] == "'=kids, angry.wav"  # a spreadsheet does not run it
    assert float(row["angry"]) == pytest.approx(dict(expected.scores)["angry"], abs=1e-6)


def test_several_files_are_rows_and_errors_are_words(
    talking: Running, opened: Callable[..., object], kids: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    noise = tmp_path / "noise.wav"
    noise.write_bytes(wav(1.0))
    page = opened(talking)
    page.get_by_label("Token").fill("not-this-one")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_have_text("This token is not the server's.")
    enter(page)
    page.locator("#files").set_input_files([broken, kids, noise])
    rows = page.locator("#results > li")
    expect(rows.nth(2).locator(".heard")).to_be_visible()
    expect(rows.nth(0)).to_contain_text("Not heard: the recording given")
    expect(rows.nth(1).locator(".words")).to_contain_text("Kids are talking by the door")
    expect(rows.nth(1).locator(".tag")).to_contain_text("Sounds angry")
    expect(rows.nth(1).locator(".bars li").first).to_contain_text("angry")
    expect(rows.nth(2).locator(".heard")).to_contain_text("No speech")
    expect(rows.nth(2).locator(".bars")).to_have_count(0)  # the scores of noise mean nothing
    assert "is angry" not in page.locator("body").inner_text()
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(0)


def test_what_the_server_refuses_is_shown_in_its_words(opened: Callable[..., object], kids: Path) -> None:
    running = launch("--streams", "0", "--body-mb", "0.1")
    page = opened(running)
    page.get_by_label("I agree").check()
    start = page.get_by_role("button", name="Start the microphone")
    start.click()
    expect(page.locator("#live-state")).to_have_text("The server said: the server is busy; ask again in 1 s")
    expect(start).to_be_visible()
    page.locator("#files").set_input_files(kids)
    expect(page.locator("#results")).to_contain_text("Not heard: the body is larger than 0.1 MB")
    assert running.end() == 0
    page.locator("#files").set_input_files(kids)
    expect(page.locator("#results")).to_contain_text("Not heard: the server cannot be reached")


def test_adaptation_is_asked_for_by_its_switch(server: Running, opened: Callable[..., object]) -> None:
    page = opened(server)
    page.get_by_label("I agree").check()
    page.get_by_label("Adapt to this voice").check()
    with page.expect_websocket() as stream:
        page.get_by_role("button", name="Start the microphone").click()
    with stream.value.expect_event("framereceived") as ready:
        pass
    assert json.loads(ready.value)["adapt"] == "session"


def test_the_keyboard_reaches_everything(talking: Running, opened: Callable[..., object]) -> None:
    page = opened(talking)
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#agree")).to_be_visible()
    reached = []

    def tab(until: str) -> None:
        while not reached or reached[-1] != until:
            page.keyboard.press("Tab")
            reached.append(page.locator(":focus").get_attribute("id") or "link")
            assert len(reached) < 40, reached

    page.locator("a").first.focus()
    tab("agree")
    page.keyboard.press("Space")
    tab("start")
    assert page.locator(":focus").evaluate("place => getComputedStyle(place).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_focused()
    expect(page.locator("#live-state")).to_have_text("Listening.")
    page.keyboard.press("Enter")
    expect(page.locator("#start")).to_be_focused()
    tab("with-words")
    assert reached == [
        *("model", "agree", "adapt", "start"),
        *("link", "live-json", "live-csv", "files", "with-words"),  # the link is the text of the picture
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_within_its_width(
    server: Running, opened: Callable[..., object], kids: Path, scheme: str
) -> None:
    page = opened(server, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page.locator("#files").set_input_files(kids)
    expect(page.locator("#results .heard")).to_be_visible()
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Start the microphone").click()
    expect(page.locator("#live-state")).to_have_text("Listening.")
    assert page.locator("html").evaluate("root => root.scrollWidth") == 390
    lightness = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor.match(/\\d+/)[0]")
    assert (int(lightness) < 60) == (scheme == "dark")


def test_the_policy_lets_nothing_in_from_elsewhere(server: Running) -> None:
    for path in ("/", "/page/page.js", "/page/page.css", "/page/responsible-use.html"):
        answer = server.ask("GET", path)
        policy = answer.headers["content-security-policy"]
        assert answer.status == 200
        assert policy.startswith("default-src 'none'")
        assert not re.search(r"unsafe|https?:|\*", policy)
    assert server.ask("GET", "/page/no-such.js").code == "not_found"
    assert server.ask("GET", "/page/..%2fapp.py").status == 404


def test_the_page_says_what_the_docs_say_of_responsible_use() -> None:
    docs = plain((ROOT / "docs" / "responsible-use.md").read_text(encoding="utf-8"))
    said: list[str] = []

    class Sentences(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag in ("li", "p", "h2"):
                said.append("")

        def handle_data(self, data: str) -> None:
            if said:
                said[-1] += data

    Sentences().feed((PAGE / "responsible-use.html").read_text(encoding="utf-8"))
    sentences = [plain(sentence) for sentence in said if "Back to the page" not in sentence]
    assert len(sentences) > 10
    assert [sentence for sentence in sentences if sentence.rstrip(".") not in docs] == [
        "A model's licence comes from what it learnt from; the page shows it beside the model's name."
    ]


def plain(text: str) -> str:
    return " ".join(text.replace("**", "").split())


def test_a_wheel_has_the_page(tmp_path: Path) -> None:
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with ZipFile(wheel) as archive:
        there = {Path(name).name for name in archive.namelist() if "/serving/page/" in name}
    assert there == {path.name for path in PAGE.iterdir()}
