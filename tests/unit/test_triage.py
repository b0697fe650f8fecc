"""Raw scores become calibrated probabilities, and those a bucket."""

from __future__ import annotations

import numpy as np
import pytest

from heimdall_litellm.core.features import FEATURES, N_FEATURES
from heimdall_litellm.core.triage import (
    LEVEL,
    MOST_TILT,
    Calibration,
    Tilt,
    Triage,
    choose_bucket,
    triage,
)


def test_equal_scores_are_equal_probabilities() -> None:
    result = triage(np.zeros(3, np.float32), Calibration())
    assert (result.p_cheap, result.p_mid, result.p_hard) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_calibration_scales_and_shifts_each_score() -> None:
    result = triage(np.array([1, 2, 3], np.float32), Calibration((2.0, 1.0, 0.0), (0.0, 0.0, 2.0)))
    assert (result.p_cheap, result.p_mid, result.p_hard) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_says_nothing(bad: float) -> None:
    result = triage(np.array([bad, 0, 0], np.float32), Calibration())
    assert (result.p_cheap, result.p_mid, result.p_hard) == (1 / 3, 1 / 3, 1 / 3)


def test_large_scores_do_not_overflow() -> None:
    assert triage(np.array([1e30, 0, -1e30], np.float32), Calibration()).p_cheap == 1.0


def test_difficulty_runs_from_cheap_to_hard() -> None:
    assert Triage(1, 0, 0).difficulty == 0
    assert Triage(0, 1, 0).difficulty == 0.5
    assert Triage(0, 0, 1).difficulty == 1


@pytest.mark.parametrize(
    ("p", "bucket"),
    [
        ((0.1, 0.3, 0.6), "hard"),
        ((0.7, 0.2, 0.1), "cheap"),
        ((0.4, 0.3, 0.3), "mid"),
        ((0.62, 0.0, 0.38), "mid"),
        ((0.0, 0.42, 0.58), "mid"),
    ],
)
def test_thresholds_make_the_bucket_and_are_exclusive(p: tuple[float, float, float], bucket: str) -> None:
    assert choose_bucket(Triage(*p), 0.62, 0.58) == bucket


def test_hard_is_asked_first() -> None:
    assert choose_bucket(Triage(0.5, 0.0, 0.5), 0.4, 0.4) == "hard"


def test_the_tilt_pulls_hard_and_cheap_apart_and_is_bounded() -> None:
    raw = np.zeros(3, np.float32)
    level, tilted = triage(raw, Calibration()), triage(raw, Calibration(), lean=0.5)
    assert tilted.p_hard > level.p_hard > tilted.p_cheap
    assert tilted.p_hard / tilted.p_cheap == pytest.approx(np.exp(0.5))
    tilt = Tilt.of({"log_words": 2.0, "word_length": -1.0}, {"log_words": 4.0})
    features = np.zeros(N_FEATURES, np.float32)
    features[FEATURES.index("log_words")] = 4.1
    features[FEATURES.index("word_length")] = 0.1
    assert tilt.of_request(features) == pytest.approx(0.1, abs=0.01)
    features[FEATURES.index("log_words")] = 1e6
    assert tilt.of_request(features) == pytest.approx(MOST_TILT)
    assert tilt.by_feature(features).sum() == pytest.approx(MOST_TILT, rel=1e-3)
    assert tilt.named() == {"log_words": (2.0, 4.0), "word_length": (-1.0, 0.0)}
    assert LEVEL.of_request(features) == 0.0
    assert not LEVEL.by_feature(features).any()
