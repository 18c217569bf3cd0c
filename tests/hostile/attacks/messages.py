# SPDX-License-Identifier: Apache-2.0
"""Requests that are declared and not sent, or sent and too large."""
import struct

import http2
from flood import attack, flood, hold
from daemons import HONEST_CALLS

STREAMS = 256  # that a daemon allows per connection


def begun_calls(path, first_data):
    """Calls of all streams of a connection, each with its headers and its first bytes."""
    headers = http2.request_headers(path)

    def first(state):
        streams = range(1, 2 * STREAMS, 2)
        return b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers) +
                        http2.frame(http2.DATA, 0, stream, first_data) for stream in streams)
    return first


@attack("planner", "executor")
def declared_4_gib(target, until):
    """Messages whose length is declared as 4 GiB."""
    first = begun_calls(HONEST_CALLS[target.kind][0], b"\0" + struct.pack(">I", 2**32 - 1) + b"x" * 100)
    hold(target, until, 20, http2.open_http2, first)


@attack("planner", "executor")
def declared_and_not_sent(target, until):
    """Messages of 4 MiB, the limit, of which only the first bytes come."""
    first = begun_calls(HONEST_CALLS[target.kind][0], b"\0" + struct.pack(">I", 4 << 20) + b"x" * 100)
    hold(target, until, 40, http2.open_http2, first)


# The quota for arriving requests is a target, which gRPC exceeds for a moment: see ServerOptions::max_transport_bytes.
@attack("planner", "executor", "planner-tls", most_growth_mib=384)
def large_requests(target, until):
    """Requests of just under 4 MiB on many streams at once, as far as the daemon's windows allow."""
    path = HONEST_CALLS[target.kind][0]
    headers = http2.request_headers(path)
    declared = b"\0" + struct.pack(">I", (4 << 20) - 1)
    piece = http2.field(15, b"x" * 8000)

    def produce(state):
        blob = []
        for _ in range(16):
            stream = state["stream"]
            state["stream"] = stream + 2 if stream < 2 * STREAMS else 1
            if stream not in state:
                state[stream] = True
                blob += [http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers),
                         http2.frame(http2.DATA, 0, stream, declared)]
            blob.append(http2.frame(http2.DATA, 0, stream, piece))
        return b"".join(blob)
    flood(target, until, 20, http2.open_http2, produce, reads=True)


@attack("planner", "executor")
def compressed_bomb(target, until):
    """Messages that say that they are compressed and expand a thousandfold."""
    import gzip
    bomb = gzip.compress(b"\0" * (64 << 20), 9)
    path = HONEST_CALLS[target.kind][0]
    headers = http2.request_headers(path, [(b"grpc-encoding", b"gzip")])
    parts = b"\1" + struct.pack(">I", len(bomb)) + bomb
    pieces = [parts[i:i + 16384] for i in range(0, len(parts), 16384)]

    def produce(state):
        stream, state["stream"] = state["stream"], state["stream"] + 2
        return http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers) + b"".join(
            http2.frame(http2.DATA, http2.END_STREAM if piece is pieces[-1] else 0, stream, piece) for piece in pieces)
    flood(target, until, 20, http2.open_http2, produce, reads=True)
