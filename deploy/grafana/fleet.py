# SPDX-License-Identifier: Apache-2.0
"""All executors of an installation at a glance."""
from panels import Query, dashboard, stat, thresholds, timeseries, variables

P = "recurve_executor_"
CHECKPOINT_AGE = (f"time() - ({P}last_checkpoint_timestamp_seconds{{@}} or {P}run_start_timestamp_seconds{{@}})")

HEALTH = [
    stat("Executors up", "Executors that Prometheus can scrape. Normal: all that you run.", "none",
         ("sum(up{@})", "up"), thresholds(("red", None), ("green", 1))),
    stat("Broken promises", "Runs of jobs in this time range whose measured peak exceeded the planned one. Normal: 0.",
         "none", (f"round(sum(increase({P}broken_promises_total{{@}}[$__range])))", "broken"),
         thresholds(("green", None), ("red", 1))),
    stat("Failed jobs", "Jobs that failed in this time range. Normal: 0.", "none",
         (f'round(sum(increase({P}jobs_ended_total{{@,state="failed"}}[$__range])))', "failed"),
         thresholds(("green", None), ("orange", 1))),
    stat("Running jobs", "Jobs that train now.", "none", (f'sum({P}jobs{{@,state="running"}})', "running")),
    stat("Oldest checkpoint", "The most training that would be lost if an executor died now. Normal: minutes.", "s",
         (f"max({CHECKPOINT_AGE})", "age"), thresholds(("green", None), ("orange", 1800), ("red", 3600))),
    stat("State disk free", "Free share of the fullest file system of a state directory. Normal: over 20 %.",
         "percentunit", (f"min({P}state_disk_free_bytes{{@}} / {P}state_disk_size_bytes{{@}})", "free"),
         thresholds(("red", None), ("orange", 0.1), ("green", 0.2)), decimals=0),
]

JOBS = [
    timeseries("Jobs by state", "Jobs that have not ended. Normal: a queue that shrinks from time to time.", "none",
               [(f'sum by (state) ({P}jobs{{@,state=~"queued|planning|running|paused"}})', "{{state}}")], stacked=True),
    timeseries("Jobs ended", "Jobs per second that ended, by their final state. Normal: succeeded.", "ops",
               [(f"sum by (state) (rate({P}jobs_ended_total{{@}}[$__rate_interval]))", "{{state}}")], stacked=True),
    timeseries("Queue wait", "From the acceptance of a job to its start, for jobs that started. Gaps: no job started.",
               "s", [Query(f"histogram_quantile({quantile}, sum by (le) "
                           f"(rate({P}queue_wait_seconds_bucket{{@}}[$__rate_interval])))", legend)
                     for quantile, legend in ((0.5, "p50"), (0.99, "p99"))]),
]

PLANS = [
    timeseries("Plans by source", "Plans per second from the planner service (remote) and from the executor itself "
               "(embedded). Normal: remote, if --planner is set.", "ops",
               [(f"sum by (source) (rate({P}plans_total{{@}}[$__rate_interval]))", "{{source}}")], stacked=True),
    timeseries("Planner fallbacks", "Jobs per second that stopped using the planner service, by reason. Normal: 0.",
               "ops", [(f"sum by (reason) (rate({P}planner_fallbacks_total{{@}}[$__rate_interval]))", "{{reason}}")]),
    timeseries("Refusals", "Jobs per second refused because their memory limit is too low. Normal: 0, with exceptions.",
               "ops", [(f"sum by (instance) (rate({P}budget_refusals_total{{@}}[$__rate_interval]))", "{{instance}}")]),
]

MEMORY = [
    timeseries("Device memory", "Bytes promised to jobs, under the budget of a device. Normal: below the dashed line.",
               "bytes", [(f"{P}device_promised_bytes{{@}}", "promised {{instance}} {{device}}"),
                         (f"{P}device_budget_bytes{{@}}", "budget {{instance}} {{device}}")], limits=["budget"]),
    timeseries("Measured peak as a share of the budget", "Most bytes that a job has held, as a share of its limit. "
               "Normal: at most 100 %.", "percentunit",
               [(f"{P}measured_peak_bytes{{@}} / {P}budget_bytes{{@}}", "{{instance}} {{job_id}}")]),
    timeseries("Resident memory", "Physical memory of the executors: their jobs on the CPU and the program itself.",
               "bytes", [("process_resident_memory_bytes{@}", "{{instance}}")]),
]

WORK = [
    timeseries("Tokens per second", "Bytes predicted in training, without padding.", "cps",
               [(f"sum by (instance) (rate({P}tokens_total{{@}}[$__rate_interval]))", "{{instance}}")], stacked=True),
    timeseries("Processor time", "Processors in use. Normal: all that the executor may use, while jobs run on the CPU.",
               "none", [("rate(process_cpu_seconds_total{@}[$__rate_interval])", "{{instance}}")]),
    timeseries("Requests", "Calls per second of the executor's API, by code.", "reqps",
               [(f"sum by (code) (rate({P}requests_total{{@}}[$__rate_interval]))", "{{code}}")], stacked=True),
]

DISK = [
    timeseries("Checkpoint age", "Time since a job was last saved, or since its run began. Normal: up to minutes.",
               "s", [(CHECKPOINT_AGE, "{{instance}} {{job_id}}")]),
    timeseries("Checkpoint duration", "Training waits while one is written. Gaps: none was written.",
               "s", [(f"histogram_quantile(0.99, sum by (le, instance) "
                      f"(rate({P}checkpoint_seconds_bucket{{@}}[$__rate_interval])))", "p99 {{instance}}")]),
    timeseries("Failed checkpoints", "Checkpoints per second that could not be written. Normal: 0.", "ops",
               [(f"sum by (instance) (rate({P}checkpoint_failures_total{{@}}[$__rate_interval]))", "{{instance}}")]),
    timeseries("Free space for state", "Free bytes of the file system of the state directory.", "bytes",
               [(f"{P}state_disk_free_bytes{{@}}", "{{instance}}")]),
]

DASHBOARD = dashboard(
    "recurve-fleet", "Recurve / Fleet", "Executors: jobs, promises, memory, throughput, checkpoints.",
    variables(f"{P}build_info"),
    [("Health", 4, HEALTH), ("Jobs", 8, JOBS), ("Plans", 8, PLANS), ("Memory", 8, MEMORY), ("Work", 8, WORK),
     ("Checkpoints and disk", 8, DISK)])
