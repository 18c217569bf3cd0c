// SPDX-License-Identifier: Apache-2.0
//
// A store whose disk fails, is full, or loses power, at every operation in turn: what it has confirmed is kept, what it
// has refused is not there, and it goes on once the disk works again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <vector>

#include "executor/daemon/job_store.h"
#include "tests/executor/store/faulty_vfs.h"
#include "tests/executor/store/temporary_folder.h"

namespace recurve {
namespace {

using absl::StatusCode;
using executor::v1::Job;
using testing::ElementsAre;
using testing::HasSubstr;
using Fault = FaultyVfs::Fault;

constexpr auto kSucceeded = executor::v1::JOB_STATE_SUCCEEDED;
constexpr auto kCancelled = executor::v1::JOB_STATE_CANCELLED;

struct FaultyDisk {
  const char* name;
  Fault fault;
  bool drops_unsynced = false;
};

class StoreOnFaultyDisk : public testing::Test {
 protected:
  StoreOnFaultyDisk() {
    options_.keep_progress = 1;
    spdlog::set_level(spdlog::level::off);  // the errors are expected
  }
  ~StoreOnFaultyDisk() override { spdlog::set_level(spdlog::level::info); }

  absl::StatusOr<std::unique_ptr<JobStore>> Open(const std::string& folder) {
    absl::StatusOr<std::unique_ptr<JobDatabase>> database = JobDatabase::Open(folder + "/jobs.sqlite", vfs_.name());
    if (!database.ok()) return database.status();
    return JobStore::Open(options_, *std::move(database));
  }
  // Its name is also its request id.
  static absl::StatusOr<Job> Create(JobStore& store, const std::string& name) {
    executor::v1::CreateJobRequest request;
    request.set_request_id(name);
    request.set_display_name(name);
    request.mutable_spec()->mutable_language_model()->set_data_path("/data/" + name);
    request.mutable_spec()->set_memory_bytes(1000);
    return store.Create(request, request.spec());
  }
  // Runs the job that is next. The second report of progress drops the first, which has been saved.
  static void RunNext(JobStore& store) {
    const std::string id = store.TakeNext()->id;
    executor::v1::Progress progress;
    progress.set_step(1);
    store.AddProgress(id, progress);
    store.SetRunning(id, {}, "training");
    progress.set_step(2);
    store.AddProgress(id, progress);
    store.End(id, kSucceeded, "trained 2 steps");
  }
  static std::vector<Job> Jobs(JobStore& store) {
    const executor::v1::ListJobsResponse response = store.List({}).value();
    return {response.jobs().begin(), response.jobs().end()};
  }
  static std::vector<Job> JobsNamed(JobStore& store, const std::string& name) {
    std::vector<Job> found;
    for (const Job& job : Jobs(store)) {
      if (job.display_name() == name) found.push_back(job);
    }
    return found;
  }
  // The steps of the reports of progress that are kept.
  static std::vector<int64_t> Progress(JobStore& store, const std::string& id) {
    std::vector<int64_t> steps;
    for (int64_t from = 1;;) {
      const JobStore::NextEvent next = store.EventFrom(id, from).value();
      if (!next.event) return steps;
      if (next.event->has_progress()) steps.push_back(next.event->progress().step());
      from = next.event->sequence() + 1;
    }
  }
  // All jobs and their events.
  static absl::StatusOr<std::vector<std::string>> Contents(JobStore& store) {
    std::vector<std::string> contents;
    for (const Job& job : Jobs(store)) {
      contents.push_back(job.DebugString());
      for (int64_t from = 1;;) {
        const absl::StatusOr<JobStore::NextEvent> next = store.EventFrom(job.id(), from);
        if (!next.ok()) return next.status();
        if (!next->event) break;
        contents.push_back(next->event->DebugString());
        from = next->event->sequence() + 1;
      }
    }
    return contents;
  }

