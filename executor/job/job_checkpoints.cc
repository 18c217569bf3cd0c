// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_checkpoints.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/input_file.h"
#include "executor/data/sha256.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/fields/json_fields.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kPart = 1 << 20;  // of a large data file
constexpr int64_t kParts = DataFile::kWholeFile / kPart;

// Fields that do not determine the weights after a step, so that a job may continue with other values. `steps` only
// shapes the learning rate; data files are compared by their contents.
const std::set<std::string> kMayChange = {"carry_state",
                                          "steps",
                                          "max_seconds",
                                          "memory_bytes",
                                          "activation_share",
                                          "all_free",
                                          "host_memory_bytes",
                                          "strategy",
                                          "link",
                                          "recalibrate",
                                          "device",
                                          "threads",
                                          "save_path",
                                          "evaluate_every",
                                          "checkpoint_every",
                                          "checkpoint_seconds",
                                          "keep_checkpoints",
                                          "keep_best",
                                          "patience"};

absl::StatusOr<std::string> DigestOf(const InputFile& file, const CancelCheck& cancelled) {
  if (file.size() <= DataFile::kWholeFile) return Sha256Of(file, cancelled);
  Sha256 sha256;
  std::vector<char> part(kPart);
  for (int64_t i = 0; i < kParts; ++i) {
    RETURN_IF_ERROR(CheckStop(cancelled));
    RETURN_IF_ERROR(file.Read((file.size() - kPart) / (kParts - 1) * i, part.data(), kPart));
    sha256.Add(part.data(), kPart);
  }
  return sha256.Hex();
}

absl::StatusOr<std::vector<DataFile>> DescribeData(const JobSpec& spec, const InputFiles& files,
                                                   const CancelCheck& cancelled) {
  TaskSpec task = spec.task;
  std::vector<DataFile> described;
  for (const TaskOptions::Input& input : task->Inputs()) {
    const InputFile& file = *files[described.size()];
    ASSIGN_OR_RETURN(std::string sha256, DigestOf(file, cancelled));
    described.push_back({input.field, *input.path, file.size(), std::move(sha256)});
  }
  return described;
}

// The first field with different values, as "field is A; the checkpoint has B"; empty if there is none.
std::string FirstDifference(const Json& now, const Json& before, const std::set<std::string>& except,
                            const std::string& prefix = "") {
  for (const auto& [key, value] : now.items()) {
    if (except.count(key) > 0) continue;
    const auto other = before.find(key);
    if (other == before.end()) return absl::StrCat(prefix, key, " is ", value.dump(), "; the checkpoint has none");
    if (value.is_object() && other->is_object()) {
      if (std::string inner = FirstDifference(value, *other, except, absl::StrCat(prefix, key, ".")); !inner.empty()) {
        return inner;
      }
    } else if (value != *other) {
      return absl::StrCat(prefix, key, " is ", value.dump(), "; the checkpoint has ", other->dump());
    }
  }
  return "";
}

struct TrainingRecord {
  JobSpec spec;
  TrainingProgress progress;
};

// The manifest's "training". A field added by a later version of Recurve has its default in older checkpoints.
void VisitFields(TrainingRecord& training, FieldVisitor& visitor) {
  TrainingProgress& progress = training.progress;
  visitor.Fields({"job"}, training.spec);
  visitor.Count({"step"}, kNotNegative, progress.step);
  visitor.Count({"link"}, {1, kMaxChainLength}, progress.link);
  visitor.Real({"seconds"}, kNotBelowZero, progress.seconds);
  visitor.Real({"loss"}, {}, progress.loss);
  visitor.Text({"device"}, progress.device);
  visitor.Fields({"best_evaluation"}, progress.best);
  visitor.Count({"evaluated_step"}, kNotNegative, progress.evaluated_step);
  visitor.Fields({"data"}, {0, 1000}, progress.data);
  visitor.Fields({"history"}, progress.history);
}

