"""Try a bundle's model where it can do no harm: in a process of its own, against the clock.

A damaged LightGBM model may abort the process, loop for ever or answer differently, and no
exception handler sees the first two. The child loads the verified files, predicts the golden
rows and compares; the parent only believes "ok" from a child that ended in time.

Run as `python -m heimdall_litellm.bundle.canary DIRECTORY MANIFEST_SHA256`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from heimdall_litellm.bundle.layout import GOLDEN, TRIAGE
from heimdall_litellm.bundle.scorer import TriageScorer
from heimdall_litellm.bundle.verify import VerifiedFiles, read_arrays, read_verified, take
from heimdall_litellm.errors import BundleDamaged, BundleError, BundleUnfit

TIME_LIMIT_S = 20.0
_TOLERANCE = 1e-4
_OK = "golden rows agree"


def golden_rows_agree(files: VerifiedFiles) -> None:
    """Predict the golden rows. Raises BundleUnfit if a score is off by more than 1e-4."""
    arrays = read_arrays(files, GOLDEN)
    inputs = take(arrays, "inputs", (None, None), np.float32)
    expected = take(arrays, "raw", (len(inputs), 3), np.float32)
    if not len(inputs):
        raise BundleDamaged("The bundle has no golden rows.")
    scorer = TriageScorer(files.contents[TRIAGE], inputs.shape[1])
    got = np.array([scorer(row) for row in inputs])
    if not np.allclose(got, expected, atol=_TOLERANCE, rtol=0):
        raise BundleUnfit("The triage model does not reproduce the bundle's golden rows.")


def try_in_child(files: VerifiedFiles, time_limit_s: float = TIME_LIMIT_S) -> None:
    """Run the canary in a child process. Raises BundleUnfit if it dies, hangs or disagrees."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", __name__, str(files.path.resolve()), files.manifest_sha256]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and module; the path is an argument
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=time_limit_s,
            cwd=root,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BundleUnfit(
            f"Bundle '{files.path}': its model gave no answer in {time_limit_s:g} s."
        ) from error
    except OSError as error:
        raise BundleUnfit(
            f"The canary for bundle '{files.path}' can't be started: {error.strerror}."
        ) from error
    if child.returncode < 0:
        raise BundleUnfit(f"Bundle '{files.path}': its model killed the canary (signal {-child.returncode}).")
    if child.returncode != 0 or _OK not in child.stdout:
        said = (child.stderr.strip().splitlines() or ["no word"])[-1]
        raise BundleUnfit(f"Bundle '{files.path}' failed its canary: {said}")


def main(arguments: list[str]) -> int:
    """Be the child: check one bundle, say so, and exit 0 or 1."""
    directory, manifest_sha256 = arguments
    try:
        files = read_verified(Path(directory))
        if files.manifest_sha256 != manifest_sha256:
            raise BundleDamaged("the manifest changed while it was being tried")
        golden_rows_agree(files)
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{_OK}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
