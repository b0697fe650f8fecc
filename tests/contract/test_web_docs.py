"""The OpenAPI document and the page about the HTTP API say what the code does."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from heimdall_litellm.web.openapi import document, text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
SOURCES = [
    path.read_text(encoding="utf-8")
    for folder in ("web", "plugin")
    for path in (ROOT / "heimdall_litellm" / folder).glob("*.py")
]


def test_the_committed_document_is_that_of_the_code() -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert committed == text(), "run python -m heimdall_litellm.web.openapi"


def test_the_generator_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["openapi", str(tmp_path)])
    monkeypatch.delitem(sys.modules, "heimdall_litellm.web.openapi")
    runpy.run_module("heimdall_litellm.web.openapi", run_name="__main__")
    assert json.loads((tmp_path / "openapi.json").read_text(encoding="utf-8")) == document()


def test_the_page_names_every_route() -> None:
    named = set(re.findall(r"`(?:GET|POST) (/[^`?]*)", PAGE))
    assert named == set(document()["paths"])


def test_the_page_explains_every_code() -> None:
    codes = {code for source in SOURCES for code in re.findall(r'"(heimdall_[a-z_]+)"', source)}
    listed = set(re.findall(r"^\| `(heimdall_[a-z_]+)` \|", PAGE, re.MULTILINE))
    of_requests = {"heimdall_bad_override", "heimdall_no_candidate", "heimdall_bad_request"}
    keys = {"heimdall_record", "heimdall_tried", "heimdall_code", "heimdall_litellm", "heimdall_attempts"}
    assert listed == (codes - keys) | of_requests


@pytest.mark.parametrize("example", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_is_json(example: str) -> None:
    json.loads(example)
