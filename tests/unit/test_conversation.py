"""What a request says of the one before in its conversation."""

from __future__ import annotations

from typing import Any

import pytest

from heimdall_litellm.core.conversation import (
    CACHE_LIVES_S,
    FORGOTTEN_S,
    Conversations,
    Follows,
    conversation_of,
    share_of,
)
from heimdall_litellm.core.request import read_request

ASK = "Please list the largest cities of Peru by population"
CALL = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "Lima, Arequipa, Trujillo"}


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _said(text: str = "Lima and others.") -> dict[str, Any]:
    return {"role": "assistant", "content": text}


class Talk:
    """Requests of one caller, one after another."""

    def __init__(self, **how: Any) -> None:
        self.known, self.count = Conversations(b"secret", **how), 0

    def __call__(self, *messages: Any, at: float = 0.0, caller: str = "me", **how: Any) -> Follows:
        facts = read_request({"messages": list(messages)})
        self.count += 1
        identity = self.known.identity(facts, caller)
        return self.known.follow(identity, str(self.count), facts, at, **how)


def test_a_conversation_that_goes_on_repeats_what_was_sent_before() -> None:
    talk = Talk()
    first = talk(_user(ASK))
    assert (first.repeated_tokens, first.earlier, first.doubt) == (0, None, None)
    next_one = talk(_user(ASK), _said(), _user("And which of them lies highest above the sea?"), at=30)
    tokens = read_request({"messages": [_user(ASK)]}).input_tokens
    assert next_one == Follows(first.conversation, tokens, "1", None)


def test_a_prompt_cache_is_cold_after_some_minutes_and_a_conversation_forgotten_after_an_hour() -> None:
    more = (_user(ASK), _said(), _user("Which of them has the most museums?"))
    talk = Talk()
    talk(_user(ASK))
    assert talk(*more, at=CACHE_LIVES_S).repeated_tokens > 0
    talk = Talk()
    talk(_user(ASK))
    cold = talk(*more, at=CACHE_LIVES_S + 1)
    assert (cold.repeated_tokens, cold.earlier) == (0, "1")
    assert talk(*more, at=FORGOTTEN_S + CACHE_LIVES_S + 2).earlier is None


def test_the_same_once_more_is_regenerated() -> None:
    talk = Talk()
    talk(_user(ASK))
    again = talk(_user(ASK), at=5)
    assert (again.doubt, again.earlier) == ("regenerated", "1")
    assert again.repeated_tokens > 0


def test_what_is_asked_of_another_name_is_compared_and_doubts_no_answer() -> None:
    talk = Talk()
    talk(_user(ASK), asked="heimdall")
    other = talk(_user(ASK), at=5, asked="gpt-5")
    # A provider's cache may hold it all the same.
    assert (other.doubt, other.earlier) == (None, "1")
    assert other.repeated_tokens > 0
    more = (_user(ASK), _said(), _user(ASK))
    assert talk(*more, at=20, asked="heimdall").doubt is None
    assert talk(*more, at=30, asked="heimdall").doubt == "regenerated"


def test_many_users_of_one_key_begin_alike_but_no_two_have_the_same_history() -> None:
    talk = Talk()
    talk(_user(ASK), is_one_person=False)
    assert talk(_user(ASK), at=60, is_one_person=False).doubt is None
    assert talk(_user(ASK), at=120).doubt == "regenerated"
    more = (_user(ASK), _said(), _user("Now by area, please"))
    talk(*more, at=200, is_one_person=False)
    assert talk(*more, at=210, is_one_person=False).doubt == "regenerated"
    assert talk(*more, at=220, is_one_person=False).doubt == "regenerated"
    talk(_user(ASK), at=230, is_one_person=False)
    assert talk(_user(ASK), at=240, is_one_person=False).doubt is None


def test_the_examples_of_a_template_are_no_turns_of_a_conversation() -> None:
    few_shot = (_user("Great!"), _said("positive"), _user("It broke after a day of use"))
    talk = Talk()
    talk(*few_shot, is_one_person=False)
    assert talk(*few_shot, at=60, is_one_person=False).doubt is None


@pytest.mark.parametrize("chars", [200, 3_000, 100_000])
@pytest.mark.parametrize("differs_at", [0.0, 0.5, 1.0])
def test_prompts_made_from_one_template_are_conversations_of_their_own(chars: int, differs_at: float) -> None:
    filler = "Classify the sentiment of the following ticket as positive, negative or neutral. " * 2_000
    before, after = filler[: int(chars * differs_at)], filler[: int(chars * (1 - differs_at))]
    talk = Talk()
    tickets = [f"{before}{ticket * 20}{after}" for ticket in ("I loved it. ", "I hated it all. ")]
    one, other = (talk(_user(ticket), at=at) for at, ticket in enumerate(tickets))
    assert other.conversation != one.conversation
    assert (other.earlier, other.repeated_tokens, other.doubt) == (None, 0, None)
    on = talk(_user(tickets[1]), _said(), _user("And why do you think so?"), at=3)
    assert on.conversation == other.conversation


