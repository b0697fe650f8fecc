"""What every test gets: a scrubbed environment, so that no key of the machine decides a test."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import Postgres, postgres_server
from tests.small_world import fit_small_bundle

# LiteLLM reads this when it is imported, which is before any fixture runs.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

# What a user keeps of journals, catalogs and logins is not the tests' to read or write.
_HOME = tempfile.mkdtemp(prefix="heimdall-tests-")
os.environ |= {"XDG_STATE_HOME": f"{_HOME}/state", "XDG_CACHE_HOME": f"{_HOME}/cache"}
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

_SECRET_ENDINGS = ("_API_KEY", "_TOKEN", "_MASTER_KEY")


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.endswith(_SECRET_ENDINGS):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_catalog_is_left_running() -> Iterator[None]:
    """What a test starts it ends: a catalog that goes on being read would disturb the tests after it."""
    before = threading.enumerate()
    yield
    started = [one for one in threading.enumerate() if one not in before]
    assert [one.name for one in started if one.name == "heimdall-catalog"] == []


settings.register_profile("heimdall", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("heimdall")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all tests; each takes a database of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty journal, in each of the databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kept/journal.sqlite"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.database())


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle fitted on the small world; shared, so not to be changed."""
    return fit_small_bundle(tmp_path_factory.mktemp("small-world"))


@pytest.fixture
def bundle_path(small_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the small bundle that a test may damage."""
    return Path(shutil.copytree(small_bundle, tmp_path / "bundle"))
