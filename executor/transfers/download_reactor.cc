// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/download_reactor.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kHashBytes = 4 << 20;  // at a time

}  // namespace

DownloadReactor::DownloadReactor(TransferThreads& threads, DigestCache& digests, std::unique_ptr<InputFile> file,
                                 int64_t offset_bytes, std::function<void(const absl::Status&)> on_end)
    : threads_(threads), digests_(digests), on_end_(std::move(on_end)), file_(std::move(file)), next_(offset_bytes) {}

DownloadReactor* DownloadReactor::Start(TransferThreads& threads, DigestCache& digests,
                                        absl::StatusOr<std::unique_ptr<InputFile>> file, int64_t offset_bytes,
                                        std::function<void(const absl::Status&)> on_end) {
  const absl::Status status = file.status();
  const std::shared_ptr<DownloadReactor> reactor(
      new DownloadReactor(threads, digests, status.ok() ? *std::move(file) : nullptr, offset_bytes, std::move(on_end)));
  reactor->self_ = reactor;
  if (status.ok()) {
    reactor->Post();
  } else {
    reactor->End(status);
  }
  return reactor.get();
}

void DownloadReactor::OnWriteDone(bool ok) {
  if (ok) {
    Post();
  } else {
    End(absl::CancelledError("the client disconnected"));
  }
}

void DownloadReactor::Post() {
  const absl::Status posted = CatchFailures("the download", [this] {
    threads_.Post([reactor = self_] { reactor->Step(); });
    return absl::OkStatus();
  });
  if (!posted.ok()) End(posted);
}

// An exception must end the stream, not the process.
void DownloadReactor::Step() {
  const absl::StatusOr<bool> done = CatchFailures("the download", [this] { return Advance(); });
  if (!done.ok()) {
    End(done.status());
  } else if (*done) {
    End(absl::OkStatus());
  }
}

absl::StatusOr<bool> DownloadReactor::Advance() {
  if (cancelled_) return absl::CancelledError("the call was cancelled");
  if (digest_.empty() && hashed_ == 0) {
    RETURN_IF_ERROR(CheckOffset());
    digest_ = digests_.Find(file_->Version()).value_or("");
  }
  if (digest_.empty()) {
    ASSIGN_OR_RETURN(const bool known, Hash());
    if (!known) {
      threads_.Post([reactor = self_] { reactor->Step(); });
      return false;
    }
  }
  if (described_ && next_ == file_->size()) return true;
  RETURN_IF_ERROR(Fill());
  StartWrite(&response_);
  return false;
}

absl::Status DownloadReactor::CheckOffset() const {
  if (next_ < 0) return absl::InvalidArgumentError(absl::StrCat("offset_bytes is ", next_, "; must be at least 0"));
  if (next_ > file_->size()) {
    return absl::OutOfRangeError(
        absl::StrCat("offset_bytes is ", next_, "; must be at most ", file_->size(), ", the size of the file"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> DownloadReactor::Hash() {
  std::vector<char> piece(static_cast<size_t>(std::min(kHashBytes, file_->size() - hashed_)));
  const auto bytes = static_cast<int64_t>(piece.size());
  const absl::Status read = file_->Read(hashed_, piece.data(), bytes);
  RETURN_IF_ERROR(CheckUnmodified());
  RETURN_IF_ERROR(read);
  sha256_.Add(piece.data(), bytes);
  hashed_ += bytes;
  if (hashed_ < file_->size()) return false;
  digest_ = sha256_.Hex();
  digests_.Add(file_->Version(), digest_);
  return true;
}

absl::Status DownloadReactor::CheckUnmodified() const {
  const std::string modification = file_->Modification();
  return modification.empty() ? absl::OkStatus() : absl::AbortedError(modification);
}

absl::Status DownloadReactor::Fill() {
  response_.Clear();
  if (!described_) {
    executor::v1::FileDescription& description = *response_.mutable_file();
    description.set_name(std::filesystem::path(file_->name()).filename().string());
    description.set_size_bytes(file_->size());
    description.set_sha256(digest_);
  }
  described_ = true;
  std::string& data = *response_.mutable_data();
  data.resize(static_cast<size_t>(std::min(kMaxDataBytes, file_->size() - next_)));
  const auto bytes = static_cast<int64_t>(data.size());
  absl::Status read = file_->Read(next_, data.data(), bytes);
  RETURN_IF_ERROR(CheckUnmodified());  // first, because it is the reason why the file was truncated
  next_ += bytes;
  return read;
}

void DownloadReactor::End(const absl::Status& status) {
  on_end_(status);
  Finish(ToGrpcStatus(status));
}

}  // namespace recurve
