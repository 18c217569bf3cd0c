// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_spec.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/model/model_config.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr double kMostSeconds = 1e9;
constexpr int64_t kMaxThreads = 1024;

void VisitTask(TaskSpec& task, FieldVisitor& visitor) {
  for (const TaskKind& kind : TaskKinds()) {
    const Field field{kind.name.data()};
    if (!visitor.Visits(field, task->task() == kind.name)) continue;
    if (task->task() != kind.name) task = TaskSpec(kind.make());
    visitor.Part(field, [&task](FieldVisitor& inner) { task->VisitFields(inner); });
  }
}

void VisitTraining(JobSpec& spec, FieldVisitor& visitor) {
  VisitTask(spec.task, visitor);
  visitor.Count({"length", "steps per sequence, over which gradients are computed; longer lines are truncated"},
                {1, kMaxChainLength}, spec.length);
  visitor.Count({"steps", "optimizer steps"}, {1, kMaxSteps}, spec.steps);
  visitor.Real({.name = "max_seconds",
                .help = "end training after the step in which this time expires, such as 90s or 5m; 0s: no limit. The "
                        "learning rate schedule still follows --steps",
                .option = "--max-time",
                .notation = Notation::kSeconds},
               {.least = 0, .most = kMostSeconds}, spec.max_seconds);
  visitor.Text({.name = "save_path",
                .help = "model file to write (safetensors); default: the model is not saved",
                .option = "--save",
                .kind = "FILE"},
               spec.save_path);
  visitor.Count({.name = "batch", .help = "sequences per batch", .heading = "Data"}, {1, kMaxBatch}, spec.batch);
  visitor.Flag({.name = "carry_state",
                .help = "start each batch from a zero state, not from the final state of the previous batch",
                .option = "!--reset-state",
                .heading = "Data"},
               spec.carry_state);
  visitor.Seed({.name = "seed", .help = "random seed", .heading = "Data"}, spec.seed);
}

void VisitMemory(JobSpec& spec, FieldVisitor& visitor) {
  const Field bytes{.name = "memory_bytes", .notation = Notation::kBytes};
  const Field share{.name = "activation_share", .notation = Notation::kShare};
  if (auto* total = visitor.Alternative<TotalBytes>(bytes, spec.memory)) {
    visitor.Count(bytes, {1, kMaxBytes}, total->bytes);
  }
  if (auto* activations = visitor.Alternative<ActivationShare>(share, spec.memory)) {
    visitor.Real(share, {.least = 0, .most = 1, .above_least = true}, activations->share);
  }
  if (visitor.Alternative<AllFree>({"all_free"}, spec.memory) != nullptr) {
    bool all_free = true;
    visitor.Flag({"all_free"}, all_free);
  }
}

void VisitPlan(JobSpec& spec, FieldVisitor& visitor) {
  constexpr char kHeading[] = "Plan";
  visitor.Count({.name = "host_memory_bytes",
                 .help = "bytes such as 2GiB of host memory to store more states in, with --strategy auto; 0: none. "
                         "On the CPU this saves no memory, because host and device memory are the same",
                 .option = "--host-memory",
                 .heading = kHeading,
                 .notation = Notation::kBytes},
                {0, kMaxBytes}, spec.host_memory);
  visitor.Enum({.name = "strategy", .help = "auto, store-all, chen or hsm", .kind = "NAME", .heading = kHeading},
               kStrategyNames, spec.strategy);
  visitor.Count({.name = "link",
                 .help = "steps per link, the unit of planning; 0: minimizes the predicted time",
                 .heading = kHeading},
                {0, kMaxChainLength}, spec.link);
  visitor.Flag({.name = "recalibrate",
                .help = "measure link costs again, even if cached from an earlier job",
                .heading = kHeading},
               spec.recalibrate);
}

void VisitDevice(JobSpec& spec, FieldVisitor& visitor) {
  constexpr char kHeading[] = "Device";
  visitor.Text(
      {.name = "device", .help = "cpu, cuda, or cuda:N for GPU number N", .kind = "DEVICE", .heading = kHeading},
      spec.device);
  visitor.Enum({.name = "precision",
                .help = "precision of matrix products; tf32 and bf16 on CUDA devices only",
                .heading = kHeading},
               kPrecisionNames, spec.precision);
  visitor.Count({.name = "threads",
                 .help = "CPU threads; 0: as many as are useful, at most one per available processor",
                 .heading = kHeading},
                {0, kMaxThreads}, spec.threads);
}

