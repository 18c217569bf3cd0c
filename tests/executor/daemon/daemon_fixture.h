// SPDX-License-Identifier: Apache-2.0
//
// A daemon in this process with real sockets, and the client's side of it.
#ifndef RECURVE_TESTS_EXECUTOR_DAEMON_DAEMON_FIXTURE_H_
#define RECURVE_TESTS_EXECUTOR_DAEMON_DAEMON_FIXTURE_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

// A folder that goes with the object, and the text to train on in it.
class TrainingFolder {
 public:
  TrainingFolder();
  ~TrainingFolder();
  TrainingFolder(const TrainingFolder&) = delete;
  TrainingFolder& operator=(const TrainingFolder&) = delete;

  std::string At(const std::string& name) const { return (path_ / name).string(); }
  std::string text() const { return At("text"); }

 private:
  std::filesystem::path path_;
};

// A model so small that a step takes well under a millisecond.
executor::v1::JobSpec TinySpec(const std::string& data_path, int64_t steps);

// One that trains until it is cancelled.
executor::v1::JobSpec EndlessSpec(const std::string& data_path);

// Calls to an executor daemon. Every call has a deadline that only a defect reaches.
class DaemonClient {
 public:
  explicit DaemonClient(int port);

  grpc::Status Create(const executor::v1::CreateJobRequest& request, executor::v1::Job* job);
  grpc::Status Get(const std::string& id, executor::v1::Job* job);
  grpc::Status List(const executor::v1::ListJobsRequest& request, executor::v1::ListJobsResponse* response);
  grpc::Status Cancel(const std::string& id, executor::v1::Job* job);
  // Reads events until `enough` says so or the stream ends; the status of the stream, CANCELLED if it was `enough`.
  grpc::Status Watch(const std::string& id, int64_t from,
                     const std::function<bool(const executor::v1::JobEvent&)>& enough);

  // The same for calls that are expected to succeed.
  executor::v1::Job Submit(const executor::v1::JobSpec& spec);
  executor::v1::Job Get(const std::string& id);
  executor::v1::Job Cancel(const std::string& id);
  std::vector<executor::v1::JobEvent> EventsToTheEnd(const std::string& id, int64_t from = 0);
  executor::v1::Job WaitForEnd(const std::string& id);
  // Until the job has done `step` steps.
  void WaitForStep(const std::string& id, int64_t step);

  executor::v1::ExecutorService::Stub& stub() { return *stub_; }

 private:
  std::unique_ptr<executor::v1::ExecutorService::Stub> stub_;
};

// Starts a daemon on free ports.
std::unique_ptr<ExecutorDaemon> StartDaemon(ExecutorDaemonOptions options = {});

// The notes among `events`.
std::vector<std::string> Notes(const std::vector<executor::v1::JobEvent>& events);
// The states that the job went through.
std::vector<executor::v1::JobState> States(const std::vector<executor::v1::JobEvent>& events);

// The value of the sample `name{labels}` in a Prometheus text, exactly as it is written there; NaN when it is not
// there.
double Sample(const std::string& text, const std::string& name_and_labels);

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_DAEMON_DAEMON_FIXTURE_H_
