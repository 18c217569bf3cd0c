// SPDX-License-Identifier: Apache-2.0
//
// WatchJob: many readers, slow readers, readers that come back, readers that go away.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using executor::v1::JobEvent;
using testing::HasSubstr;

constexpr char kWatchers[] = "recurve_executor_watchers";

class WatchTest : public testing::Test {
 protected:
  void Start(ExecutorDaemonOptions options = {}) {
    daemon_ = StartDaemon(std::move(options));
    client_ = std::make_unique<DaemonClient>(daemon_->port());
  }
  double Watchers() { return Sample(HttpGet(daemon_->metrics_port(), "/metrics"), kWatchers); }
  void WaitForWatchers(double count) {
    while (Watchers() != count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::unique_ptr<DaemonClient> client_;
};

void ExpectOrdered(const std::vector<JobEvent>& events) {
  for (size_t i = 1; i < events.size(); ++i) ASSERT_LT(events[i - 1].sequence(), events[i].sequence());
}

TEST_F(WatchTest, ResumesFromASequenceNumber) {
  Start();
  const std::string id = client_->Submit(TinySpec(folder_.text(), 12)).id();
  const std::vector<JobEvent> all = client_->EventsToTheEnd(id);
  for (const int64_t from : {int64_t{1}, int64_t{2}, all.back().sequence() - 1, all.back().sequence()}) {
    const std::vector<JobEvent> rest = client_->EventsToTheEnd(id, from);
    ASSERT_EQ(static_cast<int64_t>(rest.size()), all.back().sequence() - from + 1);
    for (size_t i = 0; i < rest.size(); ++i) {
      EXPECT_EQ(rest[i].SerializeAsString(), all[all.size() - rest.size() + i].SerializeAsString());
    }
  }
  EXPECT_TRUE(client_->EventsToTheEnd(id, all.back().sequence() + 1).empty()) << "past the end: nothing, at once";
}

TEST_F(WatchTest, BrokenOffAndResumedWhileTheJobRunsMissesNoStateChange) {
  ExecutorDaemonOptions options;
  options.store.keep_progress = 4;
  Start(std::move(options));
  const std::string id = client_->Submit(EndlessSpec(folder_.text())).id();
  std::vector<JobEvent> seen;
  int64_t next = 0;
  for (int part = 0; part < 5; ++part) {
    int read = 0;
    const grpc::Status status = client_->Watch(id, next, [&](const JobEvent& event) {
      if (read >= 5) return true;  // those in flight when the call was broken off
      seen.push_back(event);
      next = event.sequence() + 1;
      return ++read >= 5;
    });
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  }
  client_->Cancel(id);
  for (const JobEvent& event : client_->EventsToTheEnd(id, next)) seen.push_back(event);
  ExpectOrdered(seen);
  EXPECT_THAT(States(seen), testing::ElementsAre(executor::v1::JOB_STATE_QUEUED, executor::v1::JOB_STATE_PLANNING,
                                                 executor::v1::JOB_STATE_RUNNING, executor::v1::JOB_STATE_CANCELLED));
}

TEST_F(WatchTest, ManyAtOnceSeeTheSameEnd) {
  constexpr int kReaders = 40;
  Start();
  const std::string id = client_->Submit(EndlessSpec(folder_.text())).id();
  std::vector<std::vector<JobEvent>> seen(kReaders);
  std::vector<std::thread> readers;
  readers.reserve(kReaders);
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&, reader] {
      DaemonClient client(daemon_->port());
      seen[reader] = client.EventsToTheEnd(id, reader % 5);
    });
  }
  WaitForWatchers(kReaders);
  client_->Cancel(id);
  for (std::thread& reader : readers) reader.join();
  for (const std::vector<JobEvent>& events : seen) {
    ASSERT_FALSE(events.empty());
    ExpectOrdered(events);
    EXPECT_EQ(events.back().state_change().state(), executor::v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(events.back().sequence(), seen[0].back().sequence());
  }
  WaitForWatchers(0);
}

TEST_F(WatchTest, OneMoreThanMayBeIsRefusedAndFreesNothing) {
  ExecutorDaemonOptions options;
  options.max_watchers = 2;
  Start(std::move(options));
  const std::string id = client_->Submit(EndlessSpec(folder_.text())).id();
  std::vector<std::thread> readers;
  readers.reserve(2);
  for (int reader = 0; reader < 2; ++reader) readers.emplace_back([&] { client_->EventsToTheEnd(id); });
  WaitForWatchers(2);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const grpc::Status status = client_->Watch(id, 0, [](const JobEvent&) { return false; });
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(status.error_message(), HasSubstr("--max-watchers"));
  }
  client_->Cancel(id);
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(client_->EventsToTheEnd(id).empty()) << "there is room again";
}

TEST_F(WatchTest, AReaderThatStopsReadingHoldsNobodyUp) {
  ExecutorDaemonOptions options;
  options.server.drain_time = std::chrono::milliseconds(100);
  Start(std::move(options));
  const std::string id = client_->Submit(EndlessSpec(folder_.text())).id();
  executor::v1::WatchJobRequest request;
  request.set_id(id);
  grpc::ClientContext context;
  const auto lazy = client_->stub().WatchJob(&context, request);
  executor::v1::WatchJobResponse response;
  ASSERT_TRUE(lazy->Read(&response));
  // The job goes on, others read it to its end, and the daemon ends although the lazy stream still has events to come.
  client_->WaitForStep(id, 500);
  client_->Cancel(id);
  EXPECT_EQ(client_->WaitForEnd(id).state(), executor::v1::JOB_STATE_CANCELLED);
  daemon_->ShutDown();
  while (lazy->Read(&response)) {
  }
  (void)lazy->Finish();
}

TEST_F(WatchTest, ReadersThatGoAwayAreLetGoOf) {
  Start();
  const std::string id = client_->Submit(EndlessSpec(folder_.text())).id();
  const std::string waiting = client_->Submit(EndlessSpec(folder_.text())).id();
  for (int i = 0; i < 10; ++i) {
    // One stream that is written to all the time, and one on which nothing happens.
    (void)client_->Watch(id, 0, [](const JobEvent& event) { return event.has_progress(); });
    (void)client_->Watch(waiting, 0, [](const JobEvent&) { return true; });
  }
  WaitForWatchers(0);
  client_->Cancel(waiting);
  client_->Cancel(id);
  client_->WaitForEnd(id);
}

}  // namespace
}  // namespace recurve
