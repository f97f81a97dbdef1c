from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from speech_emotion.errors import BundleError, StorageError, UsageError
from speech_emotion.models import bundle
from speech_emotion.models.model import Model
from speech_emotion.models.onnx_classifier import OnnxClassifier

VALUES = np.array([[1, 0, 0, 0], [0.1, -2, 3, 0.7]])


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "tiny.semodel"
    model.save(path)
    return path


def test_what_is_saved_is_loaded(model: Model, saved: Path) -> None:
    loaded = bundle.load(saved)
    np.testing.assert_array_equal(loaded.predict_proba(VALUES), model.predict_proba(VALUES))
    assert loaded.manifest() == model.manifest()


def test_temperature_threshold_and_windows_survive(model: Model, tmp_path: Path) -> None:
    changed = replace(model, temperature=1.7, sure_above=0.4, window=2.5, hop=0.5)
    changed.save(tmp_path / "m.semodel")
    assert bundle.load(tmp_path / "m.semodel").manifest() == changed.manifest()


def test_a_bundle_holds_three_members_and_says_its_licence(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.namelist() == ["manifest.json", "classifier.onnx", "card.md"]
        assert b"non-commercial" in archive.read("card.md")
    assert bundle.verify(saved).provenance.licence == "CC BY-NC-SA 4.0"


def test_the_same_model_gives_the_same_bytes(model: Model, saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.semodel"
    bundle.load(saved).save(again)
    assert again.read_bytes() == saved.read_bytes()


def test_onnx_runtime_is_not_loaded_by_verifying(saved: Path) -> None:
    code = (
        "import sys; from speech_emotion.models import bundle; bundle.load(sys.argv[1]);"
        "print([m for m in ('onnxruntime', 'sklearn', 'onnx') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code, saved], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("cause", "seen"),
    [
        (OSError(28, "No space left on device"), StorageError),
        (OSError(5, "Input/output error"), BundleError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    model: Model,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
    cause: BaseException,
    seen: type[BaseException],
) -> None:
    before = saved.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(seen):
        replace(model, name="other").save(saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_a_classifier_that_would_be_refused_is_not_saved(model: Model, tmp_path: Path) -> None:
    wrong = replace(model, classifier=SimpleNamespace(onnx=lambda: b"\x80\x04N."))
    with pytest.raises(BundleError, match=r"classifier\.onnx is refused"):
        wrong.save(tmp_path / "m.semodel")
    assert os.listdir(tmp_path) == []


def refused(path: Path) -> str:
    """The reason, and the proof that ONNX Runtime was not asked."""
    reasons = []
    for look in (bundle.verify, bundle.load):
        with pytest.raises(BundleError) as error:
            look(path)
        reasons.append(str(error.value))
    assert reasons[0] == reasons[1]
    assert reasons[0].isprintable()
    assert reasons[0].startswith(str(path))
    return reasons[0].removeprefix(str(path))


@pytest.fixture
def no_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("ONNX Runtime was asked before the audit was done")

    monkeypatch.setattr("speech_emotion.models.onnx_classifier._session", fail)


@pytest.mark.usefixtures("no_onnx_runtime")
class TestRefusedBeforeAnythingRuns:
    @pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04" + b"\0" * 40, b"PK\x05\x06" + b"\0" * 17])
    def test_not_a_zip(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "m.semodel"
        path.write_bytes(data)
        assert "not a model bundle" in refused(path)

    @pytest.mark.parametrize("protocol", [2, 3, 4, 5])
    def test_a_pickle(self, tmp_path: Path, protocol: int) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(Bomb(), protocol=protocol))
        assert "pickle" in refused(path)

    def test_a_folder(self, tmp_path: Path) -> None:
        assert "cannot be read" in refused(tmp_path)

    @pytest.mark.parametrize("length", [1, 21, 22, 100, -1, -23, -60])
    def test_cut_short(self, saved: Path, length: int) -> None:
        saved.write_bytes(saved.read_bytes()[:length])
        assert "not a model bundle" in refused(saved)

    @pytest.mark.parametrize("name", ["manifest.json", "classifier.onnx", "card.md"])
    def test_a_member_missing(self, forge: Callable[..., Path], name: str) -> None:
        assert f"lacks {name}" in refused(forge(without=name))

    @pytest.mark.parametrize("name", ["data.pkl", "../x", "/etc/passwd", "..\\x", "sub/card.md", "a\x1b[2J", "CARD.MD"])
    def test_a_member_added(self, forge: Callable[..., Path], name: str) -> None:
        assert f"holds {name!a}" in refused(forge(extra={name: b"x"}))

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_a_member_twice(self, forge: Callable[..., Path]) -> None:
        path = forge()
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("card.md", b"another")
        assert "card.md twice" in refused(path)

    @pytest.mark.parametrize("name", ["classifier.onnx", "card.md"])
    def test_a_member_changed(self, saved: Path, name: str) -> None:
        with zipfile.ZipFile(saved) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        members[name] += b" "
        with zipfile.ZipFile(saved, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        assert f"{name} was changed" in refused(saved)

    def test_a_changed_byte_inside_the_archive(self, saved: Path) -> None:
        data = bytearray(saved.read_bytes())
        data[data.index(b"manifest.json") + 100] ^= 0xFF
        saved.write_bytes(data)
        assert "manifest.json cannot be unpacked" in refused(saved)

    def test_ten_gigabytes_declared(self, saved: Path) -> None:
        data = bytearray(saved.read_bytes())
        entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"card.md"))
        data[entry + 24 : entry + 28] = (0xFFFFFFF0).to_bytes(4, "little")  # the size it will have
        saved.write_bytes(data)
        assert "card.md says it holds 4294967280 bytes" in refused(saved)

    def test_ten_gigabytes_declared_by_zip64(self, saved: Path) -> None:
        with zipfile.ZipFile(saved) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        with zipfile.ZipFile(saved, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
            archive.getinfo("card.md").file_size = 10 * 2**30
        assert "card.md says it holds 10737418240 bytes" in refused(saved)

    def test_a_bomb_of_zeros(self, forge: Callable[..., Path]) -> None:
        path = forge(without="card.md", compression=zipfile.ZIP_DEFLATED)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("card.md", bytes(2**20 + 1))
        assert "card.md says it holds 1048577 bytes" in refused(path)

    def test_a_bomb_that_lies_about_its_size(self, forge: Callable[..., Path]) -> None:
        path = forge(without="card.md", compression=zipfile.ZIP_DEFLATED)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("card.md", bytes(2**24))
            archive.getinfo("card.md").file_size = 100
        assert "card.md cannot be unpacked" in refused(path)

    def test_encrypted(self, saved: Path) -> None:
        data = bytearray(saved.read_bytes())
        for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(mark) + offset] |= 1
        saved.write_bytes(data)
        assert "manifest.json is encrypted" in refused(saved)

    def test_another_packing(self, forge: Callable[..., Path]) -> None:
        assert "packed by method 14" in refused(forge(compression=zipfile.ZIP_LZMA))

    def test_an_index_of_a_hundred_thousand_members(self, tmp_path: Path) -> None:
        path = tmp_path / "m.semodel"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(100_000 // 50):
                archive.writestr(f"{number:050}", b"")
        assert "its archive's index" in refused(path)

    def test_a_comment_behind_the_archive(self, saved: Path) -> None:
        with zipfile.ZipFile(saved, "a") as archive:
            archive.comment = b"hello"
        assert "not a model bundle" in refused(saved)

    def test_a_pickle_as_the_classifier(self, forge: Callable[..., Path]) -> None:
        assert "classifier.onnx is refused" in refused(forge(classifier=pickle.dumps(Bomb())))

    def test_a_custom_operator(self, forge: Callable[..., Path], linear: onnx.ModelProto) -> None:
        linear.graph.node.append(helper.make_node("Run", ["values"], ["x"], domain="com.evil"))
        assert "com.evil" in refused(forge(classifier=linear.SerializeToString()))

    def test_external_data(self, forge: Callable[..., Path], linear: onnx.ModelProto) -> None:
        tensor = linear.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")
        assert "external data" in refused(forge(classifier=linear.SerializeToString()))

    def test_a_newer_format(self, forge: Callable[..., Path]) -> None:
        assert "newer version: format 2" in refused(forge(change=lambda manifest: manifest.update(format=2)))

    def test_feature_parameters_that_this_version_does_not_know(self, forge: Callable[..., Path]) -> None:
        path = forge(change=lambda manifest: manifest["features"].update(warp=1))
        assert "unknown feature parameter 'warp'" in refused(path)

    def test_columns_that_the_classifier_does_not_read(self, forge: Callable[..., Path]) -> None:
        path = forge(change=lambda manifest: manifest["features"].update(statistics=["mean"]))
        assert "its input must be float32 'values' of shape (any, 2)" in refused(path)

    def test_emotions_that_the_classifier_does_not_score(self, forge: Callable[..., Path]) -> None:
        path = forge(change=lambda manifest: manifest.update(emotions=["calm", "sad"]))
        assert "its output must be float32 'probabilities' of shape (any, 2)" in refused(path)


class Bomb:
    """Says so if it is ever unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return exec, ("raise SystemExit('a pickle was run')",)


def test_a_missing_file_names_the_built_in_models(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no such model: .*none\.semodel \(built in"):
        bundle.load(tmp_path / "none.semodel")


def test_an_unknown_name_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch, saved: Path) -> None:
    monkeypatch.setattr(bundle, "_BUILTIN", saved.parent)
    assert bundle.builtin_names() == ("tiny",)
    assert bundle.load("tiny").name == "tiny"
    with pytest.raises(UsageError, match=r"unknown model 'tinny' \(valid: tiny, .*did you mean 'tiny'"):
        bundle.load("tinny")


def broken_shape(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[:] = [5, 3]


def broken_operator(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].input.append("nowhere")


def broken_sum(proto: onnx.ModelProto) -> None:
    proto.graph.node[1].op_type = "Relu"
    del proto.graph.node[1].attribute[:]


def broken_version(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].version = 10_000


@pytest.mark.parametrize("spoil", [broken_shape, broken_operator, broken_sum, broken_version])
def test_a_classifier_that_cannot_run_is_an_error_in_one_line(
    forge: Callable[..., Path],
    linear: onnx.ModelProto,
    spoil: Callable[[onnx.ModelProto], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    spoil(linear)
    model = bundle.load(forge(classifier=linear.SerializeToString()))
    with pytest.raises(BundleError) as error:
        model.predict_proba(VALUES)
    assert str(error.value).isprintable()
    assert capfd.readouterr() == ("", "")


def test_damage_that_the_audit_cannot_see_is_an_error_in_one_line(
    linear: onnx.ModelProto, capfd: pytest.CaptureFixture[str]
) -> None:
    from speech_emotion.models.onnx_audit import audit

    data, random, survived = linear.SerializeToString(), np.random.default_rng(0), 0
    for _ in range(1500):
        spoilt = bytearray(data)
        spoilt[random.integers(len(data))] = random.integers(256)
        try:
            audit(bytes(spoilt), 4, 3)
            survived += 1
            OnnxClassifier(bytes(spoilt)).predict_proba(VALUES.astype(np.float32))
        except BundleError as error:
            assert str(error).isprintable()  # noqa: PT017 - most of them are fine
    assert survived > 300
    assert capfd.readouterr() == ("", "")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=2)), min_size=1, max_size=5))
def test_damage_to_the_archive_is_an_error_in_one_line(saved: Path, edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(saved.read_bytes())
    index = data.index(b"PK\1\2")
    for number, (place, added) in enumerate(edits):
        start = index if number % 2 else 0  # half of them in the index, where archives are made to lie
        at = start + place % (len(data) - start)
        data[at : at + len(added)] = added
    damaged = saved.with_name("damaged.semodel")
    damaged.write_bytes(data)
    try:
        bundle.verify(damaged)
    except BundleError as error:
        assert str(error).isprintable()  # noqa: PT017 - some damage changes nothing that matters


@pytest.mark.parametrize("name", ["a\0b.semodel", "", "."])
def test_a_path_that_is_no_file_is_an_error_in_one_line(name: str) -> None:
    with pytest.raises(BundleError) as error:
        bundle.load(name)
    assert "\n" not in str(error.value)


def test_a_bundle_can_be_read_from_any_path_like(saved: Path) -> None:
    assert bundle.load(str(saved)).name == bundle.load(saved).name == "tiny"
