// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_CHECKPOINT_FAULTY_FILE_SYSTEM_H_
#define RECURVE_TESTS_EXECUTOR_CHECKPOINT_FAULTY_FILE_SYSTEM_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "executor/data/file_system.h"

namespace recurve {

// What happens at the operation `at`, counted from 1.
struct Fault {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  int64_t at = kNever;
  int64_t until = kNever;  // later operations succeed again; at + 1: only one fails
  bool partly = false;     // half of the operation is done before it fails: half of the bytes, one of the files
};

// What is lost when power fails.
struct PowerLoss {
  enum class Data : uint8_t {
    kKept,
    kDropped,  // all bytes written after the last sync of their file
    kTorn,     // half of these bytes; the others are zeros
  };
  Data data = Data::kKept;
  bool names = false;  // files, directories and names that were made after the last sync of their directory
};

// Decorates the real file system. Counts its operations, those on open files too, and lets some of them fail with
// RESOURCE_EXHAUSTED. Power loss is simulated, so nothing is synced. Not thread-safe. Must outlive its files.
class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(const Fault& fault = {}) : fault_(fault) {}

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> Append(const std::string& path) override {
    return absl::UnimplementedError(path + ": checkpoints append to no file");
  }
  absl::Status MakeDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status RemoveTree(const std::string& path) override;

  int64_t operations() const { return operations_; }
  bool failed() const { return operations_ >= fault_.at; }
  // Changes the files on disk to what a machine finds after its power failed now. Removed files do not come back.
  void LosePower(const PowerLoss& loss);

 private:
  friend class FaultyFile;
  // A file, and how much of it is on disk for certain.
  struct FileState {
    std::string path;
    int64_t written = 0;
    int64_t synced = 0;
  };
  // A name that is not durable yet. Empty `from`: it was made; otherwise renamed from that.
  struct NewName {
    std::string path;
    std::string from;
  };

  // Counts an operation; whether it fails.
  bool Fails();
  absl::Status Failure(const std::string& action, const std::string& path) const;
  void Moved(const std::string& from, const std::string& to);
  void Removed(const std::string& path);

  const Fault fault_;
  int64_t operations_ = 0;
  std::vector<std::shared_ptr<FileState>> files_;
  std::vector<NewName> new_names_;  // in the order in which they were made
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_CHECKPOINT_FAULTY_FILE_SYSTEM_H_
