#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Part of a folder made by benchmarks/gpu/pack. A wrapper that runs a program with the packed libraries and those that
# stages.py found. Python scripts must not use these libraries.
pack=$(dirname "$(readlink -f "$0")")/../../..
LD_LIBRARY_PATH=$pack/lib${RECURVE_LIBRARIES:+:$RECURVE_LIBRARIES}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
  exec "$pack/programs/$(basename "$0")" "$@"
