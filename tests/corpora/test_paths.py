from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from speech_emotion.corpora import paths
from speech_emotion.errors import AudioError, CorpusError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    place = tmp_path / "speech.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("b/two.wav", "a/one.wav", "__MACOSX/a/one.wav", "a/.hidden.wav", "../out.wav", "empty/"):
            file.writestr(name, name)
    return place


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/z.wav", "a/y.wav", "a/.x.wav", ".git/w.wav", "v.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [Path(file).relative_to(tmp_path).as_posix() for file in paths.walk(tmp_path)]
    assert found == ["v.wav", "a/y.wav", "b/z.wav"]


def test_an_archive_is_walked_like_a_folder(archive: Path) -> None:
    assert list(paths.walk(archive)) == [f"{archive}/a/one.wav", f"{archive}/b/two.wav"]


def test_a_member_that_an_archive_lists_twice_is_seen_once(tmp_path: Path) -> None:
    place = tmp_path / "twice.zip"
    with zipfile.ZipFile(place, "w") as file:
        file.writestr("a.wav", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a.wav", b"2")
    assert len(list(paths.walk(place))) == 1


def test_what_walk_finds_can_be_opened(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "plain.wav").write_bytes(b"plain")
    assert [paths.open_binary(file).read() for file in paths.walk(archive)] == [b"a/one.wav", b"b/two.wav"]
    with paths.open_binary(tmp_path / "plain.wav") as file:
        assert file.read() == b"plain"


def test_an_archive_that_was_replaced_is_read_anew(archive: Path) -> None:
    assert paths.open_binary(archive / "a/one.wav").read() == b"a/one.wav"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a/one.wav", "another, longer one")
    assert paths.open_binary(archive / "a/one.wav").read() == b"another, longer one"


def test_a_path_into_an_archive_is_split(archive: Path) -> None:
    assert paths.split(archive / "a" / "one.wav") == (str(archive), "a/one.wav")
    assert paths.split(archive) is None
    assert paths.split(archive.parent / "none" / "one.wav") is None


def test_existence_is_known_on_disk_and_inside_archives(archive: Path) -> None:
    assert paths.exists(archive)
    assert paths.exists(archive / "a/one.wav")
    assert not paths.exists(archive / "a/none.wav")
    assert not paths.exists(archive.parent / "none.wav")
    assert not paths.exists(archive.parent)


def test_what_is_not_there_is_an_error_of_one_line(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("no archive")
    with pytest.raises(CorpusError, match="no such file or folder"):
        list(paths.walk(tmp_path / "none"))
    with pytest.raises(CorpusError, match="neither a folder nor a zip archive"):
        list(paths.walk(tmp_path / "text.txt"))
    with pytest.raises(AudioError, match="no such file"):
        paths.open_binary(tmp_path / "none.wav")
    with pytest.raises(AudioError, match=r"has no member a/none\.wav"):
        paths.open_binary(archive / "a/none.wav")
    with pytest.raises(AudioError, match="not a directory"):
        paths.open_binary(tmp_path / "text.txt" / "a.wav")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_an_impossible_name_is_an_error_of_one_line(name: str) -> None:
    with pytest.raises(AudioError):
        paths.open_binary(name)


def test_a_damaged_archive_is_an_error_of_one_line(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[40:48] = bytes(8)
    archive.write_bytes(content)
    with pytest.raises(AudioError, match="the archive is damaged"):
        [paths.open_binary(file).read() for file in paths.walk(archive)]
    archive.write_bytes(bytes(50) + archive.read_bytes()[-22:])
    with pytest.raises(AudioError, match="not a zip archive that can be read"):
        paths.open_binary(archive / "a/one.wav")
    with pytest.raises(CorpusError, match="not a zip archive that can be read"):
        list(paths.walk(archive))


def test_a_member_too_large_for_memory_is_refused(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LARGEST_MEMBER", 8)
    with pytest.raises(AudioError, match="says it holds 9 bytes; the most is 8"):
        paths.open_binary(archive / "a/one.wav")


def test_an_archive_that_was_cut_off_is_told_so(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(CorpusError, match=r"speech\.zip is a zip archive without its end; fetch or copy it again"):
        list(paths.walk(archive))


FORKED = """
import os, sys
from speech_emotion.corpora import paths

archive = sys.argv[1]
stat = os.stat(archive)
about = (archive, stat.st_mtime_ns, stat.st_size)

def read(name):
    assert paths.open_binary(f"{archive}/{name}").read() == name.encode()
    return paths._opened(*about, os.getpid()).fp.fileno()

ours = read("a/one.wav")
child = os.fork()
if not child:
    os._exit(3 if read("b/two.wav") != ours else 4)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_opens_an_archive_anew(archive: Path) -> None:
    # in a process of one thread: of what others hold, a fork may wait for ever
    command = [sys.executable, "-c", FORKED, str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "3\n", done.stderr


def test_links_to_folders_are_followed_and_each_folder_is_entered_once(tmp_path: Path) -> None:
    (tmp_path / "far" / "inner").mkdir(parents=True)
    (tmp_path / "far" / "inner" / "a.wav").write_bytes(b"")
    (tmp_path / "near").mkdir()
    for name in ("one", "two"):
        (tmp_path / "near" / name).symlink_to(tmp_path / "far", target_is_directory=True)
    (tmp_path / "far" / "inner" / "back").symlink_to(tmp_path / "near", target_is_directory=True)
    found = [Path(file).relative_to(tmp_path).as_posix() for file in paths.walk(tmp_path / "near")]
    assert found == ["near/one/inner/a.wav"]


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, locked: None) -> None:
    (tmp_path / "locked").mkdir()
    with pytest.raises(CorpusError, match="locked: permission denied"):
        list(paths.walk(tmp_path))
