// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/checkpoint/faulty_file_system.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

bool IsIn(const std::string& path, const std::string& tree) {
  return path == tree || absl::StartsWith(path, tree + "/");
}

}  // namespace

// A file of a FaultyFileSystem.
class FaultyFile final : public WritableFile {
 public:
  FaultyFile(FaultyFileSystem& owner, std::unique_ptr<WritableFile> file,
             std::shared_ptr<FaultyFileSystem::FileState> state)
      : owner_(owner), file_(std::move(file)), state_(std::move(state)) {}

  absl::Status Write(const void* data, int64_t size) override {
    const bool fails = owner_.Fails();
    if (fails) size = owner_.fault_.partly && owner_.operations_ == owner_.fault_.at ? size / 2 : 0;
    RETURN_IF_ERROR(file_->Write(data, size));
    state_->written += size;
    return fails ? owner_.Failure("write", state_->path) : absl::OkStatus();
  }
  absl::Status Sync() override {
    if (owner_.Fails()) return owner_.Failure("sync", state_->path);
    state_->synced = state_->written;
    return absl::OkStatus();
  }

 private:
  FaultyFileSystem& owner_;
  const std::unique_ptr<WritableFile> file_;
  const std::shared_ptr<FaultyFileSystem::FileState> state_;
};

bool FaultyFileSystem::Fails() {
  ++operations_;
  return operations_ >= fault_.at && operations_ < fault_.until;
}

absl::Status FaultyFileSystem::Failure(const std::string& action, const std::string& path) const {
  return absl::ResourceExhaustedError(absl::StrCat("cannot ", action, " ", path, ": no space left on device"));
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::Create(const std::string& path) {
  if (Fails()) return Failure("create", path);
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, RealFileSystem().Create(path));
  files_.push_back(std::make_shared<FileState>(FileState{.path = path}));
  new_names_.push_back({.path = path});
  return std::make_unique<FaultyFile>(*this, std::move(file), files_.back());
}

absl::Status FaultyFileSystem::MakeDirectory(const std::string& path) {
  if (Fails()) return Failure("create directory", path);
  const bool is_new = !fs::exists(path);
  RETURN_IF_ERROR(RealFileSystem().MakeDirectory(path));
  if (is_new) new_names_.push_back({.path = path});
  return absl::OkStatus();
}

absl::Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  if (Fails()) return Failure("sync", path);
  std::erase_if(new_names_, [&path](const NewName& name) { return ParentOf(name.path) == path; });
  return absl::OkStatus();
}

absl::Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  const bool fails = Fails();
  if (fails && !(fault_.partly && operations_ == fault_.at)) return Failure("rename", from);
  RETURN_IF_ERROR(RealFileSystem().Rename(from, to));
  Moved(from, to);
  return fails ? Failure("rename", from) : absl::OkStatus();
}

absl::Status FaultyFileSystem::RemoveTree(const std::string& path) {
  if (!Fails()) {
    Removed(path);
    return RealFileSystem().RemoveTree(path);
  }
  if (fault_.partly && operations_ == fault_.at && fs::exists(path)) {
    const std::string first = fs::directory_iterator(path)->path().string();
    Removed(first);
    RETURN_IF_ERROR(RealFileSystem().RemoveTree(first));
  }
  return Failure("remove", path);
}

void FaultyFileSystem::Moved(const std::string& from, const std::string& to) {
  const auto move = [&](std::string& path) {
    if (IsIn(path, from)) path = to + path.substr(from.size());
  };
  Removed(to);
  for (const std::shared_ptr<FileState>& file : files_) move(file->path);
  for (NewName& name : new_names_) {
    if (name.path != from) move(name.path);
  }
  new_names_.push_back({.path = to, .from = from});
}

void FaultyFileSystem::Removed(const std::string& path) {
  std::erase_if(files_, [&path](const auto& file) { return IsIn(file->path, path); });
  std::erase_if(new_names_, [&path](const NewName& name) { return IsIn(name.path, path); });
}

void FaultyFileSystem::LosePower(const PowerLoss& loss) {
  for (const std::shared_ptr<FileState>& file : files_) {
    const int64_t lost = file->written - file->synced;
    if (loss.data == PowerLoss::Data::kKept || lost == 0) continue;
    const int64_t kept = loss.data == PowerLoss::Data::kTorn ? lost / 2 : 0;
    fs::resize_file(file->path, static_cast<uintmax_t>(file->synced + kept));
    if (loss.data == PowerLoss::Data::kTorn) fs::resize_file(file->path, static_cast<uintmax_t>(file->written));
  }
  if (!loss.names) return;
  for (auto name = new_names_.rbegin(); name != new_names_.rend(); ++name) {
    std::error_code ignored;  // it was in a directory that is gone
    if (name->from.empty()) {
      fs::remove_all(name->path, ignored);
    } else {
      fs::rename(name->path, name->from, ignored);
    }
  }
}

}  // namespace recurve
