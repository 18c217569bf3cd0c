# SPDX-License-Identifier: Apache-2.0
"""One running job. Its metrics end with it."""
from panels import dashboard, stat, thresholds, timeseries, variable, variables

P = "recurve_executor_"
M = '{@,job_id=~"$job_id"}'
HIDDEN = " Empty where callers of the executor need an identity."

NOW = [
    stat("Step", "Optimizer steps done.", "none", (f"max({P}step{M})", "step")),
    stat("Memory saved", "Share of the memory of store-all that the plan does without.", "percentunit",
         (f"1 - max({P}planned_peak_bytes{M}) / max({P}store_all_bytes{M})", "saved"), decimals=0),
    stat("Measured over planned peak", "Normal: 100 % once the first step is done. More is a broken promise.",
         "percentunit", (f"max({P}measured_peak_bytes{M}) / max({P}planned_peak_bytes{M})", "peak"),
         thresholds(("green", None), ("red", 1.000001)), decimals=1),
    stat("Since the last progress", "Time since the job finished a step, advanced an evaluation or wrote a checkpoint. "
         "Normal: a few batches.", "s", (f"time() - max({P}last_progress_timestamp_seconds{M})", "age"),
         thresholds(("green", None), ("orange", 300), ("red", 600))),
    stat("Checkpoint age", "Training that would be lost if the executor died now. Normal: minutes.", "s",
         (f"time() - max({P}last_checkpoint_timestamp_seconds{M} or {P}run_start_timestamp_seconds{M})", "age"),
         thresholds(("green", None), ("orange", 1800), ("red", 3600))),
]

MEMORY = [
    timeseries("Arena by kind", "Bytes by kind at the peak so far, under the budget. Normal: below the dashed line.",
               "bytes", [(f"sum by (kind) ({P}arena_bytes{M})", "{{kind}}"),
                         (f"max({P}budget_bytes{M})", "budget")], stacked=True, limits=["budget"]),
    timeseries("Peak", "Most bytes live at once, as planned and as measured, and the limit. Normal: planned and "
               "measured coincide once the first step is done.", "bytes",
               [(f"max({P}planned_peak_bytes{M})", "planned"), (f"max({P}measured_peak_bytes{M})", "measured"),
                (f"max({P}budget_bytes{M})", "budget")], limits=["budget"]),
    timeseries("Peak on the host", "The same for states on the host. Normal: 0 without --host-memory.", "bytes",
               [(f"max({P}planned_host_peak_bytes{M})", "planned"),
                (f"max({P}measured_host_peak_bytes{M})", "measured")]),
]

SPEED = [
    timeseries("Recompute ratio", "Link forwards per link of a batch; 1 means that nothing is recomputed. Normal: "
               "planned and measured coincide.", "none",
               [(f"max({P}planned_recompute_ratio{M})", "planned"),
                (f"max({P}measured_recompute_ratio{M})", "measured")]),
    timeseries("Batch time", "Forward and backward of a batch, as predicted from measured link costs and as measured.",
               "s", [(f"max({P}predicted_batch_seconds{M})", "predicted"),
                     (f"max({P}measured_batch_seconds{M})", "measured")]),
    timeseries("Prediction ratio", "Measured over predicted time, median of the last batches. Normal: 0.9 to 1.1, the "
               "green band, if nothing else uses the device.", "none", [(f"max({P}prediction_ratio{M})", "ratio")],
               band=thresholds(("orange", None), ("green", 0.9), ("orange", 1.1)), zero=False),
]

TRAINING = [
    timeseries("Loss", "Mean loss per prediction of the last batch, in nats. Normal: falls, with noise." + HIDDEN, "none",
               [(f"max({P}loss_nats{M})", "loss")], zero=False),
    timeseries("Held-out metric", "The last evaluation of the held-out part, in bits per byte. Needs --evaluate-every. "
               "Normal: falls; when it rises while the loss falls, the model overfits." + HIDDEN, "none",
               [(f"max({P}evaluation{M})", "held out")], zero=False),
    timeseries("Gradient norm", "Global norm of the gradient of the last batch, before clipping. Normal: steady. "
               "Spikes come before divergence." + HIDDEN, "none",
               [(f"max({P}gradient_norm{M})", "norm")]),
    timeseries("Steps per second", "Optimizer steps per second.", "ops",
               [(f"max(deriv({P}step{M}[$__rate_interval]))", "steps")]),
]

DASHBOARD = dashboard(
    "recurve-job", "Recurve / Job", "One running job: memory, speed and training.",
    variables(f"{P}build_info", variable("job_id", "Job ID", f"label_values({P}step{{@}}, job_id)", several=False)),
    [("Now", 4, NOW), ("Memory", 8, MEMORY), ("Speed", 8, SPEED), ("Training", 8, TRAINING)])
