# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frames and gRPC messages byte by byte, as no library would send them."""
import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
INITIAL_WINDOW_SIZE = 0x4
LARGEST_WINDOW = 2**31 - 1


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(**values):
    """For example, settings(initial_window=0)."""
    ids = {"header_table": 0x1, "initial_window": INITIAL_WINDOW_SIZE, "max_frame": 0x5}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", ids[name], value) for name, value in values.items()))


def window_update(stream, bytes_more):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", bytes_more))


def hpack_integer(value, prefix_bits, first=0):
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([first | value])
    coded, value = [first | most], value - most
    while value >= 128:
        coded.append(value % 128 + 128)
        value //= 128
    return bytes(coded + [value])


def header(name, value):
    """A literal header that is not indexed and not compressed."""
    return b"\0" + hpack_integer(len(name), 7) + name + hpack_integer(len(value), 7) + value


def request_headers(path, extra=()):
    fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path.encode()), (b":authority", b"localhost"),
              (b"te", b"trailers"), (b"content-type", b"application/grpc"), *extra]
    return b"".join(header(name, value) for name, value in fields)


def message(payload):
    """A gRPC message: not compressed, length, bytes."""
    return b"\0" + struct.pack(">I", len(payload)) + payload


def call(stream, path, payload, end=True):
    """A call with its request."""
    return (frame(HEADERS, END_HEADERS, stream, request_headers(path)) +
            frame(DATA, END_STREAM if end else 0, stream, message(payload)))


def varint(value):
    coded = []
    while value >= 128:
        coded.append(value % 128 + 128)
        value //= 128
    return bytes(coded + [value])


def field(number, value):
    """A field of a protobuf message: an integer, or bytes for strings and messages."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def connect(target, receive_buffer=None, source=None):
    """A connection without a byte sent, blocking, with a timeout. `target.source` is the address that attacks come from,
    so that they are a host of their own even on loopback."""
    plain = socket.socket()
    plain.settimeout(10)
    if receive_buffer is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        plain.bind((source or target.source, 0))
        plain.connect(("127.0.0.1", target.port))
    except OSError:
        plain.close()
        raise
    return plain


def open_http2(target, first=b"", receive_buffer=None, source=None):
    """A connection that has sent the preface, settings and `first`."""
    connection = connect(target, receive_buffer, source)
    if target.tls:
        connection = tls_context().wrap_socket(connection, server_hostname="localhost")
    connection.sendall(PREFACE + (first or settings()))
    return connection


def tls_context():
    """Accepts every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


class Frames:
    """Reads frames from a connection."""

    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def next(self):
        """(kind, flags, stream, payload), or None at the end of the connection."""
        while True:
            if len(self.buffer) >= 9:
                size = 9 + int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= size:
                    one, self.buffer = self.buffer[:size], self.buffer[size:]
                    return one[3], one[4], int.from_bytes(one[5:9], "big"), one[9:]
            more = self.connection.recv(1 << 16)
            if not more:
                return None
            self.buffer += more
