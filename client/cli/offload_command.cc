// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "client/cli/chain_answer.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/option_values.h"
#include "client/cli/planner_option.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kOffloadFooter[] = R"(
Examples:
  recurve plan offload --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --memory 4MiB --host-memory 64MiB
      --forward-cost 100 --backward-cost 200 --host-write-cost 150 --host-read-cost 150
  recurve plan offload --length 100 --state-bytes 1 --memory 3 --host-memory 10 --forward-cost 1 --host-read-cost 2
      in slots of one state, as in the literature; no tape is stored

Costs are integers in any unit, such as microseconds; the default is 0. States may be stored on the device or the host,
tapes on the device only. With --host-memory, train and submit make such plans themselves from measured costs.)";

struct OffloadOptions {
  std::optional<int64_t> length, state_bytes, tape_bytes, memory, host_memory, taped_forward_cost;
  TwoLevelRequest request;
  bool start_on_host = false;
  ServiceOption planner;
  bool json = false;
};

absl::StatusOr<TwoLevelRequest> RequestOf(const OffloadOptions& options) {
  if (!options.length || !options.state_bytes || !options.memory) {
    return absl::InvalidArgumentError("--length, --state-bytes and --memory are required");
  }
  TwoLevelRequest request = options.request;
  request.length = *options.length;
  request.state_bytes = *options.state_bytes;
  request.tape_bytes = options.tape_bytes.value_or(kMaxBytes);
  request.device.bytes = *options.memory;
  request.host.bytes = options.host_memory.value_or(0);
  request.taped_forward_cost = options.taped_forward_cost.value_or(request.forward_cost);
  request.start = options.start_on_host ? Level::kHost : Level::kDevice;
  RETURN_IF_ERROR(CheckRequest(request));
  return request;
}

ExitStatus RunOffload(const OffloadOptions& options) {
  CatchInterrupts();
  const absl::StatusOr<TwoLevelRequest> request = RequestOf(options);
  if (!request.ok()) return Fail(request.status(), ExitStatus::kUsage);
  const absl::StatusOr<TwoLevelPlan> plan =
      MakeChainPlannerFor(options.planner)->PlanTwoLevel(*request, WhenInterrupted());
  if (!plan.ok()) return Fail(WithoutPlannerHint(plan.status(), options.planner));
  if (options.json) {
    PrintJson(TwoLevelJson(*request, *plan));
  } else {
    std::fputs(TwoLevelText(*request, *plan).c_str(), stdout);
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddPlanOffloadCommand(const Section& section) {
  CLI::App& offload = AddCommand(
      section, "offload", "cheapest schedule for a chain that may also store states on the host", kOffloadFooter);
  auto options = std::make_shared<OffloadOptions>();
  TwoLevelRequest& request = options->request;
  AddCount(offload, "--length", options->length, "links of the chain, 1 to 20,000");
  AddBytes(offload, "--state-bytes", options->state_bytes, "size of one state");
  AddBytes(offload, "--tape-bytes", options->tape_bytes, "size of one link's tape; default: store no tapes");
  AddBytes(offload, "--memory", options->memory,
           "for states and tapes stored on the device, excluding the start state and the working set");
  AddBytes(offload, "--host-memory", options->host_memory, "for states stored on the host; default: none");
  AddCount(offload, "--forward-cost", request.forward_cost, "of one link without tape");
  AddCount(offload, "--taped-forward-cost", options->taped_forward_cost,
           "of one link with tape; default: --forward-cost");
  AddCount(offload, "--backward-cost", request.backward_cost, "of one link");
  AddCount(offload, "--host-write-cost", request.host.write_cost, "of one state to the host");
  AddCount(offload, "--host-read-cost", request.host.read_cost, "of one state from the host");
  AddCount(offload, "--device-write-cost", request.device.write_cost, "of one state to the device's store");
  AddCount(offload, "--device-read-cost", request.device.read_cost, "of one state from the device's store");
  AddFlag(offload, "--start-on-host", options->start_on_host, "the start state is kept on the host");
  AddPlannerOption(offload, options->planner);
  AddFlag(offload, "--json", options->json, "print one JSON object");
  return {.app = &offload, .run = [options] { return RunOffload(*options); }};
}

}  // namespace recurve
