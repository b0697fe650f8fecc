"""Routing quality beside the alternatives, on prompts that nothing here was fitted on.

    python -m benchmarks.quality --train FILE --test FILE [--priors FILE] [--teacher-vectors DIR]
                                 [--plots DIR] [--json]

Fitted routers see the training file only. Two kinds of choice:

- *two models* (`two_models.py`): rank the prompts of a source by difficulty; APGR (`training/measures.py`).
- *many models* (`many.py`): pick one of all that answered; the share recovered of the gap between a blind mix
  and an oracle (`training/cost_quality.py`).

Both in distribution and with whole families of benchmarks left out of the fit, which is how a router meets
traffic that nobody labelled; the first also with few labels, and trained on the benchmark's own family alone.

`--priors` are the published figures of models that a bundle is fitted with; without them, Heimdall goes by
outcomes alone among many models. kNN and clusters on MiniLM need the extra `teacher`, or its vectors in
`--teacher-vectors`; TF-IDF and plots need the extra `quality`.
"""
