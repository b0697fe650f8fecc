"""Fitting the token estimate, on little text."""

from __future__ import annotations

import gettext
import importlib.util
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from heimdall_litellm.core.tokens import measure
from training import fit_tokens

RUSSIAN = "Не удалось прочитать файл"


def catalog(messages: dict[str, str]) -> bytes:
    """Write a gettext catalog, as `msgfmt` does."""
    entries = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    texts = [part.encode() for column in (0, 1) for part in (entry[column] for entry in entries)]
    at = 28 + 8 * len(texts)
    table, body = b"", b""
    for text in texts:
        table += struct.pack("<II", len(text), at + len(body))
        body += text + b"\0"
    n = len(entries)
    return struct.pack("<7I", 0x950412DE, 0, n, 28, 28 + 8 * n, 0, 28 + 16 * n) + table + body


@pytest.fixture
def catalogs(tmp_path: Path) -> Path:
    folder = tmp_path / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    messages = {f"Cannot read file {n}": f"{RUSSIAN} {n}" for n in range(400)}
    messages |= {
        "same": "same",
        "English stays": "English stays here",
        "with %s": f"{RUSSIAN} %s",
        "ok": "\u0434\u0430",
    }
    (folder / "good.mo").write_bytes(catalog(messages))
    (folder / "bad.mo").write_bytes(b"not a catalog")
    return tmp_path


@pytest.fixture
def outcomes(tmp_path: Path) -> Path:
    file = tmp_path / "outcomes.jsonl"
    rng = random.Random(0)
    lines = [
        {
            "id": str(n),
            "source": "s",
            "task": "t",
            "messages": [
                {"role": "user", "content": " ".join(rng.choices(("prove", "that", "x", "is", "42"), k=40))}
            ],
            "outcomes": {"m": {"score": 1.0}},
        }
        for n in range(60)
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return file


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_tokens, "_PER_KIND", 10)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")


def test_only_messages_in_the_languages_own_script_are_taken(catalogs: Path, few: None) -> None:
    texts = fit_tokens.gather(None, catalogs, 0)
    assert "prompts" not in texts
    assert len(texts["ru"]) == 10
    assert not any("English" in text or "%" in text for text in texts["ru"])


def test_a_fit_recovers_costs_that_are_really_there() -> None:
    def count(text: str) -> int:
        return text.count(" ") + 2 * text.count("7")

    rng = random.Random(1)
    texts = ["".join(rng.choices("ab 7", k=200)) for _ in range(300)]
    costs = fit_tokens.fit({"made up": texts}, count)
    unseen = "".join(rng.choices("ab 7", k=400))
    assert float(measure(unseen) @ costs) == pytest.approx(count(unseen), rel=0.05)


def test_the_command_prints_constants_and_errors(outcomes: Path, catalogs: Path, few: None) -> None:
    arguments = ["--outcomes", str(outcomes), "--catalogs", str(catalogs)]
    result = CliRunner().invoke(fit_tokens.main, arguments)
    assert result.exit_code == 0, result.output
    namespace: dict[str, object] = {}
    exec(result.output.split("kind ")[0], namespace)  # noqa: S102
    assert np.shape(namespace["_PAIR_COST"]) == (16, 16)
    assert np.shape(namespace["_EXTRA_COST"]) == (4,)
    assert {"code", "prompts", "json", "ru", "mixed"} <= {
        line.split()[0] for line in result.output.splitlines()
    }


def test_checking_measures_the_constants_in_use_and_prints_none(outcomes: Path, few: None) -> None:
    result = CliRunner().invoke(fit_tokens.main, ["--outcomes", str(outcomes), "--check"])
    assert result.exit_code == 0, result.output
    assert "_PAIR_COST" not in result.output
    assert "prompts" in result.output


def test_without_litellm_the_tokenizer_files_are_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    absent: Callable[[str], None] = lambda name: None  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    with pytest.raises(fit_tokens.click.ClickException, match="not installed"):
        fit_tokens.tokenizer("o200k_base")


def test_the_catalog_written_here_is_one_that_gettext_reads(catalogs: Path) -> None:
    with (catalogs / "ru" / "LC_MESSAGES" / "good.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Cannot read file 1") == f"{RUSSIAN} 1"