  JobStoreOptions options_;
  FaultyVfs vfs_;
};

class FaultAtEveryOperation : public StoreOnFaultyDisk, public testing::WithParamInterface<FaultyDisk> {
 protected:
  // What a client was told; an error for what it did not come to ask.
  struct Answers {
    absl::StatusOr<Job> first;
    absl::StatusOr<Job> second;
    absl::Status cancelled = absl::UnknownError("not asked");
  };

  static Answers Work(JobStore& store) {
    Answers answers;
    answers.first = Create(store, "first");
    if (answers.first.ok()) RunNext(store);
    answers.second = Create(store, "second");
    if (answers.second.ok()) answers.cancelled = store.Cancel(answers.second->id()).status();
    return answers;
  }
  void ExpectDiskError(const absl::Status& status) {
    if (GetParam().fault == Fault::kFull) {
      EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
    } else {
      EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    }
  }
  // With `restarted`, the database is that of a daemon that lost power while it ran the first job.
  void TryOperation(int64_t operation, bool restarted);
  void TryAllOperations(bool restarted);
  void LosePowerWhileTheFirstJobRuns(const std::string& folder);
  void ExpectGoesOn(JobStore& store, const Answers& answers, bool restarted);
  void ExpectKept(JobStore& store, const Answers& answers);
  void ExpectRetriesMakeNoCopies(JobStore& store, const Answers& answers);
};

// The disk works again: the next change saves all that could not be saved.
void FaultAtEveryOperation::ExpectGoesOn(JobStore& store, const Answers& answers, bool restarted) {
  const absl::StatusOr<Job> third = Create(store, "third");
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(JobsNamed(store, "first").size(), answers.first.ok() || restarted ? 1u : 0u);
  EXPECT_EQ(JobsNamed(store, "second").size(), answers.second.ok() ? 1u : 0u);
  if (answers.first.ok()) {
    EXPECT_EQ(store.Get(answers.first->id())->state(), kSucceeded);
    EXPECT_THAT(Progress(store, answers.first->id()), ElementsAre(2)) << "what was dropped came back";
  }
  if (answers.second.ok()) {
    EXPECT_EQ(store.Get(answers.second->id())->state(), kCancelled);
  }
}

// After a crash.
void FaultAtEveryOperation::ExpectKept(JobStore& store, const Answers& answers) {
  if (answers.first.ok()) {
    ASSERT_TRUE(store.Get(answers.first->id()).ok());
    if (answers.second.ok()) {
      EXPECT_EQ(store.Get(answers.first->id())->state(), kSucceeded);
    }
  }
  if (answers.second.ok()) {
    ASSERT_TRUE(store.Get(answers.second->id()).ok());
    if (answers.cancelled.ok()) {
      EXPECT_EQ(store.Get(answers.second->id())->state(), kCancelled);
    }
  }
}

// A client that repeats its requests has one job for each.
void FaultAtEveryOperation::ExpectRetriesMakeNoCopies(JobStore& store, const Answers& answers) {
  for (const auto& [name, answer] : {std::pair("first", &answers.first), std::pair("second", &answers.second)}) {
    const absl::StatusOr<Job> again = Create(store, name);
    ASSERT_TRUE(again.ok()) << again.status();
    if (answer->ok()) {
      EXPECT_EQ(again->id(), (*answer)->id());
    }
    EXPECT_EQ(JobsNamed(store, name).size(), 1u) << name;
  }
}

void FaultAtEveryOperation::LosePowerWhileTheFirstJobRuns(const std::string& folder) {
  vfs_.Repair();
  auto store = Open(folder).value();
  const std::string id = Create(*store, "first")->id();
  ASSERT_TRUE(store->TakeNext().has_value());
  store->SetRunning(id, {}, "training");
  vfs_.Arm(1, Fault::kCrash);
}

void FaultAtEveryOperation::TryOperation(int64_t operation, bool restarted) {
  const TemporaryFolder folder;
  if (restarted) LosePowerWhileTheFirstJobRuns(folder.path());
  const bool crashes = GetParam().fault == Fault::kCrash;
  Answers answers;
  absl::StatusOr<std::vector<std::string>> contents = std::vector<std::string>();
  vfs_.Arm(operation, GetParam().fault);
  absl::StatusOr<std::unique_ptr<JobStore>> store = Open(folder.path());
  const bool opened = store.ok();
  if (opened) {
    answers = Work(**store);
    contents = Contents(**store);
    for (const absl::Status& status : {answers.first.status(), answers.second.status(), contents.status()}) {
      if (!status.ok()) ExpectDiskError(status);
    }
    if (vfs_.struck() && !crashes) {
      vfs_.Repair();
      ExpectGoesOn(**store, answers, restarted);
      contents = Contents(**store);
    }
  } else {
    ExpectDiskError(store.status());
  }
  store = absl::UnknownError("closed");
  vfs_.Repair();
  if (GetParam().drops_unsynced) vfs_.DropUnsynced();
  store = Open(folder.path());
  ASSERT_TRUE(store.ok()) << store.status();
  if (crashes) {
    ExpectKept(**store, answers);
  } else if (opened || !restarted) {
    EXPECT_EQ(*Contents(**store), *contents);
  }
  ExpectRetriesMakeNoCopies(**store, answers);
}

void FaultAtEveryOperation::TryAllOperations(bool restarted) {
  int64_t operation = 0;
  do {
    SCOPED_TRACE("operation " + std::to_string(++operation));
    TryOperation(operation, restarted);
  } while (vfs_.struck() && !HasFailure());
  EXPECT_GT(operation, 30) << "the disk no longer counts its operations";
}

TEST_P(FaultAtEveryOperation, ANewStoreLosesNothingThatWasConfirmed) { TryAllOperations(false); }

TEST_P(FaultAtEveryOperation, ARestartedStoreLosesNothingThatWasConfirmed) { TryAllOperations(true); }

INSTANTIATE_TEST_SUITE_P(Disks, FaultAtEveryOperation,
                         testing::Values(FaultyDisk{"FailsOnce", Fault::kOnce}, FaultyDisk{"Fails", Fault::kLasts},
                                         FaultyDisk{"IsFull", Fault::kFull}, FaultyDisk{"IsCutOff", Fault::kCrash},
                                         FaultyDisk{"LosesPower", Fault::kCrash, true}),
                         [](const auto& info) { return info.param.name; });

TEST_F(StoreOnFaultyDisk, RunningJobsGoOnWhileTheDiskIsFull) {
  const TemporaryFolder folder;
  auto store = Open(folder.path()).value();
  const std::string id = Create(*store, "running")->id();
  ASSERT_TRUE(store->TakeNext().has_value());
  const std::string waiting = Create(*store, "waiting")->id();
  vfs_.Arm(1, Fault::kFull);
  store->SetRunning(id, {}, "training");
  store->AddNote(id, "while the disk is full");
  const absl::Status refused = Create(*store, "new").status();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("the job was not accepted"));
  EXPECT_EQ(Jobs(*store).size(), 2u);
  EXPECT_EQ(Create(*store, "waiting")->id(), waiting) << "it is known";
  EXPECT_EQ(store->Cancel(waiting).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(store->Get(waiting)->state(), kCancelled) << "has an effect all the same";
  store->End(id, kSucceeded, "trained");
  EXPECT_EQ(store->Delete(id).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(store->Get(id)->state(), kSucceeded);
  vfs_.Repair();
  EXPECT_TRUE(Create(*store, "new").ok());
  const std::vector<std::string> contents = Contents(*store).value();
  EXPECT_EQ(Jobs(*store).size(), 3u);
  store = nullptr;
  store = Open(folder.path()).value();
  EXPECT_EQ(Contents(*store).value(), contents);
}

}  // namespace
}  // namespace recurve
