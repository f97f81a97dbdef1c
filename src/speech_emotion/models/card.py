"""A model's card: what a person should read before using it (Mitchell et al., 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import counted
from ..features.config import FRAMES
from ..features.whole import WHOLE
from .manifest import Manifest, Provenance
from .summary import Summary

FEWEST_SPEAKERS = 6
"""From which on an interval over speakers holds about what it promises (docs/honest-scores.md)."""

PROTOCOLS = {
    "speaker": "new speakers",
    "loso": "new speakers, one at a time",
    "emobox": "new speakers, EmoBox's folds",
    "sentence": "new sentences",
    "corpus": "another corpus",
    "outer": "new speakers, whom no choice saw",
    "inner": "the recordings that it was chosen by",
    "random": "random split, same speakers",
}
METRICS = {
    "uar": "UAR",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "ece": "calibration error",
    "coverage": "answered",
    "sure_accuracy": "accuracy of the answers",
}
"""The scores that the card shows; the manifest has all."""


def text(manifest: Manifest) -> str:
    """The card, in Markdown.

    Args:
        manifest: of the model.

    Returns:
        One document that ends with a line break.
    """
    made = manifest.provenance
    parts = [
        f"# {manifest.name}",
        f"Hears one of {len(manifest.emotions)} emotions in speech: {', '.join(manifest.emotions)}.",
        "## Licence",
        _licence(made),
        "## Trained on",
        _training(made),
        "## Scores",
        _scores(made, len(manifest.emotions)),
        *(["## For whom and where", _whom(made.report)] if made.report else []),
        *(["## How sure it is", sure] if (sure := _sure(manifest)) else []),
        "## Limits",
        LIMITS,
        "## What is inside",
        _inside(manifest),
    ]
    return "\n\n".join(parts) + "\n"


LIMITS = """\
- It says how speech *sounds*: "sounds angry", never "is angry". What a person feels
  cannot be read off a voice.
- Acted emotion in a studio is easier than daily life, and other. Expect less on real calls, other languages,
  other ages, other microphones, and noise.
