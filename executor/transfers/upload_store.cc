// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/upload_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameBytes = 255;
constexpr size_t kSha256Characters = 64;

bool IsSha256(std::string_view text) {
  return text.size() == kSha256Characters &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isxdigit(static_cast<uint8_t>(c)); });
}

std::string KeyOf(const executor::v1::FileDescription& file) {
  return absl::StrCat(absl::AsciiStrToLower(file.sha256()), "-", file.size_bytes());
}

// Whether `key` is one of KeyOf, and for which size.
bool ParseKey(const std::string& key, int64_t& size_bytes) {
  return key.size() > kSha256Characters && key[kSha256Characters] == '-' &&
         IsSha256(std::string_view(key).substr(0, kSha256Characters)) &&
         absl::SimpleAtoi(key.substr(kSha256Characters + 1), &size_bytes) && size_bytes >= 0;
}

// The size of a file; -1 if there is none.
int64_t SizeAt(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_size) : -1;
}

absl::Status CheckReplaceableFile(const std::string& directory, const std::string& name) {
  struct stat info {};
  const std::string path = directory + "/" + name;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : PosixError(errno, "write", Printable(path));
  }
  if (S_ISREG(info.st_mode)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("file.name is ", Printable(name), ", which is not a regular file there; give another name"));
}

absl::StatusOr<int64_t> TotalBytes(const std::string& directory) {
  int64_t total = 0;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const int64_t size = SizeAt(entry->path().string());
    if (size >= 0) total += StoredBytesOf(size);
  }
  if (error) return PosixError(error.value(), "read directory", directory);
  return total;
}

}  // namespace

int64_t StoredBytesOf(int64_t size_bytes) {
  constexpr int64_t kBlock = 4096;
  if (size_bytes > INT64_MAX - 2 * kBlock) return INT64_MAX;
  return (size_bytes + kBlock - 1) / kBlock * kBlock + kBlock;
}

// What is on disk of an unfinished upload.
struct UploadStore::Partial {
  std::string key;
  int64_t size_bytes = 0;  // of the whole file
  absl::Time written;      // last
};

absl::Status CheckFileDescription(const executor::v1::FileDescription& file) {
  const std::string& name = file.name();
  if (name.empty()) return absl::InvalidArgumentError("file.name is empty; must be the name of a file");
  if (name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("file.name has ", name.size(), " bytes; at most ", kMaxNameBytes, " are allowed"));
  }
  if (name == "." || name == ".." || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("file.name is \"", Printable(name), "\"; must be a name without directories"));
  }
  if (file.size_bytes() < 0) {
    return absl::InvalidArgumentError(absl::StrCat("file.size_bytes is ", file.size_bytes(), "; must be at least 0"));
  }
  if (IsSha256(file.sha256())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("file.sha256 is \"", Printable(file.sha256().substr(0, 80)),
                                                 "\"; must be ", kSha256Characters, " hex digits"));
}

UploadStore::UploadStore(UploadStoreOptions options, const std::string& directory)
    : options_(std::move(options)),
      data_(directory + "/data"),
      models_(directory + "/models"),
      partial_(directory + "/partial") {}

absl::StatusOr<std::unique_ptr<UploadStore>> UploadStore::Open(UploadStoreOptions options) {
  FileSystem& file_system = *options.file_system;
  RETURN_IF_ERROR(file_system.MakeDirectory(options.directory));
  std::error_code error;
  const std::string directory = fs::canonical(options.directory, error).string();
  if (error) return PosixError(error.value(), "open", options.directory);
  std::unique_ptr<UploadStore> store(new UploadStore(std::move(options), directory));
  for (const std::string& folder : {store->data_, store->models_, store->partial_}) {
    RETURN_IF_ERROR(file_system.MakeDirectory(folder));
  }
  RETURN_IF_ERROR(file_system.SyncDirectory(directory));
  RETURN_IF_ERROR(store->RemoveAbandoned());
  return store;
}

std::string UploadStore::data_directory() const { return data_; }
std::string UploadStore::model_directory() const { return models_; }

absl::StatusOr<std::vector<UploadStore::Partial>> UploadStore::Partials() const {
  std::vector<Partial> partials;
  std::error_code error;
  fs::directory_iterator entry(partial_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    struct stat info {};
    Partial partial{.key = entry->path().filename().string()};
    if (!ParseKey(partial.key, partial.size_bytes) || lstat(entry->path().c_str(), &info) != 0) continue;
    partial.written = absl::TimeFromTimespec(info.st_mtim);
    partials.push_back(std::move(partial));
  }
  if (error) return PosixError(error.value(), "read directory", partial_);
  return partials;
}

