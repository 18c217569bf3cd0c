// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/daemon/daemon_fixture.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <utility>

namespace recurve {
namespace {

namespace fs = std::filesystem;

// King James Bible, Genesis 1:1-5; public domain.
constexpr char kText[] =
    "In the beginning God created the heaven and the earth. And the earth was without form, and void; and darkness was "
    "upon the face of the deep. And the Spirit of God moved upon the face of the waters. And God said, Let there be "
    "light: and there was light. And God saw the light, that it was good: and God divided the light from the darkness. "
    "And God called the light Day, and the darkness he called Night. And the evening and the morning were the first "
    "day.\n";
constexpr int kRepeats = 8;

std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(100));
  return context;
}

// Moves the job out of the answer of a call that went well.
template <typename Response>
grpc::Status TakeJob(const grpc::Status& status, Response& response, executor::v1::Job* job) {
  if (status.ok()) *job = std::move(*response.mutable_job());
  return status;
}

}  // namespace

TrainingFolder::TrainingFolder() {
  std::string name = (fs::path(testing::TempDir()) / "recurve_daemon_XXXXXX").string();
  path_ = fs::canonical(mkdtemp(name.data()));
  std::ofstream file(text());
  for (int i = 0; i < kRepeats; ++i) file << kText;
}

TrainingFolder::~TrainingFolder() { fs::remove_all(path_); }

executor::v1::JobSpec TinySpec(const std::string& data_path, int64_t steps) {
  executor::v1::JobSpec spec;
  spec.mutable_language_model()->set_data_path(data_path);
  spec.mutable_language_model()->mutable_model()->set_hidden(16);
  spec.set_batch(2);
  spec.set_length(32);
  spec.set_link(2);
  spec.set_steps(steps);
  spec.set_activation_share(0.5);
  spec.set_threads(1);
  return spec;
}

executor::v1::JobSpec EndlessSpec(const std::string& data_path) { return TinySpec(data_path, 1'000'000'000); }

DaemonClient::DaemonClient(int port)
    : stub_(executor::v1::ExecutorService::NewStub(
          grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()))) {}

grpc::Status DaemonClient::Create(const executor::v1::CreateJobRequest& request, executor::v1::Job* job) {
  executor::v1::CreateJobResponse response;
  return TakeJob(stub_->CreateJob(Context().get(), request, &response), response, job);
}

grpc::Status DaemonClient::Get(const std::string& id, executor::v1::Job* job) {
  executor::v1::GetJobRequest request;
  request.set_id(id);
  executor::v1::GetJobResponse response;
  return TakeJob(stub_->GetJob(Context().get(), request, &response), response, job);
}

grpc::Status DaemonClient::List(const executor::v1::ListJobsRequest& request,
                                executor::v1::ListJobsResponse* response) {
  return stub_->ListJobs(Context().get(), request, response);
}

grpc::Status DaemonClient::Cancel(const std::string& id, executor::v1::Job* job) {
  executor::v1::CancelJobRequest request;
  request.set_id(id);
  executor::v1::CancelJobResponse response;
  return TakeJob(stub_->CancelJob(Context().get(), request, &response), response, job);
}

grpc::Status DaemonClient::Watch(const std::string& id, int64_t from,
                                 const std::function<bool(const executor::v1::JobEvent&)>& enough) {
  executor::v1::WatchJobRequest request;
  request.set_id(id);
  request.set_from_sequence(from);
  const auto context = Context();
  const auto reader = stub_->WatchJob(context.get(), request);
  executor::v1::WatchJobResponse response;
  while (reader->Read(&response)) {
    if (!enough(response.event())) continue;
    context->TryCancel();
    while (reader->Read(&response)) {
    }
    break;
  }
  return reader->Finish();
}

executor::v1::Job DaemonClient::Submit(const executor::v1::JobSpec& spec) {
  executor::v1::CreateJobRequest request;
  *request.mutable_spec() = spec;
  executor::v1::Job job;
  const grpc::Status status = Create(request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

executor::v1::Job DaemonClient::Get(const std::string& id) {
  executor::v1::Job job;
  const grpc::Status status = Get(id, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

executor::v1::Job DaemonClient::Cancel(const std::string& id) {
  executor::v1::Job job;
  const grpc::Status status = Cancel(id, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

std::vector<executor::v1::JobEvent> DaemonClient::EventsToTheEnd(const std::string& id, int64_t from) {
  std::vector<executor::v1::JobEvent> events;
  const grpc::Status status = Watch(id, from, [&](const executor::v1::JobEvent& event) {
    events.push_back(event);
    return false;
  });
  EXPECT_TRUE(status.ok()) << status.error_message();
  return events;
}

executor::v1::Job DaemonClient::WaitForEnd(const std::string& id) {
  EventsToTheEnd(id);
  return Get(id);
}

void DaemonClient::WaitForStep(const std::string& id, int64_t step) {
  bool reached = false;
  const grpc::Status status = Watch(id, 0, [&](const executor::v1::JobEvent& event) {
    reached = reached || event.progress().step() >= step;
    return reached;
  });
  EXPECT_TRUE(reached) << "the job ended before step " << step << ": " << Get(id).reason();
}

std::unique_ptr<ExecutorDaemon> StartDaemon(ExecutorDaemonOptions options) {
  options.version = "test";
  absl::StatusOr<std::unique_ptr<ExecutorDaemon>> daemon = ExecutorDaemon::Start(options);
  EXPECT_TRUE(daemon.ok()) << daemon.status();
  return *std::move(daemon);
}

std::vector<std::string> Notes(const std::vector<executor::v1::JobEvent>& events) {
  std::vector<std::string> notes;
  for (const auto& event : events) {
    if (event.has_note()) notes.push_back(event.note());
  }
  return notes;
}

std::vector<executor::v1::JobState> States(const std::vector<executor::v1::JobEvent>& events) {
  std::vector<executor::v1::JobState> states;
  for (const auto& event : events) {
    if (event.has_state_change()) states.push_back(event.state_change().state());
  }
  return states;
}

double Sample(const std::string& text, const std::string& name_and_labels) {
  const size_t line = text.find("\n" + name_and_labels + " ");
  if (line == std::string::npos) return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(text.c_str() + line + name_and_labels.size() + 2, nullptr);
}

}  // namespace recurve
