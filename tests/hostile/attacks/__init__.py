# SPDX-License-Identifier: Apache-2.0
"""Every module registers its attacks in flood.ATTACKS."""
from attacks import connections, frames, headers, messages, readers, senders  # noqa: F401
