"""Settings hold for any input: a `Settings` or one ConfigError, never anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.config import Settings, load_settings
from heimdall_litellm.errors import ConfigError

KEYS = st.sampled_from(
    [
        "router",
        "alpha",
        "thresholds",
        "cheap",
        "profiles",
        "cache",
        "simulation",
        "models",
        "fail_rate",
        "429",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), below, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=5))
def test_any_mapping_gives_settings_or_one_config_error(mapping: dict[str, object]) -> None:
    lines: list[str] = []
    try:
        assert isinstance(load_settings(mapping), Settings)
    except ConfigError as refused:
        lines = str(refused).splitlines()
    assert [line for line in lines if not line.startswith("callback_settings.heimdall")] == []


NAMES = st.lists(st.text(min_size=1), unique=True, max_size=3)


@given(alpha=st.floats(0, 1), top_p=st.integers(1, 64), names=NAMES)
def test_settings_survive_being_dumped_and_loaded(alpha: float, top_p: int, names: list[str]) -> None:
    listed = [name for name in names if name != "heimdall"] or None
    settings = load_settings({"router": {"alpha": alpha, "top_p": top_p, "cheap_candidates": listed}})
    assert load_settings(settings.model_dump(mode="json")) == settings


@given(st.floats() | st.integers())
def test_alpha_is_taken_exactly_if_it_lies_between_0_and_1(alpha: float) -> None:
    try:
        taken = load_settings({"router": {"alpha": alpha}}).router.alpha
    except ConfigError:
        assert not 0 <= alpha <= 1
    else:
        assert 0 <= taken == alpha <= 1
