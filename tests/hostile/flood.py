# SPDX-License-Identifier: Apache-2.0
"""Many connections that send as fast as the daemon reads, on one thread."""
import selectors
import ssl
import time

MOST_GROWTH_MIB = 512
ATTACKS = {}  # by name: the function, the kinds of daemons, and by how many MiB their memory may grow


def attack(*kinds, most_growth_mib=MOST_GROWTH_MIB):
    """Registers an attack, a function of a Target and the time at which it ends, with the daemons that it concerns."""
    def register(function):
        ATTACKS[function.__name__] = (function, kinds, most_growth_mib)
        return function
    return register


class Flooder:
    """One connection: made by `open_connection(target)`, sends what `produce(state)` returns, again and again."""

    def __init__(self, target, open_connection, produce):
        self.target, self.open_connection, self.produce = target, open_connection, produce
        self.connection, self.rest = None, b""
        self.state = {}

    def reopen(self):
        self.state = {"stream": 1}
        self.rest = b""
        try:
            self.connection = self.open_connection(self.target)
            self.connection.setblocking(False)
        except OSError:
            self.connection = None
        return self.connection is not None

    def send(self):
        """False if the connection has ended."""
        if not self.rest:
            self.rest = memoryview(self.produce(self.state))
        try:
            self.rest = self.rest[self.connection.send(self.rest):]
            return True
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except OSError:
            self.connection.close()
            self.connection = None
            return False


def flood(target, until, connections, open_connection, produce, reads=False):
    """Keeps `connections` open and sends over all of them. Reads answers only with `reads`."""
    with selectors.DefaultSelector() as selector:
        idle = [Flooder(target, open_connection, produce) for _ in range(connections)]
        events = selectors.EVENT_WRITE | (selectors.EVENT_READ if reads else 0)
        while time.monotonic() < until:
            again = []
            for flooder in idle:
                if flooder.reopen():
                    selector.register(flooder.connection, events, flooder)
                else:
                    again.append(flooder)
            idle = again
            for key, ready in selector.select(0.05):
                if ready & selectors.EVENT_READ:
                    drop_answers(key.fileobj)
                if ready & selectors.EVENT_WRITE and not closes(key, selector):
                    continue
                if key.data.connection is None:
                    idle.append(key.data)


def closes(key, selector):
    connection = key.fileobj
    if key.data.send():
        return False
    selector.unregister(connection)
    return True


def drop_answers(connection):
    try:
        connection.recv(1 << 16)
    except OSError:
        pass


def hold(target, until, connections, open_connection, first=lambda state: b"", pause=0.2):
    """Keeps `connections` open, each of which has sent `first` once and never reads."""
    held = []
    while time.monotonic() < until:
        while len(held) < connections and time.monotonic() < until:
            try:
                one = open_connection(target)
                one.settimeout(1)
                held.append(one)
                one.sendall(first({"stream": 1}))
            except OSError:
                break
        time.sleep(pause)
    for one in held:
        one.close()
