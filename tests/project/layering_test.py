#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when an include goes against the ladder of layers, when folders form a cycle, or when a layer sees a package it
must not see. CONTRIBUTING.md explains the ladder.

usage: layering_test.py REPOSITORY
"""
import pathlib
import re
import sys

# Each folder and the folders it may include from, itself apart. A folder that is not listed here may not exist.
LADDER = {
    "planner_service/status": [],
    "planner_service/process": ["planner_service/status"],
    "planner_service/text": ["planner_service/status"],
    "planner_service/trace": [],
    "planner_service/fields": ["planner_service/status", "planner_service/text"],
    "planner_service/schedule": ["planner_service/status"],
    "planner_service/planning": ["planner_service/fields", "planner_service/schedule", "planner_service/status"],
    "planner_service/verification": ["planner_service/fields", "planner_service/planning", "planner_service/schedule", "planner_service/status"],
    "planner_service/checkpoint_schedules": ["planner_service/verification", "planner_service/schedule",
                                             "planner_service/status", "planner_service/text"],
    "planner_service/model": ["planner_service/fields", "planner_service/planning", "planner_service/status"],
    "planner_service/capacity": ["planner_service/fields", "planner_service/model", "planner_service/planning", "planner_service/schedule",
                                 "planner_service/status"],
    "planner_service/codec": ["planner_service/fields", "planner_service/capacity", "planner_service/model", "planner_service/verification",
                              "planner_service/planning", "planner_service/schedule", "planner_service/status"],
    "planner_service/tls": ["planner_service/status"],
    "planner_service/access": ["planner_service/process", "planner_service/status", "planner_service/text",
                               "planner_service/tls"],
    "planner_service/grpc_server": ["planner_service/access", "planner_service/process", "planner_service/status", "planner_service/text",
                                    "planner_service/tls", "planner_service/trace"],
    "planner_service/client": ["planner_service/capacity", "planner_service/codec", "planner_service/grpc_server",
                               "planner_service/verification", "planner_service/planning", "planner_service/status",
                               "planner_service/tls", "planner_service/trace"],
    "planner_service/service": ["planner_service/access", "planner_service/capacity", "planner_service/codec", "planner_service/grpc_server", "planner_service/model",
                                "planner_service/verification", "planner_service/planning", "planner_service/process",
                                "planner_service/schedule", "planner_service/status", "planner_service/text"],
    "executor/backend": ["planner_service/fields", "planner_service/model", "planner_service/status"],
    "executor/backend/cpu": ["executor/backend", "planner_service/model", "planner_service/process",
                             "planner_service/status"],
    "executor/backend/cuda": ["executor/backend", "planner_service/model", "planner_service/process",
                              "planner_service/status"],
    "executor/data": ["planner_service/status", "planner_service/text"],
    "executor/checkpoint": ["executor/data", "planner_service/fields", "planner_service/status",
                            "planner_service/text"],
    "executor/model": ["executor/backend", "executor/data", "planner_service/model", "planner_service/status",
                       "planner_service/text"],
    "executor/engine": ["executor/model", "executor/backend", "executor/data", "planner_service/model",
                        "planner_service/planning", "planner_service/schedule", "planner_service/status"],
    "executor/task": ["executor/model", "executor/backend", "executor/data", "planner_service/fields",
                      "planner_service/model", "planner_service/planning", "planner_service/status"],
    "executor/task/language_model": ["executor/task", "executor/engine", "executor/model", "executor/backend",
                                     "executor/data", "planner_service/fields", "planner_service/model",
                                     "planner_service/planning", "planner_service/status", "planner_service/text"],
    "executor/job": ["planner_service/fields", "executor/checkpoint", "executor/task", "executor/engine", "executor/model", "executor/backend", "executor/backend/cpu",
                     "executor/backend/cuda", "executor/data", "planner_service/model", "planner_service/planning",
                     "planner_service/process", "planner_service/schedule", "planner_service/status",
                     "planner_service/text"],
    "executor/profile": ["executor/job", "executor/model", "executor/backend", "planner_service/model",
                         "planner_service/planning", "planner_service/status"],
    "executor/transfers": ["executor/checkpoint", "executor/data", "executor/model", "planner_service/access",
                           "planner_service/grpc_server",
                           "planner_service/process", "planner_service/status", "planner_service/text"],
    "executor/codec": ["executor/job", "executor/task/language_model", "planner_service/codec",
                       "planner_service/status"],
    "executor/store": ["executor/data", "planner_service/process", "planner_service/status", "planner_service/text"],
    "executor/daemon": ["executor/codec", "executor/job", "executor/model", "executor/data", "executor/store", "executor/transfers", "planner_service/access", "planner_service/client",
                        "planner_service/grpc_server", "planner_service/model", "planner_service/planning",
                        "planner_service/process", "planner_service/status", "planner_service/text",
                        "planner_service/tls", "planner_service/trace"],
    "client": ["executor/data", "planner_service/client", "planner_service/grpc_server", "planner_service/status",
               "planner_service/tls", "planner_service/trace"],
    "client/pictures": ["planner_service/capacity", "planner_service/planning", "planner_service/schedule",
                        "planner_service/text"],
    "client/tensorboard": ["executor/data", "planner_service/status"],
    "client/doctor": ["executor/backend/cpu", "executor/data", "executor/job", "executor/store",
                      "planner_service/client", "planner_service/grpc_server", "planner_service/process",
                      "planner_service/status", "planner_service/text", "planner_service/tls"],
    "client/cli": ["planner_service/fields", "planner_service/grpc_server", "client", "client/doctor", "client/pictures", "client/tensorboard", "executor/codec", "executor/profile", "executor/job", "executor/task",
                   "executor/task/language_model", "executor/backend", "executor/backend/cpu", "executor/data",
                   "planner_service/capacity", "planner_service/checkpoint_schedules", "planner_service/client",
                   "planner_service/model", "planner_service/planning", "planner_service/process",
                   "planner_service/schedule", "planner_service/status", "planner_service/text",
                   "planner_service/tls", "planner_service/trace", "planner_service/verification"],
}
# The list of all tasks lies in the folder that they build on.
REGISTRY, TASKS = "executor/task/registry.cc", "executor/task/"
# Of the folders at the top, each may include from those before it.
TOP_LEVEL = ["planner_service", "executor", "client"]

# What only some folders may see of the packages outside.
PACKAGES = {
    r"grpc(pp)?/|.*\.grpc\.pb\.h": ["planner_service/access", "planner_service/grpc_server", "planner_service/client", "planner_service/service",
                                    "executor/daemon", "executor/transfers", "client", "client/cli"],
    r"google/protobuf/|recurve/.*\.pb\.h": ["planner_service/codec", "planner_service/grpc_server",
                                            "planner_service/client", "planner_service/service",
                                            "executor/codec", "executor/store", "executor/daemon", "executor/transfers", "client",
                                            "client/cli"],
    r"prometheus/": ["planner_service/grpc_server", "planner_service/service", "executor/daemon"],
    r"gnutls/|microhttpd\.h": ["planner_service/grpc_server"],
    r"openssl/(?!evp)": ["planner_service/access", "planner_service/tls", "planner_service/grpc_server"],
    r"sqlite3\.h": ["executor/store"],
    r"spdlog/": ["planner_service/access", "planner_service/grpc_server", "planner_service/service", "executor/daemon"],
    r"CLI/": ["planner_service/grpc_server", "planner_service/service", "executor/daemon", "client/cli"],
}
# The command line is built without services, too: its other files see no gRPC and no protobuf, not even through headers.
WITH_SERVICES = ["cancel_command.cc", "checkpoints_command.cc", "control_commands.cc", "devices_command.cc",
                 "event_display.cc", "file_upload.cc", "job_messages.cc", "job_watch.cc", "jobs_command.cc", "log_command.cc",
                 "schedule_service.cc", "submit_command.cc", "transfer_commands.cc", "watch_command.cc"]
NETWORK = re.compile(r"grpc(pp)?/|google/protobuf/|.*\.pb\.h")
# CLI11 is slow to compile: these alone include it in client/cli.
WITH_CLI11 = ["command_line.cc", "option_values.cc"]
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def includes_below(root: pathlib.Path, name: str, seen: set) -> set:
    """Everything that a file includes, itself and through headers of the repository."""
    for include in INCLUDE.findall((root / name).read_text()):
        if include not in seen:
            seen.add(include)
            if (root / include).exists():
                includes_below(root, include, seen)
    return seen


def command_line_faults(root: pathlib.Path) -> list:
    faults = []
    for path in sorted((root / "client/cli").glob("*.cc")):
        name = path.relative_to(root).as_posix()
        for include in sorted(includes_below(root, name, set())):
            if NETWORK.match(include) and path.name not in WITH_SERVICES:
                faults.append(f"{name}: sees {include}, which a build without services does not have")
            if include.startswith("CLI/") and path.name not in WITH_CLI11:
                faults.append(f"{name}: sees {include}; leave that to {' and '.join(WITH_CLI11)}")
    return faults


def main(root: pathlib.Path) -> int:
    errors = []
    edges = {}
    seen = 0
    for top in TOP_LEVEL:
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc", ".cu", ".cuh", ".inc"):
                continue
            seen += 1
            folder = path.parent.relative_to(root).as_posix()
            name = path.relative_to(root).as_posix()
            if folder not in LADDER:
                errors.append(f"{name}: folder {folder} is not in the ladder of {pathlib.Path(__file__).name}")
                continue
            for include in INCLUDE.findall(path.read_text()):
                if (root / include).exists():
                    other = pathlib.PurePosixPath(include).parent.as_posix()
                    if other != folder and not (name == REGISTRY and other.startswith(TASKS)):
                        edges.setdefault(folder, set()).add(other)
                        if other not in LADDER[folder]:
                            errors.append(f"{name}: includes {include}, but {folder} may not depend on {other}")
                        tops = [TOP_LEVEL.index(f.split("/")[0]) for f in (folder, other)]
                        if tops[1] > tops[0]:
                            errors.append(f"{name}: includes {include}, but {TOP_LEVEL[tops[0]]} comes before {TOP_LEVEL[tops[1]]}")
                for pattern, allowed in PACKAGES.items():
                    if re.match(pattern, include) and folder not in allowed:
                        errors.append(f"{name}: includes {include}, which {folder} must not see")
                if path.suffix in (".cu", ".cuh") and include.startswith("absl/"):
                    errors.append(f"{name}: includes {include}; device code does not see Abseil")
    state = {}

    def visit(folder, trail):
        if state.get(folder) == "done":
            return
        if folder in trail:
            errors.append("cycle: " + " -> ".join(trail[trail.index(folder):] + [folder]))
            return
        for other in sorted(edges.get(folder, ())):
            visit(other, trail + [folder])
        state[folder] = "done"

    for folder in sorted(edges):
        visit(folder, [])
    errors += command_line_faults(root)
    if seen == 0:
        errors.append(f"{root}: no sources found")
    print("\n".join(errors) if errors else f"{seen} files keep to the ladder")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
