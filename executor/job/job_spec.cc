// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_spec.h"

#include <cmath>
#include <initializer_list>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "planner_service/model/model_config.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kMaxSteps = 1'000'000'000;
constexpr double kMostSeconds = 1e9;
constexpr int kMaxThreads = 1024;

absl::Status CheckRange(const char* field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", must be ", least, "..", most));
}

// `range` as it is told, `within` whether it holds. NaN is in no range.
absl::Status CheckReal(const char* field, double value, bool within, const char* range) {
  if (within && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", must be in ", range));
}

absl::Status CheckShare(const char* field, double share, bool within, const char* range) {
  if (within && std::isfinite(share)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", 100 * share, "%, must be ", range));
}

absl::Status FirstError(std::initializer_list<absl::Status> statuses) {
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckOptimizer(const OptimizerSpec& spec) {
  return FirstError({
      CheckReal("learning_rate", spec.learning_rate, spec.learning_rate > 0 && spec.learning_rate <= 1e3, "(0, 1000]"),
      CheckRange("warmup_steps", spec.warmup_steps, 0, kMaxSteps),
      CheckReal("momentum", spec.momentum, spec.momentum >= 0 && spec.momentum < 1, "[0, 1)"),
      CheckReal("beta1", spec.beta1, spec.beta1 >= 0 && spec.beta1 < 1, "[0, 1)"),
      CheckReal("beta2", spec.beta2, spec.beta2 >= 0 && spec.beta2 < 1, "[0, 1)"),
      CheckReal("weight_decay", spec.weight_decay, spec.weight_decay >= 0, "[0, inf)"),
      CheckReal("clip_norm", spec.clip_norm, spec.clip_norm >= 0, "[0, inf), 0 does not clip"),
  });
}

absl::Status CheckMemory(const MemoryLimit& memory) {
  if (const auto* total = std::get_if<TotalBytes>(&memory)) {
    return CheckRange("memory", total->bytes, 1, kMaxBytes);
  }
  const double share = std::get<ActivationShare>(memory).share;
  return CheckShare("memory share", share, share > 0 && share <= 1, "above 0% and at most 100%");
}

absl::Status CheckHostMemory(int64_t host_memory, Strategy strategy) {
  if (host_memory == 0 || strategy == Strategy::kAuto) return CheckRange("host_memory", host_memory, 0, kMaxBytes);
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", std::string(ToString(strategy)),
                                                 ", must be auto with a host_memory above 0: the others store on the "
                                                 "device only"));
}

absl::Status CheckStrategy(Strategy strategy) {
  switch (strategy) {
    case Strategy::kAuto:
    case Strategy::kStoreAll:
    case Strategy::kChen:
    case Strategy::kHsm:
      return absl::OkStatus();
    case Strategy::kIsm:
    case Strategy::kMsm:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("strategy is ", std::string(ToString(strategy)),
                   ", must be auto, store-all, chen or hsm: the others count in slots and not in bytes"));
}

absl::Status CheckCarriedState(const JobSpec& spec) {
  if (!spec.task->ragged() || !CarriesState(spec)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "carry_state is true; must be false where sequences have lengths of their own: each starts from a state of "
      "zeros");
}

absl::Status CheckEvaluation(const JobSpec& spec, double holdout) {
  if (spec.evaluate_every <= 0 || holdout != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("evaluate_every is ", spec.evaluate_every, ", must be 0 with a holdout of 0: nothing is held out"));
}

}  // namespace

absl::Status CheckDevice(const JobSpec& spec) {
  int index = 0;
  const bool cuda = spec.device == "cuda" || (absl::StartsWith(spec.device, "cuda:") &&
                                              absl::SimpleAtoi(spec.device.substr(5), &index) && index >= 0);
  if (!cuda && spec.device != "cpu") {
    return absl::InvalidArgumentError(
        absl::StrCat("device is \"", spec.device, "\", must be cpu, cuda, or cuda:N with the number of a GPU"));
  }
  if (!cuda && spec.precision != Precision::kFp32) {
    return absl::InvalidArgumentError(absl::StrCat("precision is ", std::string(ToString(spec.precision)),
                                                   ", must be fp32 on the CPU; tf32 and bf16 need device cuda"));
  }
  return absl::OkStatus();
}

absl::Status CheckJobSpec(const JobSpec& spec) {
  TaskSpec task = spec.task;
  RETURN_IF_ERROR(task->Check());
  for (const TaskOptions::Input& input : task->Inputs()) {
    if (spec.save_path != *input.path) continue;
    return absl::InvalidArgumentError(absl::StrCat("save_path is ", spec.save_path, ", must not be the ", input.field,
                                                   ": the model would replace the data"));
  }
  return FirstError({
      CheckEvaluation(spec, task->holdout()),
      CheckRange("batch", spec.batch, 1, kMaxBatch),
      CheckRange("length", spec.length, 1, kMaxChainLength),
      CheckRange("link", spec.link, 0, kMaxChainLength),
      CheckCarriedState(spec),
      CheckRange("steps", spec.steps, 1, kMaxSteps),
      CheckReal("max_seconds", spec.max_seconds, spec.max_seconds >= 0 && spec.max_seconds <= kMostSeconds,
                "[0, 1e9], 0 has no limit"),
      CheckOptimizer(spec.optimizer),
      CheckMemory(spec.memory),
      CheckStrategy(spec.strategy),
      CheckHostMemory(spec.host_memory, spec.strategy),
      CheckDevice(spec),
      CheckRange("threads", spec.threads, 0, kMaxThreads),
      CheckRange("checkpoint_every", spec.checkpoint_every, 0, kMaxSteps),
      CheckRange("evaluate_every", spec.evaluate_every, 0, kMaxSteps),
  });
}

}  // namespace recurve
