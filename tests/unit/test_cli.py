"""The commands `explain`, `decide`, `bundle` and `config`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from heimdall_litellm.cli.main import main
from heimdall_litellm.cli.render import UNKNOWN
from heimdall_litellm.config import json_schema
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import RequestFacts
from tests.small_world import MODELS

ROOT = Path(__file__).parents[2]
FIELDS = [
    "id", "bucket", "p_cheap", "p_mid", "p_hard", "difficulty", "cluster", "model", "effort", "alpha",
    "candidates", "fallbacks", "reasons", "duration_us",
]  # fmt: skip
CANDIDATE_FIELDS = ["model", "eligible", "why_not", "quality", "basis", "cost_usd", "penalties", "score"]
EASY = "A tiny one: Write a poem about 4213 ships, 6341 gulls and 9120 waves."
NASTY = "A nasty one: There are 4213 houses with 6341 clues; who owns fish number 9120?"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no litellm_config.yaml is found


def run(*arguments: str, stdin: str | None = None, **env: str) -> Result:
    return CliRunner().invoke(main, [*arguments], input=stdin, env={"COLUMNS": "120", **env})


def line(identity: object, text: str = EASY, **rest: object) -> str:
    return json.dumps({"id": identity, "messages": [{"role": "user", "content": text}], **rest})


def write_config(path: Path, bundle: Path, **settings: object) -> Path:
    models = {"heimdall": "gpt-4o-mini", "small": "gpt-4o-mini", "big": "o3", "eco": "gpt-4o-mini"}
    config = {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"openai/{model}", "api_key": "sk-canary"}}
            for name, model in models.items()
        ],
        "callback_settings": {
            "heimdall": {
                "tuning": {"bundle": str(bundle)},
                "profiles": {"eco": {"alpha": 0.0, "hard_candidates": ["small"]}},
                **settings,
            }
        },
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def decided(bundle: Path, text: str, *options: str) -> tuple[list[dict[str, Any]], Result]:
    result = run("decide", "--jsonl", "-", "--out", "-", "--bundle", str(bundle), *options, stdin=text)
    return [json.loads(out) for out in result.stdout.splitlines()], result


def test_a_line_out_has_exactly_the_promised_fields(small_bundle: Path) -> None:
    (answer,), result = decided(small_bundle, line("a"), "--models", "tiny-1b,gpt-4o-mini,o3@high")
    assert result.exit_code == 0, result.output
    assert list(answer) == FIELDS
    assert [list(candidate) for candidate in answer["candidates"]] == [CANDIDATE_FIELDS] * 3
    assert {candidate["model"] for candidate in answer["candidates"]} == {"tiny-1b", "gpt-4o-mini", "o3@high"}
    assert all(candidate["eligible"] for candidate in answer["candidates"])
    assert answer["p_cheap"] + answer["p_mid"] + answer["p_hard"] == pytest.approx(1)
    assert answer["duration_us"] > 0


def test_what_is_hard_goes_to_the_model_that_can_at_the_effort_of_its_name(small_bundle: Path) -> None:
    lines = f"{line(1, EASY)}\n{line(2, NASTY)}\n"
    (easy, nasty), _ = decided(small_bundle, lines, "--models", "tiny-1b,gpt-4o-mini,o3@high")
    assert (nasty["bucket"], nasty["model"], nasty["effort"]) == ("hard", "o3@high", "high")
    assert easy["difficulty"] < nasty["difficulty"]


def test_a_bad_line_gives_an_error_line_and_the_others_go_on(small_bundle: Path) -> None:
    lines = "\n".join(
        [
            line("good"),
            "not json",
            "[1]",
            "",
            json.dumps({"id": "m", "messages": "hi"}),
            json.dumps({"id": "e", "messages": []}),
            json.dumps({"messages": [{"role": "user", "content": "x"}]}),
            line("t", tools={"not": "a list"}),
            line("x", max_tokens=True),
            line("r", response_format=[1]),
            "[" * 100_000,
            line("last", "\ud800 lone", tools=[{"type": "function"}], max_tokens=10, response_format=None),
        ]
    )
    answers, result = decided(small_bundle, lines)
    assert result.exit_code == 1
    assert [(answer["id"], answer.get("error")) for answer in answers] == [
        ("good", None),
        (None, "not valid JSON: Expecting value at column 1"),
        (None, "a line must be a JSON object"),
        ("m", "messages must be a list of at least one object"),
        ("e", "messages must be a list of at least one object"),
        (None, "id is missing"),
        ("t", "tools must be a list"),
        ("x", "max_tokens must be an integer"),
        ("r", "response_format must be an object"),
        (None, "nested too deeply"),
        ("last", None),
    ]
    assert "9 of 11 lines failed" in result.stderr


def test_numbers_that_json_or_python_lacks_cost_their_own_line_only(small_bundle: Path) -> None:
    messages = '"messages": [{"role": "user", "content": "x"}]}'
    lines = [
        '{"id": Infinity, ' + messages,
        '{"id": {"a": NaN}, ' + messages,
        '{"id": 1e999, ' + messages,
        '{"id": ' + "9" * 5_000 + ", " + messages,
        line("huge", max_tokens=10**400),
        line("none", max_tokens=0),
        line("last"),
    ]
    answers, result = decided(small_bundle, "\n".join(lines))
    assert result.exit_code == 1
    assert [(answer["id"], answer.get("error")) for answer in answers] == [
        (None, "not valid JSON: Infinity is no number"),
        (None, "not valid JSON: NaN is no number"),
        (None, "1e999 is too large a number"),
        (None, "a number has too many digits"),
        ("huge", "max_tokens must be from 1 to 1000000000"),
        ("none", "max_tokens must be from 1 to 1000000000"),
        ("last", None),
    ]


def test_whatever_goes_wrong_with_a_line_stays_with_it(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(body: dict[str, Any]) -> RequestFacts:
        if body["messages"][0]["content"] == "odd":
            raise KeyError("surprise")
        return read_request(body)

    monkeypatch.setattr("heimdall_litellm.cli.decide.read_request", read)
    (odd, fine), result = decided(small_bundle, f"{line(1, 'odd')}\n{line(2)}")
    assert result.exit_code == 1
    assert odd == {"id": 1, "error": "cannot be decided: KeyError: 'surprise'"}
    assert fine["id"] == 2


def test_an_id_that_can_be_read_but_not_written_is_an_error_line(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    parsed = {"id": deep, "messages": [{"role": "user", "content": "x"}]}
    monkeypatch.setattr("heimdall_litellm.cli.decide._parsed", lambda _: parsed)
    (answer,), _ = decided(small_bundle, "{}")
    assert answer == {"id": None, "error": "id is nested too deeply"}


def test_what_nothing_may_serve_is_an_error_line_too(small_bundle: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "c.yaml", small_bundle)
    too_long = line(1, "word " * 400_000)
    (answer, fine), result = decided(small_bundle, f"{too_long}\n{line(2)}", "--config", str(config))
    assert result.exit_code == 1
    assert "No model can serve this request" in answer["error"]
    assert fine["model"] in ("small", "big")


def test_files_are_read_and_written(small_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(f"{line(1)}\n{line(2, 'Привет, как дела? 你好')}\n", encoding="utf-8")
    (tmp_path / "out.jsonl").write_text("old")
    config = write_config(tmp_path / "c.yaml", small_bundle)
    options = ("--jsonl", "in.jsonl", "--out", "out.jsonl", "--config", str(config))
    result = run("decide", *options, "--json", "--alpha", "0.25")
    assert json.loads(result.stdout) == {"lines": 2, "failed": 0, "out": "out.jsonl"}
    answers = [json.loads(text) for text in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(answer["id"], answer["alpha"]) for answer in answers] == [(1, 0.25), (2, 0.25)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.yaml", "in.jsonl", "out.jsonl"]
    assert run("decide", *options).stdout == ""


def test_an_output_file_is_left_alone_when_the_run_breaks_off(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_text(line(1))
    (tmp_path / "out.jsonl").write_text("old")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("heimdall_litellm.cli.decide._answer", interrupted)
    options = ("--jsonl", "in.jsonl", "--out", "out.jsonl", "--bundle", str(small_bundle))
    assert run("decide", *options).exit_code != 0
    assert (tmp_path / "out.jsonl").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_models_of_the_bundle_may_be_spelt_otherwise(small_bundle: Path) -> None:
    (answer,), _ = decided(
        small_bundle, line(1), "--models", "gpt-4o-mini-2024-07-18, anthropic/claude-3.5-sonnet"
    )
    names = [candidate["model"] for candidate in answer["candidates"]]
    assert sorted(names) == ["anthropic/claude-3.5-sonnet", "gpt-4o-mini-2024-07-18"]


def test_with_a_configuration_models_restrict_its_candidates(small_bundle: Path, tmp_path: Path) -> None:
    config = str(write_config(tmp_path / "c.yaml", small_bundle))
    (answer,), _ = decided(small_bundle, line(1, NASTY), "--config", config, "--models", "small")
    assert answer["model"] == "small"
    assert {c["model"]: c["eligible"] for c in answer["candidates"]} == {"small": True, "big": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "gpt-4o-mni"], "did you mean gpt-4o-mini"),
        (["--models", "zzz"], "bundle` lists 20"),
        (["--models", ","], "name at least one model"),
        (["--alpha", "7"], "7.0 is not in the range"),
        (["--alpha", "nan"], "'--alpha': nan is not a finite number"),
    ],
)
def test_wrong_options_are_usage_errors(small_bundle: Path, options: list[str], message: str) -> None:
    result = run("decide", "--jsonl", "-", "--out", "-", "--bundle", str(small_bundle), *options, stdin="")
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_model_that_the_configuration_lacks_is_a_usage_error(small_bundle: Path, tmp_path: Path) -> None:
    config = str(write_config(tmp_path / "c.yaml", small_bundle))
    result = run("decide", "--jsonl", "-", "--out", "-", "--config", config, "--models", "smal", stdin="")
    assert result.exit_code == 2
    assert "did you mean small?" in result.stderr
    result = run("decide", "--jsonl", "-", "--out", "-", "--config", config, "--models", "zzz", stdin="")
    assert f"`heimdall check {config}` lists 2" in result.stderr


def test_the_shipped_bundle_is_shown_without_a_path() -> None:
    result = run("explain", "x", "--models", "zzzzzzzz")
    assert "`heimdall bundle show` lists" in result.stderr


def test_files_that_cannot_be_used_are_usage_errors(small_bundle: Path, tmp_path: Path) -> None:
    bundle = ("--bundle", str(small_bundle))
    gone = run("decide", "--jsonl", "gone", "--out", "-", *bundle)
    assert (gone.exit_code, "gone: cannot be read (No such file" in gone.stderr) == (2, True)
    nowhere = run("decide", "--jsonl", "-", "--out", "no/where", *bundle, stdin=line(1))
    assert (nowhere.exit_code, "no/where: cannot be written" in nowhere.stderr) == (2, True)
    (tmp_path / "bad.yaml").write_text("callback_settings: {heimdall: {router: {alpha: 7}}}")
    bad = run("decide", "--jsonl", "-", "--out", "-", "--config", "bad.yaml", "--json", stdin="")
    assert bad.exit_code == 2
    assert "router.alpha: 7" in json.loads(bad.stdout)["error"]


def test_an_explanation_shows_the_choice_and_what_led_to_it(small_bundle: Path) -> None:
    result = run("explain", NASTY, "--bundle", str(small_bundle), "--models", "tiny-1b,gpt-4o-mini,o3@high")
    assert result.exit_code == 0, result.output
    output = result.stdout
    assert output.splitlines()[0] == "o3@high  hard"
    for part in ("Probabilities", "What spoke for", "> o3@high", "score", "Fallbacks", "Reasons", "p_hard"):
        assert part in output
    assert "\x1b" not in output


def test_an_explanation_says_which_qualities_are_guesses(small_bundle: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(write_config(tmp_path / "c.yaml", small_bundle).read_text())
    newer, unheard = ({**config["model_list"][1], "model_name": name} for name in ("newer", "unheard"))
    newer["litellm_params"] = {"model": "openai/o4", "api_key": "sk-x"}
    unheard["litellm_params"] = {"model": "openai/never-heard-of", "api_key": "sk-x"}
    config["model_list"] += [newer, unheard]
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    shown = run("explain", NASTY, "--config", "c.yaml").stdout
    assert "quality of newer: from a relative of its family" in shown
    assert "quality of unheard: a guess: neither it nor its price is known" in shown
    assert "quality of big" not in shown
    # What isn't known isn't nothing.
    assert "unknown; an unknown price counts as the dearest that is known" in " ".join(shown.split())
    (line,) = (line for line in shown.splitlines() if "unheard " in line and "0." in line)
    assert UNKNOWN in line.split()
    rows = json.loads(run("explain", NASTY, "--config", "c.yaml", "--json").stdout)["candidates"]
    assert {row["model"]: row["basis"] for row in rows} == {
        "small": "outcomes",
        "big": "outcomes",
        "newer": "family",
        "unheard": "unknown",
    }
    assert {row["model"] for row in rows if row["cost_usd"] is None} == {"newer", "unheard"}


def test_markup_in_names_and_prompts_is_text(small_bundle: Path, tmp_path: Path) -> None:
    assert run("explain", "[/bold] [red]x", "--bundle", str(small_bundle)).exit_code == 0
    result = run("explain", "x", "--bundle", str(small_bundle), "--models", "[/nope]")
    assert result.exit_code == 2
    assert "[/nope]" in result.stderr


def test_markup_in_model_names_is_text(small_bundle: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(write_config(tmp_path / "c.yaml", small_bundle).read_text())
    for deployment in config["model_list"][1:3]:
        deployment["model_name"] = f"[/bold] :smile: {deployment['model_name']}"
    del config["callback_settings"]["heimdall"]["profiles"]
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    result = run("explain", "x", "--config", "c.yaml")
    assert result.exit_code == 0, result.output
    assert "> [/bold] :smile: " in result.stdout


def test_a_prompt_need_not_be_utf_8(small_bundle: Path) -> None:
    options = ["explain", "-", "--bundle", str(small_bundle)]
    result = CliRunner().invoke(main, options, input=b"\xff\xfe hello")
    assert result.exit_code == 0, result.output


def test_an_explanation_as_json_carries_the_decision_and_the_features(small_bundle: Path) -> None:
    result = run("explain", "-", "--json", "--bundle", str(small_bundle), "--alpha", "0.9", stdin=NASTY)
    data = json.loads(result.stdout)
    assert (data["alpha"], data["bucket"]) == (0.9, "hard")
    assert data["features"][0].keys() == {"feature", "influence"}
    assert data["input_tokens"] > 5


def test_a_decision_can_be_asked_for_as_a_request_would(small_bundle: Path, tmp_path: Path) -> None:
    write_config(tmp_path / "litellm_config.yaml", small_bundle)  # found without being named
    plain = json.loads(run("explain", NASTY, "--json").stdout)
    assert (plain["policy"], plain["model"]) == ("heimdall", "big")
    eco = json.loads(run("explain", NASTY, "--json", "--name", "eco").stdout)
    assert (eco["policy"], eco["model"], eco["alpha"]) == ("eco", "small", 0.0)
    cheap = json.loads(run("explain", NASTY, "--json", "--bucket", "cheap").stdout)
    assert (cheap["bucket"], cheap["model"]) == ("cheap", "small")


def test_what_was_ruled_out_is_told(small_bundle: Path, tmp_path: Path) -> None:
    config = str(write_config(tmp_path / "c.yaml", small_bundle))
    result = run("explain", NASTY, "--config", config, "--models", "small")
    assert result.exit_code == 0
    assert "Ruled out\n  - big: " in result.stdout


def test_if_nothing_may_serve_the_reasons_are_told(small_bundle: Path) -> None:
    options = ("explain", NASTY, "--bundle", str(small_bundle), "--max-cost", "0.000000001")
    result = run(*options)
    assert result.exit_code == 1
    assert "gpt-4o-mini" in result.stderr
    data = json.loads(run(*options, "--json").stdout)
    assert "gpt-4o-mini" in data["why_not"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["  "], "the prompt is empty"),
        (["x", "--name", "nobody"], "'nobody' is no virtual model; there are heimdall"),
        (["x", "--alpha", "nan", "--json"], "nan is not a finite number"),
        (["x", "--max-cost", "inf"], "inf is not a finite number"),
        (["x", "--max-cost", "nan"], "nan is not a finite number"),
        (["x", "--max-cost", "0"], "not in the range"),
    ],
)
def test_wrong_questions_are_usage_errors(small_bundle: Path, options: list[str], message: str) -> None:
    result = run("explain", *options, "--bundle", str(small_bundle))
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_bundle_shows_its_models_with_quality_and_prices(small_bundle: Path) -> None:
    shown = run("bundle", "show", str(small_bundle))
    assert shown.exit_code == 0
    rows = [" ".join(text.split()) for text in shown.stdout.splitlines()]
    assert any(row.startswith("gpt-4o-mini 0.") and row.endswith("0.15 0.60") for row in rows)
    assert any(row.startswith("tiny-1b 0.") and row.endswith("0.10 0.10") for row in rows)
    data = json.loads(run("bundle", "show", str(small_bundle), "--json").stdout)
    assert len(data["models"]) == len(MODELS) + 2
    assert data["is_shipped"] is False


def test_a_bundle_is_verified(small_bundle: Path, bundle_path: Path) -> None:
    good = run("bundle", "verify", str(small_bundle))
    assert (good.exit_code, good.stdout.rstrip().endswith("verified")) == (0, True)
    assert json.loads(run("bundle", "verify", str(small_bundle), "--json").stdout)["ok"] is True
    (bundle_path / "triage.txt").write_bytes(b"damaged")
    bad = run("bundle", "verify", str(bundle_path))
    assert (bad.exit_code, "refused: " in bad.stderr) == (1, True)
    data = json.loads(run("bundle", "verify", str(bundle_path), "--json").stdout)
    assert (data["ok"], "triage.txt" in data["error"]) == (False, True)


def test_a_damaged_bundle_is_an_error_of_the_other_commands(bundle_path: Path) -> None:
    (bundle_path / "models.json").unlink()
    result = run("explain", "x", "--bundle", str(bundle_path))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def test_the_schema_is_printed() -> None:
    assert json.loads(run("config", "schema").stdout) == json_schema()
    assert json.loads(run("config", "schema", "--json").stdout) == json_schema()


def test_a_terminal_that_knows_ascii_only_gets_an_answer(small_bundle: Path) -> None:
    options = ["decide", "--jsonl", "-", "--out", "-", "--bundle", str(small_bundle), "--models", "β-7b"]
    result = CliRunner(charset="ascii").invoke(main, options)
    assert result.exit_code == 2
    assert "'\\u03b2-7b' is no model" in result.stderr


def test_the_output_may_be_redirected_within_python() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as text, pytest.raises(SystemExit, match="0"):
        main(["config", "schema"])
    assert json.loads(text.getvalue()) == json_schema()


PROGRAM = "from heimdall_litellm.cli.main import main; main()"


def shell(script: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with streams as only a shell can leave them."""
    command = shlex.join([sys.executable, "-c", PROGRAM, *arguments])
    return subprocess.run(
        ["/bin/bash", "-c", script.replace("{}", command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "arguments", "exit_code", "said"),
    [
        ("{} <&-", ["explain", "-"], 2, "error: the standard input is closed\n"),
        ("{} <&-", ["decide", "--jsonl", "-", "--out", "o"], 2, "error: the standard input is closed\n"),
        ("{} >&-", ["decide", "--jsonl", "in", "--out", "-"], 2, "error: the standard output is closed\n"),
        (
            "{} >/dev/full",
            ["config", "schema"],
            2,
            "error: the standard output cannot be written (No space left on device)\n",
        ),
        (
            # Coverage would find no room for its data either.
            "unset COVERAGE_PROCESS_CONFIG COVERAGE_PROCESS_START; ulimit -f 0; {}",
            ["decide", "--jsonl", "in", "--out", "o"],
            2,
            "error: o: cannot be written (File too large)\n",
        ),
        ("{} | true; exit ${PIPESTATUS[0]}", ["bundle", "show"], 0, ""),
        ("{} >&-", ["config", "schema"], 0, ""),
    ],
)
def test_odd_streams_give_a_sentence_and_an_exit_code(
    tmp_path: Path, script: str, arguments: list[str], exit_code: int, said: str
) -> None:
    (tmp_path / "in").write_text(line(1))
    done = shell(script, *arguments, folder=tmp_path)
    assert (done.returncode, done.stderr) == (exit_code, said)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_link_or_a_device_as_output_stays_what_it_is(small_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(line(1))
    (tmp_path / "out").symlink_to("real")
    options = ("--jsonl", "in", "--bundle", str(small_bundle))
    assert run("decide", *options, "--out", "out").exit_code == 0
    assert (tmp_path / "out").is_symlink()
    assert json.loads((tmp_path / "real").read_text())["id"] == 1
    os.mkfifo(tmp_path / "pipe")
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    got: list[str] = []
    reader.start()
    assert run("decide", *options, "--out", "pipe").exit_code == 0
    reader.join(30)
    assert json.loads(got[0])["id"] == 1
    assert (tmp_path / "pipe").is_fifo()


def test_an_input_that_breaks_off_is_named(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.BytesIO):
        def __next__(self) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("heimdall_litellm.cli.decide.standard_input", Broken)
    result = run("decide", "--jsonl", "-", "--out", "o", "--bundle", str(small_bundle))
    assert result.exit_code == 2
    assert result.stderr == "error: the standard input: cannot be read (Input/output error)\n"
    assert not list(tmp_path.iterdir())


def test_a_configuration_that_is_nested_too_deeply_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("a: " + "[" * 5_000)
    result = run("explain", "x", "--config", "deep.yaml")
    assert result.exit_code == 2
    assert "nested too deeply" in result.stderr


def test_json_is_json_on_a_terminal_that_knows_ascii_only() -> None:
    result = CliRunner(charset="ascii").invoke(main, ["explain", "x", "--models", "β-7b", "--json"])
    assert "'β-7b' is no model" in json.loads(result.stdout)["error"]


def test_a_reader_that_goes_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("heimdall_litellm.cli.main.print_json", gone)
    assert run("config", "schema").exit_code == 0


def test_progress_is_shown_to_those_who_watch(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_text(line(1))
    options = ("decide", "--jsonl", "in.jsonl", "--out", "-", "--bundle", str(small_bundle))
    assert run(*options).stderr == ""
    watched = run(*options, FORCE_COLOR="1")
    assert "100%" in watched.stderr
    assert json.loads(watched.stdout)["id"] == 1
