"""The server does what its OpenAPI description says, whatever it is sent: 2,000 cases and more by schemathesis."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .conftest import Running, wav

schemathesis = pytest.importorskip("schemathesis")

CASES = {"POST /v1/emotion": 650, "POST /v1/audio/transcriptions": 400}
"""How many that fit the description, and how many that do not; of what takes no input there is one."""

RECORDINGS = st.sampled_from([wav(0.1), wav(0.05, 8_000, format_="FLAC"), b"RIFF", b""]) | st.binary(max_size=64)

OFTEN = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(server: Running) -> Any:
    schemathesis.openapi.format("binary", RECORDINGS)
    schemathesis.openapi.media_type("audio/wav", RECORDINGS)
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def answered(operation: Any, mode: Any) -> Counter[int]:
    """How often each status came; each answer is what the description says."""
    seen: Counter[int] = Counter()

    @settings(OFTEN, max_examples=CASES.get(operation.label, 1))
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        # What fits the description may still be no recording, which only decoding can tell.
        answer = case.call_and_validate(excluded_checks=[schemathesis.checks.positive_data_acceptance])
        seen[answer.status_code] += 1

    holds()
    return seen


def test_the_server_does_what_it_says(described: Any) -> None:
    positive, negative = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    statuses: dict[str, Counter[int]] = {}
    for result in described.get_all_operations():
        operation = result.ok()
        seen = statuses[operation.label] = answered(operation, positive)
        if operation.label in CASES:
            seen += answered(operation, negative)
    assert sum(sum(seen.values()) for seen in statuses.values()) >= 2_000
    assert statuses["POST /v1/emotion"][200] > 20
    assert statuses["GET /v1/models"][200] == 1
    assert not {status for seen in statuses.values() for status in seen if status >= 500}