absl::StatusOr<TrainingRecord> Understand(const LoadedCheckpoint& loaded) {
  TrainingRecord training;
  JsonReader reader(loaded.training, "training");
  VisitFields(training, reader);
  absl::Status status = reader.End();
  if (status.ok()) status = CheckFields(training);
  if (status.ok()) status = CheckJobSpec(training.spec);
  if (status.ok() && training.progress.step != loaded.step) status = absl::InvalidArgumentError("it has another step");
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the manifest of ", loaded.path, " is invalid: ", status.message()));
  }
  return training;
}

// So that a job can be resumed from another working directory.
JobSpec WithAbsolutePaths(JobSpec spec) {
  spec.save_path = spec.model_file().Absolute();
  for (const TaskOptions::Input& input : spec.task->Inputs()) {
    *input.path = FilePath(*input.path, spec.data_directories).Absolute();
  }
  return spec;
}

// "cpu (avx512" of "cpu (avx512, 2 threads)": what may change the last bits of the weights.
std::string KindOf(const std::string& device) { return device.substr(0, device.find(',')); }

}  // namespace

void VisitFields(DataFile& file, FieldVisitor& visitor) {
  visitor.Text({"field"}, file.field);
  visitor.Text({"path"}, file.path);
  visitor.Count({"size_bytes"}, kNotNegative, file.size_bytes);
  visitor.Text({"sha256"}, file.sha256);
}

bool CheckpointClock::Due(int64_t step, double now) const {
  if (interval_.steps > 0) return step % interval_.steps == 0;
  if (interval_.seconds > 0) return now - last_ >= interval_.seconds;
  return now - last_ >= std::max(kDefaultSeconds, cost_ / kMostCost);
}

absl::Status ReadCheckpointedSpec(const std::string& directory, const CancelCheck& cancelled, JobSpec& spec) {
  ASSIGN_OR_RETURN(const LoadedCheckpoint loaded, CheckpointDirectory(directory, 1).Load(cancelled));
  ASSIGN_OR_RETURN(TrainingRecord training, Understand(loaded));
  training.spec.link = 0;  // that of the checkpoint is used
  const Json json = FieldsJson(training.spec);
  JsonReader reader(json, "job");
  VisitFields(spec, reader);
  return reader.End();
}

JobCheckpoints::JobCheckpoints(const JobSpec& spec, const CheckpointOptions& options)
    : spec_(spec), options_(options), clock_(spec.checkpoint_every) {
  if (options.directory.empty()) return;
  directory_.emplace(options.directory, spec.keep_checkpoints,
                     options.file_system != nullptr ? *options.file_system : RealFileSystem());
}

absl::Status JobCheckpoints::Open(const InputFiles& inputs, const CancelCheck& cancelled) {
  if (!directory_) return absl::OkStatus();
  ASSIGN_OR_RETURN(progress_.data, DescribeData(spec_, inputs, cancelled));
  ASSIGN_OR_RETURN(const bool any, directory_->HasAny());
  if (!any) {
    if (options_.resume != CheckpointOptions::Resume::kMust) return directory_->CheckWritable();
    return absl::NotFoundError(absl::StrCat("cannot resume: ", directory_->path(), " has no checkpoint"));
  }
  if (options_.resume == CheckpointOptions::Resume::kNo) {
    return absl::AlreadyExistsError(absl::StrCat(directory_->path(),
                                                 " holds the checkpoints of an earlier training; resume it, or give "
                                                 "another directory"));
  }
  RETURN_IF_ERROR(directory_->CheckWritable());
  ASSIGN_OR_RETURN(LoadedCheckpoint loaded, directory_->Load(cancelled));
  return Adopt(std::move(loaded));
}

