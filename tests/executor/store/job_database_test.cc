// SPDX-License-Identifier: Apache-2.0
//
// What a job database stores. job_database_files_test.cc has the files that it must upgrade or refuse.
#include "executor/store/job_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/executor/store/temporary_folder.h"

namespace recurve {
namespace {

using executor::v1::JobEvent;
using testing::ElementsAre;
using testing::IsEmpty;

JobEvent Note(int64_t sequence, const std::string& text) {
  JobEvent event;
  event.set_sequence(sequence);
  event.set_note(text);
  return event;
}

StoredJob Stored(int64_t number, const std::string& request_id = "") {
  StoredJob stored;
  stored.number = number;
  stored.request_key = request_id;
  stored.request = "request " + std::to_string(number);
  stored.job.set_id("job-" + std::to_string(number));
  return stored;
}

class JobDatabaseTest : public testing::Test {
 protected:
  JobDatabaseTest() { Open(); }

  void Open() {
    database_ = nullptr;
    auto database = JobDatabase::Open(path());
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
  }
  std::string path() const { return folder_.path() + "/jobs.sqlite"; }
  std::vector<int64_t> Numbers() {
    std::vector<int64_t> numbers;
    const absl::StatusOr<std::vector<StoredJob>> jobs = database_->Jobs();
    for (const StoredJob& stored : *jobs) numbers.push_back(stored.number);
    return numbers;
  }
  std::vector<std::string> Notes(int64_t number) {
    std::vector<std::string> notes;
    const absl::StatusOr<std::vector<JobEvent>> events = database_->Events(number);
    for (const JobEvent& event : *events) notes.push_back(event.note());
    return notes;
  }

