// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_CLIENT_CLI_SCRIPTED_DAEMON_H_
#define RECURVE_TESTS_CLIENT_CLI_SCRIPTED_DAEMON_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

// A daemon with one job, "job", that succeeded, and whose events are given: for what a real daemon does only by
// accident, such as going away between two events.
class ScriptedDaemon final : public executor::v1::ExecutorService::Service {
 public:
  // Listens on `port` (0: any). After the first `then_silent` events, streams say nothing more.
  explicit ScriptedDaemon(std::vector<executor::v1::JobEvent> events, size_t then_silent = SIZE_MAX, int port = 0)
      : events_(std::move(events)), then_silent_(then_silent) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedDaemon() override { server_->Shutdown(std::chrono::system_clock::now()); }

  int port() const { return port_; }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status GetJob(grpc::ServerContext*, const executor::v1::GetJobRequest* request,
                      executor::v1::GetJobResponse* response) override {
    executor::v1::Job& job = *response->mutable_job();
    job.set_id(request->id());
    job.mutable_spec()->set_steps(6);
    job.mutable_plan()->set_planned_peak_bytes(1 << 20);
    job.set_state(executor::v1::JOB_STATE_SUCCEEDED);
    job.set_reason("trained 6 steps");
    job.mutable_result()->set_weights_sha256("c0ffee");
    return grpc::Status::OK;
  }

  grpc::Status WatchJob(grpc::ServerContext* context, const executor::v1::WatchJobRequest* request,
                        grpc::ServerWriter<executor::v1::WatchJobResponse>* writer) override {
    for (size_t i = 0; i < events_.size(); ++i) {
      while (i >= then_silent_ && !context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (events_[i].sequence() < request->from_sequence()) continue;
      executor::v1::WatchJobResponse response;
      *response.mutable_event() = events_[i];
      if (!writer->Write(response)) return grpc::Status::CANCELLED;
    }
    return grpc::Status::OK;
  }

 private:
  const std::vector<executor::v1::JobEvent> events_;
  const size_t then_silent_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// The events of a job: RUNNING, then steps of these numbers, each with ten minus its index as loss, then SUCCEEDED.
inline std::vector<executor::v1::JobEvent> EventsOfSteps(const std::vector<int64_t>& steps) {
  std::vector<executor::v1::JobEvent> events(steps.size() + 2);
  events.front().mutable_state_change()->set_state(executor::v1::JOB_STATE_RUNNING);
  events.back().mutable_state_change()->set_state(executor::v1::JOB_STATE_SUCCEEDED);
  for (size_t i = 0; i < steps.size(); ++i) {
    executor::v1::Progress& progress = *events[i + 1].mutable_progress();
    progress.set_step(steps[i]);
    progress.set_loss(10 - static_cast<double>(i));
    progress.mutable_metric()->set_value(10 - static_cast<double>(i));
    progress.mutable_metric()->set_unit("bits per byte");
    progress.set_seconds(1);
    progress.set_predictions(50);
    progress.set_taped_forwards(10);
    progress.set_plain_forwards(5);
    progress.set_measured_peak_bytes(1 << 19);
  }
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].set_sequence(static_cast<int64_t>(i) + 1);
    events[i].mutable_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(i));
  }
  return events;
}

}  // namespace recurve

#endif  // RECURVE_TESTS_CLIENT_CLI_SCRIPTED_DAEMON_H_
