"""An evaluation that was killed goes on where it stopped, and comes to the same scores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections import deque
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from speech_emotion.errors import UsageError
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.evaluation.fitting import Fold
from speech_emotion.evaluation.resume import describe, forget, keys

COUNTING = '''
import os, signal, sys
from pathlib import Path
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

class Counting(LinearDiscriminantAnalysis):
    """Counts its fits in a folder, and kills its process at the one that is named."""

    def fit(self, X, y):
        folder = Path(os.environ["FITS"])
        (folder / f"{len(list(folder.iterdir()))}-{os.getpid()}").touch()
        if len(list(folder.iterdir())) == int(os.environ.get("KILL_AT", 0)):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)
'''
RUN = """
import json, sys
from counting import Counting
from speech_emotion.evaluation.evaluate import evaluate
from speech_emotion.features.table import FeatureTable
report = evaluate(Counting(), FeatureTable.load("table.npz"), folds=5, workers=int(sys.argv[1]), resume="kept")
print(json.dumps([report.as_dict(), report.probabilities.tolist()]))
"""


def test_a_killed_run_goes_on_where_it_stopped_and_gives_the_same_report(made_table, tmp_path: Path) -> None:
    table = made_table(strength=0.7)
    table.save(tmp_path / "table.npz")
    (tmp_path / "counting.py").write_text(COUNTING, encoding="utf-8")

    def run(name: str, workers: int, **environment: str) -> subprocess.CompletedProcess[str]:
        fits = tmp_path / name
        fits.mkdir()
        path = os.pathsep.join([str(tmp_path), *sys.path])
        return subprocess.run(
            [sys.executable, "-c", RUN, str(workers)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "FITS": str(fits), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    killed = run("first", 1, KILL_AT="4")
    assert killed.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "kept").iterdir())) == 3
    resumed = run("second", 2)
    assert len(list((tmp_path / "second").iterdir())) == 2
    facts, probabilities = json.loads(resumed.stdout)
    whole = evaluate(LinearDiscriminantAnalysis(), table, folds=5, workers=1)
    assert facts == json.loads(json.dumps(whole.as_dict()))
    assert probabilities == whole.probabilities.tolist()


def test_a_damaged_file_is_fitted_anew_and_forget_leaves_what_is_not_ours(made_table, tmp_path: Path) -> None:
    table, folder = made_table(), tmp_path / "kept"
    first = evaluate(LinearDiscriminantAnalysis(), table, folds=3, workers=1, resume=folder)
    files = sorted(folder.iterdir())
    files[0].write_bytes(files[0].read_bytes()[:100])
    files[1].write_bytes(b"")
    np.savez(files[2], probabilities=np.zeros((2, 2)), sure_above=np.array(0.0), centre=np.zeros(0))
    again = evaluate(LinearDiscriminantAnalysis(), table, folds=3, workers=1, resume=folder)
    assert (again.probabilities == first.probabilities).all()
    assert sorted(folder.iterdir()) == files
    (folder / "mine.txt").touch()
    forget(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("value", [-5.0, 2.0, np.nan])
def test_numbers_that_are_no_probabilities_are_fitted_anew(value: float, made_table, tmp_path: Path) -> None:
    table = made_table()
    first = evaluate(LinearDiscriminantAnalysis(), table, folds=3, workers=1, resume=tmp_path)
    for file in tmp_path.iterdir():
        with np.load(file) as kept:
            others = {name: kept[name] for name in ("sure_above", "centre")}
            probabilities = np.full_like(kept["probabilities"], value)
        np.savez(file, probabilities=probabilities, **others)
    again = evaluate(LinearDiscriminantAnalysis(), table, folds=3, workers=1, resume=tmp_path)
    assert (again.probabilities == first.probabilities).all()


def test_a_file_that_claims_to_be_endless_is_fitted_anew(made_table, tmp_path: Path) -> None:
    table = made_table()
    first = evaluate(LinearDiscriminantAnalysis(), table, folds=3, workers=1, resume=tmp_path)
    claim = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000, 4), }".ljust(117) + b"\n"
    with zipfile.ZipFile(min(tmp_path.iterdir()), "w") as archive:
        archive.writestr("probabilities.npy", b"\x93NUMPY\x01\x00\x76\x00" + claim)
    again = evaluate(LinearDiscriminantAnalysis(), table, folds=3, workers=1, resume=tmp_path)
    assert (again.probabilities == first.probabilities).all()


def _fold(table, estimator, train=(0, 1, 2), test=(3, 4)) -> Fold:
    labels = np.arange(len(table)) % 3
    return Fold(estimator, table.values, labels, np.array(train), np.array(test), 3, table.speakers)


def _key(fold: Fold) -> str:
    return keys([fold])[0]


def test_whatever_changes_the_answer_changes_its_name(made_table) -> None:
    table = made_table()
    fold = _fold(table, LogisticRegression())
    values = table.values.copy()
    values[5, 0] += 1
    others = [
        replace(fold, estimator=LogisticRegression(C=0.5)),
        replace(fold, estimator=LinearDiscriminantAnalysis()),
        replace(fold, estimator=make_pipeline(StandardScaler(), LogisticRegression())),
        replace(fold, estimator=make_pipeline(StandardScaler(with_mean=False), LogisticRegression())),
        replace(fold, estimator=FunctionTransformer(np.log)),
        replace(fold, estimator=FunctionTransformer(np.exp)),
        replace(fold, values=values),
        replace(fold, labels=fold.labels[::-1]),
        replace(fold, speakers=None),
        replace(fold, train=fold.train[::-1]),
        replace(fold, test=fold.test[:1]),
        replace(fold, classes=4),
    ]
    names = {_key(each) for each in (fold, *others)}
    assert len(names) == len(others) + 1
    assert _key(_fold(made_table(), LogisticRegression())) == _key(fold)


@dataclass(frozen=True)
class Richer(Fold):
    """A fold with something more to learn from."""

    more: tuple[np.ndarray, ...] = ()


def test_whatever_else_a_fold_may_hold_one_day_changes_its_name_too(made_table) -> None:
    fold = _fold(made_table(), LogisticRegression())
    plain = {each.name: getattr(fold, each.name) for each in fields(Fold)}
    names = [_key(Richer(**plain, more=more)) for more in ((), (fold.values,), (fold.values + 1,))]
    assert len(set(names)) == 3


class Plain:
    """Neither ``get_params`` nor anything else of scikit-learn's."""

    def __init__(self, depth: int) -> None:
        self.depth = depth


