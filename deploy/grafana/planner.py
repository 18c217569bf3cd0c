# SPDX-License-Identifier: Apache-2.0
"""The planner service."""
from panels import Query, dashboard, heatmap, stat, thresholds, timeseries, variables

P = "recurve_planner_"
ERRORS = 'code=~"INTERNAL|UNKNOWN|UNAVAILABLE|DATA_LOSS|DEADLINE_EXCEEDED"'


def quantiles(metric):
    return [Query(f"histogram_quantile({quantile}, sum by (le) (rate({metric}_bucket{{@}}[$__rate_interval])))", legend)
            for quantile, legend in ((0.5, "p50"), (0.99, "p99"))]


HEALTH = [
    stat("Planners up", "Planners that Prometheus can scrape. Normal: all that you run.", "none",
         ("sum(up{@})", "up"), thresholds(("red", None), ("green", 1))),
    stat("Requests per second", "RPCs answered.", "reqps",
         (f"sum(rate({P}requests_total{{@}}[$__rate_interval]))", "requests"), decimals=1),
    stat("Shed", "Requests rejected in this time range for lack of room or memory. Normal: 0.", "none",
         (f"round(sum(increase({P}shed_total{{@}}[$__range])))", "shed"), thresholds(("green", None), ("orange", 1))),
    stat("Memo hit ratio", "Share of plans that needed no solve of their own. Normal: high once the jobs repeat.",
         "percentunit", (f"1 - sum(rate({P}memo_misses_total{{@}}[$__rate_interval])) / sum("
                         f"rate({P}memo_hits_total{{@}}[$__rate_interval]) + "
                         f"rate({P}memo_shared_total{{@}}[$__rate_interval]) + "
                         f"rate({P}memo_misses_total{{@}}[$__rate_interval]))", "hits"), decimals=0),
]

REQUESTS = [
    timeseries("Requests by method and code", "RPCs answered per second.", "reqps",
               [(f"sum by (method, code) (rate({P}requests_total{{@}}[$__rate_interval]))", "{{method}} {{code}}")],
               stacked=True),
    timeseries("Errors", "RPCs per second that ended with a fault of the service. Normal: none.", "reqps",
               [(f"sum by (method, code) (rate({P}requests_total{{@,{ERRORS}}}[$__rate_interval]))",
                 "{{method}} {{code}}")]),
    heatmap("Latency", "Answers by the time from arrival to answer. Normal: a band of memo hits below a millisecond, "
            "and solves above.", "s", f"sum by (le) (increase({P}request_seconds_bucket{{@}}[$__rate_interval]))"),
]

SOLVING = [
    timeseries("Solve time", "Time of solves, without memo and waiting. Gaps: nothing was solved.", "s",
               quantiles(f"{P}solve_seconds")),
    timeseries("Solving and waiting", "Requests being solved, and small and large requests waiting for a solver. "
               "Normal: no small one waits.", "none",
               [(f"sum by (instance) ({P}solves_in_flight{{@}})", "solving {{instance}}"),
                (f"sum by (instance, lane) ({P}solves_waiting{{@}})", "{{lane}} waiting {{instance}}")]),
    timeseries("Shed requests", "Requests per second rejected for lack of room or memory. Normal: 0.", "reqps",
               [(f"sum by (instance) (rate({P}shed_total{{@}}[$__rate_interval]))", "{{instance}}")]),
    timeseries("Refused by price", "Requests per second that would have taken more time or memory than the limits. "
               "Normal: 0.", "reqps",
               [(f"sum by (instance, limit) (rate({P}price_refusals_total{{@}}[$__rate_interval]))",
                 "{{limit}} {{instance}}")]),
    timeseries("Streams", "Open streams of actions, in either direction.", "none",
               [(f"sum by (instance) ({P}streams{{@}})", "{{instance}}")]),
]

MEMO = [
    timeseries("Memo answers", "Plans per second from the memo (hits), from a solve that an equal request had started "
               "(shared), and from their own solve (misses).", "reqps",
               [(f"sum(rate({P}memo_{name}_total{{@}}[$__rate_interval]))", name)
                for name in ("hits", "shared", "misses")], stacked=True),
    timeseries("Memo bytes", "Bytes in the memo, under its limit. Normal: it fills and stays full.", "bytes",
               [(f"{P}memo_bytes{{@}}", "used {{instance}}"), (f"{P}memo_capacity_bytes{{@}}", "limit {{instance}}")],
               limits=["limit"]),
    timeseries("Evictions", "Plans per second evicted from the memo. Normal: fewer than half of the misses.", "ops",
               [(f"sum by (instance) (rate({P}memo_evictions_total{{@}}[$__rate_interval]))", "{{instance}}")]),
]

PROCESS = [
    timeseries("Processor time", "Processors in use.", "none",
               [("rate(process_cpu_seconds_total{@}[$__rate_interval])", "{{instance}}")]),
    timeseries("Resident memory", "Physical memory of the planners: the memo, requests and the program.", "bytes",
               [("process_resident_memory_bytes{@}", "{{instance}}")]),
    timeseries("File descriptors", "Open file descriptors as a share of the limit. Normal: below 80 %.", "percentunit",
               [("process_open_fds{@} / process_max_fds{@}", "{{instance}}")]),
    timeseries("Connections refused", "Connections per second closed for lack of file descriptors. Normal: 0.", "cps",
               [("sum by (instance, port) (rate(recurve_server_connections_refused_total{@}[$__rate_interval]))",
                 "{{instance}} {{port}}")]),
]

DASHBOARD = dashboard(
    "recurve-planner", "Recurve / Planner", "The planner service: requests, solves, memo.", variables(f"{P}build_info"),
    [("Health", 4, HEALTH), ("Requests", 8, REQUESTS), ("Solving", 8, SOLVING), ("Memo", 8, MEMO),
     ("Process", 8, PROCESS)])
