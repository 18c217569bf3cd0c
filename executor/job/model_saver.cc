// SPDX-License-Identifier: Apache-2.0
#include "executor/job/model_saver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kWaitsBeforeRetries[] = {std::chrono::seconds(1), std::chrono::seconds(4)};
constexpr std::chrono::milliseconds kCancelPoll{50};
constexpr int kMostNames = 10;  // tried for a new file

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

// Creates an empty file of a new name in a folder.
absl::StatusOr<FilePath> CreateNewFile(const FilePath& folder) {
  std::random_device random;
  for (int attempt = 0; attempt < kMostNames; ++attempt) {
    const std::string name = absl::StrCat("recurve-model-", absl::Hex(random(), absl::kZeroPad8), ".safetensors");
    FilePath path((fs::path(folder.text) / name).string(), folder.allowed);
    ASSIGN_OR_RETURN(const FilePlace place, FilePlace::Find(path, "create"));
    const FileDescriptor file(
        openat(place.directory.get(), place.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.ok()) return path;
    if (errno != EEXIST) return PosixError(errno, "create", path.text);
  }
  return absl::AlreadyExistsError("too many files");
}

// Saves to a new file and returns a message with its path. Tries the directory that the path is confined to; without
// one, the temporary directory and the working directory.
std::string SaveElsewhere(const FilePath& path, const std::string& description, const Parameters& parameters) {
  std::error_code ignored;
  std::vector<FilePath> folders;
  if (path.allowed != nullptr) {
    folders.emplace_back(path.allowed->path(), path.allowed);
  } else {
    folders.emplace_back(fs::temp_directory_path(ignored).string());
    folders.emplace_back(fs::current_path(ignored).string());
  }
  for (const FilePath& folder : folders) {
    const absl::StatusOr<FilePath> file = folder.empty() ? absl::NotFoundError("") : CreateNewFile(folder);
    if (!file.ok()) continue;
    if (SaveModel(*file, description, parameters).ok()) {
      return absl::StrCat("the model is saved as ", file->text, " instead");
    }
    const absl::StatusOr<FilePlace> place = FilePlace::Find(*file, "remove");
    if (place.ok()) unlinkat(place->directory.get(), place->name.c_str(), 0);
  }
  return "the model could not be saved elsewhere and is lost";
}

bool HoldsSomething(const FilePath& path) {
  const absl::StatusOr<FileDescriptor> file = path.Open(O_PATH);
  struct stat info {};
  return file.ok() && fstat(file->get(), &info) == 0 && !(S_ISREG(info.st_mode) && info.st_size == 0);
}

}  // namespace

absl::Status ModelSaver::Save(int64_t step, const Parameters& parameters) {
  RETURN_IF_ERROR(CheckWeightsFinite(step, parameters));
  if (!saves()) return absl::OkStatus();
  RETURN_IF_ERROR(SaveModel(path_, description_, parameters));
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
  return {status.code(),
          absl::StrCat(status.message(), "; ",
                       absl::IsAborted(status) ? WhatStays() : SaveElsewhere(path_, description_, parameters))};
}

std::string ModelSaver::Keep(int64_t step, const Parameters& parameters, bool keep_checkpoint) {
  if (step == 0) return "nothing was trained";
  if (!saves()) return "the model is not saved because no file was given";
  if (saved_step_ == step) return absl::StrCat("the model of step ", step, " is saved as ", path_.text);
  if (!CheckWeightsFinite(step, parameters).ok()) {
    return absl::StrCat("the weights are not finite, so they are not saved; ", WhatStays());
  }
  const bool beside = saved_step_ > 0 ? keep_checkpoint : HoldsSomething(path_);
  const FilePath place = beside ? path_ + ".partial" : path_;
  if (absl::Status status = SaveModel(place, description_, parameters); !status.ok()) {
    return absl::StrCat(status.message(), "; ", SaveElsewhere(path_, description_, parameters));
  }
  const std::string kept = absl::StrCat("the model of step ", step, " is saved as ", place.text);
  if (beside) return absl::StrCat(kept, "; ", WhatStays());
  saved_step_ = step;
  return kept;
}

std::string ModelSaver::WhatStays() const {
  if (!saves()) return "nothing was saved";
  if (saved_step_ > 0) return absl::StrCat(path_.text, " has the model of step ", saved_step_);
  return HoldsSomething(path_) ? absl::StrCat(path_.text, " is unchanged") : "nothing was saved";
}

}  // namespace recurve
