// SPDX-License-Identifier: Apache-2.0
//
// Files that a job database must upgrade, and files that it must refuse and leave as they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/store/job_database.h"
#include "executor/store/schema.h"
#include "tests/executor/store/temporary_folder.h"

namespace recurve {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

class JobDatabaseFileTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/jobs.sqlite"; }

  // Writes a database with 50 jobs, which has several pages.
  void Fill() {
    auto database = JobDatabase::Open(path()).value();
    std::vector<JobChange> changes(50);
    for (JobChange& change : changes) {
      change.stored.number = &change - changes.data() + 1;
      change.stored.request = std::string(500, 'r');
    }
    ASSERT_TRUE(database->Write(changes).ok());
  }
  void Execute(const std::string& sql) {
    Database raw = Database::Open(path()).value();
    const absl::Status status = raw.Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
  }
  // Returns the message.
  std::string ExpectRefusedUnchanged(StatusCode code, const std::string& what) {
    const std::string before = ReadBytes(path());
    const absl::Status status = JobDatabase::Open(path()).status();
    EXPECT_EQ(status.code(), code) << what << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("cannot open ", path())));
    EXPECT_TRUE(ReadBytes(path()) == before) << what << " changed the file";
    return std::string(status.message());
  }

  TemporaryFolder folder_;
};

// The rows are written in the form of version 1, the first one, and led to `version` by the migrations.
TEST_F(JobDatabaseFileTest, EveryEarlierVersionIsUpgraded) {
  for (int version = 0; version <= JobDatabase::kVersion; ++version) {
    SCOPED_TRACE(version);
    std::filesystem::remove(path());
    WriteBytes(path(), "");
    for (int next = 0; next < version; ++next) {
      Execute(kMigrations[static_cast<size_t>(next)]);
      if (next > 0) continue;
      Execute("INSERT INTO store VALUES ('0123456789abcdef', 5, 8)");
      Execute("INSERT INTO jobs VALUES (8, 'r', x'0a01', x'0a016a', 1, 77)");
      Execute("INSERT INTO events VALUES (8, 3, x'0803')");
    }
    if (version > 0) Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId));
    Execute(absl::StrCat("PRAGMA user_version = ", version));
    for (int64_t opened = 1; opened <= 2; ++opened) {
      auto database = JobDatabase::Open(path());
      ASSERT_TRUE(database.ok()) << database.status();
      EXPECT_EQ((*database)->opens(), opened + (version > 0 ? 5 : 0));
      EXPECT_EQ((*database)->LastNumber().value(), version > 0 ? 8 : 0);
      const std::vector<StoredJob> jobs = (*database)->Jobs().value();
      ASSERT_EQ(jobs.size(), version > 0 ? 1u : 0u);
      if (version == 0) continue;
      EXPECT_EQ((*database)->id(), "0123456789abcdef");
      EXPECT_EQ(jobs[0].job.id(), "j");
      EXPECT_EQ(jobs[0].request_key, "r");
      EXPECT_EQ((*database)->EventFrom(8, 0).value()->sequence(), 3);
    }
    EXPECT_EQ(Database::Open(path())->IntegerOf("PRAGMA user_version").value(), JobDatabase::kVersion);
  }
}

TEST_F(JobDatabaseFileTest, ANewerVersionIsRefused) {
  Fill();
  Execute(absl::StrCat("CREATE TABLE later (x); PRAGMA user_version = ", JobDatabase::kVersion + 1));
  const std::string message = ExpectRefusedUnchanged(StatusCode::kUnimplemented, "a newer version");
  EXPECT_THAT(message, HasSubstr(absl::StrCat("version ", JobDatabase::kVersion + 1)));
}

TEST_F(JobDatabaseFileTest, OtherFilesAreRefused) {
  WriteBytes(path(), "xx");  // SQLite takes a file of one byte for an empty one
  ExpectRefusedUnchanged(StatusCode::kDataLoss, "a file of two bytes");
  WriteBytes(path(), std::string(10'000, 'x'));
  ExpectRefusedUnchanged(StatusCode::kDataLoss, "a file that is not SQLite");
  std::filesystem::remove(path());
  Execute("CREATE TABLE bookmarks (url TEXT)");
  EXPECT_THAT(ExpectRefusedUnchanged(StatusCode::kDataLoss, "a database without an application"),
              HasSubstr("not a job database"));
  Execute("PRAGMA application_id = 77; PRAGMA user_version = 1");
  ExpectRefusedUnchanged(StatusCode::kDataLoss, "a database of another application");
}

TEST_F(JobDatabaseFileTest, ADamagedVersionIsRefused) {
  for (const char* version : {"0", "-1", "-2147483648"}) {
    std::filesystem::remove(path());
    Fill();
    Execute(absl::StrCat("PRAGMA user_version = ", version));
    EXPECT_THAT(ExpectRefusedUnchanged(StatusCode::kDataLoss, version), HasSubstr("damaged"));
  }
}

TEST_F(JobDatabaseFileTest, TruncatedFilesAreRefused) {
  Fill();
  const std::string whole = ReadBytes(path());
  ASSERT_GT(whole.size(), 20'000u);
  for (const size_t size : {size_t{2}, size_t{99}, size_t{100}, size_t{4096}, size_t{8192}, whole.size() / 2,
                            whole.size() - 4097, whole.size() - 4096}) {
    WriteBytes(path(), whole.substr(0, size));
    ExpectRefusedUnchanged(StatusCode::kDataLoss, absl::StrCat("a file cut to ", size, " bytes"));
  }
}

TEST_F(JobDatabaseFileTest, DamagedPagesAreRefused) {
  Fill();
  const std::string whole = ReadBytes(path());
  for (size_t page = 0; page < whole.size() / 4096; ++page) {
    for (const char fill : {'\0', '\x55', '\xff'}) {
      std::string damaged = whole;
      // The header of the file, which the first page begins with, stays.
      const size_t begin = page * 4096 + (page == 0 ? 100 : 0);
      std::fill_n(damaged.begin() + static_cast<int64_t>(begin), (page + 1) * 4096 - begin, fill);
      WriteBytes(path(), damaged);
      ExpectRefusedUnchanged(StatusCode::kDataLoss, absl::StrCat("page ", page, " filled with ", int{fill}));
    }
  }
}

TEST_F(JobDatabaseFileTest, ReadOnlyFilesAndFoldersAreRefused) {
  Fill();
  chmod(path().c_str(), 0444);
  chmod(folder_.path().c_str(), 0555);
  const WithoutSuperuser nobody(folder_.path());
  if (!nobody.ok()) GTEST_SKIP() << "this superuser cannot give up its rights";
  ExpectRefusedUnchanged(StatusCode::kPermissionDenied, "a read-only file in a read-only folder");
  EXPECT_FALSE(JobDatabase::Open(folder_.path() + "/new").ok());
  chmod(folder_.path().c_str(), 0755);
  ExpectRefusedUnchanged(StatusCode::kPermissionDenied, "a read-only file");
}

TEST_F(JobDatabaseFileTest, ImpossiblePathsAreRefusedByName) {
  const absl::Status folder = JobDatabase::Open(folder_.path()).status();
  EXPECT_EQ(folder.code(), StatusCode::kUnavailable);
  EXPECT_THAT(folder.message(), HasSubstr("cannot open " + folder_.path()));
  EXPECT_EQ(JobDatabase::Open(folder_.path() + "/missing/jobs").status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace recurve
