// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_STORE_FAULTY_VFS_H_
#define RECURVE_TESTS_EXECUTOR_STORE_FAULTY_VFS_H_

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// A file layer of SQLite whose disk fails when it is told to. It lies on the default one, so its files are real; only
// syncing is simulated, by remembering what a file had at its last sync. Thread-safe.
//
//   FaultyVfs vfs;
//   vfs.Arm(5, FaultyVfs::Fault::kFull);    // from the fifth operation on
//   JobDatabase::Open(path, vfs.name());
//   vfs.Repair();                           // the disk has space again
//
// Operations are: opening, writing, truncating, syncing and deleting a file, and mapping and locking shared memory.
class FaultyVfs {
 public:
  enum class Fault : uint8_t {
    kNone,
    kOnce,   // one operation fails
    kLasts,  // all operations fail until Repair
    kFull,   // writing, opening files and mapping shared memory fail until Repair; these alone are counted
    kCrash,  // half of a write is done, then all operations fail until Repair
  };

  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  const std::string& name() const { return name_; }

  // Operation `first`, from 1, is the first one that fails. All files have what is on disk now.
  void Arm(int64_t first, Fault fault);
  // The disk works from now on.
  void Repair();
  // Whether an operation has failed since Arm.
  bool struck() const;
  // Gives all files back what they had at their last sync: the power has failed. No file may be open.
  void DropUnsynced();

 private:
  struct File;
  enum class Operation : uint8_t { kOpen, kWrite, kTruncate, kSync, kDelete, kMap, kLock };
  struct Methods;  // the functions that SQLite calls

  // Whether this operation is to fail; sets errno.
  bool Fails(Operation operation);
  bool CutsWrite();  // whether the operation that has just failed did half of its work
  void RememberSynced(const std::string& path);
  void RememberDeleted(const std::string& path);
  void RememberOpened(const std::string& path);

  const std::string name_ = "recurve-faulty";
  sqlite3_vfs* const base_;
  sqlite3_vfs vfs_{};
  mutable Mutex mutex_;
  Fault fault_ ABSL_GUARDED_BY(mutex_) = Fault::kNone;
  int64_t remaining_ ABSL_GUARDED_BY(mutex_) = 0;  // operations that still succeed
  bool struck_ ABSL_GUARDED_BY(mutex_) = false;
  bool cut_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> opened_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> synced_ ABSL_GUARDED_BY(mutex_);  // path to content
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_STORE_FAULTY_VFS_H_
