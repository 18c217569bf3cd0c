// SPDX-License-Identifier: Apache-2.0
//
// The jobs of a daemon and their events on disk, in a SQLite database. Every change is a transaction that is on disk
// when it returns (write-ahead log, synchronous = FULL).
#ifndef RECURVE_EXECUTOR_STORE_JOB_DATABASE_H_
#define RECURVE_EXECUTOR_STORE_JOB_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/store/database.h"
#include "planner_service/process/mutex.h"
#include "recurve/executor/v1/job.pb.h"

namespace recurve {

struct StoredJob {
  int64_t number = 0;       // from 1, in order of creation; never used again
  std::string request_key;  // unique; see RequestKey. Empty: the request has no id
  std::string request;      // the serialized CreateJobRequest; not read by Jobs
  executor::v1::Job job;
  int64_t crashes = 0;       // of the daemon in a row while it ran this job, without a checkpoint in between
  int64_t memory_bytes = 0;  // needed on the device; 0: not known yet
};

// A new or changed job, and what changed in its events.
struct JobChange {
  StoredJob stored;
  std::vector<executor::v1::JobEvent> events;  // new ones
  std::vector<int64_t> dropped;                // sequence numbers of events that are no longer kept
};

// Thread-safe. Errors of every method: RESOURCE_EXHAUSTED if the disk is full, PERMISSION_DENIED if it is read-only,
// DATA_LOSS if the file is damaged, UNAVAILABLE if the disk fails; then nothing has changed.
class JobDatabase {
 public:
  static constexpr int kVersion = 1;  // of the schema

  // Opens or creates the database; an empty path is one in memory. Upgrades the schema of earlier versions.
  // UNIMPLEMENTED if a later version of Recurve wrote it; DATA_LOSS if it is damaged or not a job database. In both
  // cases the file stays as it is.
  static absl::StatusOr<std::unique_ptr<JobDatabase>> Open(const std::string& path, const std::string& vfs = "");

  const std::string& id() const { return id_; }  // of this database, for the ids of its jobs
  int64_t opens() const { return opens_; }       // times it was opened, with this one
  // The largest number that a job has had.
  absl::StatusOr<int64_t> LastNumber();

  absl::StatusOr<std::vector<StoredJob>> Jobs();  // in order of number
  absl::StatusOr<std::string> RequestOf(int64_t number);
  absl::StatusOr<std::vector<executor::v1::JobEvent>> Events(int64_t number);  // in order
  // The first event of a job with a sequence number of at least `from`.
  absl::StatusOr<std::optional<executor::v1::JobEvent>> EventFrom(int64_t number, int64_t from);

  absl::Status Write(const std::vector<JobChange>& changes);
  absl::Status Delete(int64_t number);

 private:
  explicit JobDatabase(Database database) : database_(std::move(database)) {}
  absl::Status SetUp();
  absl::Status Migrate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Identify() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteChange(const JobChange& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Statement*> Prepared(std::optional<Statement>& statement, std::string_view sql)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  Database database_ ABSL_GUARDED_BY(mutex_);
  std::optional<Statement> write_job_ ABSL_GUARDED_BY(mutex_);
  std::optional<Statement> write_event_ ABSL_GUARDED_BY(mutex_);
  std::optional<Statement> drop_event_ ABSL_GUARDED_BY(mutex_);
  std::optional<Statement> event_from_ ABSL_GUARDED_BY(mutex_);
  std::string id_;
  int64_t opens_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_STORE_JOB_DATABASE_H_
