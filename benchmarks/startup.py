"""Cold start: one `speech-emotion predict` of one clip against a librosa and scikit-learn script; time and memory.

Both are fresh processes that read the same 48 kHz WAV file and print an emotion. The other side is a multilayer
perceptron on mel, chroma and MFCC, as the built-in `classic` is, of the same size; its weights are random, since only
time and memory count. The default model, `tone`, has a speech encoder to load as well.

    python benchmarks/startup.py [ARCHIVE] [--repeats 9] [--json]
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

import measuring

THEIRS = """
import pickle, sys, librosa, numpy as np
samples, rate = librosa.load(sys.argv[1], sr=16000)
magnitude = np.abs(librosa.stft(samples))
parts = [librosa.feature.melspectrogram(y=samples, sr=rate), librosa.feature.chroma_stft(S=magnitude, sr=rate),
         librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40)]
model = pickle.load(open(sys.argv[2], "rb"))
print(model.predict(np.concatenate([part.mean(axis=1) for part in parts])[None])[0])
"""

LAUNCHER = """
import resource, subprocess, sys, time
begin = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""
"""A small process that starts the one to be measured: until a child runs its program, its parent's memory counts as its
own, and this benchmark's is large."""

MODELS = {"tone": 250, "classic": 200}
"""And the megabytes that each may take."""


def main() -> None:
    given = measuring.arguments(__doc__, repeats=9)
    with tempfile.TemporaryDirectory() as scratch:
        clip = a_clip(given.archive, Path(scratch))
        theirs = [sys.executable, "-c", THEIRS, str(clip), str(their_model(Path(scratch)))]
        run(theirs)  # librosa compiles once and keeps it on disk
        for model, most in MODELS.items():
            ours = [sys.executable, "-m", "speech_emotion", "predict", "--model", model, str(clip)]
            run(ours)
            found = [(run(ours), run(theirs)) for _ in range(given.repeats)]
            times = [(own[0], other[0]) for own, other in found]
            sizes = [(own[1], other[1]) for own, other in found]
            against = "against librosa + scikit-learn"
            figure = f"cold predict of one clip, {model}, {against}"
            measuring.tell("startup", figure, times, "s", "0.8 s or less", given.json)
            measuring.tell("startup", f"{model}, peak memory, {against}", sizes, "MB", f"{most} MB or less", given.json)


def run(command: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a process."""
    launched = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], stdout=subprocess.PIPE, check=False)
    if launched.returncode:
        sys.exit(f"failed: {' '.join(command[:4])} …")
    took, peak = map(float, launched.stdout.split())
    return took, peak / (2**20 if sys.platform == "darwin" else 2**10)


def a_clip(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as members:
        name = sorted(name for name in members.namelist() if name.endswith(".wav"))[0]
        return Path(members.extract(name, folder))


def their_model(folder: Path) -> Path:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    model = make_pipeline(StandardScaler(), MLPClassifier((300,), max_iter=200))
    model.fit(rng.standard_normal((200, 180)), np.arange(200) % 8)
    path = folder / "model.pickle"
    path.write_bytes(pickle.dumps(model))
    return path


if __name__ == "__main__":
    main()
