from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_emotion.audio.resample import resample_tree
from speech_emotion.errors import AudioError, CorpusError, UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source = tmp_path / "in"
    for name, rate, channels in (
        ("a.wav", 44_100, 2),
        ("deep/er/b.flac", 8_000, 1),
        ("deep/c.MP3", 48_000, 1),
    ):
        record(source / name, rate, channels)
    (source / "notes.txt").write_text("not a recording")
    return source


def record(path: Path, rate: int = 44_100, channels: int = 1, seconds: float = 0.5, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(rate * seconds), channels))
    soundfile.write(path, samples, rate)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("suffix", "kind"), [(".wav", "WAV"), (".flac", "FLAC")])
@pytest.mark.parametrize("workers", [1, 2])
def test_copies_keep_the_shape_of_the_tree(tree: Path, tmp_path: Path, suffix: str, kind: str, workers: int) -> None:
    out = tmp_path / "out"
    result = resample_tree(tree, out, suffix=suffix, workers=workers)
    expected = [f"a{suffix}", f"deep/c{suffix}", f"deep/er/b{suffix}"]
    assert files(out) == expected
    assert sorted(path.relative_to(out).as_posix() for path in result.written) == expected
    assert (result.skipped, result.failed) == ((), ())
    for name in expected:
        header = soundfile.info(out / name)
        assert (header.samplerate, header.channels) == (16_000, 1)
        assert (header.format, header.subtype) == (kind, "PCM_16")
        assert header.duration == pytest.approx(0.5, abs=0.002)


def test_a_copy_is_the_recording_to_the_nearest_step(tmp_path: Path) -> None:
    whole = np.random.default_rng(0).integers(-32768, 32768, 70_000, dtype=np.int16)
    soundfile.write(tmp_path / "same.wav", whole, 16_000)
    fine = np.array([0.4, 0.6, -0.4, -0.6, 32767.4, 32768, -32768, 40000]) / 32768
    soundfile.write(tmp_path / "fine.wav", fine, 16_000, subtype="DOUBLE")
    resample_tree(tmp_path, tmp_path / "out", workers=1)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "out/same.wav", dtype="int16")[0], whole)
    steps = soundfile.read(tmp_path / "out/fine.wav", dtype="int16")[0]
    assert steps.tolist() == [0, 1, 0, -1, 32767, 32767, -32768, 32767]


