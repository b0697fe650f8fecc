"""The routes about past requests, before a backend whose keys are known and a journal of made-up traffic."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.database import Database, parse_url
from heimdall_litellm.journal.record import Caller, JournalRecord
from heimdall_litellm.journal.store import Page, Store
from heimdall_litellm.report import preview as command
from heimdall_litellm.report.preview import Preview, Rehearsal
from heimdall_litellm.web import periods
from heimdall_litellm.web.archive import THREADS, WAITING, Archive
from heimdall_litellm.web.backend import Recent
from tests.fakes.backend import FakeBackend
from tests.fakes.traffic import ROOT, traffic
from tests.unit.test_web import Client, check_problem

OWN = Caller("hash-of-some", "some")
GETS = ("/heimdall/v1/decisions", "/heimdall/v1/summary", "/heimdall/v1/preview", "/heimdall/v1/decisions/x")
COUNT = 60


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(canary=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Sixty requests in as many hours; every third is of the key `some`."""
    database = Database(parse_url(f"sqlite:///{tmp_path_factory.mktemp('journal')}/journal.sqlite"))
    database.prepare()
    made = list(traffic(COUNT, days=2.5))
    mine = {record.id for record in [one for one in made if isinstance(one, JournalRecord)][::3]}
    store = Store(database)
    store.write(
        [
            replace(one, caller=OWN)
            if getattr(one, "id", "") in mine and isinstance(one, JournalRecord)
            else one
            for one in made
        ]
    )
    yield store
    database.close()


@pytest.fixture
def client(store: Store, bundle: Bundle) -> Client:
    return Client(FakeBackend(journal=Archive(lambda: store), loaded=bundle))


def everything(store: Store, key: str | None = None) -> list[JournalRecord]:
    return [entry.record for entry in store.latest(Page(limit=1_000, key=key))]


async def rate(client: Client, body: Any, key: str | None = "some") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.ask("POST", "/heimdall/v1/feedback", key, content=content)


# Who may see what


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("key", [None, "unknown", ""])
async def test_nothing_is_shown_without_a_key(client: Client, path: str, key: str | None) -> None:
    check_problem(await client.get(path, key), 401, "heimdall_unauthenticated")


@pytest.mark.parametrize("path", GETS)
async def test_without_a_journal_it_is_said_what_to_do(path: str) -> None:
    said = check_problem(await Client(FakeBackend()).get(path), 404, "heimdall_no_journal")
    assert "journal.enabled" in said["detail"]
    answer = await rate(Client(FakeBackend()), {"decision_id": "x", "score": "up"})
    check_problem(answer, 404, "heimdall_no_journal")
    check_problem(await Client(FakeBackend()).get(path, None), 401, "heimdall_unauthenticated")


async def test_a_key_sees_its_own_decisions_and_an_admin_all(client: Client, store: Store) -> None:
    for key, wanted in (("admin", None), ("some", OWN.key), ("none", "nobody")):
        answer = await client.get("/heimdall/v1/decisions?limit=200", key)
        assert [one["id"] for one in answer.json()["data"]] == [one.id for one in everything(store, wanted)]
        total = (await client.get("/heimdall/v1/summary?since=7d", key)).json()["requests"]["total"]
        assert total == len(everything(store, wanted))
    assert len(everything(store, OWN.key)) == COUNT // 3


async def test_what_others_asked_is_like_what_is_not_there(client: Client, store: Store) -> None:
    theirs = next(one for one in everything(store) if one.caller.key != OWN.key)
    for known_as in (theirs.id, theirs.call_id):
        hidden = await client.get(f"/heimdall/v1/decisions/{known_as}", "some")
        missing = await client.get("/heimdall/v1/decisions/missing", "some")
        assert hidden.text.replace(str(known_as), "missing") == missing.text
        check_problem(missing, 404, "heimdall_no_such_decision")
        assert (await client.get(f"/heimdall/v1/decisions/{known_as}")).status_code == 200
    check_problem(
        await rate(client, {"decision_id": theirs.id, "score": 1}), 404, "heimdall_no_such_decision"
    )
    assert client.backend.rated == []
    page = await client.get(f"/heimdall/v1/decisions?before={theirs.id}", "some")
    assert page.json()["data"] == []


