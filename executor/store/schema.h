// SPDX-License-Identifier: Apache-2.0
//
// The schema of a job database. Only JobDatabase and its tests include this.
#ifndef RECURVE_EXECUTOR_STORE_SCHEMA_H_
#define RECURVE_EXECUTOR_STORE_SCHEMA_H_

#include <array>
#include <cstdint>

#include "executor/store/job_database.h"

namespace recurve {

// "RecJ", in the header of the file.
inline constexpr int64_t kApplicationId = 0x5265634A;

// The statements that lead from each version of the schema to the next one. Never change an entry; append one.
inline constexpr std::array<const char*, JobDatabase::kVersion> kMigrations = {
    // Jobs and events as serialized messages of recurve.executor.v1, which any later version can read.
    R"(
CREATE TABLE store (
  id TEXT NOT NULL,
  opens INTEGER NOT NULL,
  last_number INTEGER NOT NULL
);
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  request_id TEXT UNIQUE,
  request BLOB NOT NULL,
  job BLOB NOT NULL,
  crashes INTEGER NOT NULL,
  memory_bytes INTEGER NOT NULL
);
CREATE TABLE events (
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  event BLOB NOT NULL,
  PRIMARY KEY (job, sequence)
) WITHOUT ROWID;
)",
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_STORE_SCHEMA_H_
