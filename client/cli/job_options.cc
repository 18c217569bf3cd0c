// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_options.h"

#include <set>
#include <string_view>

#include "client/cli/option_fields.h"
#include "client/cli/option_values.h"

namespace recurve {
namespace {

const std::set<std::string_view> kFirst = {"data_path", "length"};  // in the help, as in the README
const std::set<std::string_view> kByHand = {"memory_bytes", "activation_share", "all_free",  // all set by --memory
                                            "checkpoint_every", "checkpoint_seconds"};       // by --checkpoint-every
const std::set<std::string_view> kOfWholeTrainings = {
    "steps",          "max_seconds",      "save_path", "checkpoint_every",
    "evaluate_every", "keep_checkpoints", "keep_best", "patience"};

void AddOptions(CLI::App& app, JobSpec& spec, const std::set<std::string_view>& without) {
  OptionBinder first(app, [](std::string_view field) { return kFirst.count(field) > 0; });
  VisitFields(spec, first);
  AddMemory(app, "--memory", spec.memory,
            "bytes such as 64MiB for everything the job holds, or a share such as 5% of the activation memory (states, "
            "tapes, workspace) that store-all needs; in a daemon also \"free\", all that its device has free");
  OptionBinder others(app, [&without](std::string_view field) {
    return kFirst.count(field) + kByHand.count(field) + without.count(field) == 0;
  });
  VisitFields(spec, others);
  if (without.count("checkpoint_every") == 0) {
    AddInterval(
        {app, "Saving"}, "--checkpoint-every", spec.checkpoint_every,
        "steps, or a time such as 30s or 10min, between checkpoints, which also save the model; default: only "
        "with --checkpoint-dir or in a daemon, every minute, or less often so that they take under 1% of the time");
  }
  AddFlag({app, "Data"}, "--reset-state", spec.carry_state,
          "start each batch from a zero state, not from the last state of the previous batch", /*given=*/false);
}

}  // namespace

void AddJobOptions(CLI::App& app, JobSpec& spec) { AddOptions(app, spec, {}); }

void AddMeasuredJobOptions(CLI::App& app, JobSpec& spec) { AddOptions(app, spec, kOfWholeTrainings); }

}  // namespace recurve