async def test_a_decision_names_only_models_that_its_key_may_use(client: Client, store: Store) -> None:
    mine = everything(store, OWN.key)[0]
    whole = (await client.get(f"/heimdall/v1/decisions/{mine.id}")).json()
    assert len(whole["record"]["candidates"]) == len(mine.candidates) > 1
    assert whole["record"]["baseline"]["model"] == mine.baseline.model  # type: ignore[union-attr]
    assert whole["outcome"]["cost_usd"] is not None
    own = (await client.get(f"/heimdall/v1/decisions/{mine.call_id}", "some")).json()
    # It may use none of those by name now, whatever it was then.
    assert own["record"]["candidates"] == []
    assert own["record"]["baseline"] is None
    summary = (await client.get("/heimdall/v1/summary", "some")).json()
    assert summary["saving"]["baselines"] == []


# Decisions


async def test_pages_follow_each_other(client: Client, store: Store) -> None:
    seen, before = [], ""
    while True:
        page = (
            await client.get(
                f"/heimdall/v1/decisions?limit=7&before={before}"
                if before
                else "/heimdall/v1/decisions?limit=7"
            )
        ).json()
        seen += [one["id"] for one in page["data"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == [one.id for one in everything(store)]


async def test_filters_hold_together(client: Client, store: Store) -> None:
    wanted = everything(store)[5]
    query = {"model": wanted.model, "bucket": wanted.bucket, "cause": wanted.cause, "requested": "heimdall"}
    found = (await client.get("/heimdall/v1/decisions", params={**query, "limit": 200})).json()["data"]
    same = [
        one
        for one in everything(store)
        if (one.model, one.bucket, one.cause) == (wanted.model, wanted.bucket, wanted.cause)
    ]
    assert [one["id"] for one in found] == [one.id for one in same]
    assert len(same) < COUNT
    for nothing in (
        {"requested": "other"},
        {"model": "x\0y"},
        {"until": "2020-01-01T00:00:00Z"},
        {"before": "\0"},
    ):
        assert (await client.get("/heimdall/v1/decisions", params=nothing)).json() == {
            "data": [],
            "next_before": None,
        }


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "bucket=soft",
        "cause=luck",
        "since=yesterday",
        "since=0d",
        "until=2026-02-30T00:00:00Z",
        "since=7",
    ],
)
async def test_malformed_parameters_are_named(client: Client, query: str) -> None:
    said = check_problem(await client.get(f"/heimdall/v1/decisions?{query}"), 422, "heimdall_bad_parameter")
    assert said["errors"][0]["parameter"] == f"query.{query.partition('=')[0]}"


