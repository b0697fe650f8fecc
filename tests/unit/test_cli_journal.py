"""The commands `journal` and `report`, on journals of real decisions."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result
from pyarrow import parquet

from heimdall_litellm.cli import journal as command
from heimdall_litellm.cli.main import main
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import Caller, Item, Mode, Try, from_json, now
from heimdall_litellm.journal.schema import Line, json_schema, schema_text
from heimdall_litellm.journal.store import Page, Store
from heimdall_litellm.report.summary import summarise
from tests.fakes.journal import outcome, record, signal
from tests.fakes.traffic import traffic

DOCS = Path(__file__).parents[2] / "docs"
COUNT = 60


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"COLUMNS": "120", **environ})


@pytest.fixture(scope="module")
def real() -> list[Item]:
    """Real decisions and records of the last seven days."""
    return list(traffic(COUNT, holdout=0.3))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The journal of the configuration in the current directory."""
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    settings = {"journal": {"url": url, "keep_days": 3}}
    models = [{"model_name": n, "litellm_params": {"model": "openai/gpt-5"}} for n in ("heimdall", "five")]
    config = {
        "model_list": models,
        "litellm_settings": {"callbacks": ["heimdall_litellm.heimdall"]},
        "callback_settings": {"heimdall": settings},
    }
    (tmp_path / "litellm_config.yaml").write_text(yaml.safe_dump(config))
    made = open_store(JournalSettings(url=url))
    yield made
    made.database.close()


@pytest.fixture
def filled(store: Store, real: list[Item]) -> Store:
    store.write(real)
    return store


def _told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_tail_shows_the_latest_with_the_newest_last(filled: Store) -> None:
    shown = run("journal", "tail", "-n", "3")
    assert shown.exit_code == 0, shown.output
    head, *rows = shown.stdout.splitlines()
    newest = filled.latest(Page(limit=3))
    assert head.split() == ["time", "status", "bucket", "model", "cost", "took", "by", "id"]
    assert [row.split()[-1] for row in rows] == [entry.record.id for entry in reversed(newest)]
    assert newest[0].outcome is not None
    assert str(newest[0].outcome.model) in rows[-1]


def test_tail_is_narrowed_by_what_is_asked_of_it(filled: Store) -> None:
    def found(*options: str) -> list[Any]:
        lines = run("journal", "tail", "-n", "1000", "--json", *options).stdout.splitlines()
        return [json.loads(line)["record"] for line in lines]

    assert len(found()) == COUNT
    by_alice = found("--key", "alice")
    assert {each["caller"]["alias"] for each in by_alice} == {"alice"}
    assert found("--key", "f" * 64) == []
    assert {each["cause"] for each in found("--cause", "holdout")} == {"holdout"}
    assert {each["bucket"] for each in found("--bucket", "cheap")} == {"cheap"}
    assert found("--name", "nobody") == []
    recent = found("--since", "24h")
    assert 0 < len(recent) < COUNT
    edge = datetime.now(UTC) - timedelta(days=2)
    both = len(found("--until", edge.isoformat())) + len(found("--since", edge.isoformat()))
    assert both == COUNT


