"""The server: `POST /v1/emotion` with a clip of 3 s, by one client and by 16 at once, against a server made of librosa.

Ours is `speech-emotion serve` as a user starts it: each recording is decoded in a process apart. Theirs is what a
tutorial makes: FastAPI and uvicorn around librosa and a scikit-learn network on mel, chroma and MFCC, as large as our
`classic`; its weights are random, since only time counts. Both get the same 48 kHz WAV file as a form; the clients, in
this process, keep their connections.

    python benchmarks/server.py [ARCHIVE] [--clips 320] [--repeats 3] [--json]

`--clips` is how many requests a repeat makes with 16 clients; with one, it makes a quarter of that.
"""

from __future__ import annotations

import http.client
import io
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import soundfile

import measuring
from speech_emotion.audio.read import channels
from startup import a_clip, their_model

CLIENTS = 16
SECONDS = 3.0
BOUNDARY = "a-line-between"
LISTENING = re.compile(r"(?:listening on|running on) http://127\.0\.0\.1:(\d+)")

THEIRS = """
import io, pickle, sys, librosa, numpy as np, uvicorn
from fastapi import FastAPI, UploadFile
app, model = FastAPI(), pickle.load(open(sys.argv[1], "rb"))

@app.post("/v1/emotion")
def emotion(file: UploadFile):
    samples, rate = librosa.load(io.BytesIO(file.file.read()), sr=16000)
    magnitude = np.abs(librosa.stft(samples))
    parts = [librosa.feature.melspectrogram(y=samples, sr=rate), librosa.feature.chroma_stft(S=magnitude, sr=rate),
             librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40)]
    values = np.concatenate([part.mean(axis=1) for part in parts])[None]
    return {"emotion": str(model.predict(values)[0]), "scores": model.predict_proba(values)[0].tolist()}

uvicorn.run(app, port=0, access_log=False)
"""


def main() -> None:
    given = measuring.arguments(__doc__, clips=320)
    with tempfile.TemporaryDirectory() as scratch:
        body = form(a_clip(given.archive, Path(scratch)))
        servers = {
            "ours": [sys.executable, "-m", "speech_emotion", "serve", "--port", "0"],
            "theirs": [sys.executable, "-c", THEIRS, str(their_model(Path(scratch)))],
        }
        alone: dict[str, list[float]] = {}
        together: dict[str, list[float]] = {}
        for name, command in servers.items():
            with running(command) as port:
                ask(port, body, 8)  # librosa compiles at first
                for _ in range(given.repeats):
                    alone.setdefault(name, []).append(statistics.median(ask(port, body, max(8, given.clips // 4))))
                    together.setdefault(name, []).append(at_once(port, body, given.clips))
    against = "against FastAPI + librosa + scikit-learn"
    pairs = list(zip(alone["ours"], alone["theirs"], strict=True))
    measuring.tell("server", f"a 3 s clip, one client, {against}", pairs, "ms", "40 ms or less", given.json)
    pairs = list(zip(together["ours"], together["theirs"], strict=True))
    rates = [f"{who} {1000 / statistics.median(times):.0f}" for who, times in together.items()]
    figure = f"a 3 s clip, {CLIENTS} clients at once, time a request, {against}"
    note = f"requests a second: {', '.join(rates)}; the clients share the cores"
    measuring.tell("server", figure, pairs, "ms", "16.7 ms or less (60 a second)", given.json, note)


def form(clip: Path) -> bytes:
    """The first three seconds of a clip, as a form that has it in the field ``file``."""
    samples, rate = channels(clip, 0.0, SECONDS)
    sound = io.BytesIO()
    soundfile.write(sound, samples, rate, format="WAV", subtype="PCM_16")
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    return head.encode() + sound.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def running(command: list[str]) -> Iterator[int]:
    """A server, from the line in which it names its port until it is ended."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := LISTENING.search(line):
                yield int(found[1])
                return
        sys.exit(f"no server: {' '.join(command[:4])}")
    finally:
        process.terminate()
        process.communicate()


def ask(port: int, body: bytes, count: int) -> list[float]:
    """Milliseconds of each request of one client."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        connection.request("POST", "/v1/emotion", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        response = connection.getresponse()
        content = response.read()
        times.append(1000 * (time.perf_counter() - begin))
        if response.status != 200:
            sys.exit(f"status {response.status}: {content.decode()}")
    connection.close()
    return times


def at_once(port: int, body: bytes, count: int) -> float:
    """Milliseconds a request, where many clients share the requests."""
    each = max(1, count // CLIENTS)
    begin = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda _: ask(port, body, each), range(CLIENTS)))
    return 1000 * (time.perf_counter() - begin) / (each * CLIENTS)


if __name__ == "__main__":
    main()
