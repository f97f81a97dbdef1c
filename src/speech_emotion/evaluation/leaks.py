"""What makes scores on recordings untrue: damaged files, wrong labels, and recordings that are there twice.

A take that is both learnt and tested, under whatever name, rate or format, is recognised from memory. Recordings are
compared by their samples and by their fingerprints (:mod:`speech_emotion.audio.fingerprint`), file names by what
the corpora mean by them, and what tells the emotion without the voice is scored (:mod:`.nuisance`).
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..audio.fingerprint import Fingerprint, matches
from ..corpora.listing import UNKNOWN_SPEAKER
from ..corpora.naming import said
from ..corpora.utterance import Corpus, Utterance
from ..workers import Progress
from . import labels
from .examined import Examined, examine_all, part_of
from .findings import KINDS, Check, Finding
from .fitting import require
from .nuisance import ALL, FORMAT, WORDS, Nuisance, nuisance


@dataclass(frozen=True, slots=True)
class _Held:
    """A recording, and the number of the set that it is in."""

    number: int
    utterance: Utterance


def check(
    corpora: Sequence[Corpus],
    places: Sequence[Path | None] = (),
    *,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Check:
    """Look for all that makes scores untrue, within each set of recordings and between them.

    Args:
        corpora: the sets: one, or for example what is trained on and what is tested on.
        places: where each was read from, as :func:`speech_emotion.corpora.place` says; lets files be compared that the
            corpus leaves out as second copies, and folders with names.
        seed: of the models that score the nuisances.
        workers: how many processes; None takes all cores. What is found is the same with any number.
        progress: called with recordings examined and all recordings.

    Returns:
        What was found.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
    """
    require("corpus check")
    places = [*places, *[None] * (len(corpora) - len(places))]
    names = _names(corpora, places)
    held = [_Held(number, utterance) for number, corpus in enumerate(corpora) for utterance in corpus.utterances]
    doubles = [pair for corpus, place in zip(corpora, places, strict=True) for pair in labels.copies(corpus, place)]
    parts = [part_of(one.utterance) for one in held] + [(copy, None, None) for _, copy in doubles]
    examined = examine_all(parts, workers, progress)
    findings = [
        *_damaged(examined),
        *_mislabelled(corpora, places),
        *_differing(doubles, examined),
        *_repeated(held, examined, names),
        *_speakers(corpora, names),
    ]
    scored = []
    for number, corpus in enumerate(corpora):
        usable = [
            (sound, u)
            for u in corpus.utterances
            if (sound := examined[part_of(u)].sound) is not None and sound.seconds > 0 and not sound.silent
        ]
        result = nuisance(
            [sound for sound, _ in usable],
            [u.emotion for _, u in usable],
            [u.speaker for _, u in usable],
            seed=seed,
            workers=workers,
        )
        scored.append(result)
        findings += _telling(result, names[number], len(corpora) > 1)
    order = list(KINDS)
    findings.sort(key=lambda finding: (order.index(finding.kind), not finding.unsafe))
    sets = tuple((name, len(corpus)) for name, corpus in zip(names, corpora, strict=True))
    return Check(sets, tuple(findings), tuple(scored))


def _names(corpora: Sequence[Corpus], places: Sequence[Path | None]) -> list[str]:
    """The corpora's names; where two have the same, those of their places, or else numbered."""
    names = [corpus.name for corpus in corpora]
    if len(set(names)) < len(names) and None not in places:
        names = [place.name for place in places if place is not None]
    counts = Counter(names)
    return [name if counts[name] == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)]


def _damaged(examined: Mapping[Any, Examined]) -> Iterator[Finding]:
    for (path, start, _), one in examined.items():
        where = "" if start is None else f"from {start} s on: "
        if one.sound is None:
            yield Finding("long" if one.long else "unreadable", (path,), one.reason, True)
            continue
        if one.sound.invalid:
            text = f"{where}{one.sound.invalid} samples are not finite or out of all range; they are taken for silence"
            yield Finding("invalid", (path,), text, False)
        if one.sound.seconds == 0:
            yield Finding("empty", (path,), f"{where}holds no sound", True)
        elif one.sound.silent:
            yield Finding("silent", (path,), f"{where}its loudest moment is at {one.sound.loudest:.0f} dB", True)
        elif one.sound.is_clipped:
            text = f"{where}stuck at its peak of {one.sound.peak:.1f} dB {one.sound.clipped} times"
            yield Finding("clipped", (path,), text, False)


def _mislabelled(corpora: Sequence[Corpus], places: Sequence[Path | None]) -> Iterator[Finding]:
    for corpus, place in zip(corpora, places, strict=True):
        for utterance in corpus.utterances:
            contradiction = labels.contradiction(utterance, place)
            if contradiction:
                yield Finding("mislabelled", (utterance.path,), contradiction.text, contradiction.unsafe)


