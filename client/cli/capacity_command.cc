// SPDX-License-Identifier: Apache-2.0
#include "client/cli/commands.h"

namespace recurve {
namespace {

constexpr char kCapacityFooter[] = R"(
Examples:
  recurve capacity budget --layers 2 --hidden 1024 --batch 32 --length 1000 --max-slowdown 1.25
      the smallest memory in which a model trains at most a quarter slower than with every tape kept
  recurve capacity fit --layers 2 --hidden 1024 --length 1000 --memory 16GiB
      the largest batch that a device of 16 GiB holds

A job is a model, such as --hidden 1024, or a chain of links whose sizes are known (--length, --state-bytes,
--tape-bytes). Each answer takes microseconds to milliseconds and is exact in bytes; docs/scheduling.md has more.
With --planner HOST:PORT a recurve-planner answers, without it this process.)";

}  // namespace

Command AddCapacityCommand(const Section& section) {
  return AddCommandGroup(section, "capacity",
                         "questions before a job is placed: how much memory, time, how large a job", kCapacityFooter,
                         {AddCapacityAdviseCommand, AddCapacityBudgetCommand, AddCapacityCurveCommand,
                          AddCapacityFitCommand, AddCapacityLengthsCommand, AddCapacitySplitCommand});
}

}  // namespace recurve
