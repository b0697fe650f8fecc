"""The order in which candidates are tried: the choice first, then the chain after it.

Where all compete with all, by score alone. Where the bucket decides who competes, by score within
it; when a bucket is exhausted the next one up is tried before the one
down: a request thought easy may well be served by a stronger model, a hard one only as a last
resort by a weaker. No model comes twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from heimdall_litellm.core.types import Bucket, CandidateScore

_NEXT: dict[Bucket, tuple[Bucket, ...]] = {
    "cheap": ("cheap", "mid", "hard"),
    "mid": ("mid", "hard", "cheap"),
    "hard": ("hard", "mid", "cheap"),
}


def rank(scored: Sequence[CandidateScore], bucket: Bucket, *, within_bucket: bool) -> list[CandidateScore]:
    """Order the eligible candidates for a request of a bucket, each model once.

    Ties go to the cheaper, then the better, then the name first in the alphabet, then the bucket's own
    row: a total order, so that the order of the configuration never decides.
    """
    place = {name: i for i, name in enumerate(_NEXT[bucket])}
    ordered = sorted(
        (candidate for candidate in scored if candidate.eligible),
        key=lambda c: (
            place[c.bucket] if within_bucket else 0,
            -c.score,
            c.cost_usd,
            -c.quality,
            c.model,
            place[c.bucket],
        ),
    )
    first: dict[str, CandidateScore] = {}
    for candidate in ordered:
        first.setdefault(candidate.model, candidate)
    return list(first.values())