def test_of_a_template_s_prompts_the_share_is_held_out_that_was_asked_for() -> None:
    template = "You are a support agent. Answer the ticket below briefly, and be polite about it. " * 3
    talk = Talk()
    known = [talk(_user(f"{template}#{n}")).conversation for n in range(2_000)]
    held_out = [share_of(bytes.fromhex(each), "holdout") < 0.3 for each in known]
    assert 0.25 < sum(held_out) / len(held_out) < 0.35


@pytest.mark.parametrize(
    ("ask", "doubt"),
    [
        ("list the largest cities of Peru by population!", "asked-again"),
        ("LIST the largest cities of Peru by the population", "asked-again"),
        ("Which of these cities lies highest above the sea?", None),
        ("go on", None),
    ],
)
def test_a_user_who_asks_nearly_the_same_doubts_the_answer(ask: str, doubt: str | None) -> None:
    talk = Talk()
    talk(_user(ASK))
    assert talk(_user(ASK), _said(), _user(ask), at=20).doubt == doubt


def test_short_words_that_come_again_doubt_nothing() -> None:
    talk = Talk()
    talk(_user(ASK), _said(), _user("go on"))
    assert talk(_user(ASK), _said(), _user("go on"), _said(), _user("go on"), at=9).doubt is None


def test_an_agent_that_goes_on_with_a_result_asks_nothing_again() -> None:
    talk = Talk()
    talk(_user(ASK))
    follows = talk(_user(ASK), CALL, RESULT, at=3)
    assert (follows.doubt, follows.earlier) == (None, "1")
    assert follows.repeated_tokens > 0
    assert talk(_user(ASK), CALL, RESULT, CALL, RESULT, at=6).doubt is None


def test_an_agent_that_speaks_the_anthropic_way_asks_nothing_again_either() -> None:
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Lima"}]}
    talk = Talk()
    talk(_user(ASK))
    assert talk(_user(ASK), use, result, at=3).doubt is None


def test_a_prompt_that_was_shortened_repeats_nothing_certain() -> None:
    talk = Talk()
    talk(_user(ASK), _said("word " * 500), _user("Go on with the next five cities of it"))
    assert talk(_user(ASK), _said("cut"), _user("Now those in the south of it"), at=9).repeated_tokens == 0


def test_other_callers_and_other_beginnings_are_other_conversations() -> None:
    talk = Talk()
    mine = talk(_user(ASK))
    assert talk(_user(ASK), caller="you").earlier is None
    assert talk(_user("Something else entirely")).earlier is None
    system = {"role": "system", "content": "You are a pirate."}
    assert talk(system, _user(ASK)).earlier is None
    assert talk(_user(ASK)).conversation == mine.conversation


def test_the_oldest_conversations_are_forgotten_first() -> None:
    talk = Talk(max_entries=2)
    for n in range(3):
        talk(_user(f"Question number {n} about something"))
    assert len(talk.known) == 2
    assert talk(_user("Question number 0 about something")).earlier is None
    assert talk(_user("Question number 2 about something")).earlier == "3"


def test_without_the_secret_nobody_can_tell_which_conversation_it_was() -> None:
    facts = read_request({"messages": [_user(ASK)]})
    digests = {conversation_of(facts, "me", secret) for secret in (b"", b"one", b"another", b"x" * 200)}
    assert len(digests) == 4
    assert all(len(digest) == 8 for digest in digests)
    # Half a character in a prompt stops nothing.
    odd = read_request({"messages": [_user("half \ud83d of one")]})
    assert len(conversation_of(odd, "me", b"one")) == 8
    Conversations(b"s").follow(b"x", "1", odd, 0.0)


def test_draws_hold_for_a_conversation_differ_by_purpose_and_are_even() -> None:
    conversations = [n.to_bytes(8) for n in range(20_000)]
    drawn = [share_of(each, "holdout") for each in conversations]
    assert drawn == [share_of(each, "holdout") for each in conversations]
    for edge in (0.05, 0.5, 0.9):
        assert sum(d < edge for d in drawn) / len(drawn) == pytest.approx(edge, abs=0.015)
    both = sum(share_of(each, "holdout") < 0.5 and share_of(each, "mode 0") < 0.5 for each in conversations)
    assert both / len(conversations) == pytest.approx(0.25, abs=0.015)
