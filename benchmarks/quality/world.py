"""What every part of the benchmark measures on: prompts as each router reads them, and Heimdall fitted."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.core.embedding import StaticEmbedding
from training.data import Example
from training.fit import Inputs, fit
from training.pairs import family

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]
NO_PRIORS = "model,source,category,score,date\n"


def say(message: str, started: float = time.monotonic()) -> None:
    """Show progress."""
    print(f"[{time.monotonic() - started:6.1f} s] {message}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Part:
    """Some prompts: as examples, as Heimdall's inputs, and their MiniLM vectors (n, 384) if there are any."""

    examples: Sequence[Example]
    inputs: Inputs
    minilm: Matrix | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def rows(self, at: NDArray[np.intp]) -> Part:
        """Keep the prompts at these positions, in this order."""
        minilm = None if self.minilm is None else self.minilm[at]
        return Part([self.examples[i] for i in at.tolist()], self.inputs.rows(at), minilm)

    def of(self, source: str) -> Part:
        """Keep one source."""
        return self.rows(np.flatnonzero([example.source == source for example in self.examples]))

    def without(self, families: Collection[str]) -> Part:
        """Leave families out."""
        kept = [family(example.source) not in families for example in self.examples]
        return self.rows(np.flatnonzero(kept))


@dataclass(frozen=True, slots=True)
class World:
    """The two files, and bundles fitted on the first; `folder` is scratch space, `priors` may be None."""

    train: Part
    test: Part
    embedding: StaticEmbedding
    priors: Path | None
    folder: Path
    _bundles: dict[frozenset[str], Bundle] = field(default_factory=dict)

    def bundle(self, left_out: Collection[str] = ()) -> Bundle:
        """Heimdall's recipe, fitted on the training file without some families; each is fitted once."""
        key = frozenset(left_out)
        if key not in self._bundles:
            known = self.train.without(key)
            out = self.folder / f"bundle-{len(self._bundles)}"
            fit(
                known.examples,
                self._priors_file(),
                self.embedding,
                out,
                inputs=known.inputs,
                progress=lambda _: None,
            )
            self._bundles[key] = load_bundle(out, canary=False)
            say(f"fitted without {', '.join(sorted(key)) or 'leaving anything out'}")
        return self._bundles[key]

    def _priors_file(self) -> Path:
        if self.priors is not None:
            return self.priors
        empty = self.folder / "no-priors.csv"
        empty.write_text(NO_PRIORS, encoding="utf-8")
        return empty
