#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Part of a folder made by benchmarks/gpu/pack. Stands in for a program and runs it with the libraries that came with it,
# and with those that stages.py found. Scripts of Python must not see these libraries.
pack=$(dirname "$(readlink -f "$0")")/../../..
LD_LIBRARY_PATH=$pack/lib${RECURVE_LIBRARIES:+:$RECURVE_LIBRARIES}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
  exec "$pack/programs/$(basename "$0")" "$@"
