"""The generated parts of the documentation: the JSON Schema and the table of settings.

`python -m heimdall_litellm.config.docs [DIRECTORY]` writes both; a test compares them with the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from heimdall_litellm.config.loading import json_schema, setting_rows

BEGIN: Final = "<!-- settings: made by `python -m heimdall_litellm.config.docs`; a test compares -->"
END: Final = "<!-- /settings -->"


def schema_text() -> str:
    """Return the text of `settings.schema.json`."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def settings_table() -> str:
    """Return the table of all settings as Markdown."""
    lines = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    for key, default, allowed, meaning in setting_rows():
        shown = "" if "<name>" in key else f"`{json.dumps(default)}`"
        short = "a mapping from name to further keys" if "a mapping with" in allowed else allowed
        lines.append(f"| `{key}` | {shown} | {short} | {meaning} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return a page with the table between its two marks brought up to date."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_table()}\n\n{END}{after}"


def write(directory: Path) -> None:
    """Bring both files in `directory` up to date."""
    (directory / "settings.schema.json").write_text(schema_text(), encoding="utf-8")
    page = directory / "settings.md"
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