absl::Status UploadStore::RemoveAbandoned() {
  const MutexLock lock(mutex_);
  return RemoveAbandonedExcept("");
}

absl::Status UploadStore::RemoveAbandonedExcept(const std::string& kept) {
  ASSIGN_OR_RETURN(const std::vector<Partial> partials, Partials());
  const absl::Time oldest = options_.clock() - options_.abandoned_after;
  for (const Partial& partial : partials) {
    if (partial.written >= oldest || partial.key == kept || active_.contains(partial.key)) continue;
    RETURN_IF_ERROR(options_.file_system->RemoveTree(PartialPath(partial.key)));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> UploadStore::StoredBytes() const {
  ASSIGN_OR_RETURN(const int64_t data, TotalBytes(data_));
  ASSIGN_OR_RETURN(const int64_t models, TotalBytes(models_));
  ASSIGN_OR_RETURN(const std::vector<Partial> partials, Partials());
  int64_t total = data + models;
  for (const Partial& partial : partials) total += StoredBytesOf(partial.size_bytes);
  return total;
}

absl::Status UploadStore::CheckTotal(int64_t size_bytes) const {
  if (options_.max_total_bytes == INT64_MAX) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t uploads, StoredBytes());
  const int64_t total = uploads + options_.other_bytes();
  if (StoredBytesOf(size_bytes) <= options_.max_total_bytes - total) return absl::OkStatus();
  options_.on_quota_refusal();
  return absl::ResourceExhaustedError(absl::StrCat("file.size_bytes is ", size_bytes, ", and ", total, " of ",
                                                   options_.max_total_bytes, " bytes are in use already",
                                                   options_.remedy));
}

absl::Status UploadStore::CheckNew(int64_t size_bytes) const {
  ASSIGN_OR_RETURN(const std::vector<Partial> partials, Partials());
  if (static_cast<int64_t>(partials.size()) >= options_.max_unfinished) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the number of unfinished uploads is ", partials.size(), ", the limit; complete one, or retry in ",
                     absl::FormatDuration(options_.abandoned_after), ", when what has arrived of them is removed"));
  }
  RETURN_IF_ERROR(CheckTotal(size_bytes));
  std::error_code error;
  const fs::space_info space = fs::space(partial_, error);
  if (error || space.available >= static_cast<uintmax_t>(size_bytes)) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("file.size_bytes is ", size_bytes, ", but the disk has only ",
                                                   FormatBytesRounded(static_cast<int64_t>(space.available)),
                                                   " available; remove files that are not needed"));
}

absl::StatusOr<std::unique_ptr<ActiveUpload>> UploadStore::Begin(const executor::v1::FileDescription& file,
                                                                 UploadKind kind, int64_t offset_bytes) {
  RETURN_IF_ERROR(CheckFileDescription(file));
  if (file.size_bytes() > options_.max_upload_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("file.size_bytes is ", file.size_bytes(), "; at most ",
                                                     options_.max_upload_bytes, " are allowed (--max-upload)"));
  }
  RETURN_IF_ERROR(CheckReplaceableFile(DirectoryOf(kind), file.name()));
  std::unique_ptr<ActiveUpload> upload(new ActiveUpload(*this, file, kind, KeyOf(file)));
  const std::string path = PartialPath(upload->key_);

  const MutexLock lock(mutex_);
  if (active_.contains(upload->key_)) {
    return absl::AbortedError(
        absl::StrCat("another upload of the bytes of ", Printable(file.name()), " is active; retry once it has ended"));
  }
  RETURN_IF_ERROR(RemoveAbandonedExcept(upload->key_));
  const int64_t arrived = SizeAt(path);
  upload->received_ = std::max<int64_t>(0, arrived);
  if (offset_bytes != upload->received_) {
    return absl::OutOfRangeError(absl::StrCat("offset_bytes is ", offset_bytes, "; must be ", upload->received_,
                                              ", the bytes that have arrived"));
  }
  if (arrived < 0) RETURN_IF_ERROR(CheckNew(file.size_bytes()));
  if (arrived > 0) {
    ASSIGN_OR_RETURN(upload->earlier_, InputFile::Open(path));
  }
  ASSIGN_OR_RETURN(upload->writer_,
                   arrived < 0 ? options_.file_system->Create(path) : options_.file_system->Append(path));
  upload->registered_ = active_.insert(upload->key_).second;
  return upload;
}

absl::StatusOr<int64_t> UploadStore::Received(const executor::v1::FileDescription& file) const {
  RETURN_IF_ERROR(CheckFileDescription(file));
  return std::max<int64_t>(0, SizeAt(PartialPath(KeyOf(file))));
}

void UploadStore::Release(const std::string& key) {
  const MutexLock lock(mutex_);
  active_.erase(key);
}

}  // namespace recurve
