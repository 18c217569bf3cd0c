// SPDX-License-Identifier: Apache-2.0
#include "client/file_transfer.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/partial_file.h"
#include "client/retry_window.h"
#include "executor/data/sha256.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr int64_t kPartBytes = int64_t{1} << 20;  // the most in a message (files.proto)

// Whether the connection or the daemon ended a call, so that repeating it may succeed.
bool IsBroken(const absl::Status& status) { return absl::IsUnavailable(status) || absl::IsCancelled(status); }

absl::Status Because(const absl::Status& status, const std::string& more) {
  return absl::Status(status.code(), absl::StrCat(status.message(), more));
}

// One download over any number of streams.
class Download {
 public:
  Download(ExecutorClient& executor, std::string id, PartialFile& to, const TransferProgress& on_progress)
      : executor_(executor),
        id_(std::move(id)),
        to_(to),
        on_progress_(on_progress),
        window_(executor.options().reconnect) {}

  absl::StatusOr<v1::FileDescription> Run() {
    for (;;) {
      const int64_t start = to_.size();
      const absl::Status status = ReadStream();
      RETURN_IF_ERROR(local_);
      if (status.ok() && complete()) {
        ASSIGN_OR_RETURN(const bool good, Check(start > 0));
        if (good) return file_;
      } else if (absl::IsOutOfRange(status) && start > 0) {  // bytes of another, longer file
        RETURN_IF_ERROR(to_.Clear());
      } else if (absl::IsAborted(status)) {  // the file changed on the way
        RETURN_IF_ERROR(to_.Clear());
        if (!window_.Wait(nullptr)) return status;
      } else if (!status.ok() && !IsBroken(status)) {
        return status;
      } else {
        if (to_.size() > start) window_.Restart();
        if (!reached_) return status;  // the daemon has never answered
        if (window_.Wait(nullptr)) continue;
        return Because(status.ok() ? absl::UnavailableError("the daemon ended the transfer early") : status,
                       absl::StrCat("; ", to_.size(), " bytes are kept as ", to_.name(),
                                    ", and the same download continues after them"));
      }
    }
  }

 private:
  bool complete() const { return described_ && to_.size() == file_.size_bytes(); }

  absl::Status ReadStream() {
    described_ = false;
    return executor_.DownloadModel(id_, to_.size(), [this](const v1::DownloadModelResponse& part) {
      if (part.has_file()) file_ = part.file();
      described_ = described_ || part.has_file();
      reached_ = true;
      local_ = Take(part);
      return local_;
    });
  }

  absl::Status Take(const v1::DownloadModelResponse& part) {
    if (!described_) return absl::InternalError("the daemon sent bytes without a description of their file");
    const auto bytes = static_cast<int64_t>(part.data().size());
    if (to_.size() + bytes > file_.size_bytes()) {
      to_.Remove();
      return absl::DataLossError(absl::StrCat("the daemon sent more than the ", file_.size_bytes(),
                                              " bytes that it announced; nothing was saved"));
    }
    RETURN_IF_ERROR(to_.Append(part.data()));
    if (on_progress_) on_progress_(to_.size(), file_.size_bytes());
    return absl::OkStatus();
  }

  // Whether the bytes are those of the file. If not, and some came from an earlier stream, which may have been of
  // another file, the next stream begins anew.
  absl::StatusOr<bool> Check(bool resumed) {
    ASSIGN_OR_RETURN(const std::string sha256, to_.Sha256());
    if (sha256 == file_.sha256()) return true;
    if (resumed && !std::exchange(began_anew_, true)) {
      RETURN_IF_ERROR(to_.Clear());
      return false;
    }
    to_.Remove();
    return absl::DataLossError(absl::StrCat("the model arrived with SHA-256 ", sha256, ", but the daemon announced ",
                                            file_.sha256(), "; nothing was saved; try again"));
  }

  ExecutorClient& executor_;
  const std::string id_;
  PartialFile& to_;
  const TransferProgress& on_progress_;
  RetryWindow window_;
  v1::FileDescription file_;
  bool described_ = false;  // by the current stream
  bool reached_ = false;
  bool began_anew_ = false;
  absl::Status local_;  // an error of this side
};

// The parts of a file from an offset on.
class PartReader {
 public:
  PartReader(const InputFile& file, int64_t begin, int64_t end, const TransferProgress& on_progress)
      : file_(file), next_(begin), end_(end), on_progress_(on_progress) {}

  absl::StatusOr<std::string> Next() {
    if (on_progress_) on_progress_(next_, end_);
    std::string part(static_cast<size_t>(std::min(kPartBytes, end_ - next_)), '\0');
    if (part.empty()) return part;
    status_ = file_.Read(next_, part.data(), static_cast<int64_t>(part.size()));
    if (!status_.ok()) return status_;
    next_ += static_cast<int64_t>(part.size());
    return part;
  }
  const absl::Status& status() const { return status_; }  // of reading

 private:
  const InputFile& file_;
  int64_t next_;
  const int64_t end_;
  const TransferProgress& on_progress_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<v1::FileDescription> DownloadModelFile(ExecutorClient& executor, const std::string& id,
                                                      const std::string& path, const TransferProgress& on_progress) {
  ASSIGN_OR_RETURN(PartialFile file, PartialFile::Open(path));
  absl::StatusOr<v1::FileDescription> description = Download(executor, id, file, on_progress).Run();
  if (!description.ok() && file.size() == 0) file.Remove();
  RETURN_IF_ERROR(description.status());
  RETURN_IF_ERROR(file.Commit());
  return description;
}

absl::StatusOr<v1::FileDescription> DescribeFile(const InputFile& file, const StopCheck& stop) {
  v1::FileDescription description;
  description.set_name(std::filesystem::path(file.name()).filename().string());
  if (description.name().empty()) return absl::InvalidArgumentError(absl::StrCat(file.name(), " has no file name"));
  description.set_size_bytes(file.size());
  ASSIGN_OR_RETURN(*description.mutable_sha256(), Sha256Of(file, stop));
  return description;
}

absl::StatusOr<std::string> UploadFile(ExecutorClient& executor, FilePurpose purpose, const InputFile& file,
                                       const v1::FileDescription& description, const TransferProgress& on_progress) {
  RetryWindow window(executor.options().reconnect);
  int64_t furthest = -1;  // bytes known to have arrived; -1: the daemon has not answered
  for (;;) {
    absl::StatusOr<int64_t> received = executor.GetUpload(description);
    absl::Status status = received.status();
    if (received.ok()) {
      if (*received > description.size_bytes()) received = 0;
      if (*received > std::exchange(furthest, std::max(furthest, *received))) window.Restart();
      PartReader reader(file, *received, description.size_bytes(), on_progress);
      absl::StatusOr<std::string> path =
          executor.Upload(purpose, description, *received, [&reader] { return reader.Next(); });
      if (path.ok() || !reader.status().ok()) return path;
      status = path.status();
    }
    // The daemon has not noticed yet that a stream is broken (ABORTED), or has, and more had arrived (OUT_OF_RANGE).
    const bool again = furthest >= 0 && (IsBroken(status) || absl::IsAborted(status) || absl::IsOutOfRange(status));
    if (again && window.Wait(nullptr)) continue;
    return furthest >= 0 && IsBroken(status) ? Because(status, "; the same upload continues where this one ended")
                                             : status;
  }
}

}  // namespace recurve