def test_tail_goes_on_with_new_ones_as_they_are_answered(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [[replace(record("new"), at=now())], [replace(outcome("new"), at=now())]]

    def pause(_: float) -> None:
        if not written:
            raise KeyboardInterrupt
        filled.write(written.pop(0))

    monkeypatch.setattr(command.time, "sleep", pause)
    shown = run("journal", "tail", "-f", "-n", "1", "--json")
    assert shown.exit_code == 0, shown.output
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [line["record"]["id"] == "new" for line in lines] == [False, True]
    assert lines[1]["outcome"]["status"] == "answered"


def test_show_explains_one_record(store: Store) -> None:
    tries = (
        Try("five", "openai", "rate-limited", 429),
        Try("other", "vendor", "ok", adapter="anthropic-oauth"),
    )
    told = record("r", decided="five", model="five", caller=Caller("k" * 64, "batch", "t", "team [red]x[/]"))
    came = outcome("r", model="other", tries=tries, input_tokens=10, output_tokens=20_000, latency_s=2.5)
    store.write([told, came, signal("r", comment="meh")])
    for name in ("r", "call-r"):
        shown = run("journal", "show", name)
        assert shown.exit_code == 0, shown.output
        for words in (
            "other  cheap  answered",
            "by batch of team [red]x[/]",
            "it is easy",
            "rate-limited",
            "429",
            "anthropic-oauth",
            "10 read, 20k written",
            "$0.500",
            "2.5 s",
            "meh",
        ):
            assert words in shown.stdout
    assert _told(run("journal", "show", "r", "--json"))["record"]["id"] == "r"


def test_show_lists_every_candidate_with_the_parts_of_its_score(filled: Store) -> None:
    entry = filled.latest(Page(limit=1))[0]
    shown = run("journal", "show", entry.record.id).stdout
    scored = [each for each in entry.record.candidates if each.score is not None]
    rows = [line for line in shown.splitlines() if re.search(r"[+-]\d\.\d{3} ", line)]
    assert len(rows) == len(scored) > 3
    (chosen,) = [row for row in rows if row.startswith("> ")]
    assert str(entry.record.decided) in chosen


def test_what_is_not_there_is_said_with_exit_code_1(store: Store) -> None:
    shown = run("journal", "show", "nobody")
    assert shown.exit_code == 1
    assert "there is no record nobody" in shown.stderr
    as_json = run("journal", "replay", "nobody", "--json")
    assert as_json.exit_code == 1
    assert "nobody" in json.loads(as_json.stdout)["error"]


EVIL = "\x1b[31mRED\x1b]0;pwned\x07\x9b2J\x7f\u202egnp\u2066\rover"
"""What a terminal obeys."""


@pytest.mark.parametrize(
    "command",
    [
        ["report"],
        ["report", "--json"],
        ["journal", "tail"],
        ["journal", "tail", "--json"],
        ["journal", "show", "evil"],
        ["journal", "show", "evil", "--json"],
        ["journal", "export"],
        ["journal", "replay", "evil"],
        ["report", "--html", "-"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("mode", ["route", "shadow"])
def test_no_text_of_others_moves_the_terminal(store: Store, command: list[str], mode: Mode) -> None:
    who = Caller(None, EVIL, EVIL, EVIL, EVIL)
    over = replace(
        outcome("evil"),
        model=EVIL,
        provider=EVIL,
        finish=EVIL,
        at=now(),
        would_usd=1.0,
        would_guessed_usd=1.0,
    )
    over = replace(over, tries=(Try(EVIL, EVIL, "unavailable", 500, None), Try(EVIL, EVIL, "ok", None, EVIL)))
    store.write(
        [
            replace(
                record("evil", mode=mode, cost_usd=1.0),
                at=now(),
                requested=EVIL,
                model=EVIL,
                decided=f"{EVIL}, too",
                reason=EVIL,
                caller=who,
            ),
            over,
            replace(signal("evil"), label=EVIL, comment=f"{EVIL}\nand more", at=now()),
        ]
    )
    shown = run(*command)
    assert set(shown.output) & {c for c in EVIL if not c.isprintable()} == set()
    if not {"--json", "export", "replay"} & set(command):
        assert "␛[31mRED" in "".join(shown.output.split())
    forged = [line for line in shown.output.splitlines() if line.startswith("over")]
    assert forged == []


def test_a_name_of_several_lines_is_one_row(store: Store) -> None:
    store.write([replace(record("evil"), at=now(), model="a\n2026-01-01 forged")])
    _, row = run("journal", "tail").stdout.splitlines()
    assert "a␊2026-01-01 forged" in row


def test_pictures_keep_the_columns_in_line(store: Store) -> None:
    store.write(
        [replace(record(f"r{at}"), at=now(), model=name) for at, name in enumerate(("ab\x1b", "abc"))]
    )
    lines = run("report", COLUMNS="200").stdout.splitlines()
    found = [re.split(r"(?<=\S)\s+", line)[0] for line in lines]
    at = {name: next(line for line in lines if line.startswith(name)) for name in ("ab␛", "abc")}
    assert len(set(map(len, at.values()))) == 1, found


def test_a_journal_that_nobody_has_written_yet_is_not_made(tmp_path: Path) -> None:
    shown = run("report", "--journal", f"sqlite:///{tmp_path}/none.sqlite")
    assert shown.exit_code == 2
    assert "There is no journal at" in " ".join(shown.stderr.split())
    assert not (tmp_path / "none.sqlite").exists()
    shown = run("journal", "tail", "--journal", "postgresql://u:s3cret@127.0.0.1:1/none")
    assert shown.exit_code == 2
    assert "s3cret" not in shown.output


@pytest.mark.parametrize("given", ["yesterday", "7 parsecs", "-3d", "2026-13-01"])
def test_a_time_that_is_none_is_refused(store: Store, given: str) -> None:
    shown = run("journal", "tail", f"--since={given}")
    assert shown.exit_code == 2
    assert "is no time" in shown.stderr


@pytest.mark.parametrize("given", ["99999999d", "36500d", "1e9d", "1960-01-01", "0001-01-01"])
def test_a_time_before_any_record_is_refused_rather_than_replaced(store: Store, given: str) -> None:
    shown = run("journal", "tail", f"--since={given}")
    assert shown.exit_code == 2
    assert given in shown.stderr
    assert run("journal", "tail", "--since=18000d").exit_code == 0


def test_pruning_takes_any_number_of_days(filled: Store) -> None:
    shown = run("journal", "prune", "--keep-days", "1000000", "--json")
    assert _told(shown)["left"] == COUNT
    assert (
        _told(run("journal", "prune", "--keep-days", "1e300", "--max-mb", "1e305", "--json"))["left"] == COUNT
    )


def test_lines_are_as_published(filled: Store, tmp_path: Path) -> None:
    assert (DOCS / "journal.schema.json").read_text() == schema_text()
    shown = run("journal", "export", "-o", "lines.jsonl", "--json")
    assert _told(shown) == {"records": COUNT, "out": "lines.jsonl", "format": "jsonl"}
    lines = (tmp_path / "lines.jsonl").read_text().splitlines()
    assert len(lines) == COUNT
    validator = jsonschema.Draft202012Validator(json_schema())
    entries = filled.walk(Page())
    for text, entry in zip(lines, entries, strict=True):
        line = json.loads(text)
        validator.validate(line)
        assert line["schema"] == line["record"]["schema"] == 1
        read = from_json(Line, text)
        assert (read.record, read.outcome, read.signals) == (entry.record, entry.outcome, entry.signals)
    broken = json.loads(lines[0])
    del broken["record"]["id"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)


def test_export_to_stdout_is_nothing_but_lines(filled: Store) -> None:
    shown = run("journal", "export", "--since", "1d")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert 0 < len(lines) < COUNT
    assert lines == sorted(lines, key=lambda line: line["record"]["at"])


def test_parquet_holds_a_row_for_each_record(filled: Store, tmp_path: Path) -> None:
    shown = run("journal", "export", "--format", "parquet", "-o", "rows.parquet")
    assert shown.exit_code == 0, shown.output
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.num_rows == COUNT
    row, entry = table.slice(7, 1).to_pylist()[0], list(filled.walk(Page()))[7]
    assert entry.outcome is not None
    assert (row["id"], row["at"], row["alias"]) == (
        entry.record.id,
        entry.record.at,
        entry.record.caller.alias,
    )
    assert (row["served"], row["cost_usd"], row["expected_usd"]) == (
        entry.outcome.model,
        entry.outcome.cost_usd,
        entry.record.cost_usd,
    )
    assert json.loads(row["line"])["record"]["id"] == entry.record.id
    assert run("journal", "export", "--format", "parquet").exit_code == 2


def test_without_pyarrow_parquet_says_what_to_install_and_leaves_what_was_there(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, real_import = tmp_path / "rows.parquet", builtins.__import__
    there.write_text("before")

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    shown = run("journal", "export", "--format", "parquet", "-o", "rows.parquet")
    assert shown.exit_code == 2
    assert "heimdall-litellm[parquet]" in shown.stderr
    assert there.read_text() == "before"
    assert sorted(path.name for path in tmp_path.glob("*rows*")) == ["rows.parquet"]


def test_replay_makes_each_decision_again_as_it_was(filled: Store) -> None:
    found = _told(run("journal", "replay", "--all", "--json"))
    assert (found["same"], found["different"], found["impossible"]) == (COUNT, 0, 0)
    one = filled.latest(Page(limit=1))[0].record
    assert _told(run("journal", "replay", one.id, "--json"))["same"] == 1
    otherwise = _told(run("journal", "replay", "--all", "--alpha", "0", "--json"))
    assert otherwise["different"] > 0
    assert all(
        each["model"] != each["decided"] or "effort" in each["differs"] for each in otherwise["others"]
    )


def test_replay_says_what_differs_and_what_cannot_be_done(filled: Store) -> None:
    entry = filled.latest(Page(limit=1))[0].record
    assert entry.digests is not None
    other = replace(entry, id="other", at=now(), decided="somebody", model="somebody")
    strange = replace(entry, id="strange", at=now(), digests=replace(entry.digests, bundle="f" * 64))
    plain = record("plain", digests=None)
    filled.write([other, strange, plain])
    shown = run("journal", "replay", "other")
    assert shown.exit_code == 1
    assert f"somebody → {entry.decided}" in shown.stdout
    assert "--bundle" in run("journal", "replay", "strange").stdout
    shown = run("journal", "replay", "plain", "--json")
    assert shown.exit_code == 1
    assert "nothing was decided" in json.loads(shown.stdout)["others"][0]["why_not"]
    assert run("journal", "replay").exit_code == 2


def test_prune_throws_away_what_the_settings_say(filled: Store) -> None:
    found = _told(run("journal", "prune", "--json"))
    assert 0 < found["left"] < COUNT
    assert found["thrown_away"] + found["left"] == COUNT
    assert "0 left" in run("journal", "prune", "--keep-days", "0").stdout


def test_report_as_json_is_the_summary(filled: Store) -> None:
    found = _told(run("report", "--since", "8d", "--json"))
    same = summarise(filled, datetime.fromisoformat(found["since"]), datetime.fromisoformat(found["until"]))
    assert found["requests"]["total"] == COUNT
    assert found["spend_usd"] == pytest.approx(same.spend_usd)
    # Eight days in at most 48 whole parts: of six hours each, the first and the last of which may be cut.
    assert len(found["timeline"]) == len(same.timeline) in (32, 33)
    assert _told(run("report", "--json", "--key", "alice"))["requests"]["total"] < COUNT
    backwards = run("report", "--since", "1d", "--until", "2d")
    assert backwards.exit_code == 2
    assert "must be after" in backwards.stderr


def test_report_tells_people_what_matters(filled: Store) -> None:
    shown = run("report", "--since", "8d")
    assert shown.exit_code == 0, shown.output
    for words in (
        f"{COUNT}: {COUNT} answered",
        "spend",
        "saved",
        "a guess at what it would write",
        "Too few",
    ):
        assert words in " ".join(shown.stdout.split())
    assert "█" in shown.stdout
    assert "\x1b[" not in shown.stdout


def _watched(store: Store, decided: str, would: float, count: int = 1) -> None:
    for at in range(count):
        name, when = f"{decided}-{at}", now() - timedelta(minutes=1)
        told = record(name, mode="shadow", decided=decided, model="big", cost_usd=9.0)
        came = outcome(name, model="big", cost_usd=2.0, would_usd=would, would_guessed_usd=would / 2)
        store.write([replace(told, at=when), replace(came, at=when)])


@pytest.mark.parametrize(
    ("would", "said"), [(0.5, "would have saved $3.00 75.0%"), (5.0, "would have cost $6.00 more 150.0%")]
)
def test_report_sums_up_shadow_mode_as_a_gain_or_a_loss(
    store: Store, tmp_path: Path, would: float, said: str
) -> None:
    _watched(store, "small", would, 2)
    refused = record("r", mode="shadow", cause="refused", decided=None, model="big", cost_usd=None)
    unrouted = record("u", mode="shadow", cause="unrouted", decided=None, model="big", cost_usd=None)
    store.write([replace(each, at=now() - timedelta(minutes=1)) for each in (refused, unrouted)])
    shown = " ".join(run("report").stdout.split())
    assert (
        "2 of 4 requests decided and left alone; 1 would have been refused; 1 weren't to be decided on"
        in shown
    )
    assert said in shown
    assert "(saved, 95 %: " in shown
    assert f"big small 2 $4.00 ${2 * would:.2f}" in shown
    page = tmp_path / "report.html"
    assert run("report", "--html", str(page)).exit_code == 0
    html = " ".join(page.read_text().split())
    assert "2 of 4 requests were decided on and left alone; 1 would have been refused" in html
    assert ("$3.00 less" if would < 2 else "$6.00 more") in html


def test_of_many_ways_the_rarest_are_summed_up(store: Store) -> None:
    for number in range(14):
        _watched(store, f"model-{number:02}", 1.0)
    shown = run("report").stdout
    assert "model-11" in shown
    assert "model-12" not in shown.split("and 2 rarer ways, of 2 requests")[0]


def test_what_shadow_mode_left_alone_is_shown_with_where_it_would_have_gone(store: Store) -> None:
    _watched(store, "small", 0.5)
    assert "big, not small" in run("journal", "tail").stdout
    shown = " ".join(run("journal", "show", "small-0").stdout.split())
    assert "(shadow mode: it was left alone)" in shown
    assert "would cost about $0.500, had small been asked as decided" in shown
    # What was expected is of the other model, and nothing was saved.
    assert "expected" not in shown
    assert "saved" not in shown


def test_report_of_nothing_says_so(store: Store, tmp_path: Path) -> None:
    assert "No request in this period" in run("report").stdout
    assert run("report", "--html", "page.html").exit_code == 0
    assert "No request in this period" in (tmp_path / "page.html").read_text()


class _Page(HTMLParser):
    """Notes what would load or run something, and which elements are left open."""

    def __init__(self) -> None:
        super().__init__()
        self.loads, self.open = list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "rect", "br"):
            self.open.append(tag)
        named = dict(attrs)
        if tag in ("script", "link", "img", "iframe") or {"src", "href", "onload"} & named.keys():
            self.loads.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)


def test_the_page_stands_alone_and_escapes_all_names(filled: Store, tmp_path: Path) -> None:
    evil = "<script>alert('&')</script>"
    last = now() - timedelta(seconds=5)
    told = replace(record("evil", model=evil, cause="default", caller=Caller("k", evil)), at=last)
    came = replace(
        outcome("evil", model=evil, tries=(Try(evil, "p", evil[:30]), Try(evil, "p", "ok"))), at=last
    )
    filled.write([told, came])
    for options in ((), ("--key", evil)):
        shown = run("report", "--since", "8d", "--html", "page.html", *options)
        assert shown.exit_code == 0, shown.output
        text = (tmp_path / "page.html").read_text()
        page = _Page()
        page.feed(text)
        assert (page.loads, page.open) == ([], [])
        assert "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;" in text
        assert "http" not in text.replace("http-equiv", "")
        assert "color-scheme" in text
        assert "@media print" in text
    assert run("report", "--html", "-").stdout.startswith("<!doctype html>")
