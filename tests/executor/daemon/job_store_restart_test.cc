// SPDX-License-Identifier: Apache-2.0
//
// What a store keeps when its process ends: each test opens stores one after the other on the same database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executor/daemon/job_store.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobEvent;
using executor::v1::JobState;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr JobState kQueued = executor::v1::JOB_STATE_QUEUED;
constexpr JobState kPaused = executor::v1::JOB_STATE_PAUSED;
constexpr JobState kFailed = executor::v1::JOB_STATE_FAILED;
constexpr JobState kSucceeded = executor::v1::JOB_STATE_SUCCEEDED;

executor::v1::CreateJobRequest Request(const std::string& request_id, int64_t bytes = 1000) {
  executor::v1::CreateJobRequest request;
  request.set_request_id(request_id);
  request.mutable_spec()->mutable_language_model()->set_data_path("/data/" + request_id);
  request.mutable_spec()->set_memory_bytes(bytes);
  return request;
}

class JobStoreRestartTest : public testing::Test {
 protected:
  JobStoreRestartTest() {
    std::string name = (std::filesystem::path(testing::TempDir()) / "recurve_store_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    options_.jobs_directory = folder_ + "/jobs";
    std::filesystem::create_directory(options_.jobs_directory);
    Open();
  }
  ~JobStoreRestartTest() override { std::filesystem::remove_all(folder_); }

  void Open() {
    auto database = JobDatabase::Open(folder_ + "/jobs.sqlite");
    ASSERT_TRUE(database.ok()) << database.status();
    auto store = JobStore::Open(options_, *std::move(database));
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Restart() {
    store_ = nullptr;
    Open();
  }
  std::string Create(const std::string& request_id, int64_t bytes = 1000) {
    const executor::v1::CreateJobRequest request = Request(request_id, bytes);
    const absl::StatusOr<Job> job = store_->Create(request, request.spec());
    EXPECT_TRUE(job.ok()) << job.status();
    return job->id();
  }
  std::vector<JobEvent> Events(const std::string& id, int64_t from = 1) {
    std::vector<JobEvent> events;
    for (;;) {
      const absl::StatusOr<JobStore::NextEvent> next = store_->EventFrom(id, from);
      if (!next.ok() || !next->event.has_value()) return events;
      events.push_back(*next->event);
      from = next->event->sequence() + 1;
    }
  }

  JobStoreOptions options_;
  std::string folder_;
  std::unique_ptr<JobStore> store_;
};

TEST_F(JobStoreRestartTest, QueuedJobsKeepTheirOrderAndRunningOnesComeFirst) {
  const std::string a = Create("a"), b = Create("b"), c = Create("c");
  EXPECT_EQ(store_->TakeNext()->id, a);
  EXPECT_EQ(store_->TakeNext()->id, b);
  store_->SetRunning(a, {}, "training");
  store_->AddCheckpoint(a, {.step = 7, .seconds = 0.1, .resumable = true, .size_bytes = 9});
  Restart();
  EXPECT_EQ(store_->Get(a)->state(), kQueued);
  EXPECT_EQ(store_->Get(a)->checkpoint_step(), 7);
  EXPECT_THAT(store_->Get(b)->reason(), HasSubstr("the daemon was restarted"));
  EXPECT_EQ(store_->Get(c)->reason(), "accepted");
  for (const std::string& id : {a, b, c}) EXPECT_EQ(store_->TakeNext()->id, id);
  EXPECT_EQ(store_->Get(a)->starts(), 2);
  EXPECT_EQ(store_->Get(c)->starts(), 1);
}

TEST_F(JobStoreRestartTest, EverythingAboutAJobIsKept) {
  executor::v1::CreateJobRequest request = Request("r");
  request.set_display_name("night run");
  request.set_owner("ada");
  request.set_priority(3);
  (*request.mutable_labels())["team"] = "speech";
  const std::string id = store_->Create(request, request.spec())->id();
  store_->TakeNext();
  executor::v1::PlanSummary plan;
  plan.set_link(12);
  store_->SetRunning(id, plan, "training");
  executor::v1::Progress progress;
  progress.set_step(4);
  store_->AddProgress(id, progress);
  store_->AddNote(id, "hear, hear");
  executor::v1::JobResult result;
  result.set_weights_sha256("abc");
  store_->End(id, kSucceeded, "trained 4 steps", result);
  const Job before = *store_->Get(id);
  const std::vector<JobEvent> events = Events(id);
  ASSERT_EQ(events.size(), 6u);
  Restart();
  EXPECT_EQ(store_->Get(id)->SerializeAsString(), before.SerializeAsString());
  const std::vector<JobEvent> after = Events(id);
  ASSERT_EQ(after.size(), events.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].SerializeAsString(), events[i].SerializeAsString());
  EXPECT_EQ(store_->Create(request, request.spec())->id(), id) << "its request id is known";
  request.set_priority(4);
  EXPECT_EQ(store_->Create(request, request.spec()).status().code(), absl::StatusCode::kAlreadyExists);
}

// A reader that has seen an event which was not saved must not find its number used again.
TEST_F(JobStoreRestartTest, SequenceNumbersAreNeverUsedAgain) {
  const std::string id = Create("a");
  store_->TakeNext();
  int64_t last = 0;
  for (int restart = 0; restart < 3; ++restart) {
    for (const JobEvent& event : Events(id, last + 1)) last = event.sequence();
    Restart();
    const std::vector<JobEvent> events = Events(id, last + 1);
    ASSERT_FALSE(events.empty());
    EXPECT_GT(events.front().sequence() - last, int64_t{1} << 31);
    EXPECT_EQ(events.front().state_change().state(), kQueued);
    store_->TakeNext();
  }
}

TEST_F(JobStoreRestartTest, WithoutResumptionJobsThatHaveStartedArePaused) {
  const std::string started = Create("a"), waiting = Create("b");
  store_->TakeNext();
  options_.resume_jobs = false;
  Restart();
  EXPECT_EQ(store_->Get(started)->state(), kPaused);
  EXPECT_EQ(store_->Get(waiting)->state(), kQueued);
  EXPECT_EQ(store_->TakeNext()->id, waiting);
  EXPECT_EQ(store_->Resume(started)->state(), kQueued);
  EXPECT_EQ(store_->TakeNext()->id, started);
}

TEST_F(JobStoreRestartTest, AJobThatTakesTheDaemonDownThreeTimesInARowFails) {
  const std::string bad = Create("bad"), good = Create("good");
  options_.crash = {.fault = true, .suspects = {}};
  store_->TakeNext();
  store_->TakeNext();
  Restart();  // both are suspects, and run alone from now on
  EXPECT_EQ(store_->TakeNext()->id, bad);
  options_.crash = {.fault = true, .suspects = {1}};
  Restart();
  EXPECT_EQ(store_->TakeNext()->id, bad);
  options_.crash = {.fault = false, .suspects = {}};
  Restart();  // killed, which is not its fault
  EXPECT_EQ(store_->TakeNext()->id, bad);
  options_.crash = {.fault = true, .suspects = {1}};
  Restart();
  EXPECT_EQ(store_->Get(bad)->state(), kFailed);
  EXPECT_THAT(store_->Get(bad)->reason(), HasSubstr("crashed 3 times in a row"));
  EXPECT_EQ(store_->TakeNext()->id, good);
}

TEST_F(JobStoreRestartTest, ACheckpointClearsASuspect) {
  const std::string id = Create("a");
  options_.crash = {.fault = true, .suspects = {1}};
  for (int crash = 0; crash < 6; ++crash) {
    store_->TakeNext();
    store_->AddCheckpoint(id, {.step = crash + 1, .resumable = true});
    Restart();
    EXPECT_EQ(store_->Get(id)->state(), kQueued);
  }
}

TEST_F(JobStoreRestartTest, DeletedJobsAndTheirFoldersStayDeleted) {
  const std::string a = Create("a"), b = Create("b");
  for (const std::string& id : {a, b}) {
    std::filesystem::create_directory(store_->DirectoryOf(id));
    EXPECT_TRUE(store_->Cancel(id).ok());
  }
  EXPECT_TRUE(store_->Delete(b).ok());
  EXPECT_FALSE(std::filesystem::exists(store_->DirectoryOf(b)));
  std::filesystem::create_directory(store_->DirectoryOf(b));  // as if the deletion had been interrupted
  Restart();
  EXPECT_EQ(store_->Get(b).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(store_->DirectoryOf(b)));
  EXPECT_TRUE(std::filesystem::exists(store_->DirectoryOf(a)));
  EXPECT_NE(Create("b"), b) << "an id is never given twice";
}

TEST_F(JobStoreRestartTest, PausesPrioritiesAndMemoryAreKept) {
  const std::string a = Create("a"), b = Create("b"), c = Create("c");
  EXPECT_EQ(store_->Pause(a)->state(), kPaused);
  EXPECT_EQ(store_->SetPriority(c, 9)->priority(), 9);
  executor::v1::ChangeJobMemoryRequest memory;
  memory.set_memory_bytes(77);
  EXPECT_EQ(store_->ChangeMemory(b, memory)->spec().memory_bytes(), 77);
  Restart();
  EXPECT_EQ(store_->Get(a)->state(), kPaused);
  EXPECT_EQ(store_->TakeNext()->id, c);
  const TakenJob taken = *store_->TakeNext();
  EXPECT_EQ(taken.id, b);
  EXPECT_EQ(std::get<TotalBytes>(taken.spec.memory).bytes, 77);
}

TEST_F(JobStoreRestartTest, PageTokensOutliveARestart) {
  const std::string a = Create("a"), b = Create("b");
  executor::v1::ListJobsRequest request;
  request.set_page_size(1);
  request.set_newest_first(true);
  const executor::v1::ListJobsResponse first = *store_->List(request);
  EXPECT_EQ(first.jobs(0).id(), b);
  Restart();
  request.set_page_token(first.next_page_token());
  EXPECT_EQ(store_->List(request)->jobs(0).id(), a);
  request.set_newest_first(false);
  EXPECT_EQ(store_->List(request).status().code(), absl::StatusCode::kInvalidArgument) << "another order";
}

}  // namespace
}  // namespace recurve
