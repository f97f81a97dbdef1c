"""Several corpora as one.

Emotions mean the same across corpora by their names in this package, but corpora differ in which they have: what one
calls calm another has among its neutral. So only what all of them have is kept, and emotions can be folded into
others first. Nothing is dropped in silence: it is counted in ``left_out``, under the corpus's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from ..emotions import EMOTIONS, in_order
from ..errors import CorpusError, UsageError, unknown
from .utterance import Corpus, Origin, joint_name, strictest


def combine(*corpora: Corpus, shared: bool = True, fold: Mapping[str, str] | None = None) -> Corpus:
    """One corpus of several.

    Args:
        corpora: each of another name.
        shared: whether to keep only the emotions that every one of them has; otherwise all are kept.
        fold: emotions to be taken for others before that: ``{"calm": "neutral"}``.

    Returns:
        The utterances of the first, then of the second, and so on, with the strictest of their licences; ``origins``
        has each one's own.

    Raises:
        UsageError: if there is none, or ``fold`` names an emotion that none of them has, or folds one into something
            that is no emotion.
        CorpusError: if two have the same name, or they share no emotion.

    Example:
        >>> from speech_emotion.corpora import Utterance
        >>> ours = Corpus(Origin("ours", "CC0 1.0"), (Utterance("1.wav", "calm", "ours/ann", "ours"),))
        >>> theirs = Corpus(Origin("theirs", "CC BY-NC 4.0"), (Utterance("2.wav", "neutral", "theirs/bo", "theirs"),))
        >>> both = combine(ours, theirs, fold={"calm": "neutral"})
        >>> both.name, both.licence, both.emotions
        ('ours+theirs', 'CC BY-NC 4.0', ('neutral',))
    """
    if not corpora:
        raise UsageError("nothing to combine; valid: one corpus or more")
    origins = tuple(origin for corpus in corpora for origin in corpus.origins)
    for name, count in Counter(origin.name for origin in origins).items():
        if count > 1:
            raise CorpusError(f"'{name}' is there {count} times: its speakers could not be told apart")
    fold = checked(fold or {}, [corpus.emotions for corpus in corpora])
    folded = [
        replace(corpus, utterances=tuple(replace(u, emotion=fold.get(u.emotion, u.emotion)) for u in corpus.utterances))
        for corpus in corpora
    ]
    vocabularies = [corpus.emotions for corpus in folded]
    kept = common(vocabularies) if shared else in_order(chain(*vocabularies))
    if not kept:
        had = "; ".join(f"{corpus.name} has {', '.join(corpus.emotions)}" for corpus in folded)
        raise CorpusError(f"no emotion is in all of them ({had}); fold some together, or keep all with shared=False")
    left_out: Counter[str] = Counter()
    for corpus in folded:
        prefix = "" if corpus.parts else f"{corpus.name}: "
        left_out.update({f"{prefix}{reason}": count for reason, count in corpus.left_out.items()})
        left_out.update(
            f"{utterance.corpus}: {utterance.emotion}, not in every corpus"
            for utterance in corpus.utterances
            if utterance.emotion not in kept
        )
    return Corpus(
        origin=origins[0] if len(origins) == 1 else _joined(origins),
        utterances=tuple(u for corpus in folded for u in corpus.utterances if u.emotion in kept),
        left_out=dict(left_out),
        parts=origins if len(origins) > 1 else (),
    )


def common(vocabularies: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The emotions that all of several corpora have, in the order of the vocabulary.

    Example:
        >>> common([["calm", "sad", "happy"], ["happy", "sad", "angry"]])
        ('happy', 'sad')
    """
    return in_order(set.intersection(*map(set, vocabularies)))


def checked(fold: Mapping[str, str], vocabularies: Iterable[Iterable[str]]) -> Mapping[str, str]:
    """The same emotions to be taken for others, if some corpus has them.

    Raises:
        UsageError: if none has one of them, or one would become something that is no emotion.
    """
    names = in_order(chain(*vocabularies))
    for emotion, target in fold.items():
        if emotion not in names:
            raise unknown("emotion to fold", emotion, names)
        if target not in (valid := in_order((*EMOTIONS, *names))):
            raise unknown("emotion to fold into", target, valid)
    return fold


def _joined(origins: tuple[Origin, ...]) -> Origin:
    return Origin(
        name=joint_name(origins),
        licence=strictest(origins),
        homepage=" ".join(origin.homepage for origin in origins if origin.homepage),
        citation=" ".join(origin.citation for origin in origins if origin.citation),
    )
