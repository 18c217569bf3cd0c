// SPDX-License-Identifier: Apache-2.0
//
// Owners of jobs in a store: what others see and may do, and quotas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "executor/codec/job_codec.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/ownership.h"

namespace recurve {
namespace {

using executor::v1::Job;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Caller kAlice{.owner = "alice", .role = Role::kSubmit, .client = "alice"};
const Caller kBob{.owner = "bob", .role = Role::kSubmit, .client = "bob"};
const Caller kRoot{.owner = "root", .role = Role::kAdmin, .client = "root"};

class JobOwnersTest : public testing::Test {
 protected:
  void Open(JobStoreOptions options = {}) {
    store_.reset();
    options.on_quota_refusal = [this](const char* quota) { refusals_.emplace_back(quota); };  // with a lock held
    auto store = JobStore::Open(std::move(options), *JobDatabase::Open(path_));
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  static executor::v1::JobSpec Spec(int64_t bytes) {
    JobSpec spec;
    executor::v1::JobSpec message = EncodeJobSpec(spec);
    message.mutable_language_model()->set_data_path("/home/secret");
    message.set_memory_bytes(bytes);
    return message;
  }
  absl::StatusOr<Job> Request(const Caller& caller, const std::string& request_id = "", int64_t bytes = 1000) {
    executor::v1::CreateJobRequest request;
    request.set_request_id(request_id);
    request.set_owner(caller.owner);
    request.set_display_name("secret");
    (*request.mutable_labels())["team"] = "secret";
    *request.mutable_spec() = Spec(bytes);
    return store_->Create(request, request.spec(), "", caller);
  }
  std::string Create(const Caller& caller, int64_t bytes = 1000) {
    const absl::StatusOr<Job> job = Request(caller, "", bytes);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? job->id() : "";
  }
  std::string Take() {
    const std::optional<TakenJob> taken = store_->TakeNext();
    return taken ? taken->id : "";
  }

  std::string path_;
  std::unique_ptr<JobStore> store_;
  std::vector<std::string> refusals_;
};

TEST_F(JobOwnersTest, OnlyTheOwnerAndAdministratorsSeeAllOfAJobAndChangeIt) {
  Open();
  const std::string id = Create(kAlice);
  EXPECT_EQ(store_->Get(id, kAlice)->display_name(), "secret");
  EXPECT_EQ(store_->Get(id, kRoot)->display_name(), "secret");
  EXPECT_EQ(store_->Get(id, kBob)->display_name(), "");
  EXPECT_TRUE(store_->Get(id, kBob)->redacted());
  EXPECT_EQ(store_->Get(id, kBob)->owner(), "alice");
  const absl::Status refused = store_->Cancel(id, kBob).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("belongs to alice, not to bob"));
  EXPECT_EQ(store_->Pause(id, kBob).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->Resume(id, kBob).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->SetPriority(id, 1, kBob).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->ChangeMemory(id, {}, kBob).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->Delete(id, kBob).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->GetOwn(id, kBob).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(store_->Get(id)->priority(), 0);
  EXPECT_TRUE(store_->SetPriority(id, 1, kRoot).ok());
  EXPECT_TRUE(store_->Cancel(id, kAlice).ok());
}

TEST_F(JobOwnersTest, ListsAreRedactedAndFiltersDoNotAskForHiddenFields) {
  Open();
  const std::string of_alice = Create(kAlice);
  const std::string of_bob = Create(kBob);
  const executor::v1::ListJobsResponse all = *store_->List({}, kBob);
  ASSERT_EQ(all.jobs_size(), 2);
  EXPECT_TRUE(all.jobs(0).redacted());
  EXPECT_FALSE(all.jobs(1).redacted());
  EXPECT_EQ(all.jobs(0).SerializeAsString().find("secret"), std::string::npos);
  executor::v1::ListJobsRequest by_label;
  (*by_label.mutable_labels())["team"] = "secret";
  ASSERT_EQ(store_->List(by_label, kBob)->jobs_size(), 1);
  EXPECT_EQ(store_->List(by_label, kBob)->jobs(0).id(), of_bob);
  EXPECT_EQ(store_->List(by_label, kRoot)->jobs_size(), 2);
}

TEST_F(JobOwnersTest, RequestIdsOfOthersAreNeitherSeenNorBlocked) {
  path_ = testing::TempDir() + "/owners.sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path_ + suffix).c_str());
  Open();
  const std::string of_alice = Request(kAlice, "r")->id();
  const std::string of_bob = Request(kBob, "r", 2000)->id();
  EXPECT_NE(of_alice, of_bob);
  EXPECT_EQ(Request(kAlice, "r")->id(), of_alice);
  Open();
  EXPECT_EQ(Request(kAlice, "r")->id(), of_alice) << "also after a restart";
  EXPECT_EQ(Request(kBob, "r", 2000)->id(), of_bob);
  EXPECT_EQ(Request(kBob, "r").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->Get(of_alice, kBob)->redacted(), true) << "owners are on disk";
}

TEST_F(JobOwnersTest, OneOwnerCannotFillTheQueue) {
  Open({.max_queued = 4, .per_owner = {.queued = 2}});
  Create(kAlice);
  const std::string second = Create(kAlice);
  const absl::Status refused = Request(kAlice).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--max-queued-per-owner"));
  EXPECT_THAT(refusals_, ElementsAre("queued"));
  Create(kBob);
  // Nor by way of paused jobs.
  ASSERT_TRUE(store_->Pause(second, kAlice).ok());
  Create(kAlice);
  EXPECT_EQ(store_->Resume(second, kAlice).status().code(), absl::StatusCode::kResourceExhausted);
}

// A job waits for the disk before it is in the queue.
TEST_F(JobOwnersTest, JobsThatAreCreatedAtTheSameTimeKeepToTheQuota) {
  path_ = testing::TempDir() + "/created_at_once.sqlite";
  for (int round = 0; round < 5; ++round) {
    for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path_ + suffix).c_str());
    Open({.max_queued = 5, .per_owner = {.queued = 3}});
    std::atomic<int> of_alice = 0;
    std::atomic<int> of_all = 0;
    std::latch begin(40);
    std::vector<std::jthread> clients;
    for (int i = 0; i < 40; ++i) {
      clients.emplace_back([&, i] {
        executor::v1::CreateJobRequest request;
        request.set_owner(i % 2 == 0 ? "alice" : "bob");
        *request.mutable_spec() = Spec(1000);
        begin.arrive_and_wait();
        if (!store_->Create(request, request.spec()).ok()) return;
        ++of_all;
        if (i % 2 == 0) ++of_alice;
      });
    }
    clients.clear();
    EXPECT_LE(of_alice, 3);
    EXPECT_EQ(of_all, 5);
  }
}

TEST_F(JobOwnersTest, OneOwnerCannotFillTheStore) {
  Open({.max_jobs = 4, .per_owner = {.jobs = 1}});
  const std::string id = Create(kAlice);
  EXPECT_EQ(Request(kAlice).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(refusals_, ElementsAre("jobs"));
  Create(kBob);
  ASSERT_TRUE(store_->Cancel(id, kAlice).ok());
  ASSERT_TRUE(store_->Delete(id, kAlice).ok());
  Create(kAlice);
}

TEST_F(JobOwnersTest, AJobAboveTheRunningJobsOfItsOwnerBlocksNobody) {
  Open({.per_owner = {.running = 1}});
  const std::string first = Create(kAlice);
  const std::string second = Create(kAlice);
  const std::string other = Create(kBob);
  EXPECT_EQ(Take(), first);
  EXPECT_EQ(Take(), other) << "overtakes the second job of alice";
  store_->End(first, executor::v1::JOB_STATE_SUCCEEDED, "");
  EXPECT_EQ(Take(), second);
}

TEST_F(JobOwnersTest, AJobAboveTheBytesOfItsOwnerBlocksNobody) {
  for (const JobQuotas& quotas : {JobQuotas{.running_bytes = 1500}, JobQuotas{.running_share = 0.5}}) {
    Open({.per_owner = quotas, .devices = {{"cpu", 3000, 3000}}});
    const std::string first = Create(kAlice);
    const std::string second = Create(kAlice);
    const std::string other = Create(kBob);
    EXPECT_EQ(Take(), first);
    EXPECT_EQ(Take(), other);
    store_->End(first, executor::v1::JOB_STATE_SUCCEEDED, "");
    EXPECT_EQ(Take(), second);
  }
}

TEST_F(JobOwnersTest, AJobThatNeedsMoreThanTheQuotaIsRefused) {
  Open({.per_owner = {.running_share = 0.5}, .devices = {{"cpu", 3000, 3000}}});
  const absl::Status refused = Request(kAlice, "", 1501).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("one owner may use 1500 of cpu's 3000"));
  EXPECT_THAT(refusals_, ElementsAre("running_bytes"));
}

// A job whose need is not known yet is promised what its owner's quota leaves, and learns its need.
TEST_F(JobOwnersTest, AJobOfUnknownNeedIsPromisedNoMoreThanTheQuotaLeaves) {
  Open({.per_owner = {.running_bytes = 1500}, .devices = {{"cpu", 3000, 3000}}});
  executor::v1::CreateJobRequest request;
  request.set_owner("alice");
  *request.mutable_spec() = Spec(1);
  request.mutable_spec()->set_activation_share(0.5);
  const std::string small = Create(kAlice, 1000);
  const std::string unknown = store_->Create(request, request.spec(), "", kAlice)->id();
  EXPECT_EQ(Take(), small);
  EXPECT_EQ(Take(), unknown);
  EXPECT_EQ(store_->Get(unknown)->promised_bytes(), 500);
  EXPECT_EQ(store_->SettleMemory(unknown, 600).code(), absl::StatusCode::kCancelled);
  store_->Leave(unknown, executor::v1::JOB_STATE_QUEUED, "");
  const std::string other = Create(kBob);
  EXPECT_EQ(Take(), other);
  store_->End(small, executor::v1::JOB_STATE_SUCCEEDED, "");
  EXPECT_EQ(Take(), unknown);
  EXPECT_EQ(store_->SettleMemory(unknown, 1501).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(store_->SettleMemory(unknown, 600).ok());
}

TEST(OwnershipTest, TheOwnerOfANewJobIsTheCaller) {
  EXPECT_EQ(*OwnerOfNewJob(kAlice, ""), "alice");
  EXPECT_EQ(*OwnerOfNewJob(kAlice, "alice"), "alice");
  EXPECT_EQ(OwnerOfNewJob(kAlice, "bob").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(*OwnerOfNewJob(kRoot, ""), "root");
  EXPECT_EQ(*OwnerOfNewJob(kRoot, "bob"), "bob");
  EXPECT_EQ(*OwnerOfNewJob({}, "bob"), "bob") << "anonymous callers choose freely";
  EXPECT_EQ(*OwnerOfNewJob({}, ""), "");
}

TEST(OwnershipTest, AJobWithoutAnOwnerIsAnAdministrators) {
  EXPECT_FALSE(Owns(kAlice, Job()));
  EXPECT_FALSE(Owns({.owner = "", .role = Role::kSubmit, .client = ""}, Job()));
  EXPECT_TRUE(Owns(kRoot, Job()));
  EXPECT_TRUE(Owns({}, Job()));
}

TEST(OwnershipTest, RequestKeysOfDifferentCallersDiffer) {
  EXPECT_NE(RequestKey({}, "r"), RequestKey(kAlice, "r"));
  EXPECT_EQ(RequestKey(kAlice, ""), "");
  EXPECT_NE(RequestKey({.owner = "a:b", .role = Role::kSubmit, .client = ""}, "c"),
            RequestKey({.owner = "a", .role = Role::kSubmit, .client = ""}, "b:c"));
}

}  // namespace
}  // namespace recurve
