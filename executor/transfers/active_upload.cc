// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/active_upload.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "executor/model/model_file.h"
#include "executor/transfers/upload_store.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr int64_t kCatchUpBytes = 4 << 20;  // hashed at a time

// A file size limit of the process is a lack of room, too, and OUT_OF_RANGE means something else to clients.
absl::Status AsRoom(const absl::Status& status) {
  return absl::IsOutOfRange(status) ? absl::ResourceExhaustedError(status.message()) : status;
}

}  // namespace

ActiveUpload::ActiveUpload(UploadStore& store, executor::v1::FileDescription file, UploadKind kind, std::string key)
    : store_(store), file_(std::move(file)), kind_(kind), key_(std::move(key)) {}

ActiveUpload::~ActiveUpload() {
  writer_.reset();
  if (registered_) store_.Release(key_);
}

std::string ActiveUpload::Name() const { return Printable(file_.name()); }

absl::StatusOr<bool> ActiveUpload::CatchUp() {
  if (earlier_ == nullptr) return false;
  std::vector<char> piece(static_cast<size_t>(std::min(kCatchUpBytes, received_ - hashed_)));
  RETURN_IF_ERROR(earlier_->Read(hashed_, piece.data(), static_cast<int64_t>(piece.size())));
  sha256_.Add(piece.data(), static_cast<int64_t>(piece.size()));
  hashed_ += static_cast<int64_t>(piece.size());
  if (hashed_ == received_) earlier_.reset();
  return earlier_ != nullptr;
}

absl::Status ActiveUpload::Write(std::string_view bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (size > file_.size_bytes() - received_) {
    return absl::InvalidArgumentError(absl::StrCat("file.size_bytes is ", file_.size_bytes(), ", but ", Name(),
                                                   " has more bytes; upload it with its size and SHA-256"));
  }
  RETURN_IF_ERROR(AsRoom(writer_->Write(bytes.data(), size)));
  sha256_.Add(bytes.data(), size);
  received_ += size;
  hashed_ += size;
  return absl::OkStatus();
}

absl::Status ActiveUpload::CheckContents() {
  const std::string sha256 = sha256_.Hex();
  if (sha256 != absl::AsciiStrToLower(file_.sha256())) {
    return absl::InvalidArgumentError(absl::StrCat("file.sha256 is ", file_.sha256(), ", but the bytes of ", Name(),
                                                   " have ", sha256, "; upload it again from the beginning"));
  }
  RETURN_IF_ERROR(AsRoom(writer_->Sync()));
  if (kind_ == UploadKind::kData) return absl::OkStatus();
  const std::string path = store_.PartialPath(key_);
  ASSIGN_OR_RETURN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
  const absl::Status status = CheckModelFile(*file);
  return {status.code(), absl::StrReplaceAll(status.message(), {{path, Name()}})};
}

absl::StatusOr<std::string> ActiveUpload::Finish() {
  if (received_ < file_.size_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat("file.size_bytes is ", file_.size_bytes(), ", but the upload of ",
                                                   Name(), " ended after ", received_, " bytes; continue from there"));
  }
  if (const absl::Status status = CheckContents(); !status.ok()) return Discard(status);
  const std::string& directory = store_.DirectoryOf(kind_);
  const std::string path = directory + "/" + file_.name();
  RETURN_IF_ERROR(store_.options_.file_system->Rename(store_.PartialPath(key_), path));
  RETURN_IF_ERROR(store_.options_.file_system->SyncDirectory(directory));
  return path;
}

absl::Status ActiveUpload::Discard(const absl::Status& why) {
  store_.options_.file_system->RemoveTree(store_.PartialPath(key_)).IgnoreError();
  return why;
}

}  // namespace recurve
