"""A model's card: what a person should read before using it (Mitchell et al., 2019)."""

from __future__ import annotations

from collections.abc import Mapping

from ..features.config import FRAMES
from ..features.whole import WHOLE
from .manifest import Manifest, Provenance

PROTOCOLS = {
    "speaker": "new speakers",
    "loso": "new speakers, one at a time",
    "emobox": "new speakers, EmoBox's folds",
    "sentence": "new sentences",
    "corpus": "another corpus",
    "outer": "new speakers, whom no choice saw",
    "inner": "the speakers that it was chosen by",
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


def _training(made: Provenance) -> str:
    lines = [f"{made.utterances} utterances of {len(made.speakers)} speakers."]
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
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    chance = f"{100 / classes:.1f} %"
    notes = f"UAR is the mean of the emotions' recalls; chance is {chance}. In brackets: 95 % interval."
    if "random" in made.scores:
        notes += (
            " A random split tests on the speakers that the model was trained on, so it partly recognises"
            " voices; people whom it has never heard are the honest test."
        )
    return f"{table}\n\n{notes}"


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
            f"- Features: {', '.join(config.features)}{over_frames}, {len(config.columns)} numbers, "
            f"at {config.rate} Hz.",
            *(f"- {name}: {WHOLE[name].licence}." for name in config.features if name in WHOLE and WHOLE[name].licence),
            f"- Classifier: {', '.join([made.family, *settings])}; seed {made.seed}.",
            f"- Long recordings: {manifest.window:g} s every {manifest.hop:g} s, the probabilities averaged.",
            f"- Calibration: temperature {manifest.temperature:.2f}; 1 is none.",
            f'- Says "not sure" below a confidence of {manifest.sure_above:.2f}.',
            f"- Made with: {', '.join(versions) or 'unknown'}.",
        ]
    )