def _differing(doubles: list[tuple[str, str]], examined: Mapping[Any, Examined]) -> Iterator[Finding]:
    for kept, copy in doubles:
        one, other = examined[kept, None, None], examined[copy, None, None]
        if one.sound is None or other.sound is None or one.sound.digest == other.sound.digest:
            continue
        if not any(matches([one.print, other.print])):
            yield Finding("copies", (kept, copy), "the first is read, the other left out: which is right?", True)


def _repeated(held: list[_Held], examined: Mapping[Any, Examined], names: list[str]) -> Iterator[Finding]:
    """Recordings with equal samples, and those with like fingerprints."""
    groups: dict[str, list[_Held]] = defaultdict(list)
    prints: dict[str, Fingerprint] = {}
    for one in held:
        found = examined[part_of(one.utterance)]
        if found.sound is not None and found.sound.seconds > 0 and not found.sound.silent:
            groups[found.sound.digest].append(one)
            prints.setdefault(found.sound.digest, found.print)
    for group in groups.values():
        if len(group) > 1:
            text, unsafe = _harm(group, names)
            yield Finding("exact", tuple(one.utterance.path for one in group), text, unsafe)
    digests = list(prints)
    for match in matches(list(prints.values())):
        pair = max(
            itertools.product(groups[digests[match.first]], groups[digests[match.second]]),
            key=lambda two: (two[0].number != two[1].number, two[0].utterance.emotion != two[1].utterance.emotion),
        )
        text, unsafe = _harm(pair, names)
        yield Finding(
            "near", tuple(one.utterance.path for one in pair), f"alike by {match.likeness:.2f}, {text}", unsafe
        )


def _harm(group: Sequence[_Held], names: list[str]) -> tuple[str, bool]:
    """What is wrong with one take being there more than once, and whether it makes scores for new speakers untrue."""
    emotions = list(dict.fromkeys(one.utterance.emotion for one in group))
    sets = sorted({one.number for one in group})
    voices = list(dict.fromkeys(one.utterance.speaker for one in group if not _unknown(one.utterance.speaker)))
    harm = []
    if len(sets) > 1:
        harm.append(f"in {' and '.join(names[number] for number in sets)}")
    if len(emotions) > 1:
        harm.append(f"labelled {' and '.join(emotions)}")
    if len(voices) > 1 and len(sets) == 1:
        harm.append(f"as if {' and '.join(voices)} spoke")
    return ", ".join(harm) or "one label, one speaker: misleads the random split only", bool(harm)


def _speakers(corpora: Sequence[Corpus], names: list[str]) -> Iterator[Finding]:
    voices = [_voices(corpus) for corpus in corpora]
    for (first, ours), (second, theirs) in itertools.combinations(enumerate(voices), 2):
        for voice in sorted(ours.keys() & theirs.keys()):
            who = voice if "/" in voice else f"{voice}, by name"
            text = f"{who}: {ours[voice]} recordings in {names[first]}, {theirs[voice]} in {names[second]}"
            yield Finding("speaker", (), text, True)
    for corpus, name in zip(corpora, names, strict=True):
        count = sum(_unknown(u.speaker) for u in corpus.utterances)
        if count:
            text = f"of {count} of the {len(corpus)} recordings of {name}: no score for new speakers can be given"
            yield Finding("unknown", (), text, False)


def _voices(corpus: Corpus) -> Counter[str]:
    """How many recordings there are of each person, by the name that is the same in every set.

    A file that a known corpus named says who speaks. People of one's own recordings are known by their name alone: the
    corpus's, which stands before it, is that of a folder.
    """
    voices: Counter[str] = Counter()
    for utterance in corpus.utterances:
        name = said(utterance.path)
        if name is not None:
            voices[name.speaker] += 1
        elif not _unknown(utterance.speaker):
            published = corpus.origin.homepage or corpus.parts
            voices[utterance.speaker if published else utterance.speaker.split("/", 1)[-1]] += 1
    return voices


def _unknown(speaker: str) -> bool:
    return speaker.endswith(f"/{UNKNOWN_SPEAKER}")


def _telling(scored: Nuisance | None, name: str, several: bool) -> Iterator[Finding]:
    if scored is None:
        return
    where = f"{name}: " if several else ""
    known = "" if scored.protocol == "speaker" else ", on voices that the model has heard"
    if scored.solved:
        everything = ", ".join(WORDS[each] for each in scored.telling) or ALL
        yield Finding(
            "nuisance",
            (),
            f"{where}solved by {everything}: UAR {scored.scores[ALL]}, chance {100 * scored.chance:.1f} %{known}",
            True,
        )
    elif scored.telling_together:
        together = f"{where}by all of length, silence, level and format together: UAR {scored.scores[ALL]}"
        yield Finding("nuisance", (), f"{together}, chance {100 * scored.chance:.1f} %{known}", False)
    for each in scored.telling:
        text = f"{where}by {WORDS[each]} alone: UAR {scored.scores[each]}, chance {100 * scored.chance:.1f} %{known}"
        yield Finding("nuisance", (), text, each in FORMAT)
