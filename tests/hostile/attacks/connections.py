# SPDX-License-Identifier: Apache-2.0
"""Connections that are opened and left alone, or of which there are too many."""
import os
import time

import http2
from flood import attack, flood, hold

MORE_THAN_DESCRIPTORS = 600


@attack("planner", "executor", "planner-tls")
def silent_connections(target, until):
    """As many as there are descriptors, and not a byte over any of them."""
    hold(target, until, MORE_THAN_DESCRIPTORS, http2.connect)


@attack("planner", "executor", "planner-tls")
def half_a_handshake(target, until):
    """A part of the preface, or of a ClientHello, and then nothing."""
    start = b"\x16\x03\x01\x02\x00\x01\x00" if target.tls else http2.PREFACE[:10]
    hold(target, until, MORE_THAN_DESCRIPTORS, http2.connect, lambda state: start)


@attack("planner", "executor")
def no_settings(target, until):
    """The preface without the SETTINGS that must follow."""
    hold(target, until, MORE_THAN_DESCRIPTORS, http2.connect, lambda state: http2.PREFACE)


@attack("planner", "executor")
def idle_connections(target, until):
    """As many complete HTTP/2 connections as there are descriptors."""
    hold(target, until, MORE_THAN_DESCRIPTORS, http2.open_http2)


@attack("planner", "executor", "planner-tls")
def connect_and_leave(target, until):
    """Connections that are closed at once, as fast as they can be made."""
    while time.monotonic() < until:
        try:
            http2.connect(target).close()
        except OSError:
            time.sleep(0.01)


@attack("planner", "executor", "planner-tls")
def garbage(target, until):
    """Random bytes in place of a handshake."""
    noise = os.urandom(1 << 16)
    flood(target, until, 20, http2.connect, lambda state: noise)


@attack("planner-tls")
def garbage_in_tls(target, until):
    """Random bytes after the preface, within TLS."""
    noise = os.urandom(1 << 12)
    flood(target, until, 20, http2.open_http2, lambda state: noise)


@attack("planner", "executor")
def metrics_slow_loris(target, until):
    """Requests to the metrics port that never end."""
    target.port = target.metrics_port
    hold(target, until, MORE_THAN_DESCRIPTORS, http2.connect, lambda state: b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-")


@attack("planner", "executor")
def metrics_header_flood(target, until):
    """A request to the metrics port whose headers never end."""
    target.port = target.metrics_port

    def produce(state):
        start = b"" if state.get("begun") else b"GET /metrics HTTP/1.1\r\nHost: a\r\n"
        state["begun"] = True
        return start + b"X-Name: value\r\n" * 4096
    flood(target, until, 20, http2.connect, produce)


@attack("planner", "executor")
def metrics_slow_reader(target, until):
    """Pipelined requests to the metrics port whose answers are never read."""
    target.port = target.metrics_port
    requests = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 64
    flood(target, until, 20, lambda target: http2.connect(target, receive_buffer=2048), lambda state: requests)
