"""The journal of a real proxy: what each request leaves in it, and what it leaves alone."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import JournalRecord
from heimdall_litellm.journal.store import Entry, Page, Store
from heimdall_litellm.plugin.recording import READ
from tests.e2e import configs
from tests.e2e.proxy import MASTER_KEY, Proxy, running, stop, until
from tests.fakes.providers import FakeProviders

HI = [{"role": "user", "content": "hi"}]
PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": HI}),
    "completions": ("/v1/completions", {"prompt": "hi"}),
    "messages": ("/v1/messages", {"messages": HI, "max_tokens": 50}),
    "responses": ("/v1/responses", {"input": "hi"}),
    "gemini": ("/v1beta/models/{}:{}", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
}
SECRET = "openai-sk-live-a-key-in-the-wrong-place"
RULES = [
    {"mode": "off", "keys": ["sk-off"]},
    {"mode": "shadow", "keys": ["sk-shadow", "sk-default"]},
]


AUTH = configs.AUTH_MODULE.replace("token=api_key,", "token=api_key, key_alias=api_key,").replace(
    "MODELS = {",
    'MODELS = {"sk-off": ["heimdall", "plain"], '
    '"sk-shadow": ["heimdall", "plain", "nano", "gpt-mini", "gemini", "claude", "nickname", "openai/*"],',
)


class Journal:
    """A proxy with a journal, and the journal."""

    def __init__(self, proxy: Proxy, store: Store) -> None:
        self.proxy, self.store = proxy, store

    def entry(self, known_as: str, *, is_over: bool = True) -> Entry:
        """Return what is kept of a request once it is there."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.store.get(known_as)
            if found is not None and (found.outcome is not None or not is_over):
                return found
            threading.Event().wait(0.05)
        raise AssertionError(f"{known_as} has {found}\n{self.proxy.output[-4_000:]}")

    def ask(self, endpoint: str, *, stream: bool = False, bucket: str | None = "cheap", **more: Any) -> Entry:
        """Send a request and return what is kept of it."""
        # By a name of ours, for LiteLLM's errors don't carry our headers on every endpoint.
        named = f"asked-{uuid.uuid4()}"
        self.send(endpoint, stream=stream, bucket=bucket, headers={"x-litellm-call-id": named}, **more)
        return self.entry(named)

    def send(
        self,
        endpoint: str,
        *,
        stream: bool = False,
        bucket: str | None = "cheap",
        model: str = "heimdall",
        key: str = MASTER_KEY,
        headers: Any = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a request."""
        path, body = PATHS[endpoint]
        if endpoint == "gemini":
            path = path.format(model, "streamGenerateContent?alt=sse" if stream else "generateContent")
        else:
            body = {"model": model, "stream": stream, **body}
        said = {} if bucket is None else {"heimdall-bucket": bucket}
        return self.proxy.post(path, {**body, **more}, key=key, headers={**said, **(headers or {})})


@pytest.fixture(scope="module")
def started(provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    directory = tmp_path_factory.mktemp("journal")
    with _started(directory, provider_server.url) as journal:
        yield journal


@pytest.fixture
def journal(started: Journal, fakes: FakeProviders) -> Journal:
    return started


class _started:  # noqa: N801 - a context manager, read as a verb
    def __init__(self, directory: Path, url: str, **settings: Any) -> None:
        (directory / "proxy_keys.py").write_text(AUTH)
        at = f"sqlite:///{directory}/kept/journal.sqlite"
        given = configs.settings(
            **{"journal": {"url": at, "flush_seconds": 0.1}, "modes": RULES, "baseline": {"model": "claude"}}
            | settings
        )
        router = {
            "fallbacks": [{"plain": ["nano"]}],
            "disable_cooldowns": True,
            "model_group_alias": {"nickname": "gpt-mini"},
        }
        config = configs.config(url, given, router_settings=router)
        config["general_settings"]["custom_auth"] = "proxy_keys.check"
        config["litellm_settings"] |= {
            "cache": True,
            "cache_params": {"type": "local", "mode": "default_off"},
        }
        self._running = running(directory, config)
        self._url = given["journal"].get("url", at)

    def __enter__(self) -> Journal:
        proxy = self._running.__enter__()
        return Journal(proxy, open_store(JournalSettings(url=self._url)))

    def __exit__(self, *how: object) -> None:
        self._running.__exit__(*how)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("endpoint", PATHS)
@pytest.mark.parametrize("bucket", configs.CHOSEN)
def test_each_endpoint_leaves_a_record_with_its_outcome(
    journal: Journal, endpoint: str, bucket: str, stream: bool
) -> None:
    record, outcome, _ = _parts(journal.ask(endpoint, bucket=bucket, stream=stream))
    chosen = configs.CHOSEN[bucket]
    assert (record.model, record.decided, record.bucket, record.cause) == (chosen, chosen, bucket, "asked")
    assert (record.mode, record.arm, record.requested) == ("route", "chosen", "heimdall")
    assert (outcome.status, outcome.model, outcome.input_tokens, outcome.output_tokens) == (
        "answered",
        chosen,
        11,
        7,
    )
    assert [attempt.outcome for attempt in outcome.tries] == ["ok"]
    assert outcome.finish in ("stop", "completed")
    assert outcome.cost_usd is not None
    assert outcome.cost_usd > 0
    assert outcome.baseline_usd is not None
    assert outcome.baseline_usd > 0
    assert outcome.latency_s is not None
    assert (outcome.first_token_s is not None) == stream
    assert journal.store.document(record.digests.settings if record.digests else "") is not None


def _parts(entry: Entry) -> tuple[JournalRecord, Any, set[str]]:
    return entry.record, entry.outcome, {signal.source for signal in entry.signals}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("endpoint", PATHS)
def test_what_nobody_could_answer_has_failed_with_all_that_was_tried(
    journal: Journal, fakes: FakeProviders, endpoint: str, stream: bool
) -> None:
    fakes.script(gpt_5_mini="429", gemini_2_5_pro="500", claude_sonnet_4_5="503")
    _, outcome, signals = _parts(journal.ask(endpoint, stream=stream))
    assert (outcome.status, outcome.cost_usd) == ("failed", None)
    assert [(each.model, each.outcome, each.status) for each in outcome.tries] == [
        ("gpt-mini", "rate-limited", 429),
        ("gemini", "unavailable", 500),
        ("claude", "unavailable", 503),
    ]
    assert "provider-error" in signals


def test_what_another_model_took_over_says_who_failed_and_why(journal: Journal, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="500")
    record, outcome, signals = _parts(journal.ask("chat"))
    assert (record.model, outcome.status, outcome.model) == ("gpt-mini", "answered", "gemini")
    assert [(each.model, each.outcome) for each in outcome.tries] == [
        ("gpt-mini", "unavailable"),
        ("gemini", "ok"),
    ]
    assert "provider-error" in signals


def test_a_stream_that_another_model_took_over_has_a_cost(journal: Journal, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="cut:start")
    _, outcome, _ = _parts(journal.ask("chat", stream=True))
    assert (outcome.status, outcome.model) == ("answered", "gemini")
    assert outcome.cost_usd > 0


def test_whoever_is_refused_leaves_a_record_of_it(journal: Journal) -> None:
    answer = journal.send("chat", model="heimdall-lone", key="sk-off", headers={"heimdall-alpha": "7"})
    assert answer.status_code >= 400
    answer = journal.send("chat", headers={"heimdall-alpha": "7"})
    record, outcome, _ = _parts(journal.entry(answer.headers["heimdall-decision-id"]))
    assert (record.cause, record.model, record.candidates) == ("refused", None, ())
    assert outcome.status == "refused"


def test_an_answer_from_the_cache_costs_nothing(journal: Journal, fakes: FakeProviders) -> None:
    asked: dict[str, Any] = {"cache": {"use-cache": True}, "temperature": 0.37}
    first = journal.ask("chat", **asked)
    second = journal.ask("chat", **asked)
    assert first.outcome is not None
    assert first.outcome.status == "answered"
    assert len(fakes.received) == 1
    assert second.outcome is not None
    assert (second.outcome.status, second.outcome.cost_usd, second.outcome.baseline_usd) == ("cached", 0, 0)


@pytest.mark.parametrize("endpoint", PATHS)
def test_who_hangs_up_in_the_middle_has_left_or_was_answered(
    journal: Journal, fakes: FakeProviders, endpoint: str
) -> None:
    fakes.script(gpt_5_mini="stall:2")
    path, body = PATHS[endpoint]
    if endpoint == "gemini":
        path = path.format("heimdall", "streamGenerateContent?alt=sse")
    else:
        body = {"model": "heimdall", "stream": True, **body}
    headers = {"authorization": f"Bearer {MASTER_KEY}", "heimdall-bucket": "cheap"}
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        client.stream("POST", journal.proxy.url + path, json=body, headers=headers) as answer,
    ):
        next(answer.iter_raw())
        known_as = answer.headers["heimdall-decision-id"]
    _, outcome, _ = _parts(journal.entry(known_as))
    assert outcome.status in ("left", "answered")
    assert outcome.model == "gpt-mini"


def test_an_answer_is_doubted_by_whoever_asks_the_same_again(journal: Journal, fakes: FakeProviders) -> None:
    def ask(text: str, **more: Any) -> str:
        answer = journal.send("chat", messages=[{"role": "user", "content": text}], **more)
        known_as = str(answer.headers["heimdall-decision-id"])
        journal.entry(known_as)
        return known_as

    asked = [ask("Name a river in Peru.", user="ann"), ask("Name a lake in Peru.")]
    # By another name it is compared; without one nobody tells that it is the same person.
    compared = ask("Name a mountain in Peru.", user="ann")
    time.sleep(READ.total_seconds() + 0.5)
    ask("Name a river in Peru.", user="ann")
    ask("Name a lake in Peru.")
    ask("Name a mountain in Peru.", user="ann", model="heimdall-lone")
    until(lambda: _parts(journal.entry(asked[0]))[2] == {"regenerated"})
    assert _parts(journal.entry(asked[1]))[2] == set()
    assert _parts(journal.entry(compared))[2] == set()


def _sent(fakes: FakeProviders) -> list[tuple[str, bytes, dict[str, str]]]:
    """What the provider got, without what differs between any two requests."""
    kept = []
    for request in fakes.received:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "content-length", "traceparent")
        }
        kept.append((request.path, request.body, headers))
    return kept


@pytest.mark.parametrize("endpoint", ["chat", "messages", "responses"])
@pytest.mark.parametrize("model", ["heimdall", "plain"])
@pytest.mark.parametrize("stream", [False, True])
def test_in_shadow_mode_the_provider_gets_what_it_gets_without_heimdall(
    journal: Journal, plain_proxy: Proxy, fakes: FakeProviders, endpoint: str, model: str, stream: bool
) -> None:
    answer = journal.send(endpoint, model=model, stream=stream, key="sk-shadow", bucket=None)
    assert answer.status_code == 200
    shadowed = _sent(fakes)
    fakes.reset()
    without = Journal(plain_proxy, journal.store)
    assert without.send(endpoint, model=model, stream=stream, bucket=None).status_code == 200
    assert shadowed == _sent(fakes)
    record, outcome, _ = _parts(journal.entry(answer.headers["x-litellm-call-id"]))
    assert (record.mode, record.requested, record.model) == ("shadow", model, model)
    assert record.decided in configs.CHOSEN.values()
    assert record.seen is not None
    assert record.decided in record.reason  # and so why
    assert (outcome.status, outcome.model, outcome.input_tokens) == ("answered", model, 11)


@pytest.mark.parametrize("model", ["heimdall", "plain"])
def test_in_shadow_mode_nobody_is_refused_by_us(journal: Journal, fakes: FakeProviders, model: str) -> None:
    # This key may use none of the candidates.
    answer = journal.send("chat", model=model, key="sk-default", headers={"heimdall-alpha": "7"})
    assert answer.status_code == 200
    assert fakes.models == ["gpt-4.1"]
    record, outcome, _ = _parts(journal.entry(answer.headers["x-litellm-call-id"]))
    assert record.reason.startswith("it would have been refused")
    assert (record.mode, record.cause, record.decided) == ("shadow", "refused", None)
    assert outcome.status == "answered"


def test_in_shadow_mode_nothing_is_kept_of_a_model_that_is_none(
    journal: Journal, fakes: FakeProviders, tmp_path: Path
) -> None:
    before = journal.store.count()
    for model in (SECRET, "x" * 100_000):
        assert journal.send("chat", model=model, key="sk-shadow", bucket=None).status_code >= 400
    for asked, group, served in (
        ("openai/o4-mini", "openai/o4-*", "o4-mini"),
        ("nickname", "gpt-mini", "gpt-5-mini"),
    ):
        fakes.reset()
        answer = journal.send("chat", model=asked, key="sk-shadow", bucket=None)
        assert fakes.models == [served]
        record, outcome, _ = _parts(journal.entry(answer.headers["x-litellm-call-id"]))
        assert (record.mode, record.requested, record.model) == ("shadow", group, group)
        assert (outcome.status, outcome.model) == ("answered", group)
    assert journal.store.count() == before + 2
    for file in Path(str(journal.store.database.path)).parent.iterdir():
        assert SECRET.encode() not in file.read_bytes()


def test_in_shadow_mode_litellms_own_fallbacks_work(journal: Journal, fakes: FakeProviders) -> None:
    fakes.script(gpt_4_1="500")
    answer = journal.send("chat", model="plain", key="sk-shadow", bucket=None)
    assert answer.status_code == 200
    assert fakes.models == ["gpt-4.1", "gpt-4.1-nano"]
    record, outcome, _ = _parts(journal.entry(answer.headers["x-litellm-call-id"]))
    assert (record.model, outcome.model, outcome.status) == ("plain", "nano", "answered")


def test_in_shadow_mode_what_fails_has_failed(journal: Journal, fakes: FakeProviders) -> None:
    fakes.script(gpt_4_1="500", gpt_4_1_nano="500")
    answer = journal.send(
        "chat", model="plain", key="sk-shadow", bucket=None, headers={"x-litellm-call-id": "lost"}
    )
    assert answer.status_code == 500
    _, outcome, _ = _parts(journal.entry("lost"))
    assert outcome.status == "failed"


def test_whose_mode_is_off_leaves_nothing(journal: Journal, fakes: FakeProviders) -> None:
    before = journal.store.count()
    answer = journal.send("chat", key="sk-off", bucket=None)
    assert answer.status_code == 200
    assert fakes.models == ["gpt-4.1"]
    journal.ask("chat")
    assert journal.store.count() == before + 1


def test_a_share_of_conversations_is_held_out(provider_server: FakeProviders, tmp_path: Path) -> None:
    provider_server.reset()
    with _started(tmp_path, provider_server.url, holdout={"share": 0.5}) as journal:
        for at in range(40):
            journal.send("chat", bucket=None, messages=[{"role": "user", "content": f"Say {at}, please"}])
        last = journal.ask("chat", bucket=None)
        entries = [each for each in journal.store.walk(Page()) if each.record.id != last.record.id]
    arms = {each.record.arm for each in entries}
    assert arms == {"chosen", "holdout"}
    for each in entries:
        record = each.record
        if record.decided == "claude":
            continue
        assert record.propensity == 0.5
        assert record.model == ("claude" if record.arm == "holdout" else record.decided)


def test_a_proxy_that_is_ended_writes_what_waits_and_one_that_is_killed_loses_the_last_flush_alone(
    provider_server: FakeProviders, tmp_path: Path
) -> None:
    provider_server.reset()
    for how, flush_s, expected in ((signal.SIGTERM, 60.0, 3), (signal.SIGKILL, 0.1, 6)):
        directory = tmp_path / how.name
        directory.mkdir()
        at = f"sqlite:///{directory}/j.sqlite"
        with _started(
            directory, provider_server.url, journal={"url": at, "flush_seconds": flush_s}
        ) as journal:
            known = [journal.send("chat").headers["heimdall-decision-id"] for _ in range(expected)]
            if how == signal.SIGKILL:
                journal.entry(known[-1])
                journal.proxy.process.kill()
            else:
                stop(journal.proxy)
            journal.proxy.process.wait(30)
            found = {each.record.id for each in journal.store.walk(Page())}
        assert found == set(known)


def test_a_journal_that_cannot_be_written_fails_no_request(
    provider_server: FakeProviders, tmp_path: Path
) -> None:
    provider_server.reset()
    (tmp_path / "a-file").write_text("")
    at = f"sqlite:///{tmp_path}/a-file/j.sqlite"
    (tmp_path / "ok").mkdir()
    config = configs.config(
        provider_server.url, configs.settings(journal={"url": at, "flush_seconds": 0.1}, modes=[])
    )
    with running(tmp_path, config) as proxy:
        assert [proxy.chat().status_code for _ in range(5)] == [200] * 5
        assert proxy.output.count("a-file/j.sqlite can't be used") <= 1
    proxy.gatherer.join(10)
    assert proxy.output.count("a-file/j.sqlite can't be used") == 1
    said = re.findall(r"(\d+) items that waited when the process ended are lost", proxy.output)
    assert [int(lost) >= 10 for lost in said] == [True]  # a record and an outcome each, and documents


def test_a_journal_that_cannot_be_made_shows_in_health_and_fails_no_request(
    provider_server: FakeProviders, tmp_path: Path
) -> None:
    provider_server.reset()
    (tmp_path / "file").touch()
    given = configs.settings(
        journal={"url": f"sqlite:///{tmp_path}/file/kept/journal.sqlite", "flush_seconds": 0.1}
    )
    with running(tmp_path, configs.config(provider_server.url, given)) as proxy:
        path, body = PATHS["chat"]
        assert proxy.post(path, {"model": "heimdall", **body}).status_code == 200
        deadline, health = time.monotonic() + 30, dict[str, Any]()
        with httpx.Client(trust_env=False, headers={"authorization": f"Bearer {MASTER_KEY}"}) as client:
            while health.get("status") != "degraded" and time.monotonic() < deadline:
                health = client.get(f"{proxy.url}/heimdall/health").json()
                threading.Event().wait(0.1)
        assert health["status"] == "degraded"
        assert health["journal"]["state"] == "degraded"
        assert health["journal"]["error"] == "Not a directory"
        assert health["journal"]["written"] == 0
        assert str(tmp_path) not in json.dumps(health)
