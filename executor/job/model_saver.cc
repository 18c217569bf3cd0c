// SPDX-License-Identifier: Apache-2.0
#include "executor/job/model_saver.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kWaitsBeforeRetries[] = {std::chrono::seconds(1), std::chrono::seconds(4)};
constexpr std::chrono::milliseconds kCancelPoll{50};

absl::Status CheckWeightsFinite(int64_t step, const Parameters& parameters) {
  const bool finite = std::all_of(parameters.begin(), parameters.end(), [](const NamedTensor& tensor) {
    return std::all_of(tensor.values.begin(), tensor.values.end(), [](float value) { return std::isfinite(value); });
  });
  if (finite) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("the weights are not finite after step ", step,
                                         ", so they are not saved; lower learning_rate or weight_decay"));
}

// Whether retrying may help: a full or failing disk may recover, a missing or forbidden directory will not.
bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kAborted:
      return false;
    default:
      return true;
  }
}

void WaitUnless(const CancelCheck& cancelled, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end && !(cancelled && cancelled())) {
    std::this_thread::sleep_for(kCancelPoll);
  }
}

// Saves to a new file in the temporary directory, or else in the working directory, and returns a message with its
// path.
std::string SaveElsewhere(const std::string& description, const Parameters& parameters) {
  std::error_code ignored;
  for (const fs::path& folder : {fs::temp_directory_path(ignored), fs::current_path(ignored)}) {
    constexpr char kEnding[] = ".safetensors";
    std::string path = (folder / absl::StrCat("recurve-model-XXXXXX", kEnding)).string();
    const int fd = folder.empty() ? -1 : mkostemps(path.data(), sizeof(kEnding) - 1, O_CLOEXEC);
    if (fd < 0) continue;
    close(fd);
    if (SaveModel(path, description, parameters).ok()) return absl::StrCat("the model is saved as ", path, " instead");
    unlink(path.c_str());
  }
  return "the model could not be saved elsewhere and is lost";
}

bool HoldsSomething(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error) && !(fs::is_regular_file(path, error) && fs::file_size(path, error) == 0);
}

}  // namespace

absl::Status ModelSaver::Save(int64_t step, const Parameters& parameters) {
  RETURN_IF_ERROR(CheckWeightsFinite(step, parameters));
  if (!saves()) return absl::OkStatus();
  RETURN_IF_ERROR(SaveModel(path_, description_, parameters, links_));
  saved_step_ = step;
  return absl::OkStatus();
}

absl::Status ModelSaver::SaveLast(int64_t step, const Parameters& parameters, const CancelCheck& cancelled) {
  absl::Status status = Save(step, parameters);
  for (const std::chrono::milliseconds wait : kWaitsBeforeRetries) {
    if (status.ok() || !MayPass(status)) break;
    WaitUnless(cancelled, wait);
    status = Save(step, parameters);
  }
  if (status.ok()) return status;
  return {status.code(), absl::StrCat(status.message(), "; ",
                                      absl::IsAborted(status) ? WhatStays() : SaveElsewhere(description_, parameters))};
}

std::string ModelSaver::Keep(int64_t step, const Parameters& parameters, bool keep_checkpoint) {
  if (step == 0) return "nothing was trained";
  if (!saves()) return "the model is not saved because no file was given";
  if (saved_step_ == step) return absl::StrCat("the model of step ", step, " is saved as ", path_);
  if (!CheckWeightsFinite(step, parameters).ok()) {
    return absl::StrCat("the weights are not finite, so they are not saved; ", WhatStays());
  }
  const bool beside = saved_step_ > 0 ? keep_checkpoint : HoldsSomething(path_);
  const std::string place = beside ? absl::StrCat(path_, ".partial") : path_;
  if (absl::Status status = SaveModel(place, description_, parameters, links_); !status.ok()) {
    return absl::StrCat(status.message(), "; ", SaveElsewhere(description_, parameters));
  }
  const std::string kept = absl::StrCat("the model of step ", step, " is saved as ", place);
  if (beside) return absl::StrCat(kept, "; ", WhatStays());
  saved_step_ = step;
  return kept;
}

std::string ModelSaver::WhatStays() const {
  if (!saves()) return "nothing was saved";
  if (saved_step_ > 0) return absl::StrCat(path_, " has the model of step ", saved_step_);
  return HoldsSomething(path_) ? absl::StrCat(path_, " is unchanged") : "nothing was saved";
}

}  // namespace recurve