@pytest.mark.parametrize(
    ("given", "back"),
    [
        ("90m", timedelta(minutes=90)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
    ],
)
def test_a_time_may_be_how_long_ago(given: str, back: timedelta) -> None:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert periods.moment_of(given, now) == now - back


def test_a_time_may_be_a_moment() -> None:
    found = periods.moment_of("2026-11-27t01:00:00.5+02:00", datetime.now(UTC))
    assert found == datetime(2026, 11, 26, 23, 0, 0, 500_000, tzinfo=UTC)


async def test_a_period_that_ends_before_it_begins_is_empty(client: Client) -> None:
    there = "since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z"
    said = (await client.get(f"/heimdall/v1/summary?{there}")).json()
    assert (said["requests"]["total"], said["since"]) == (0, said["until"])
    # How long ago counts from the end.
    hour = (await client.get("/heimdall/v1/summary?since=1h&until=2026-11-01T00:00:00Z")).json()
    assert hour["since"] == "2026-10-31T23:00:00Z"


# Other α


async def test_a_preview_shows_past_traffic_at_other_alphas(client: Client, store: Store) -> None:
    said = (await client.get("/heimdall/v1/preview?alpha=0.55")).json()
    assert [point["alpha"] for point in said["points"]] == [
        *[i / 10 for i in range(6)],
        0.55,
        *[i / 10 for i in range(6, 11)],
    ]
    assert said["sampled"] == said["replayed"] == COUNT
    cheapest, best = said["points"][0], said["points"][-1]
    assert cheapest["cost_usd"] < best["cost_usd"]
    assert cheapest["quality"] < best["quality"]
    assert all(sum(point["shares"].values()) == pytest.approx(1) for point in said["points"])
    assert said["configured"] == {"heimdall": 0.6}
    # At the α of its time everything is decided as it was.
    at = {point["alpha"]: point for point in said["points"]}[0.6]
    assert {name: at[name] for name in ("cost_usd", "quality", "shares")} == {
        name: said["decided"][name] for name in ("cost_usd", "quality", "shares")
    }


async def test_a_preview_is_of_ones_own_requests_and_kept_for_a_while(client: Client, store: Store) -> None:
    mine = (await client.get("/heimdall/v1/preview", "some")).json()
    assert mine["replayed"] == COUNT // 3
    again = (await client.get("/heimdall/v1/preview", "some")).json()
    assert again["until"] == mine["until"]
    assert (await client.get("/heimdall/v1/preview", "admin")).json()["replayed"] == COUNT


def test_a_preview_says_what_it_left_out(store: Store, bundle: Bundle) -> None:
    now = datetime.now(UTC)
    page = Page(limit=10, since=now - timedelta(days=7), until=now)
    other = replace(bundle, manifest_sha256="0" * 64)
    found = preview(store, other, page, [0.5])
    assert (found.sampled, found.replayed, found.points, found.decided) == (10, 0, (), None)
    assert found.left_out == {"other-bundle": 10}


def preview(store: Store, bundle: Bundle, page: Page, alphas: list[float]) -> Preview:
    whole = Rehearsal(bundle, page)
    assert whole.go_on(store, alphas, 60.0)
    return whole.preview(alphas)


def test_a_period_of_several_alphas_is_told_by_that_of_most_of_it(bundle: Bundle, tmp_path: Path) -> None:
    store = Store(Database(parse_url(f"sqlite:///{tmp_path}/j.sqlite")))
    store.database.prepare()
    items = list(traffic(5))
    others = {each.id for each in [item for item in items if isinstance(item, JournalRecord)][:2]}
    store.write(
        [replace(i, alpha=0.1) if isinstance(i, JournalRecord) and i.id in others else i for i in items]
    )
    now = datetime.now(UTC)
    found = preview(store, bundle, Page(limit=10, since=now - timedelta(days=7), until=now), [0.5])
    store.database.close()
    assert found.decided is not None
    assert (found.replayed, found.decided.alpha) == (5, 0.6)


def test_a_preview_that_had_no_time_goes_on_where_it_was(store: Store, bundle: Bundle) -> None:
    now = datetime.now(UTC)
    page = Page(limit=10, since=now - timedelta(days=7), until=now)
    clock = iter([0.0, 0.0, 1.0, 2.0, 99.0, 99.0, *[100.0] * 7])
    slow = Rehearsal(bundle, page, lambda: next(clock))
    assert not slow.go_on(store, [0.0, 0.5], 3.0)
    assert slow.go_on(store, [0.0, 0.5], 3.0)
    assert slow.preview([0.0, 0.5]) == preview(store, bundle, page, [0.0, 0.5])
    assert list(clock) == []


def test_another_alpha_is_of_the_same_sample_and_decided_alone(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(Database(parse_url(f"sqlite:///{tmp_path}/j.sqlite")))
    store.database.prepare()
    store.write(list(traffic(20)))
    now = datetime.now(UTC)
    whole = Rehearsal(bundle, Page(limit=10, since=now - timedelta(days=7), until=now))
    assert whole.go_on(store, [0.0, 1.0], 60.0)
    before = whole.preview([0.0, 1.0])
    tried = []
    again = command.replay
    monkeypatch.setattr(
        command, "replay", lambda *given, alpha: tried.append(alpha) or again(*given, alpha=alpha)
    )
    first = replace(everything(store)[0], id="0" * 36, at=now - timedelta(hours=1))
    store.write([first])
    assert whole.go_on(store, [0.0, 0.55, 1.0], 60.0)
    after = whole.preview([0.0, 0.55, 1.0])
    assert set(tried) == {0.55}
    assert (after.decided, after.points[0], after.points[2]) == (before.decided, *before.points)
    store.database.close()


async def test_every_alpha_is_answered_for_the_same_period_and_sample(client: Client) -> None:
    some = (await client.get("/heimdall/v1/preview")).json()
    more = (await client.get("/heimdall/v1/preview?alpha=0.33")).json()
    same = ("since", "until", "sampled", "replayed", "decided")
    assert {name: more[name] for name in same} == {name: some[name] for name in same}
    assert [each for each in more["points"] if each["alpha"] != 0.33] == some["points"]


async def test_before_there_is_a_bundle_there_is_no_preview(client: Client) -> None:
    client.backend.loaded = None
    check_problem(await client.get("/heimdall/v1/preview"), 503, "heimdall_starting")


# Feedback


@pytest.mark.parametrize(("score", "taken"), [("up", 1.0), ("down", 0.0), (0.25, 0.25), (1, 1.0)])
async def test_feedback_is_written_as_a_signal(
    client: Client, store: Store, score: Any, taken: float
) -> None:
    mine = everything(store, OWN.key)[0]
    more = {"label": "tone", "comment": "Good, but <b>long</b>."}
    answer = await rate(client, {"call_id": mine.call_id, "score": score, **more})
    assert answer.status_code == 202
    assert answer.json() == {"decision_id": mine.id, "score": taken, **more}
    (signal,) = client.backend.rated
    assert (signal.id, signal.source, signal.score, signal.weight) == (mine.id, "feedback", taken, 1.0)
    assert (signal.label, signal.comment) == ("tone", "Good, but <b>long</b>.")
    assert (await rate(client, {"call_id": mine.call_id, "score": score, **more})).content == answer.content


async def test_feedback_reaches_what_is_not_written_yet(client: Client) -> None:
    client.backend.in_memory = [
        ("call", Recent("fresh", OWN.key)),
        ("call", Recent("theirs", "hash-of-other")),
    ]
    assert (await rate(client, {"call_id": "call", "score": "up"})).json()["decision_id"] == "fresh"
    assert (await rate(client, {"call_id": "call", "score": "up"}, "admin")).json()["decision_id"] == "theirs"
    check_problem(
        await rate(client, {"decision_id": "theirs", "score": "up"}), 404, "heimdall_no_such_decision"
    )


async def test_a_keyless_caller_owns_nothing(client: Client) -> None:
    client.backend.in_memory = [("call", Recent("fresh", None))]
    check_problem(await rate(client, {"call_id": "call", "score": "up"}), 404, "heimdall_no_such_decision")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "heimdall_bad_json"),
        (b"[]", 422, "heimdall_bad_body"),
        ({"decision_id": "x"}, 422, "heimdall_bad_body"),
        ({"score": 1}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "call_id": "x", "score": 1}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "score": 1.01}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "score": True}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "score": "1"}, 422, "heimdall_bad_body"),
        (b'{"decision_id": "x", "score": 1e999}', 422, "heimdall_bad_body"),
        (b'{"decision_id": "x", "score": 1, "comment": "\\ud800"}', 422, "heimdall_bad_body"),
        ({"decision_id": "x" * 201, "score": 1}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "score": 1, "label": "l" * 101}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "score": 1, "comment": "c" * 2_001}, 422, "heimdall_bad_body"),
        ({"decision_id": "x", "score": 1, "more": 1}, 422, "heimdall_bad_body"),
        (b" " * 64_001, 413, "heimdall_too_large"),
    ],
)
async def test_malformed_feedback_is_refused(client: Client, body: Any, status: int, code: str) -> None:
    check_problem(await rate(client, body), status, code)
    assert client.backend.rated == []


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"score": 1.01}, "score", 'a number from 0 to 1, or "up" or "down"'),
        ({"score": "maybe"}, "score", 'a number from 0 to 1, or "up" or "down"'),
        ({"label": "l" * 101}, "label", "at most 100 visible characters"),
        ({"label": "red\u001b[31m"}, "label", "visible characters, on one line"),
        ({"label": "two\nlines"}, "label", "visible characters, on one line"),
        *(
            ({"label": f"a{unseen}b"}, "label", "visible characters, on one line")
            for unseen in "\u202e\u180e\u00a0\u2028\ufff9\ue000\U000e0041\U00038d32"
        ),
        ({"comment": 7}, "comment", "a text of at most 2,000 characters"),
        ({"decision_id": ""}, "decision_id", "1 to 200 characters"),
        ({"stars": 5}, "stars", "is no field of feedback, which are score, label, comment"),
        ({"call_id": "y"}, "decision_id", "or else call_id, and not both"),
    ],
)
async def test_malformed_feedback_is_told_which_field_and_what_it_may_be(
    client: Client, wrong: dict[str, Any], field: str, words: str
) -> None:
    answer = await rate(client, {"decision_id": "x", "score": 1, **wrong})
    said = check_problem(answer, 422, "heimdall_bad_body")
    (error,) = said["errors"]
    assert error["parameter"] == f"body.{field}"
    assert words in error["message"]
    assert f"{field} {error['message']}" in said["detail"]
    assert not any(inner in json.dumps(said) for inner in ("Rated", "constr", "literal", "function"))


