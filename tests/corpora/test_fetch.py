"""Downloads, against a server on this machine that misbehaves on demand."""

from __future__ import annotations

import hashlib
import io
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from speech_emotion.corpora import fetch as fetching
from speech_emotion.corpora.fetch import Archive, answers, cache_folder, fetch
from speech_emotion.errors import DownloadError

BODY = np.random.default_rng(0).bytes(300_000)
NAME = "voices.zip"


@dataclass
class Server:
    """Answers each request by the next of ``script``, or by ``serve`` once that is used up."""

    url: str = ""
    script: list[Callable[[Request], None]] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)

    def archive(self, md5: str | None = None, size: int = len(BODY), path: str = f"/{NAME}") -> Archive:
        return Archive(self.url + path, NAME, size, md5 or hashlib.md5(BODY).hexdigest())


class Request(BaseHTTPRequestHandler):
    server_of: Server

    def do_GET(self) -> None:
        self.server_of.ranges.append(self.headers["Range"])
        answer = self.server_of.script.pop(0) if self.server_of.script else serve
        answer(self)

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: object) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


def serve(request: Request, body: bytes = BODY, **headers: object) -> None:
    """As a server should: the whole, or the range that is asked for."""
    wanted = request.headers["Range"]
    if wanted is None:
        request.answer(200, body, **headers)
        return
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    if start >= len(body):
        request.answer(416, Content_Range=f"bytes */{len(body)}")
        return
    content = f"bytes {start}-{len(body) - 1}/{len(body)}"
    request.answer(206, body[start:], Content_Range=content, **headers)


def serve_whole(request: Request) -> None:
    """Knows no ranges."""
    request.answer(200, BODY)


