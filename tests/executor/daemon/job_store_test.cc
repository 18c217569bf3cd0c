// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobEvent;
using executor::v1::JobState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

executor::v1::JobSpec Message(const std::string& data = "text") {
  executor::v1::JobSpec message;
  message.mutable_language_model()->set_data_path(data);
  message.set_memory_bytes(1 << 20);
  return message;
}

// A store on a clock that only the test moves, with a count of the jobs in each state.
class JobStoreTest : public testing::Test {
 protected:
  std::unique_ptr<JobStore> MakeStore(JobStoreOptions options = {}) {
    options.clock = [this] { return now_; };
    options.on_state_count = [this](JobState state, int delta) { counts_[state] += delta; };
    options.on_end = [this](JobState state) { ++ends_[state]; };
    auto store = JobStore::Open(std::move(options), *JobDatabase::Open(path_));
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  static absl::StatusOr<Job> Request(JobStore& store, const std::string& request_id,
                                     const executor::v1::JobSpec& spec = Message()) {
    executor::v1::CreateJobRequest request;
    request.set_request_id(request_id);
    *request.mutable_spec() = spec;
    return store.Create(request, spec);
  }
  static Job Create(JobStore& store, const std::string& data = "text") {
    absl::StatusOr<Job> job = Request(store, "", Message(data));
    EXPECT_TRUE(job.ok()) << job.status();
    return *job;
  }
  static std::vector<JobEvent> Events(JobStore& store, const std::string& id) {
    std::vector<JobEvent> events;
    for (int64_t from = 1;;) {
      const absl::StatusOr<JobStore::NextEvent> next = store.EventFrom(id, from);
      if (!next.ok() || !next->event.has_value()) return events;
      events.push_back(*next->event);
      from = next->event->sequence() + 1;
    }
  }
  static std::vector<std::string> Ids(const executor::v1::ListJobsResponse& page) {
    std::vector<std::string> ids;
    for (const Job& job : page.jobs()) ids.push_back(job.id());
    return ids;
  }

  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::map<JobState, int> counts_;
  std::map<JobState, int> ends_;
  std::string path_;  // of the database; empty: in memory
};

// A daemon that is started again within the second, or another one at the same time.
TEST_F(JobStoreTest, NoIdIsEverGivenTwice) {
  const auto before = MakeStore();
  const Job old = Create(*before);
  std::set<std::string> ids = {old.id()};
  for (int restart = 0; restart < 1000; ++restart) {
    const auto store = MakeStore();
    EXPECT_EQ(store->Cancel(old.id()).status().code(), absl::StatusCode::kNotFound);
    for (int job = 0; job < 3; ++job) EXPECT_TRUE(ids.insert(Create(*store).id()).second);
    EXPECT_EQ(store->Cancel(old.id()).status().code(), absl::StatusCode::kNotFound) << "it is no job of this store";
    const executor::v1::ListJobsResponse page = *store->List({});
    for (const Job& job : page.jobs()) EXPECT_EQ(job.state(), executor::v1::JOB_STATE_QUEUED);
  }
}

TEST_F(JobStoreTest, LifeOfAJobThatSucceeds) {
  const auto store = MakeStore();
  const Job queued = Create(*store);
  EXPECT_EQ(queued.state(), executor::v1::JOB_STATE_QUEUED);
  EXPECT_EQ(queued.create_time().seconds(), 1'700'000'000);
  EXPECT_FALSE(queued.has_start_time());
  EXPECT_EQ(queued.spec().language_model().data_path(), "text");

  now_ += absl::Milliseconds(2500);
  const std::optional<TakenJob> taken = store->TakeNext();
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->id, queued.id());
  EXPECT_EQ(LanguageModelOf(taken->spec).data_path, "text");
  EXPECT_EQ(taken->queue_wait, absl::Milliseconds(2500));
  EXPECT_EQ(taken->stop(), RunControl::Stop::kNo);
  EXPECT_EQ(store->Get(taken->id)->state(), executor::v1::JOB_STATE_PLANNING);
  EXPECT_EQ(store->Get(taken->id)->start_time().nanos(), 500'000'000);

  executor::v1::PlanSummary plan;
  plan.set_links(7);
  store->SetRunning(taken->id, plan, "training");
  executor::v1::Progress progress;
  progress.set_step(1);
  store->AddProgress(taken->id, progress);
  store->AddCheckpoint(taken->id, {.step = 1, .seconds = 0.25});
  executor::v1::Metric metric;
  metric.set_value(4.5);
  store->AddEvaluation(taken->id, 1, metric);
  store->AddNote(taken->id, "hear, hear");
  now_ += absl::Seconds(60);
  executor::v1::JobResult result;
  result.set_steps(1);
  store->End(taken->id, executor::v1::JOB_STATE_SUCCEEDED, "trained 1 steps", result);

  const Job ended = *store->Get(taken->id);
  EXPECT_EQ(ended.state(), executor::v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(ended.reason(), "trained 1 steps");
  EXPECT_EQ(ended.plan().links(), 7);
  EXPECT_EQ(ended.progress().step(), 1);
  EXPECT_EQ(ended.result().steps(), 1);
  EXPECT_EQ(ended.end_time().seconds(), 1'700'000'062);

  const std::vector<JobEvent> events = Events(*store, taken->id);
  ASSERT_EQ(events.size(), 8u);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), static_cast<int64_t>(i) + 1);
  EXPECT_EQ(events[0].state_change().state(), executor::v1::JOB_STATE_QUEUED);
  EXPECT_EQ(events[1].state_change().state(), executor::v1::JOB_STATE_PLANNING);
  EXPECT_EQ(events[2].state_change().state(), executor::v1::JOB_STATE_RUNNING);
  EXPECT_EQ(events[2].state_change().reason(), "training");
  EXPECT_EQ(events[3].progress().step(), 1);
  EXPECT_EQ(events[4].checkpoint().duration().nanos(), 250'000'000);
  EXPECT_EQ(events[5].evaluation().metric().value(), 4.5);
  EXPECT_EQ(events[6].note(), "hear, hear");
  EXPECT_EQ(events[7].state_change().state(), executor::v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(events[7].time().seconds(), 1'700'000'062);
  EXPECT_TRUE(store->EventFrom(taken->id, 9)->ended);
  EXPECT_EQ(counts_[executor::v1::JOB_STATE_QUEUED], 0);
  EXPECT_EQ(counts_[executor::v1::JOB_STATE_RUNNING], 0);
  EXPECT_EQ(counts_[executor::v1::JOB_STATE_SUCCEEDED], 1);
}

TEST_F(JobStoreTest, AnEndedJobDoesNotChange) {
  const auto store = MakeStore();
  const std::string id = Create(*store).id();
  store->TakeNext();
  store->End(id, executor::v1::JOB_STATE_FAILED, "first");
  store->End(id, executor::v1::JOB_STATE_SUCCEEDED, "second");
  store->AddNote(id, "late");
  EXPECT_EQ(store->Cancel(id)->state(), executor::v1::JOB_STATE_FAILED);
  EXPECT_EQ(store->Get(id)->reason(), "first");
  EXPECT_EQ(Events(*store, id).size(), 3u);
}

TEST_F(JobStoreTest, JobsAreTakenInTheOrderTheyCame) {
  const auto store = MakeStore();
  for (const char* data : {"a", "b", "c"}) Create(*store, data);
  for (const char* data : {"a", "b", "c"}) EXPECT_EQ(LanguageModelOf(store->TakeNext()->spec).data_path, data);
}

TEST_F(JobStoreTest, ARequestIdMakesOneJob) {
  const auto store = MakeStore();
  const Job first = *Request(*store, "r");
  EXPECT_EQ(Request(*store, "r")->id(), first.id());
  store->TakeNext();
  store->End(first.id(), executor::v1::JOB_STATE_FAILED, "x");
  EXPECT_EQ(Request(*store, "r")->state(), executor::v1::JOB_STATE_FAILED);
  const absl::Status other = Request(*store, "r", Message("other")).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(other.message()), HasSubstr(first.id()));
  EXPECT_NE(Request(*store, "")->id(), Request(*store, "")->id());
}

TEST_F(JobStoreTest, AFullQueueRefusesAndRecovers) {
  const auto store = MakeStore({.max_queued = 2});
  Create(*store);
  const Job last = *Request(*store, "again");
  const absl::Status full = Request(*store, "").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), HasSubstr("the limit is 2"));
  EXPECT_EQ(Request(*store, "again")->id(), last.id()) << "a retry of a job that is there is not refused";
  store->TakeNext();
  Create(*store);
}

