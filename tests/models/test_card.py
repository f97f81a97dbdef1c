from __future__ import annotations

from dataclasses import replace

from speech_emotion.corpora.utterance import Origin
from speech_emotion.models import card
from speech_emotion.models.model import Model


def test_the_card_says_what_a_user_must_know(model: Model) -> None:
    text = card.text(model.manifest())
    assert text.startswith("# tiny\n")
    assert "calm, happy, sad" in text
    assert "CC BY-NC-SA 4.0: **non-commercial use only**" in text
    assert "ravdess, CC BY-NC-SA 4.0. Livingstone & Russo 2018. https://ravdess.example" in text
    assert "1779 utterances of 2 speakers" in text
    assert '"sounds angry", never "is angry"' in text
    assert "- Classifier: logistic, C 0.1, hidden_layer_sizes [300], class_weight None; seed 7." in text


def test_new_speakers_come_first_and_random_beside_them_with_the_reason(model: Model) -> None:
    lines = card.text(model.manifest()).splitlines()
    assert lines[lines.index("| tested on | UAR |") :][:4] == [
        "| tested on | UAR |",
        "| --- | --- |",
        "| new speakers | 38.1 % (35.0–41.0) |",
        "| random split, same speakers | 70.0 % |",
    ]
    assert any("partly recognises voices" in line and "chance is 33.3 %" in line for line in lines)


def test_intervals_over_few_speakers_are_said_to_mean_little(model: Model) -> None:
    few, one, enough = (replace(model.provenance, speakers=tuple("abcdef"[:count])) for count in (5, 1, 6))
    texts = [card.text(replace(model, provenance=made).manifest()) for made in (few, one, enough)]
    assert "95 % interval. Of 5 speakers they mean little" in texts[0]
    assert "95 % interval. Of one speaker they mean little" in texts[1]
    assert "mean little" not in texts[2]


def test_without_a_random_split_there_is_no_word_of_it(model: Model) -> None:
    scores = {"speaker": model.provenance.scores["speaker"]}
    text = card.text(replace(model, provenance=replace(model.provenance, scores=scores)).manifest())
    assert "random" not in text


def test_a_model_that_was_not_scored_says_so(model: Model) -> None:
    text = card.text(replace(model, provenance=replace(model.provenance, scores={})).manifest())
    assert "None were measured." in text


def test_a_free_licence_is_not_called_non_commercial(model: Model) -> None:
    free = replace(model.provenance, origins=(Origin("emodb", "CC0"),))
    assert "non-commercial" not in card.text(replace(model, provenance=free).manifest())