async def test_of_many_wrong_fields_a_few_are_told(client: Client) -> None:
    strange = {f"field{n}": n for n in range(3_000)}
    answer = await rate(client, {"decision_id": "x", "score": 1, **strange})
    assert len(check_problem(answer, 422, "heimdall_bad_body")["errors"]) == 10
    assert len(answer.content) < 4_000


async def test_feedback_that_cannot_be_taken_is_not_lost_silently(client: Client, store: Store) -> None:
    client.backend.is_full = True
    answer = await rate(client, {"decision_id": everything(store)[0].id, "score": "up"}, "admin")
    check_problem(answer, 503, "heimdall_busy")


# A database that is slow, or gone


def broken() -> Store:
    raise JournalError("The journal at secret-host/db can't be used: no route to host.")


@pytest.mark.parametrize("path", GETS)
async def test_a_database_that_is_gone_is_a_503_that_names_no_host(bundle: Bundle, path: str) -> None:
    client = Client(FakeBackend(journal=Archive(broken), loaded=bundle))
    said = check_problem(await client.get(path), 503, "heimdall_journal_unavailable")
    assert "secret-host" not in json.dumps(said)
    assert client.backend.failures == []
    check_problem(
        await rate(client, {"decision_id": "x", "score": "up"}), 503, "heimdall_journal_unavailable"
    )


