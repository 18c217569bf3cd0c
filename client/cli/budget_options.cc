// SPDX-License-Identifier: Apache-2.0
#include "client/cli/budget_options.h"

#include "client/cli/option_values.h"

namespace recurve {

void AddBudgetOptions(CLI::App& app, BudgetOptions& options) {
  AddCount(app, "--length", options.length, "links of the chain, 1 to 10,000,000");
  const Section bytes(app, "Memory in bytes");
  AddBytes(bytes, "--state-bytes", options.state_bytes, "size of one state, such as 512KiB");
  AddBytes(bytes, "--tape-bytes", options.tape_bytes, "size of one link's tape; 0 is allowed");
  AddBytes(bytes, "--memory", options.memory,
           "for stored states and tapes, excluding the start state and the working set; 0 is allowed");
  const Section slots(app, "Memory in the paper's units");
  AddCount(slots, "--slots", options.slots,
           "slots of one hidden state (ism: internal state), including the start state");
  AddCount(slots, "--alpha", options.alpha, "size of an internal state in hidden states; default 1");
}

absl::StatusOr<PlanRequest> RequestOf(const BudgetOptions& options) {
  PlanRequest request{.length = options.length.value_or(0)};
  if (!options.length) return absl::InvalidArgumentError("--length is required: the number of links");
  const bool bytes = options.state_bytes || options.tape_bytes || options.memory;
  const bool slots = options.slots || options.alpha;
  if (bytes == slots) {
    return absl::InvalidArgumentError("give either --state-bytes, --tape-bytes and --memory, or --slots and --alpha");
  }
  if (bytes) {
    if (!options.state_bytes || !options.tape_bytes || !options.memory) {
      return absl::InvalidArgumentError("--state-bytes, --tape-bytes and --memory are needed together");
    }
    request.budget = ByteBudget{*options.state_bytes, *options.tape_bytes, *options.memory};
  } else {
    if (!options.slots) return absl::InvalidArgumentError("--alpha needs --slots");
    request.budget = SlotBudget{*options.slots, options.alpha.value_or(1)};
  }
  return request;
}

}  // namespace recurve