def cut_after(count: int, ranges: bool = True) -> Callable[[Request], None]:
    """Serve up to a byte of the file, then drop the connection."""

    def answer(request: Request) -> None:
        start = int((request.headers["Range"] or "bytes=0-")[6:-1]) if ranges else 0
        extent = {"Content_Range": f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"} if start else {}
        request.answer(206 if start else 200, BODY[start:count], Content_Length=len(BODY) - start, **extent)
        request.close_connection = True

    return answer


def fail(status: int, **headers: object) -> Callable[[Request], None]:
    return lambda request: request.answer(status, **headers)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    state = Server()
    handler = type("Handler", (Request,), {"server_of": state})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    listening.daemon_threads = True
    listening.block_on_close = False
    state.url = f"http://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield state
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def waits() -> list[float]:
    return []


def test_a_file_is_fetched_whole_and_nothing_else_is_left(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(server.archive(), tmp_path / "new" / "folder", lambda done, total: seen.append((done, total)))
    assert path == tmp_path / "new" / "folder" / NAME
    assert path.read_bytes() == BODY
    assert [file.name for file in path.parent.iterdir()] == [NAME]
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(server.archive(), tmp_path)
    fetch(server.archive(), tmp_path)
    assert server.ranges == [None]


def test_another_file_of_that_name_is_not_touched(server: Server, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"mine")
    with pytest.raises(DownloadError, match="is there already, but is not the published"):
        fetch(server.archive(), tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"mine"


@pytest.mark.parametrize("count", [0, 1, 2, 100, *range(1000, len(BODY), 20_000), len(BODY) - 1])
def test_a_cut_connection_is_taken_up_where_it_ended(
    server: Server, tmp_path: Path, waits: list[float], count: int
) -> None:
    server.script = [cut_after(count)]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={count}-" if count else None]
    assert waits == [1.0]


def test_twenty_cuts_in_one_download_are_all_taken_up(server: Server, tmp_path: Path, waits: list[float]) -> None:
    places = [1, 77, *range(5_000, 275_000, 15_000)]
    assert len(places) == 20
    server.script = [cut_after(place) for place in places]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY
    assert server.ranges == [None, *(f"bytes={place}-" for place in places)]
    assert waits == [1.0] * 20


def test_what_an_earlier_call_left_is_taken_up(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(BODY[:12_345])
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY
    assert server.ranges == ["bytes=12345-"]


def test_leavings_of_another_file_are_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"<html>" * 100)
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY
    assert server.ranges == ["bytes=600-", None]


def test_leavings_longer_than_the_file_are_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(BODY + b"more")
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY


def test_a_whole_part_is_only_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(BODY)
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY
    assert server.ranges == []


def test_a_server_without_ranges_is_read_from_the_start_again(
    server: Server, tmp_path: Path, waits: list[float]
) -> None:
    server.script = [cut_after(5000), cut_after(4000, ranges=False), serve_whole]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY
    assert server.ranges == [None, "bytes=5000-", "bytes=4000-"]


def test_a_range_from_another_byte_is_not_believed(server: Server, tmp_path: Path, waits: list[float]) -> None:
    def wrong(request: Request) -> None:
        request.answer(206, BODY[10:], Content_Range=f"bytes 10-{len(BODY) - 1}/{len(BODY)}")

    server.script = [cut_after(5000), wrong]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY
    assert server.ranges == [None, "bytes=5000-", None]


@pytest.mark.parametrize("claimed", [1000, len(BODY) - 1, len(BODY) + 1, 10 * len(BODY)])
def test_a_lie_about_the_length_does_no_harm(server: Server, tmp_path: Path, waits: list[float], claimed: int) -> None:
    server.script = [lambda request: serve(request, Content_Length=claimed)]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY


def test_a_file_that_is_always_too_short_is_given_up(server: Server, tmp_path: Path, waits: list[float]) -> None:
    server.script = [lambda request: serve(request, BODY[:1000]) for _ in range(99)]
    with pytest.raises(DownloadError, match=r"ended early \(1000 of 300000 bytes came\); try again later"):
        fetch(server.archive(), tmp_path, sleep=waits.append)
    assert waits == [1.0, 1.0, 2.0, 4.0, 8.0, 16.0]
    assert not (tmp_path / NAME).exists()


def test_a_wrong_file_is_discarded(server: Server, tmp_path: Path) -> None:
    wrong = bytes(len(BODY))
    server.script = [lambda request: serve(request, wrong)]
    with pytest.raises(DownloadError, match=f"MD5 is {hashlib.md5(wrong).hexdigest()}, not"):
        fetch(server.archive(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def packed(damaged: bool = False) -> bytes:
    """A zip archive of one member, stored as it is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("wav/a.wav"), BODY)  # of no date, so that two are the same
    return file.getvalue().replace(BODY, bytes(len(BODY))) if damaged else file.getvalue()


def unsigned(server: Server, body: bytes) -> Archive:
    """The home of a file whose publisher gives no checksum."""
    server.script = [lambda request: serve(request, body) for _ in range(9)]
    return Archive(f"{server.url}/{NAME}", NAME, len(body), None)


def test_without_a_published_checksum_the_archive_s_own_are_checked(server: Server, tmp_path: Path) -> None:
    archive = unsigned(server, packed())
    assert fetch(archive, tmp_path).read_bytes() == packed()
    assert fetch(archive, tmp_path) == tmp_path / NAME
    assert server.ranges == [None]


@pytest.mark.parametrize(
    ("body", "fault"), [(packed(damaged=True), "its member wav/a.wav is damaged"), (BODY, "it is no zip archive")]
)
def test_without_a_published_checksum_a_damaged_archive_is_discarded(
    server: Server, tmp_path: Path, body: bytes, fault: str
) -> None:
    with pytest.raises(DownloadError, match=f"is not the published {NAME}: {fault}.*; it was discarded"):
        fetch(unsigned(server, body), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_web_page_is_not_taken_for_the_file(server: Server, tmp_path: Path) -> None:
    server.script = [lambda request: request.answer(200, b"<html>please log in", Content_Type="text/html")]
    with pytest.raises(DownloadError, match="answered with a web page"):
        fetch(server.archive(), tmp_path)


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path, waits: list[float]) -> None:
    server.script = [fail(503), fail(503, Retry_After=7)]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY
    assert waits == [1.0, 7.0]


def test_a_server_that_asks_for_an_hour_is_asked_again_after_a_minute(
    server: Server, tmp_path: Path, waits: list[float]
) -> None:
    server.script = [fail(429, Retry_After=3600)]
    fetch(server.archive(), tmp_path, sleep=waits.append)
    assert waits == [60.0]


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path: Path, waits: list[float]) -> None:
    server.script = [fail(500) for _ in range(99)]
    with pytest.raises(DownloadError, match="answered 500 Internal Server Error"):
        fetch(server.archive(), tmp_path, sleep=waits.append)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_file_that_is_not_there_is_asked_for_once(server: Server, tmp_path: Path, waits: list[float]) -> None:
    server.script = [fail(404)]
    with pytest.raises(DownloadError, match=r"cannot fetch http://.*/voices.zip: the server answered 404"):
        fetch(server.archive(), tmp_path, sleep=waits.append)
    assert waits == []


def test_a_machine_without_network_is_told_so(tmp_path: Path, waits: list[float], server: Server) -> None:
    closed = Archive("http://127.0.0.1:9/voices.zip", NAME, len(BODY), "")
    with pytest.raises(DownloadError, match=r"cannot reach http://127.0.0.1:9/.* without network"):
        fetch(closed, tmp_path, sleep=waits.append)
    assert waits == [1.0, 2.0]


def test_a_silent_connection_is_given_up_and_tried_again(server: Server, tmp_path: Path, waits: list[float]) -> None:
    over = threading.Event()

    def hang(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(BODY)))
        request.end_headers()
        request.wfile.write(BODY[:100])
        request.wfile.flush()
        over.wait(30)

    server.script = [hang]
    assert fetch(server.archive(), tmp_path, timeout=1.0, sleep=waits.append).read_bytes() == BODY
    over.set()
    assert server.ranges == [None, "bytes=100-"]


def test_a_redirect_is_followed_with_its_range(server: Server, tmp_path: Path, waits: list[float]) -> None:
    moved = fail(302, Location="/elsewhere")
    server.script = [moved, cut_after(5000), moved]
    assert fetch(server.archive(), tmp_path, sleep=waits.append).read_bytes() == BODY
    assert server.ranges == [None, None, "bytes=5000-", "bytes=5000-"]


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/voices.zip", "data:,voices"])
def test_a_redirect_to_anything_but_the_web_is_refused(server: Server, tmp_path: Path, place: str) -> None:
    server.script = [fail(302, Location=place)]
    with pytest.raises(DownloadError, match="answered 302"):
        fetch(server.archive(), tmp_path)


def test_a_circle_of_redirects_is_refused_in_one_line(server: Server, tmp_path: Path) -> None:
    server.script = [fail(302, Location=f"/{NAME}") for _ in range(50)]
    with pytest.raises(DownloadError, match="answered 302") as refusal:
        fetch(server.archive(), tmp_path)
    assert "\n" not in str(refusal.value)


def test_too_small_a_disk_is_seen_beforehand(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(BODY[:100_000])
    usage = shutil.disk_usage(tmp_path)._replace(free=199_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    with pytest.raises(DownloadError, match=r"needs 0\.2 MB more in .* has 0\.2 MB free"):
        fetch(server.archive(), tmp_path)
    assert server.ranges == []
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=200_000))
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY


def test_a_disk_that_fills_up_keeps_what_came(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    server.script = [cut_after(5000)]
    with monkeypatch.context() as patch:
        patch.setattr(fetching.os, "fsync", full)
        with pytest.raises(DownloadError, match=r"cannot write in .*: no space left on device"):
            fetch(server.archive(), tmp_path, sleep=lambda seconds: None)
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY


def test_a_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match=r"cannot write in .*file"):
        fetch(server.archive(), tmp_path / "file")


def test_control_c_keeps_what_came(server: Server, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 5000:
            raise KeyboardInterrupt

    server.script = [cut_after(5000)]
    with pytest.raises(KeyboardInterrupt):
        fetch(server.archive(), tmp_path, interrupt, sleep=lambda seconds: None)
    assert [file.name for file in tmp_path.iterdir()] == [f"{NAME}.part"]
    assert fetch(server.archive(), tmp_path).read_bytes() == BODY
    assert server.ranges == [None, "bytes=5000-"]


def test_two_at_once_share_one_download(server: Server, tmp_path: Path) -> None:
    asked, waiting = threading.Event(), threading.Event()

    def slowly(request: Request) -> None:
        asked.set()
        assert waiting.wait(30)
        serve(request)

    def wait(seconds: float) -> None:
        waiting.set()
        time.sleep(0.01)

    server.script = [slowly]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, server.archive(), tmp_path)
        assert asked.wait(30)
        second = pool.submit(fetch, server.archive(), tmp_path, sleep=wait)
        assert first.result().read_bytes() == second.result().read_bytes() == BODY
    assert server.ranges == [None]
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_the_cache_is_the_default_place(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *args, **kwargs: str(tmp_path))
    assert fetch(server.archive()) == cache_folder() / NAME == tmp_path / "corpora" / NAME


def test_a_home_that_is_there_answers(server: Server) -> None:
    assert answers(server.archive(), 5.0)


def test_a_home_that_is_not_there_does_not_answer(server: Server) -> None:
    assert not answers(Archive("http://127.0.0.1:9/", NAME, 1, ""), 5.0)


def test_a_home_that_has_lost_the_file_does_not_answer(server: Server) -> None:
    server.script = [fail(404)]
    assert not answers(server.archive(), 5.0)


def test_a_home_that_is_silent_does_not_answer(server: Server) -> None:
    over = threading.Event()
    server.script = [lambda request: over.wait(30) and None]
    assert not answers(server.archive(), 0.2)
    over.set()
