"""Which model group a request asks for."""

from __future__ import annotations

import pytest

from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.groups import Groups

MODELS = [
    {"model_name": "plain", "model_info": {"id": "id-1"}},
    {"model_name": "openai/*"},
    {"model_name": "openai/o4-*"},
    {"model_name": "internal-7", "model_info": {"team_public_model_name": "ours"}},
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("plain", "plain"),
        ("id-1", "plain"),
        ("nick", "plain"),
        ("ours", "ours"),
        ("openai/o4-mini", "openai/o4-*"),
        ("openai/sk-live-key\nof two lines", "openai/*"),
        ("nick-wild", "openai/*"),
        ("sk-live-key", None),
        ("None", None),
        ("", None),
        ("Plain", None),
        ("openai/" + "x" * 100_000, None),
    ],
)
def test_a_name_leads_to_the_group_that_serves_it(asked: str, found: str | None) -> None:
    assert Groups(MODELS).find(asked, {"nick": "plain", "nick-wild": "openai/gpt-5"}) == found


def test_other_names_are_read_without_a_warning_where_the_old_way_warns() -> None:
    class Registry:
        def aliases(self) -> dict[str, str]:
            return {"nick": "plain"}

    class Router:
        registry = staticmethod(Registry)

        @property
        def model_group_alias(self) -> None:
            raise AssertionError("deprecated")

    assert seams.aliases_of(Router()) == {"nick": "plain"}  # type: ignore[arg-type]


def test_an_alias_may_be_hidden() -> None:
    class Router:
        model_group_alias = {"a": "plain", "b": {"model": "plain", "hidden": True}, "c": 7}  # noqa: RUF012

    assert seams.aliases_of(Router()) == {"a": "plain", "b": "plain"}  # type: ignore[arg-type]
    assert seams.aliases_of(None) == {}
