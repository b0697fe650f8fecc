"""The OpenAPI document of our routes alone.

`python -m heimdall_litellm.web.openapi [DIRECTORY]` writes `openapi.json`; a test compares it with the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from fastapi.openapi.utils import get_openapi

from heimdall_litellm.web.app import make_app
from heimdall_litellm.web.backend import Backend
from heimdall_litellm.web.problems import ProblemDocument


def document() -> dict[str, Any]:
    """Return the document (OpenAPI 3.1)."""
    app = make_app(cast("Backend", None))  # which nobody asks for its shape
    made: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=app.description,
        routes=app.routes,
    )
    schemas = made["components"]["schemas"]
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"ProblemDocument": problem}
    # What FastAPI documents of its own accord, and doesn't answer here.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in made["paths"].values():
        for operation in operations.values():
            if "HTTPValidationError" in json.dumps(operation["responses"].get("422")):
                del operation["responses"]["422"]
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    return made


def text() -> str:
    """Return the text of `openapi.json`."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs", "openapi.json").write_text(text(), encoding="utf-8")