absl::Status JobCheckpoints::Adopt(LoadedCheckpoint loaded) {
  ASSIGN_OR_RETURN(TrainingRecord training, Understand(loaded));
  std::set<std::string> except = kMayChange;
  TaskSpec task = spec_.task;
  for (const TaskOptions::Input& input : task->Inputs()) except.insert(input.field);
  std::string difference = FirstDifference(FieldsJson(spec_), FieldsJson(training.spec), except);
  if (difference.empty() && CarriesState(spec_) != CarriesState(training.spec)) {
    difference = "carry_state differs from the checkpoint's";
  }
  if (difference.empty() && spec_.steps < training.progress.step) {
    difference = absl::StrCat("steps is ", spec_.steps, "; the checkpoint has trained ", training.progress.step);
  }
  if (!difference.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot continue from ", loaded.path, ": ", difference));
  }
  if (spec_.steps != training.spec.steps && spec_.optimizer.shape != LearningRateShape::kConstant) {
    notes_.push_back(absl::StrCat("steps is ", spec_.steps, " and was ", training.spec.steps,
                                  ": the learning rate follows the new schedule from here on"));
  }
  RETURN_IF_ERROR(CheckData(training.progress.data));
  training.progress.data = std::move(progress_.data);
  progress_ = std::move(training.progress);
  clock_.Written(progress_.seconds, 0);  // it is not written again after the first step
  notes_.insert(notes_.end(), loaded.damaged.begin(), loaded.damaged.end());
  loaded_ = std::move(loaded);
  return absl::OkStatus();
}

absl::Status JobCheckpoints::CheckLink(int64_t longest) const {
  if (!resumed() || spec_.link == 0 || std::min(spec_.link, longest) == progress_.link) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("cannot continue from ", loaded_->path, ": link is ", spec_.link,
                                                 "; the checkpoint has ", progress_.link));
}

absl::Status JobCheckpoints::CheckData(const std::vector<DataFile>& before) {
  for (size_t i = 0; i < std::min(before.size(), progress_.data.size()); ++i) {
    const DataFile& now = progress_.data[i];
    if (now.size_bytes == before[i].size_bytes && now.sha256 == before[i].sha256) continue;
    const std::string change = now.size_bytes != before[i].size_bytes
                                   ? absl::StrCat(now.path, " has ", now.size_bytes,
                                                  " bytes; the checkpoint was trained on ", before[i].size_bytes)
                                   : absl::StrCat(now.path, " has other contents (SHA-256 ", now.sha256,
                                                  ") than what the checkpoint was trained on (", before[i].sha256, ")");
    if (!options_.force_data) {
      return absl::InvalidArgumentError(
          absl::StrCat("the data changed since the checkpoint: ", change, "; restore it, or force the new data"));
    }
    notes_.push_back(absl::StrCat("the data changed since the checkpoint: ", change));
  }
  return absl::OkStatus();
}

absl::Status JobCheckpoints::Restore(Trainer& trainer) {
  if (!loaded_) return absl::OkStatus();
  const LoadedCheckpoint loaded = *std::exchange(loaded_, std::nullopt);
  absl::Status status =
      trainer.RestoreState(loaded.step, loaded.tensors->tensors(),
                           [&loaded](size_t index, float* to) { return loaded.tensors->Read(index, to); });
  if (status.ok()) return status;
  return {status.code(), absl::StrCat("cannot continue from ", loaded.path, ": ", status.message())};
}

std::vector<std::string> JobCheckpoints::Notes(const std::string& device) const {
  std::vector<std::string> notes = notes_;
  if (!resumed()) return notes;
  notes.push_back(absl::StrCat("continues after step ", progress_.step, " from its checkpoint"));
  if (KindOf(device) != KindOf(progress_.device)) {
    notes.push_back(absl::StrCat("the checkpoint was written on ", progress_.device, ", and training continues on ",
                                 device, ": the last bits of the weights may differ"));
  }
  return notes;
}

absl::StatusOr<int64_t> JobCheckpoints::Write(const Trainer& trainer, double now) {
  const auto begin = std::chrono::steady_clock::now();
  TrainingRecord training{.spec = WithAbsolutePaths(spec_), .progress = progress_};
  training.progress.step = trainer.steps_done();
  training.progress.seconds = now;
  absl::StatusOr<int64_t> bytes = directory_->Write(
      trainer.steps_done(), FieldsJson(training),
      {trainer.StateTensors(), [&trainer](size_t index, float* to) { trainer.DownloadState(index, to); }});
  const double cost = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  clock_.Written(now + cost, cost);
  return bytes;
}

}  // namespace recurve