async def test_a_database_that_hangs_is_not_waited_for(store: Store) -> None:
    release = threading.Event()

    def hang() -> Store:
        release.wait(30)
        return store

    archive = Archive(hang, patience_s=0.01)
    client = Client(FakeBackend(journal=archive))
    try:
        check_problem(await client.get("/heimdall/v1/decisions"), 503, "heimdall_journal_unavailable")
        # However many ask, few threads wait, and the rest is refused at once.
        asked = [client.get("/heimdall/v1/decisions") for _ in range(3 * WAITING)]
        codes = {answer.json()["code"] for answer in await asyncio.gather(*asked)}
        assert codes == {"heimdall_journal_unavailable", "heimdall_busy"}
        assert len(archive._threads._threads) <= THREADS
    finally:
        release.set()
    archive._patience_s = 30.0
    assert await archive.ask(Store.count) == COUNT


# The page


async def test_the_page_is_public_and_loads_nothing_from_elsewhere() -> None:
    client = Client(FakeBackend())
    page = await client.get("/heimdall/", None)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")
    for path in ("static/app.js", "static/style.css", "static/uplot.min.js"):
        assert f'"{path}"' in page.text
        found = await client.get(f"/heimdall/{path}", None)
        assert found.status_code == 200
        assert (
            await client.get(f"/heimdall/{path}", None, headers={"if-none-match": found.headers["etag"]})
        ).status_code == 304
    onward = await client.get("/heimdall", None)
    assert (onward.status_code, onward.headers["location"]) == (307, "heimdall/")


@pytest.mark.parametrize(
    "path",
    [
        "/heimdall/static/NOTICE",
        "/heimdall/static/../app.py",
        "/heimdall/static/",
        "/heimdall/static/none.js",
    ],
)
async def test_there_are_no_other_files(path: str) -> None:
    check_problem(await Client(FakeBackend()).get(path, None), 404, "heimdall_not_found")


def test_no_script_of_ours_reads_html() -> None:
    folder = ROOT / "heimdall_litellm" / "web" / "static"
    for script in folder.glob("*.js"):
        if script.name != "uplot.min.js":
            text = script.read_text(encoding="utf-8")
            assert not any(
                word in text
                for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
            ), script.name
    assert Path(folder, "NOTICE").read_text(encoding="utf-8").count("MIT")