def test_any_object_is_told_by_what_it_holds_and_what_cannot_be_told_is_refused(made_table) -> None:
    assert describe(Plain(1)) == describe(Plain(1)) != describe(Plain(2))
    table = made_table()
    with pytest.raises(UsageError, match="holds a RandomState cannot be resumed"):
        _key(_fold(table, LogisticRegression(random_state=np.random.RandomState(0))))
    with pytest.raises(UsageError, match="holds a Generator"):
        _key(_fold(table, Plain(np.random.default_rng(0))))  # type: ignore[arg-type]
    endless = Plain(0)
    endless.depth = endless  # type: ignore[assignment]
    with pytest.raises(UsageError, match="holds a Plain cannot be resumed"):
        _key(_fold(table, endless))


class Slotted:
    __slots__ = ("power",)

    def __init__(self, power: int) -> None:
        self.power = power

    def raised(self, values):
        return values**self.power


class Both(Slotted):
    """Has slots, and a dictionary that is empty."""


def _closed_over(power: int):
    return lambda values: values**power


def _by_default(power: int):
    def raised(values, power=power):
        return values**power

    return raised


@pytest.mark.parametrize(
    "make",
    [
        lambda power: partial(np.power, power),
        lambda power: partial(np.clip, a_max=power),
        _closed_over,
        _by_default,
        lambda power: Slotted(power).raised,
        Slotted,
        Both,
        lambda power: deque([power]),
    ],
)
def test_what_a_function_or_object_takes_along_is_part_of_its_name(make) -> None:
    assert describe(make(2)) == describe(make(2)) != describe(make(3))