TEST_F(JobStoreTest, JobsStayUntilTheyAreDeleted) {
  const auto store = MakeStore({.max_jobs = 2});
  const std::string id = Request(*store, "r")->id();
  EXPECT_EQ(store->Delete(id).code(), absl::StatusCode::kFailedPrecondition) << "it has not ended";
  store->TakeNext();
  store->End(id, executor::v1::JOB_STATE_SUCCEEDED, "done");
  Create(*store);
  const absl::Status full = Request(*store, "").status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), HasSubstr("--max-jobs"));
  EXPECT_EQ(Events(*store, id).size(), 3u);
  EXPECT_TRUE(store->Delete(id).ok());
  EXPECT_EQ(store->Delete(id).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->Get(id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->EventFrom(id, 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(counts_[executor::v1::JOB_STATE_SUCCEEDED], 0);
  EXPECT_EQ(ends_[executor::v1::JOB_STATE_SUCCEEDED], 1);
  EXPECT_NE(Request(*store, "r")->id(), id) << "its request id is free again";
}

TEST_F(JobStoreTest, CancelledInTheQueue) {
  const auto store = MakeStore();
  const std::string first = Create(*store, "a").id();
  const std::string second = Create(*store, "b").id();
  const Job cancelled = *store->Cancel(first);
  EXPECT_EQ(cancelled.state(), executor::v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(cancelled.reason(), "cancelled by request");
  EXPECT_TRUE(cancelled.has_end_time());
  EXPECT_FALSE(cancelled.has_start_time());
  EXPECT_EQ(store->TakeNext()->id, second);
}

TEST_F(JobStoreTest, CancelledWhileItRuns) {
  const auto store = MakeStore();
  const std::string id = Create(*store).id();
  const TakenJob taken = *store->TakeNext();
  EXPECT_EQ(store->StopRequestOf(id).kind, StopRequest::Kind::kNone);
  EXPECT_EQ(store->Cancel(id)->state(), executor::v1::JOB_STATE_PLANNING);
  EXPECT_EQ(taken.stop(), RunControl::Stop::kCancel);
  EXPECT_EQ(store->StopRequestOf(id).reason, "cancelled by request");
  EXPECT_TRUE(store->Cancel(id).ok());
  const std::vector<JobEvent> events = Events(*store, id);
  ASSERT_EQ(events.size(), 3u) << "asking again is no event";
  EXPECT_EQ(events[2].note(), "asked to stop: cancelled by request");
}

TEST_F(JobStoreTest, ShutDownKeepsWhatWaitsAndRefusesWhatComes) {
  const auto store = MakeStore();
  const std::string running = Create(*store).id();
  const TakenJob taken = *store->TakeNext();
  const std::string queued = Create(*store).id();
  store->ShutDown();
  EXPECT_EQ(taken.stop(), RunControl::Stop::kYield);
  EXPECT_EQ(store->StopRequestOf(running).kind, StopRequest::Kind::kRequeue);
  EXPECT_EQ(store->Get(queued)->state(), executor::v1::JOB_STATE_QUEUED);
  EXPECT_EQ(Request(*store, "").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(store->TakeNext().has_value());
  EXPECT_EQ(store->EventFrom(queued, 2).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(store->EventFrom(running, 100).ok()) << "its last events are still to come";
}

TEST_F(JobStoreTest, ShutDownWakesTheThreadThatWaitsForJobs) {
  const auto store = MakeStore();
  std::thread runner([&] { EXPECT_FALSE(store->TakeNext().has_value()); });
  store->ShutDown();
  runner.join();
}

TEST_F(JobStoreTest, ListsPageByPage) {
  const auto store = MakeStore();
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(Create(*store).id());
  for (const int i : {1, 3, 4, 6}) EXPECT_TRUE(store->Cancel(ids[i]).ok());
  executor::v1::ListJobsRequest request;
  EXPECT_EQ(Ids(*store->List(request)), ids);
  EXPECT_EQ(store->List(request)->next_page_token(), "");

  request.set_page_size(3);
  request.add_states(executor::v1::JOB_STATE_CANCELLED);
  const executor::v1::ListJobsResponse first = *store->List(request);
  EXPECT_THAT(Ids(first), ElementsAre(ids[1], ids[3], ids[4]));
  ASSERT_NE(first.next_page_token(), "");
  request.set_page_token(first.next_page_token());
  const executor::v1::ListJobsResponse second = *store->List(request);
  EXPECT_THAT(Ids(second), ElementsAre(ids[6]));
  EXPECT_EQ(second.next_page_token(), "");
  request.add_states(executor::v1::JOB_STATE_QUEUED);
  EXPECT_EQ(store->List(request).status().code(), absl::StatusCode::kInvalidArgument) << "a token of another state";
}

TEST_F(JobStoreTest, APageThatEndsWithTheLastJobHasNoToken) {
  const auto store = MakeStore();
  for (int i = 0; i < 4; ++i) Create(*store);
  executor::v1::ListJobsRequest request;
  request.set_page_size(2);
  request.set_page_token(store->List(request)->next_page_token());
  EXPECT_EQ(store->List(request)->jobs_size(), 2);
  EXPECT_EQ(store->List(request)->next_page_token(), "");
  request.add_states(executor::v1::JOB_STATE_FAILED);
  request.clear_page_token();
  EXPECT_THAT(Ids(*store->List(request)), IsEmpty());
}

TEST_F(JobStoreTest, LongPagesEndEarly) {
  const auto store = MakeStore({.max_queued = 1000});
  constexpr int kJobs = 600;
  for (int i = 0; i < kJobs; ++i) Create(*store, std::string(4000, 'x'));
  executor::v1::ListJobsRequest request;
  request.set_page_size(1000);
  int pages = 0, jobs = 0;
  do {
    const executor::v1::ListJobsResponse page = *store->List(request);
    EXPECT_LT(page.ByteSizeLong(), 2u << 20);
    jobs += page.jobs_size();
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(jobs, kJobs);
  EXPECT_GT(pages, 1);
}

TEST_F(JobStoreTest, ListRefusesWhatIsOutOfRange) {
  const auto store = MakeStore();
  Create(*store);
  executor::v1::ListJobsRequest request;
  for (const int size : {-1, 1001}) {
    request.set_page_size(size);
    EXPECT_THAT(std::string(store->List(request).status().message()),
                HasSubstr("page_size is " + std::to_string(size)));
  }
  request.set_page_size(0);
  request.add_states(static_cast<JobState>(42));
  EXPECT_THAT(std::string(store->List(request).status().message()), HasSubstr("states has 42"));
  request.clear_states();
  for (const std::string& token :
       {std::string("x"), std::string("/"), std::string("0/x-1"), "0/" + Create(*store).id() + "0"}) {
    request.set_page_token(token);
    EXPECT_EQ(store->List(request).status().code(), absl::StatusCode::kInvalidArgument) << token;
  }
}

TEST_F(JobStoreTest, UnknownIds) {
  const auto store = MakeStore();
  const std::string id = Create(*store).id();
  for (const std::string& other : {std::string(), std::string("1"), id + "1", id + " ", "x" + id, id.substr(1)}) {
    EXPECT_EQ(store->Get(other).status().code(), absl::StatusCode::kNotFound) << other;
    EXPECT_EQ(store->Cancel(other).status().code(), absl::StatusCode::kNotFound) << other;
    EXPECT_EQ(store->EventFrom(other, 1).status().code(), absl::StatusCode::kNotFound) << other;
    EXPECT_EQ(store->Listen(other, {}).code(), absl::StatusCode::kNotFound) << other;
  }
}

struct Counter final : EventListener {
  void OnEvent() override { ++calls; }
  std::atomic<int> calls{0};
};

TEST_F(JobStoreTest, ListenersHearEveryEventUntilTheEnd) {
  const auto store = MakeStore();
  const std::string id = Create(*store).id();
  const auto stays = std::make_shared<Counter>();
  auto leaves = std::make_shared<Counter>();
  ASSERT_TRUE(store->Listen(id, stays).ok());
  ASSERT_TRUE(store->Listen(id, leaves).ok());
  store->TakeNext();
  EXPECT_EQ(leaves->calls, 1);
  leaves.reset();
  store->AddNote(id, "a");
  EXPECT_TRUE(store->Cancel(id).ok());
  store->End(id, executor::v1::JOB_STATE_CANCELLED, "cancelled by request");
  EXPECT_EQ(stays->calls, 4);
  EXPECT_EQ(stays.use_count(), 1);
}

// Reads from OnEvent, which must not find the store locked.
struct Reader final : EventListener {
  explicit Reader(JobStore& the_store, std::string the_id) : store(the_store), id(std::move(the_id)) {}
  void OnEvent() override { known += store.Get(id).ok() ? 1 : 0; }  // it may have been forgotten meanwhile
  JobStore& store;
  const std::string id;
  std::atomic<int> known{0};
};

TEST_F(JobStoreTest, ManyThreadsAtOnce) {
  const auto store = MakeStore({.max_queued = 10'000, .keep_progress = 8});
  constexpr int kClients = 4, kJobsEach = 100;
  std::thread runner([&] {
    while (const std::optional<TakenJob> taken = store->TakeNext()) {
      store->SetRunning(taken->id, {}, "training");
      for (int step = 1; step <= 20; ++step) {
        executor::v1::Progress progress;
        progress.set_step(step);
        store->AddProgress(taken->id, progress);
      }
      const bool cancelled = taken->stop() == RunControl::Stop::kCancel;
      store->End(taken->id, cancelled ? executor::v1::JOB_STATE_CANCELLED : executor::v1::JOB_STATE_SUCCEEDED, "end");
    }
  });
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kJobsEach; ++i) {
        const absl::StatusOr<Job> job = Request(*store, std::to_string(client) + "/" + std::to_string(i));
        ASSERT_TRUE(job.ok());
        const auto reader = std::make_shared<Reader>(*store, job->id());
        (void)store->Listen(job->id(), reader);  // the job may be gone by now
        if (i % 3 == 0) (void)store->Cancel(job->id());
        (void)store->List({});
      }
    });
  }
  for (std::thread& client : clients) client.join();
  executor::v1::ListJobsRequest alive;
  for (const JobState state :
       {executor::v1::JOB_STATE_QUEUED, executor::v1::JOB_STATE_PLANNING, executor::v1::JOB_STATE_RUNNING}) {
    alive.add_states(state);
  }
  while (store->List(alive)->jobs_size() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  store->ShutDown();
  runner.join();
  EXPECT_EQ(counts_[executor::v1::JOB_STATE_SUCCEEDED] + counts_[executor::v1::JOB_STATE_CANCELLED],
            kClients * kJobsEach);
}

}  // namespace
}  // namespace recurve
