// SPDX-License-Identifier: Apache-2.0
#include "client/cli/commands.h"

namespace recurve {
namespace {

constexpr char kCapacityFooter[] = R"(
Examples:
  recurve capacity budget --layers 2 --hidden 1024 --batch 32 --length 1000 --max-slowdown 1.25
      the smallest memory in which a model trains at most 25 % slower than with store-all
  recurve capacity fit --layers 2 --hidden 1024 --length 1000 --memory 16GiB
      the largest batch that a device of 16 GiB holds

A job is a model, such as --hidden 1024, or a chain of links whose sizes are known (--length, --state-bytes,
--tape-bytes). Each answer takes microseconds to milliseconds and is exact to the byte; see docs/scheduling.md.
With --planner HOST:PORT, a recurve-planner answers, otherwise this process.)";

}  // namespace

Command AddCapacityCommand(const Section& section) {
  return AddCommandGroup(section, "capacity", "capacity planning: memory, time and size of jobs before they are placed",
                         kCapacityFooter,
                         {AddCapacityAdviseCommand, AddCapacityBudgetCommand, AddCapacityCurveCommand,
                          AddCapacityFitCommand, AddCapacityLengthsCommand, AddCapacitySplitCommand});
}

}  // namespace recurve
