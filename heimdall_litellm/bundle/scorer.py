"""LightGBM's prediction, called in its C library directly.

Why not `import lightgbm`: it costs 60–135 MB and up to a second in every worker, and one row
through `Booster.predict` 33 µs against 9 µs here. The library's file is found without importing
the package. `LGBM_BoosterPredictForMatSingleRowFast` wants a configuration of its own per
thread, with buffers that live as long (LightGBM's `c_api.h`).

Threads: LightGBM brings OpenMP, whose pool does not survive a fork. One thread is asked for
before the library is loaded, and it is loaded late, by the worker that predicts.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import threading
import weakref
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from heimdall_litellm.core.types import FloatArray
from heimdall_litellm.errors import BundleError, BundleUnfit

_RAW_SCORE = 1
_CONTRIB = 3
_FLOAT32 = 0
_PARAMETERS = b"num_threads=1 verbosity=-1"
_LIBRARIES = ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll")


@cache
def library() -> ctypes.CDLL:
    """Load LightGBM's library, once per process. Raises BundleError if it isn't installed."""
    spec = importlib.util.find_spec("lightgbm")
    roots = [Path(root) for root in (spec.submodule_search_locations or ())] if spec else []
    found = [root / sub / name for root in roots for sub in ("lib", "bin", ".") for name in _LIBRARIES]
    path = next((candidate for candidate in found if candidate.is_file()), None)
    if path is None:
        raise BundleError("LightGBM's library was not found; install it: pip install lightgbm")
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise BundleError(f"LightGBM's library can't be loaded: {error}") from error
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
    loaded.LGBM_GetLastError.restype = ctypes.c_char_p
    return loaded


def _check(lib: ctypes.CDLL, status: int) -> None:
    if status != 0:
        detail = lib.LGBM_GetLastError().decode("utf-8", "replace")
        raise BundleUnfit(f"LightGBM refused the model: {detail}")


class _Lane:
    """One thread's fast configuration and buffers."""

    __slots__ = ("__weakref__", "config", "inputs", "inputs_at", "length", "outputs", "outputs_at")

    def __init__(self, lib: ctypes.CDLL, booster: ctypes.c_void_p, columns: int, classes: int) -> None:
        self.inputs = np.zeros(columns, np.float32)
        self.outputs = np.zeros(classes, np.float64)
        self.inputs_at = ctypes.c_void_p(self.inputs.ctypes.data)
        self.outputs_at = ctypes.c_void_p(self.outputs.ctypes.data)
        self.length = ctypes.c_int64(0)
        self.config = ctypes.c_void_p()
        _check(
            lib,
            lib.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster,
                ctypes.c_int(_RAW_SCORE),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(_FLOAT32),
                ctypes.c_int32(columns),
                ctypes.c_char_p(_PARAMETERS),
                ctypes.byref(self.config),
            ),
        )
        weakref.finalize(self, lib.LGBM_FastConfigFree, self.config)


class TriageScorer:
    """A LightGBM three-class model as a callable: (n_features,) float32 -> raw scores (3,).

    Safe to call from several threads. `model` is the text model; it must have been verified
    (`verify.py`) and tried (`canary.py`) before, because parsing is not safe on damaged text.
    Raises BundleUnfit if LightGBM refuses it, or if it wants another number of features.
    """

    def __init__(self, model: bytes, columns: int, classes: int = 3) -> None:
        self._lib = library()
        self._booster = ctypes.c_void_p()
        self._columns, self._classes = columns, classes
        iterations = ctypes.c_int(0)
        _check(
            self._lib,
            self._lib.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(model), ctypes.byref(iterations), ctypes.byref(self._booster)
            ),
        )
        weakref.finalize(self, self._lib.LGBM_BoosterFree, self._booster)
        self._expect("features", self._lib.LGBM_BoosterGetNumFeature, columns)
        self._expect("classes", self._lib.LGBM_BoosterGetNumClasses, classes)
        self._local = threading.local()

    def _expect(self, what: str, ask: Callable[..., int], wanted: int) -> None:
        count = ctypes.c_int(0)
        _check(self._lib, ask(self._booster, ctypes.byref(count)))
        if count.value != wanted:
            raise BundleUnfit(f"The triage model has {count.value} {what}, wanted {wanted}.")

    def __call__(self, vector: FloatArray) -> FloatArray:
        """Predict raw class scores (3,) for one row (n_features,)."""
        lane = getattr(self._local, "lane", None)
        if lane is None:
            lane = self._local.lane = _Lane(self._lib, self._booster, self._columns, self._classes)
        lane.inputs[:] = vector
        status = self._lib.LGBM_BoosterPredictForMatSingleRowFast(
            lane.config, lane.inputs_at, ctypes.byref(lane.length), lane.outputs_at
        )
        if status != 0:
            _check(self._lib, status)
        return lane.outputs.astype(np.float32)

    def contributions(self, vector: FloatArray) -> FloatArray:
        """Explain one row: SHAP values (classes, n_features + 1), the last column the bias.

        Slow (milliseconds); for `explain`, never for a request.
        """
        row = np.ascontiguousarray(vector, np.float32)
        result = np.zeros((self._classes, self._columns + 1), np.float64)
        length = ctypes.c_int64(0)
        status = self._lib.LGBM_BoosterPredictForMatSingleRow(
            self._booster,
            ctypes.c_void_p(row.ctypes.data),
            ctypes.c_int(_FLOAT32),
            ctypes.c_int32(self._columns),
            ctypes.c_int(1),
            ctypes.c_int(_CONTRIB),
            ctypes.c_int(0),
            ctypes.c_int(-1),
            ctypes.c_char_p(_PARAMETERS),
            ctypes.byref(length),
            ctypes.c_void_p(result.ctypes.data),
        )
        _check(self._lib, status)
        return result.astype(np.float32)
