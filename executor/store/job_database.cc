// SPDX-License-Identifier: Apache-2.0
#include "executor/store/job_database.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/store/schema.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

template <typename Message>
absl::Status Parse(const std::string& bytes, Message& message) {
  if (message.ParseFromString(bytes)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the job database: a ", message.GetTypeName(), " cannot be read"));
}

// 64 random bits: the ids of different databases must not collide.
std::string RandomId() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobDatabase>> JobDatabase::Open(const std::string& path, const std::string& vfs) {
  absl::StatusOr<Database> database = Database::Open(path, vfs);
  std::unique_ptr<JobDatabase> jobs;
  absl::Status status = database.status();
  if (status.ok()) {
    jobs.reset(new JobDatabase(*std::move(database)));
    status = jobs->SetUp();
  }
  if (status.ok()) return jobs;
  return absl::Status(status.code(), absl::StrCat("cannot open ", path, ": ", status.message()));
}

absl::Status JobDatabase::SetUp() {
  const MutexLock lock(mutex_);
  RETURN_IF_ERROR(database_.Execute("PRAGMA busy_timeout = 1000; PRAGMA foreign_keys = ON;"));
  RETURN_IF_ERROR(Migrate());
  // After the version check, because this writes to the file.
  RETURN_IF_ERROR(database_.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
  return Identify();
}

absl::Status JobDatabase::Migrate() {
  ASSIGN_OR_RETURN(const int64_t version, database_.IntegerOf("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t application, database_.IntegerOf("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t tables, database_.IntegerOf("SELECT count(*) FROM sqlite_schema"));
  if (tables > 0 && application != kApplicationId) return absl::DataLossError("it is not a job database");
  if (version > kVersion) {
    return absl::UnimplementedError(absl::StrCat("its format is version ", version, "; this program reads up to ",
                                                 kVersion, ". Use a newer version of Recurve"));
  }
  if (version < 0 || (version == 0 && tables > 0)) {
    return absl::DataLossError(absl::StrCat("it is damaged: its format is version ", version));
  }
  ASSIGN_OR_RETURN(const std::string damage, database_.TextOf("PRAGMA quick_check(1)"));
  if (damage != "ok") return absl::DataLossError(absl::StrCat("it is damaged: ", damage));
  if (version == kVersion) return absl::OkStatus();
  return database_.Transact([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    for (int64_t next = version; next < kVersion; ++next) {
      RETURN_IF_ERROR(database_.Execute(kMigrations[static_cast<size_t>(next)]));
    }
    return database_.Execute(
        absl::StrCat("PRAGMA application_id = ", kApplicationId, "; PRAGMA user_version = ", kVersion));
  });
}

absl::Status JobDatabase::Identify() {
  return database_.Transact([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t known, database_.IntegerOf("SELECT count(*) FROM store"));
    if (known == 0) {
      RETURN_IF_ERROR(database_.Execute(absl::StrCat("INSERT INTO store VALUES ('", RandomId(), "', 0, 0)")));
    }
    RETURN_IF_ERROR(database_.Execute("UPDATE store SET opens = opens + 1"));
    ASSIGN_OR_RETURN(opens_, database_.IntegerOf("SELECT opens FROM store"));
    ASSIGN_OR_RETURN(id_, database_.TextOf("SELECT id FROM store"));
    return absl::OkStatus();
  });
}

absl::StatusOr<Statement*> JobDatabase::Prepared(std::optional<Statement>& statement, std::string_view sql) {
  if (!statement) {
    ASSIGN_OR_RETURN(Statement prepared, database_.Prepare(sql));
    statement.emplace(std::move(prepared));
  }
  return &*statement;
}

absl::StatusOr<int64_t> JobDatabase::LastNumber() {
  const MutexLock lock(mutex_);
  return database_.IntegerOf("SELECT last_number FROM store");
}

absl::StatusOr<std::vector<StoredJob>> JobDatabase::Jobs() {
  const MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(
      Statement select,
      database_.Prepare("SELECT number, request_id, job, crashes, memory_bytes FROM jobs ORDER BY number"));
  std::vector<StoredJob> jobs;
  RETURN_IF_ERROR(select.Run([&](const Statement& row) {
    StoredJob& stored = jobs.emplace_back();
    stored.number = row.Integer(0);
    stored.request_key = row.Bytes(1);
    stored.crashes = row.Integer(3);
    stored.memory_bytes = row.Integer(4);
    return Parse(row.Bytes(2), stored.job);
  }));
  return jobs;
}

absl::StatusOr<std::string> JobDatabase::RequestOf(int64_t number) {
  const MutexLock lock(mutex_);
  return database_.TextOf(absl::StrCat("SELECT request FROM jobs WHERE number = ", number));
}

absl::StatusOr<std::vector<executor::v1::JobEvent>> JobDatabase::Events(int64_t number) {
  const MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(Statement select, database_.Prepare("SELECT event FROM events WHERE job = ? ORDER BY sequence"));
  std::vector<executor::v1::JobEvent> events;
  RETURN_IF_ERROR(
      select.Bind(1, number).Run([&](const Statement& row) { return Parse(row.Bytes(0), events.emplace_back()); }));
  return events;
}

absl::StatusOr<std::optional<executor::v1::JobEvent>> JobDatabase::EventFrom(int64_t number, int64_t from) {
  const MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(
      Statement * select,
      Prepared(event_from_, "SELECT event FROM events WHERE job = ? AND sequence >= ? ORDER BY sequence LIMIT 1"));
  std::optional<executor::v1::JobEvent> event;
  RETURN_IF_ERROR(select->Bind(1, number).Bind(2, from).Run(
      [&](const Statement& row) { return Parse(row.Bytes(0), event.emplace()); }));
  return event;
}

absl::Status JobDatabase::WriteChange(const JobChange& change) {
  const StoredJob& stored = change.stored;
  ASSIGN_OR_RETURN(Statement * write_job,
                   Prepared(write_job_,
                            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET "
                            "job = excluded.job, crashes = excluded.crashes, memory_bytes = excluded.memory_bytes"));
  ASSIGN_OR_RETURN(Statement * write_event, Prepared(write_event_, "INSERT OR REPLACE INTO events VALUES (?, ?, ?)"));
  ASSIGN_OR_RETURN(Statement * drop_event, Prepared(drop_event_, "DELETE FROM events WHERE job = ? AND sequence = ?"));
  const std::string job = stored.job.SerializeAsString();
  write_job->Bind(1, stored.number);
  stored.request_key.empty() ? write_job->BindNull(2) : write_job->Bind(2, stored.request_key);
  RETURN_IF_ERROR(write_job->BindBlob(3, stored.request)
                      .BindBlob(4, job)
                      .Bind(5, stored.crashes)
                      .Bind(6, stored.memory_bytes)
                      .Run());
  for (const executor::v1::JobEvent& event : change.events) {
    const std::string bytes = event.SerializeAsString();
    RETURN_IF_ERROR(write_event->Bind(1, stored.number).Bind(2, event.sequence()).BindBlob(3, bytes).Run());
  }
  for (const int64_t sequence : change.dropped) {
    RETURN_IF_ERROR(drop_event->Bind(1, stored.number).Bind(2, sequence).Run());
  }
  return absl::OkStatus();
}

absl::Status JobDatabase::Write(const std::vector<JobChange>& changes) {
  const MutexLock lock(mutex_);
  return database_.Transact([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    int64_t last = 0;
    for (const JobChange& change : changes) {
      RETURN_IF_ERROR(WriteChange(change));
      last = std::max(last, change.stored.number);
    }
    return database_.Execute(absl::StrCat("UPDATE store SET last_number = max(last_number, ", last, ")"));
  });
}

absl::Status JobDatabase::Delete(int64_t number) {
  const MutexLock lock(mutex_);
  return database_.Transact([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return database_.Execute(absl::StrCat("DELETE FROM jobs WHERE number = ", number));
  });
}

}  // namespace recurve