void VisitSaving(JobSpec& spec, FieldVisitor& visitor) {
  constexpr char kHeading[] = "Saving";
  visitor.Count({.name = "checkpoint_every", .heading = kHeading}, {0, kMaxSteps}, spec.checkpoint_every.steps);
  visitor.Real({.name = "checkpoint_seconds", .heading = kHeading, .notation = Notation::kSeconds},
               {.least = 0, .most = kMostSeconds}, spec.checkpoint_every.seconds);
  visitor.Count({.name = "keep_checkpoints", .help = "checkpoints to keep, the newest", .heading = kHeading}, {1, 1000},
                spec.keep_checkpoints);
  visitor.Count({.name = "evaluate_every",
                 .help = "steps between evaluations of the held-out data; 0: only at the end",
                 .heading = kHeading},
                {0, kMaxSteps}, spec.evaluate_every);
  visitor.Flag({.name = "keep_best",
                .help = "save the model with the best evaluation, not the last one; needs --evaluate-every",
                .heading = kHeading},
               spec.keep_best);
  visitor.Count({.name = "patience",
                 .help = "end training after this many evaluations in a row without improvement; 0: never. Needs "
                         "--evaluate-every",
                 .heading = kHeading},
                {0, kMaxSteps}, spec.patience);
}

absl::Status CheckHostMemory(int64_t host_memory, Strategy strategy) {
  if (host_memory == 0 || strategy == Strategy::kAuto) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", std::string(ToString(strategy)),
                                                 "; must be auto with host_memory_bytes above 0: other strategies "
                                                 "store only on the device"));
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
                   "; must be auto, store-all, chen or hsm: other strategies count slots, not bytes"));
}

absl::Status CheckCarriedState(const JobSpec& spec) {
  if (!spec.task->ragged() || !CarriesState(spec)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "carry_state is true; must be false if sequences differ in length: each starts from a zero state");
}

absl::Status CheckEvaluation(const JobSpec& spec, double holdout) {
  if (spec.evaluate_every == 0 && (spec.keep_best || spec.patience > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("evaluate_every is 0; must be at least 1 with ", spec.keep_best ? "keep_best" : "patience"));
  }
  if (spec.evaluate_every <= 0 || holdout != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("evaluate_every is ", spec.evaluate_every, "; must be 0 with a holdout of 0: no data is held out"));
}

}  // namespace

void VisitFields(JobSpec& spec, FieldVisitor& visitor) {
  VisitTraining(spec, visitor);
  VisitMemory(spec, visitor);
  VisitPlan(spec, visitor);
  VisitDevice(spec, visitor);
  visitor.Fields({.name = "optimizer", .heading = "Optimizer"}, spec.optimizer);
  VisitSaving(spec, visitor);
}

absl::StatusOr<InputFiles> OpenInputs(const JobSpec& spec) {
  TaskSpec task = spec.task;
  InputFiles files;
  for (const TaskOptions::Input& input : task->Inputs()) {
    ASSIGN_OR_RETURN(files.emplace_back(), InputFile::Open({*input.path, spec.data_directories}));
  }
  return files;
}

absl::Status CheckDevice(const JobSpec& spec) {
  int index = 0;
  const bool cuda = spec.device == "cuda" || (absl::StartsWith(spec.device, "cuda:") &&
                                              absl::SimpleAtoi(spec.device.substr(5), &index) && index >= 0);
  if (!cuda && spec.device != "cpu") {
    return absl::InvalidArgumentError(
        absl::StrCat("device is \"", spec.device, "\"; must be cpu, cuda, or cuda:N for GPU number N"));
  }
  if (!cuda && spec.precision != Precision::kFp32) {
    return absl::InvalidArgumentError(absl::StrCat("precision is ", std::string(ToString(spec.precision)),
                                                   "; must be fp32 on the CPU; tf32 and bf16 need device cuda"));
  }
  return absl::OkStatus();
}

absl::Status CheckJobSpec(const JobSpec& spec) {
  RETURN_IF_ERROR(CheckFields(spec));
  TaskSpec task = spec.task;
  RETURN_IF_ERROR(task->Check());
  for (const TaskOptions::Input& input : task->Inputs()) {
    if (spec.save_path != *input.path) continue;
    return absl::InvalidArgumentError(absl::StrCat("save_path is ", spec.save_path, "; must not be the ", input.field,
                                                   ": the model would overwrite the data"));
  }
  return FirstError({
      CheckEvaluation(spec, task->holdout()),
      CheckCarriedState(spec),
      CheckStrategy(spec.strategy),
      CheckHostMemory(spec.host_memory, spec.strategy),
      CheckDevice(spec),
  });
}

}  // namespace recurve