- A low probability is a reason to say nothing, and a high one is no certainty.
- Not for decisions about people: hiring, schooling, policing, credit, medicine. In the European Union,
  inferring emotions at work and in education is prohibited (Regulation 2024/1689, Article 5)."""


def _licence(made: Provenance) -> str:
    if made.non_commercial:
        return f"{made.licence}: **non-commercial use only**, because of the recordings that it was trained on."
    return f"{made.licence}, from the recordings that it was trained on."


def of_few(speakers: int) -> str:
    """What must be said of intervals over so few speakers, with a space before it; nothing of enough."""
    if speakers >= FEWEST_SPEAKERS:
        return ""
    return (
        f" Of {counted(speakers, 'speaker')} they mean little: how much other voices differ cannot be told from so few."
    )


def _training(made: Provenance) -> str:
    lines = [f"{made.utterances} utterances of {counted(len(made.speakers), 'speaker')}."]
    for origin in made.origins:
        about = [f"{origin.name}, {origin.licence}", origin.citation, origin.homepage]
        lines.append("- " + ". ".join(part.rstrip(".") for part in about if part))
    return "\n".join(lines)


def _scores(made: Provenance, classes: int) -> str:
    if not made.scores:
        return "None were measured."
    protocols = sorted(made.scores, key=lambda name: list(PROTOCOLS).index(name) if name in PROTOCOLS else 99)
    there = {metric for protocol in protocols for metric in made.scores[protocol]}
    metrics = [metric for metric in METRICS if metric in there]
    rows = [
        ["tested on", *(METRICS[metric] for metric in metrics)],
        ["---"] * (len(metrics) + 1),
        *(
            [PROTOCOLS.get(name, name), *(_score(made.scores[name].get(metric)) for metric in metrics)]
            for name in protocols
        ),
        *_known(made.report, metrics),
    ]
    table = _table(rows)
    chance = f"{100 / classes:.1f} %"
    notes = (
        f"UAR is the mean of the emotions' recalls; chance is {chance}. In brackets: 95 % interval."
        f"{of_few(len(made.speakers))}"
    )
    if "random" in made.scores:
        notes += (
            " A random split tests on the speakers that the model was trained on, so it partly recognises"
            " voices; people whom it has never heard are the honest test."
        )
    return f"{table}\n\n{notes}"


def _known(report: Summary | None, metrics: Sequence[str]) -> list[list[str]]:
    """Rows of what is reached without a model."""
    if report is None:
        return []
    rows: dict[str, dict[str, float | None]] = {
        "chance": {"uar": report.chance},
        "always the most frequent emotion": {"accuracy": report.majority},
        "people who only heard it (published)": {"accuracy": report.human},
    }
    return [
        [title, *("–" if values.get(metric) is None else _percent(values[metric] or 0) for metric in metrics)]
        for title, values in rows.items()
        if any(values.get(metric) is not None for metric in metrics)
    ]


def _whom(report: Summary) -> str:
    tested = PROTOCOLS.get(report.protocol, report.protocol)
    recalls = ", ".join(f"{emotion} {_percent(recall)}" for emotion, recall in report.recalls.items())
    lines = [f"Tested on: {tested}.", "", f"- Recognised of each emotion: {recalls}."]
    if report.sexes:
        each = ", ".join(f"{sex} {_score(score)}" for sex, score in report.sexes.items())
        lines.append(f"- UAR by sex: {each}.")
    if report.sex_gap:
        value, low, high = (report.sex_gap[name] for name in ("value", "low", "high"))
        ends = "" if low is None or high is None else f" ({100 * low:+.1f} to {100 * high:+.1f})"
        lines.append(f"- UAR of women less that of men: {100 * (value or 0):+.1f} points{ends}.")
    if report.worst_speaker:
        name, uar = report.worst_speaker
        lines.append(f"- The speaker that it understands worst is {name}: UAR {_percent(uar)}.")
    if report.conditions:
        clean = [["as recorded", _percent(report.clean), "–"]] if report.clean is not None else []
        rows = [[each.title, _percent(each.uar), _percent(each.unchanged)] for each in report.conditions]
        lines += ["", "In worse sound, a sample of the same clips, spread over speakers and emotions:", ""]
        lines.append(_table([["condition", "UAR", "same answer"], ["---"] * 3, *clean, *rows]))
    return "\n".join(lines)


def _sure(manifest: Manifest) -> str:
    """What its probabilities are worth, on the speakers that it goes by."""
    made = manifest.provenance
    scores = next((made.scores[name] for name in PROTOCOLS if name != "inner" and name in made.scores), {})
    lines = []
    if "ece" in scores:
        lines.append(f"- How far its confidence is from its accuracy (ECE): {_score(scores['ece'])}.")
    if manifest.sure_above > 0 and "coverage" in scores:
        right = (
            f", and {_score(scores['sure_accuracy'])} of those answers are right" if "sure_accuracy" in scores else ""
        )
        lines.append(
            f'- Below a confidence of {manifest.sure_above:.2f} it says "not sure": it answers '
            f"{_score(scores['coverage'])} of the clips{right}."
        )
    return "\n".join(lines)


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _score(score: Mapping[str, float | None] | None) -> str:
    if score is None:
        return "–"
    value, low, high = (score[name] for name in ("value", "low", "high"))
    middle = f"{100 * (value or 0):.1f} %"
    return middle if low is None or high is None else f"{middle} ({100 * low:.1f}–{100 * high:.1f})"


def _inside(manifest: Manifest) -> str:
    made, config = manifest.provenance, manifest.config
    settings = [f"{name} {value}" for name, value in made.hyperparameters.items()]
    versions = [f"{library} {version}" for library, version in made.versions.items()]
    has_frames = not set(config.features).isdisjoint(FRAMES)
    over_frames = f" ({', '.join(config.statistics)} over frames)" if has_frames else ""
    return "\n".join(
        [
            f"- Features: {', '.join(config.features)}{over_frames}, {config.size} numbers, at {config.rate} Hz.",
            *(f"- {name}: {WHOLE[name].licence}." for name in config.features if name in WHOLE and WHOLE[name].licence),
            f"- Classifier: {', '.join([made.family, *settings])}; seed {made.seed}.",
            f"- Long recordings: {manifest.window:g} s every {manifest.hop:g} s, the probabilities averaged.",
            f"- Calibration: temperature {manifest.temperature:.2f}; 1 is none.",
            f'- Says "not sure" below a confidence of {manifest.sure_above:.2f}.'
            if manifest.sure_above > 0
            else "- Always answers.",
            f"- Made with: {', '.join(versions) or 'unknown'}.",
        ]
    )
