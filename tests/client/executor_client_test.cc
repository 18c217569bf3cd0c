// SPDX-License-Identifier: Apache-2.0
#include "client/executor_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/process/mutex.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A daemon of 1234 jobs; the events of each are numbered from 1 to 10, and its streams break after every third.
class FakeExecutor final : public executor::v1::ExecutorService::Service {
 public:
  static constexpr int kJobs = 1234;
  static constexpr int kEvents = 10;

  grpc::Status CreateJob(grpc::ServerContext*, const executor::v1::CreateJobRequest* request,
                         executor::v1::CreateJobResponse* response) override {
    const MutexLock lock(mutex_);
    request_ids_.push_back(request->request_id());
    if (request_ids_.size() == 1) return {grpc::StatusCode::UNAVAILABLE, "starting"};
    if (request->spec().language_model().data_path().empty()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "spec.data_path is empty"};
    }
    response->mutable_job()->set_id("job-1");
    *response->mutable_job()->mutable_spec() = request->spec();
    return grpc::Status::OK;
  }

  grpc::Status GetJob(grpc::ServerContext*, const executor::v1::GetJobRequest* request,
                      executor::v1::GetJobResponse* response) override {
    if (request->id() != "job-1") return {grpc::StatusCode::NOT_FOUND, "no job 'x'"};
    response->mutable_job()->set_id(request->id());
    return grpc::Status::OK;
  }

  grpc::Status ListJobs(grpc::ServerContext*, const executor::v1::ListJobsRequest* request,
                        executor::v1::ListJobsResponse* response) override {
    const int first = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    const int last = std::min(kJobs, first + request->page_size());
    for (int i = first; i < last; ++i) {
      response->add_jobs()->set_id(absl::StrCat("job-", i));
      response->mutable_jobs()->rbegin()->set_state(request->states_size() > 0
                                                        ? static_cast<executor::v1::JobState>(request->states(0))
                                                        : executor::v1::JOB_STATE_UNSPECIFIED);
    }
    if (last < kJobs) response->set_next_page_token(absl::StrCat(last));
    return grpc::Status::OK;
  }

  grpc::Status WatchJob(grpc::ServerContext* context, const executor::v1::WatchJobRequest* request,
                        grpc::ServerWriter<executor::v1::WatchJobResponse>* writer) override {
    if (request->id() == "broken") return {grpc::StatusCode::UNAVAILABLE, "the wire is cut"};
    if (request->id() == "silent") {
      while (!context->IsCancelled()) std::this_thread::sleep_for(milliseconds(5));
      return grpc::Status::CANCELLED;
    }
    if (request->id() != "job-1") return {grpc::StatusCode::NOT_FOUND, "no job 'x'"};
    const int64_t first = std::max<int64_t>(1, request->from_sequence());
    for (int64_t i = first; i <= kEvents; ++i) {
      if (i == first + 3) return {grpc::StatusCode::UNAVAILABLE, "the wire is cut"};
      executor::v1::WatchJobResponse response;
      response.mutable_event()->set_sequence(i);
      if (!writer->Write(response)) return grpc::Status::CANCELLED;
    }
    return grpc::Status::OK;
  }

  grpc::Status CancelJob(grpc::ServerContext*, const executor::v1::CancelJobRequest* request,
                         executor::v1::CancelJobResponse* response) override {
    response->mutable_job()->set_id(request->id());
    response->mutable_job()->set_state(executor::v1::JOB_STATE_CANCELLED);
    return grpc::Status::OK;
  }

  std::vector<std::string> request_ids() {
    const MutexLock lock(mutex_);
    return request_ids_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
};

JobWatch WatchOf(const std::string& id) {
  return {.id = id, .on_event = [](const executor::v1::JobEvent&) { return true; }};
}

class ExecutorClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = Server::Start({.metrics_listen = "", .drain_time = milliseconds(100)}, {&service_},
                                std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<ExecutorClient>(
        ExecutorClientOptions{.target = absl::StrCat("127.0.0.1:", server_->port()), .reconnect = milliseconds(300)});
  }

  std::vector<int64_t> Watch(int64_t from, int64_t stop_at, absl::Status& status) {
    std::vector<int64_t> seen;
    status =
        client_->WatchJob({.id = "job-1", .from_sequence = from, .on_event = [&](const executor::v1::JobEvent& event) {
                             seen.push_back(event.sequence());
                             return event.sequence() != stop_at;
                           }});
    return seen;
  }

  FakeExecutor service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ExecutorClient> client_;
};

TEST_F(ExecutorClientTest, ARetriedJobKeepsItsRequestId) {
  executor::v1::CreateJobRequest request;
  request.mutable_spec()->mutable_language_model()->set_data_path("/data/kjv.txt");
  const auto job = client_->CreateJob(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->id(), "job-1");
  EXPECT_EQ(job->spec().language_model().data_path(), "/data/kjv.txt");
  ASSERT_TRUE(client_->CreateJob(request).ok());
  request.set_request_id("mine");
  ASSERT_TRUE(client_->CreateJob(request).ok());
  const std::vector<std::string> ids = service_.request_ids();
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0].size(), 32U);
  EXPECT_NE(ids[1], ids[2]);
  EXPECT_EQ(ids[3], "mine");
}

TEST_F(ExecutorClientTest, PassesErrorsOnWithTheTarget) {
  const absl::Status wrong = client_->CreateJob({}).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(wrong.message(), absl::StrCat("executor at 127.0.0.1:", server_->port(), ": spec.data_path is empty"));
  EXPECT_EQ(client_->GetJob("x").status().code(), absl::StatusCode::kNotFound);
  absl::Status status = client_->WatchJob(WatchOf("x"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
}

TEST_F(ExecutorClientTest, GetsAndCancels) {
  EXPECT_EQ(client_->GetJob("job-1")->id(), "job-1");
  EXPECT_EQ(client_->CancelJob("job-1")->state(), executor::v1::JOB_STATE_CANCELLED);
}

TEST_F(ExecutorClientTest, ListsAllPages) {
  executor::v1::ListJobsRequest failed;
  failed.add_states(executor::v1::JOB_STATE_FAILED);
  const auto jobs = client_->ListJobs(failed);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), static_cast<size_t>(FakeExecutor::kJobs));
  for (int i = 0; i < FakeExecutor::kJobs; ++i) {
    EXPECT_EQ((*jobs)[i].id(), absl::StrCat("job-", i));
    EXPECT_EQ((*jobs)[i].state(), executor::v1::JOB_STATE_FAILED);
  }
}

TEST_F(ExecutorClientTest, WatchesThroughBrokenStreams) {
  absl::Status status;
  EXPECT_THAT(Watch(0, -1, status), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Watch(8, -1, status), ElementsAre(8, 9, 10));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ExecutorClientTest, StopsWatchingWhenToldTo) {
  absl::Status status;
  EXPECT_THAT(Watch(0, 5, status), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ExecutorClientTest, StopsWatchingASilentJobWhenToldTo) {
  int calls = 0;
  JobWatch watch = WatchOf("silent");
  watch.on_idle = [&calls] { return ++calls == 3; };
  EXPECT_TRUE(client_->WatchJob(watch).ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(ExecutorClientTest, TellsOnceThatAStreamIsLost) {
  int lost = 0;
  JobWatch watch = WatchOf("broken");
  watch.on_lost = [&lost](const absl::Status&) { ++lost; };
  EXPECT_EQ(client_->WatchJob(watch).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(lost, 1);
}

TEST_F(ExecutorClientTest, GivesUpOnAStreamThatStaysBroken) {
  const absl::Status status = client_->WatchJob(WatchOf("broken"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the wire is cut"));
}

TEST_F(ExecutorClientTest, IsUnavailableWhereNobodyListens) {
  server_.reset();
  EXPECT_EQ(client_->GetJob("job-1").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace recurve