def test_what_is_done_is_left_alone_until_the_original_changes(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    resample_tree(tree, out, workers=1)
    before = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    again = resample_tree(tree, out, workers=1)
    assert (len(again.written), len(again.skipped)) == (0, 3)
    assert {name: (out / name).stat().st_mtime_ns for name in files(out)} == before

    late = (out / "a.wav").stat().st_mtime_ns + 10**9
    os.utime(tree / "a.wav", ns=(late, late))
    assert resample_tree(tree, out, workers=1).written == (out / "a.wav",)


def test_copies_at_another_rate_are_made_anew(tree: Path, tmp_path: Path) -> None:
    resample_tree(tree, tmp_path / "out", workers=1)
    assert len(resample_tree(tree, tmp_path / "out", rate=8_000, workers=1).written) == 3
    assert soundfile.info(tmp_path / "out/a.wav").samplerate == 8_000


def test_a_broken_copy_is_made_anew(tree: Path, tmp_path: Path) -> None:
    resample_tree(tree, tmp_path / "out", workers=1)
    (tmp_path / "out/a.wav").write_bytes(b"RIFF")
    assert resample_tree(tree, tmp_path / "out", workers=1).written == (tmp_path / "out/a.wav",)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_recording_stops_no_other(tree: Path, tmp_path: Path, workers: int) -> None:
    (tree / "bad.wav").write_bytes(b"RIFF but no more")
    (tree / "deep/empty.flac").write_bytes(b"")
    shown: list[tuple[int, int]] = []
    result = resample_tree(tree, tmp_path / "out", workers=workers, progress=lambda *now: shown.append(now))
    assert len(result.written) == 3
    assert [Path(path).name for path, _ in result.failed] == ["bad.wav", "empty.flac"]
    assert all(path in reason and "\n" not in reason for path, reason in result.failed)
    assert files(tmp_path / "out") == ["a.wav", "deep/c.wav", "deep/er/b.wav"]
    assert shown == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_originals_that_would_share_a_copy_are_both_kept(tmp_path: Path) -> None:
    source = tmp_path / "in"
    record(source / "a.wav", seconds=0.5)
    record(source / "a.flac", seconds=1.0)
    record(source / "b.flac")
    resample_tree(source, tmp_path / "out", workers=1)
    assert files(tmp_path / "out") == ["a.flac.wav", "a.wav.wav", "b.wav"]
    assert soundfile.info(tmp_path / "out/a.flac.wav").duration == 1.0


def test_a_copy_never_overwrites_that_of_another(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for name in ("a.wav", "a.flac", "a.wav.mp3"):
        record(source / name)
    result = resample_tree(source, tmp_path / "out", workers=1)
    assert files(tmp_path / "out") == ["a.flac.wav", "a.wav.wav"]
    assert len(result.failed) == 1
    assert "would overwrite that of" in result.failed[0][1]


def test_an_archive_is_copied_without_unpacking(tree: Path, tmp_path: Path) -> None:
    packed = zipped(tmp_path / "z.zip", {"x/a.wav": (tree / "a.wav").read_bytes(), "x/read.me": b""})
    resample_tree(packed, tmp_path / "out", workers=1)
    resample_tree(tree, tmp_path / "plain", workers=1)
    assert files(tmp_path / "out") == ["x/a.wav"]
    assert (tmp_path / "out/x/a.wav").read_bytes() == (tmp_path / "plain/a.wav").read_bytes()
    assert len(resample_tree(packed, tmp_path / "out", workers=1).skipped) == 1
    late = (tmp_path / "out/x/a.wav").stat().st_mtime_ns + 10**9
    os.utime(packed, ns=(late, late))
    assert len(resample_tree(packed, tmp_path / "out", workers=1).written) == 1


@pytest.mark.parametrize("name", ["../x.wav", "a/../../x.wav", "/x.wav", "/etc/x.wav"])
def test_a_member_cannot_lead_out_of_the_target(tree: Path, tmp_path: Path, name: str) -> None:
    sound = (tree / "a.wav").read_bytes()
    packed = zipped(tmp_path / "z.zip", {name: sound, "good.wav": sound})
    result = resample_tree(packed, tmp_path / "deep/out", workers=1)
    assert files(tmp_path / "deep") == ["out/good.wav"]
    assert not (tmp_path / "x.wav").exists()
    assert all("leads out of" in reason for _, reason in result.failed)
    assert bool(result.failed) == name.startswith("/")  # the others count as hidden


def test_one_recording_goes_into_a_folder_or_under_a_name(tree: Path, tmp_path: Path) -> None:
    packed = zipped(tmp_path / "z.zip", {"x/m.wav": (tree / "a.wav").read_bytes()})
    one, two = tmp_path / "out", tmp_path / "new/name.flac"
    assert resample_tree(tree / "a.wav", one).written == (one / "a.wav",)
    assert resample_tree(tree / "a.wav", two).written == (two,)
    assert resample_tree(f"{packed}/x/m.wav", one).written == (one / "m.wav",)
    assert soundfile.info(two).format == "FLAC"


def test_copies_inside_the_source_are_not_copied_again(tree: Path) -> None:
    first = resample_tree(tree, tree / "out", workers=1)
    again = resample_tree(tree, tree / "out", workers=1)
    assert len(first.written) == len(again.skipped) == 3
    assert again.written == ()
    assert files(tree / "out") == ["a.wav", "deep/c.wav", "deep/er/b.wav"]


def test_a_copy_never_lands_among_the_originals(tmp_path: Path) -> None:
    source = tmp_path / "all/raw"
    record(source / "a.wav")
    record(source / "raw/a.flac")
    original = (source / "a.wav").read_bytes()
    result = resample_tree(source, tmp_path / "all", workers=1)
    assert result.written == (tmp_path / "all/a.wav",)
    assert "among the originals" in result.failed[0][1]
    assert (source / "a.wav").read_bytes() == original

    only = resample_tree(source / "a.wav", source, workers=1)
    assert "among the originals" in only.failed[0][1]
    assert (source / "a.wav").read_bytes() == original


def test_a_source_is_not_overwritten(tree: Path) -> None:
    with pytest.raises(UsageError, match="is the source itself"):
        resample_tree(tree, tree / "deep/..")


def test_nothing_to_copy_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(AudioError, match="holds no recordings"):
        resample_tree(tmp_path / "in", tmp_path / "out")
    with pytest.raises(CorpusError, match="no such file or folder"):
        resample_tree(tmp_path / "absent", tmp_path / "out")


def test_an_unknown_format_is_refused(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown format '\.mp3' \(valid: \.wav, \.flac\)"):
        resample_tree(tree, tmp_path / "out", suffix=".mp3")


def test_a_disk_that_takes_no_more_leaves_no_half_written_file(
    tree: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, limits[1]))
    try:
        result = resample_tree(tree, tmp_path / "out", workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(result.failed) == 3
    assert "its copy cannot be written: file too large" in result.failed[0][1]
    assert files(tmp_path / "out") == []
    assert capfd.readouterr().err == ""


def test_an_interruption_leaves_no_half_written_file(tree: Path, tmp_path: Path) -> None:
    for name in ("b", "c", "d"):
        soundfile.write(tree / f"{name}.flac", np.zeros(8_000 * 900, np.int16), 8_000)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    for workers in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            resample_tree(tree, tmp_path / "out", workers=workers, progress=interrupt)
        assert all(soundfile.info(tmp_path / "out" / name).frames for name in files(tmp_path / "out"))


def test_all_of_ravdess_s_first_actor(ravdess_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(ravdess_zip) as archive:
        names = [name for name in archive.namelist() if "Actor_01/" in name and name.endswith(".wav")]
        archive.extractall(tmp_path / "in", names)
    result = resample_tree(tmp_path / "in", tmp_path / "out")
    assert len(result.written) == 60
    assert files(tmp_path / "out") == files(tmp_path / "in")


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_name_that_cannot_be_written_stops_no_other(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in ("a", "n" * 251, "z"):
        soundfile.write(source / f"{name}.wav"[-255:], np.zeros(800), 8_000, format="WAV")
    result = resample_tree(source, tmp_path / "out", suffix=".flac", workers=1)
    assert {path.name for path in result.written} == {"a.flac", "z.flac"}
    assert len(result.failed) == 1
