"""What `import heimdall_litellm` gives, and what it costs: nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import heimdall_litellm

_WATCHED_IMPORT = """
import json, sys
seen, before = [], set(sys.modules)
sys.addaudithook(lambda event, args: seen.append((event, str(args[0]) if args else "")))
import heimdall_litellm
heimdall_litellm.__version__
told = [(e, a) for e, a in seen if e.startswith(("open", "socket", "subprocess", "urllib"))]
print(json.dumps({"events": told, "modules": sorted(set(sys.modules) - before)}))
"""


def test_importing_opens_nothing_but_code_and_imports_no_other_package() -> None:
    child = subprocess.run(
        [sys.executable, "-c", _WATCHED_IMPORT], capture_output=True, text=True, check=True
    )
    seen = json.loads(child.stdout)
    opened = [(event, what) for event, what in seen["events"] if not what.endswith((".py", ".pyc"))]
    assert opened == []
    heavy = {"litellm", "lightgbm", "numpy", "pydantic", "yaml", "click", "rich", "asyncio", "socket"}
    assert heavy.isdisjoint(seen["modules"])


@pytest.mark.parametrize("name", [n for n in heimdall_litellm.__all__ if n not in ("heimdall", "simulated")])
def test_every_public_class_can_be_had(name: str) -> None:
    assert getattr(heimdall_litellm, name)


def test_a_name_that_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'bifrost'"):
        heimdall_litellm.bifrost  # noqa: B018


def test_the_simulated_provider_is_one_per_process() -> None:
    from heimdall_litellm.plugin import simulated

    vars(heimdall_litellm).pop("simulated", None)
    assert heimdall_litellm.simulated is simulated.build()
    assert heimdall_litellm.simulated is heimdall_litellm.simulated
