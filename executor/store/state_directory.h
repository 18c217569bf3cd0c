// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_STORE_STATE_DIRECTORY_H_
#define RECURVE_EXECUTOR_STORE_STATE_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// The directory in which a daemon keeps what must survive it. One daemon at a time uses it:
//
//   lock          held by the daemon (flock); says which one
//   jobs.sqlite   jobs and their events, see JobDatabase
//   jobs/<id>/    checkpoints of a job, see CheckpointDirectory
//   uploads/      files that clients have uploaded
//   models/       models of owners who are kept apart, without a root of models
//   crashes       see CrashMarker
class StateDirectory {
 public:
  // Creates the directory with its parents if necessary, for this user only, and locks it. An empty path is a new
  // temporary directory, which is removed with this object. FAILED_PRECONDITION, naming the other daemon, if one uses
  // it for longer than a moment; INVALID_ARGUMENT if the path is not a directory, or on a network file system, where
  // the write-ahead log of SQLite does not work; PERMISSION_DENIED if it cannot be written, as on a read-only file
  // system; RESOURCE_EXHAUSTED if there is no space; DATA_LOSS if there are folders of jobs but no database.
  static absl::StatusOr<std::unique_ptr<StateDirectory>> Open(const std::string& path);
  // What Open would say of the place of the directory, without creating or locking it.
  static absl::Status Check(const std::string& path);
  // Where Open creates a temporary one.
  static std::string TemporaryParent();
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  // Writes into the lock where this daemon serves, for the message of a second one.
  void SayAddress(const std::string& address);

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/jobs.sqlite"; }
  std::string jobs() const { return path_ + "/jobs"; }
  std::string uploads() const { return path_ + "/uploads"; }
  std::string crashes() const { return path_ + "/crashes"; }

 private:
  StateDirectory(std::string path, bool temporary) : path_(std::move(path)), temporary_(temporary) {}
  absl::Status Lock();
  absl::Status CheckDatabase() const;

  const std::string path_;
  const bool temporary_;
  int lock_ = -1;
};

// The state directory `path` or, if it does not exist, the closest directory above it that does.
std::string ExistingPartOf(const std::string& path);

// The daemon that uses the state directory `path`, as it has written into the lock; empty if none does.
// PERMISSION_DENIED if the directory belongs to another user.
absl::StatusOr<std::string> DaemonUsing(const std::string& path);

// The name of the network file system of this type (f_type in statfs); empty for others.
std::string_view NetworkFileSystem(uint32_t type);

// The default: $STATE_DIRECTORY, which systemd sets, or recurve/executor in $XDG_STATE_HOME or ~/.local/state. Empty if
// none of these is set.
std::string DefaultStateDirectory();

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_STORE_STATE_DIRECTORY_H_