  TemporaryFolder folder_;
  std::unique_ptr<JobDatabase> database_;
};

TEST_F(JobDatabaseTest, JobsAndEventsAreReadAsTheyWereWritten) {
  StoredJob stored = Stored(7, "r\"'7");
  stored.request = std::string("\0\xff request", 10);
  stored.job.set_reason("with ünïcode");
  stored.crashes = 2;
  stored.memory_bytes = int64_t{1} << 40;
  const std::vector<JobEvent> events = {Note(3, "three"), Note(int64_t{5} << 32, "large")};
  ASSERT_TRUE(database_->Write({{stored, events, {}}, {Stored(2), {}, {}}}).ok());
  for (int restart = 0; restart < 2; ++restart, Open()) {
    const std::vector<StoredJob> jobs = database_->Jobs().value();
    ASSERT_EQ(jobs.size(), 2u);
    EXPECT_EQ(jobs[0].number, 2) << "in order of number";
    EXPECT_EQ(jobs[0].request_key, "");
    EXPECT_EQ(jobs[1].number, 7);
    EXPECT_EQ(jobs[1].request_key, stored.request_key);
    EXPECT_EQ(jobs[1].job.SerializeAsString(), stored.job.SerializeAsString());
    EXPECT_EQ(jobs[1].crashes, 2);
    EXPECT_EQ(jobs[1].memory_bytes, int64_t{1} << 40);
    EXPECT_EQ(database_->RequestOf(7).value(), stored.request);
    const std::vector<JobEvent> read = database_->Events(7).value();
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[0].SerializeAsString(), events[0].SerializeAsString());
    EXPECT_EQ(read[1].SerializeAsString(), events[1].SerializeAsString());
    EXPECT_THAT(Notes(2), IsEmpty());
  }
}

TEST_F(JobDatabaseTest, AChangeKeepsTheRequest) {
  ASSERT_TRUE(database_->Write({{Stored(1, "a"), {Note(1, "one")}, {}}}).ok());
  StoredJob changed = Stored(1, "a");
  changed.request.clear();
  changed.job.set_priority(5);
  changed.crashes = 1;
  changed.memory_bytes = 9;
  ASSERT_TRUE(database_->Write({{changed, {Note(2, "two")}, {}}}).ok());
  EXPECT_EQ(database_->RequestOf(1).value(), "request 1");
  const StoredJob read = database_->Jobs()->front();
  EXPECT_EQ(read.request_key, "a");
  EXPECT_EQ(read.job.priority(), 5);
  EXPECT_EQ(read.crashes, 1);
  EXPECT_EQ(read.memory_bytes, 9);
  EXPECT_THAT(Notes(1), ElementsAre("one", "two"));
}

TEST_F(JobDatabaseTest, DroppedEventsAreDeleted) {
  ASSERT_TRUE(database_->Write({{Stored(1), {Note(1, "one"), Note(2, "two"), Note(3, "three")}, {}}}).ok());
  ASSERT_TRUE(database_->Write({{Stored(2), {Note(2, "of another job")}, {}}}).ok());
  ASSERT_TRUE(database_->Write({{Stored(1), {Note(4, "four")}, {2, 3, 99}}}).ok());
  EXPECT_THAT(Notes(1), ElementsAre("one", "four"));
  EXPECT_THAT(Notes(2), ElementsAre("of another job"));
}

TEST_F(JobDatabaseTest, FindsTheNextEvent) {
  ASSERT_TRUE(database_->Write({{Stored(1), {Note(2, "two"), Note(9, "nine")}, {}}}).ok());
  EXPECT_EQ(database_->EventFrom(1, 0).value()->note(), "two");
  EXPECT_EQ(database_->EventFrom(1, 2).value()->note(), "two");
  EXPECT_EQ(database_->EventFrom(1, 3).value()->note(), "nine");
  EXPECT_EQ(database_->EventFrom(1, 10).value(), std::nullopt);
  EXPECT_EQ(database_->EventFrom(2, 0).value(), std::nullopt);
}

TEST_F(JobDatabaseTest, DeletingAJobDeletesItsEvents) {
  for (const int64_t number : {1, 2}) {
    ASSERT_TRUE(database_->Write({{Stored(number, std::to_string(number)), {Note(1, "one")}, {}}}).ok());
  }
  ASSERT_TRUE(database_->Delete(1).ok());
  EXPECT_THAT(Numbers(), ElementsAre(2));
  EXPECT_THAT(Notes(1), IsEmpty());
  EXPECT_THAT(Notes(2), ElementsAre("one"));
  EXPECT_EQ(database_->RequestOf(1).value(), "");
  EXPECT_TRUE(database_->Delete(1).ok()) << "again";
  EXPECT_TRUE(database_->Write({{Stored(3, "1"), {}, {}}}).ok()) << "its request id is free";
}

TEST_F(JobDatabaseTest, TheLastNumberNeverGoesBack) {
  EXPECT_EQ(database_->LastNumber().value(), 0);
  ASSERT_TRUE(database_->Write({{Stored(4), {}, {}}, {Stored(3), {}, {}}}).ok());
  EXPECT_EQ(database_->LastNumber().value(), 4);
  ASSERT_TRUE(database_->Write({{Stored(3), {}, {}}}).ok());
  EXPECT_EQ(database_->LastNumber().value(), 4);
  ASSERT_TRUE(database_->Delete(4).ok());
  Open();
  EXPECT_EQ(database_->LastNumber().value(), 4);
}

TEST_F(JobDatabaseTest, AWriteThatFailsChangesNothing) {
  ASSERT_TRUE(database_->Write({{Stored(1, "a"), {}, {}}}).ok());
  const absl::Status status = database_->Write({{Stored(2), {Note(1, "one")}, {}}, {Stored(3, "a"), {}, {}}});
  EXPECT_FALSE(status.ok()) << "the request id of another job";
  EXPECT_THAT(Numbers(), ElementsAre(1));
  EXPECT_THAT(Notes(2), IsEmpty());
  EXPECT_EQ(database_->LastNumber().value(), 1);
  EXPECT_TRUE(database_->Write({{Stored(2), {}, {}}}).ok()) << "goes on";
}

TEST_F(JobDatabaseTest, CountsHowOftenItWasOpenedAndKeepsItsId) {
  const std::string id = database_->id();
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(database_->opens(), 1);
  Open();
  EXPECT_EQ(database_->opens(), 2);
  EXPECT_EQ(database_->id(), id);
  EXPECT_NE(JobDatabase::Open(folder_.path() + "/other").value()->id(), id);
  const auto memory = JobDatabase::Open("").value();
  EXPECT_NE(memory->id(), id);
  EXPECT_EQ(memory->opens(), 1);
}

TEST_F(JobDatabaseTest, AMessageThatCannotBeReadIsDataLoss) {
  ASSERT_TRUE(database_->Write({{Stored(1), {Note(1, "one")}, {}}}).ok());
  {
    Database raw = Database::Open(path()).value();
    ASSERT_TRUE(raw.Execute("UPDATE jobs SET job = x'ff'; UPDATE events SET event = x'ff'").ok());
  }
  EXPECT_EQ(database_->Jobs().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(database_->Events(1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(database_->EventFrom(1, 0).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace recurve
