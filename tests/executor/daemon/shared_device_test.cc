// SPDX-License-Identifier: Apache-2.0
//
// Several jobs on one device: memory promised by bytes, priorities, pauses, and memory that changes while a job runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/executor/daemon/daemon_fixture.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobState;
using testing::HasSubstr;

constexpr int64_t kJobBytes = 500'000;  // more than TinySpec needs
constexpr int64_t kBudget = 1'000'000;

class SharedDeviceTest : public testing::Test {
 protected:
  void Start(ExecutorDaemonOptions options = {}) {
    if (options.device_memory.empty()) options.device_memory = {{"cpu", kBudget}};
    daemon_ = StartDaemon(std::move(options));
    client_ = std::make_unique<DaemonClient>(daemon_->port());
  }
  executor::v1::JobSpec Spec(int64_t steps, int64_t bytes = kJobBytes) {
    executor::v1::JobSpec spec = TinySpec(folder_.text(), steps);
    spec.set_memory_bytes(bytes);
    return spec;
  }
  executor::v1::JobSpec Endless(int64_t bytes = kJobBytes) { return Spec(1'000'000'000, bytes); }
  std::string Submit(const executor::v1::JobSpec& spec, int32_t priority = 0) {
    executor::v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    request.set_priority(priority);
    Job job;
    const grpc::Status status = client_->Create(request, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job.id();
  }
  void WaitForState(const std::string& id, JobState state) {
    while (client_->Get(id).state() != state) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  executor::v1::Device Cpu() {
    grpc::ClientContext context;
    executor::v1::GetDevicesResponse response;
    EXPECT_TRUE(client_->stub().GetDevices(&context, {}, &response).ok());
    EXPECT_EQ(response.devices(0).name(), "cpu");
    return response.devices(0);
  }
  // Calls an RPC whose request has an id.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (executor::v1::ExecutorService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                                Response*),
                    Request request, const std::string& id, Response* response) {
    grpc::ClientContext context;
    request.set_id(id);
    return (client_->stub().*method)(&context, request, response);
  }
  void Pause(const std::string& id) {
    executor::v1::PauseJobResponse response;
    EXPECT_TRUE(
        Call(&executor::v1::ExecutorService::Stub::PauseJob, executor::v1::PauseJobRequest(), id, &response).ok());
  }
  void Resume(const std::string& id) {
    executor::v1::ResumeJobResponse response;
    EXPECT_TRUE(
        Call(&executor::v1::ExecutorService::Stub::ResumeJob, executor::v1::ResumeJobRequest(), id, &response).ok());
  }
  grpc::Status ChangeMemory(const std::string& id, int64_t bytes) {
    executor::v1::ChangeJobMemoryRequest request;
    request.set_memory_bytes(bytes);
    executor::v1::ChangeJobMemoryResponse response;
    return Call(&executor::v1::ExecutorService::Stub::ChangeJobMemory, request, id, &response);
  }
  std::string WeightsOf(const std::string& id) {
    const Job job = client_->WaitForEnd(id);
    EXPECT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
    return job.result().weights_sha256();
  }

  const TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::unique_ptr<DaemonClient> client_;
};

TEST_F(SharedDeviceTest, JobsRunSideBySideWhileTheirBytesFit) {
  Start();
  const std::string first = Submit(Endless()), second = Submit(Endless()), third = Submit(Endless());
  client_->WaitForStep(first, 2);
  client_->WaitForStep(second, 2);
  EXPECT_EQ(client_->Get(third).state(), executor::v1::JOB_STATE_QUEUED);
  const executor::v1::Device cpu = Cpu();
  EXPECT_EQ(cpu.budget_bytes(), kBudget);
  EXPECT_EQ(cpu.promised_bytes(), client_->Get(first).promised_bytes() + client_->Get(second).promised_bytes());
  EXPECT_EQ(client_->Get(first).promised_bytes(), client_->Get(first).plan().planned_peak_bytes());
  EXPECT_EQ(cpu.free_bytes(), cpu.budget_bytes() - cpu.promised_bytes());
  EXPECT_EQ(cpu.running_jobs(), 2);
  EXPECT_EQ(cpu.queued_jobs(), 1);
  client_->Cancel(first);
  client_->WaitForStep(third, 2);
  client_->Cancel(second);
  client_->Cancel(third);
  client_->WaitForEnd(third);
  client_->WaitForEnd(second);
  EXPECT_EQ(Cpu().promised_bytes(), 0);
}

TEST_F(SharedDeviceTest, AJobThatCouldNeverFitIsRefusedWithTheBytesThatWouldDo) {
  Start();
  executor::v1::CreateJobRequest request;
  *request.mutable_spec() = Spec(1, kBudget + 1);
  Job job;
  const grpc::Status status = client_->Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("give at most 1000000"));
  // What a share needs is known once it has been planned.
  executor::v1::JobSpec share = TinySpec(folder_.text(), 1);
  share.set_activation_share(1);
  share.set_length(1000);
  const Job failed = client_->WaitForEnd(Submit(share));
  EXPECT_EQ(failed.state(), executor::v1::JOB_STATE_FAILED);
  EXPECT_THAT(failed.reason(), HasSubstr("the budget of cpu is 1000000"));
  executor::v1::JobSpec elsewhere = Spec(1);
  elsewhere.set_device("cuda:7");
  *request.mutable_spec() = elsewhere;
  EXPECT_EQ(client_->Create(request, &job).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(SharedDeviceTest, ShareAndAllFreeTakeWhatTheyNeed) {
  Start();
  executor::v1::JobSpec share = TinySpec(folder_.text(), 1'000'000'000);
  const std::string shared = Submit(share);
  client_->WaitForStep(shared, 1);
  executor::v1::JobSpec free = TinySpec(folder_.text(), 1'000'000'000);
  free.set_all_free(true);
  const std::string all = Submit(free);
  client_->WaitForStep(all, 1);
  EXPECT_EQ(client_->Get(all).plan().recompute_ratio(), 1) << "there is room for store-all";
  // The third finds too little, and waits until there is more.
  const std::string waiting = Submit(free);
  const std::string later = Submit(free);
  client_->WaitForStep(all, client_->Get(all).progress().step() + 50);
  WaitForState(waiting, executor::v1::JOB_STATE_QUEUED);
  client_->Cancel(all);
  client_->WaitForStep(waiting, 1);
  WaitForState(later, executor::v1::JOB_STATE_QUEUED);
  for (const std::string& id : {shared, later, waiting}) client_->Cancel(id);
}

TEST_F(SharedDeviceTest, HigherPrioritiesPreemptThroughCheckpoints) {
  Start({.device_memory = {{"cpu", kJobBytes}}});
  const std::string low = Submit(Spec(400));
  client_->WaitForStep(low, 20);
  const std::string high = Submit(Spec(400), /*priority=*/5);
  const Job ended = client_->WaitForEnd(high);
  EXPECT_EQ(ended.starts(), 1);
  const std::string weights = WeightsOf(low);
  EXPECT_GE(client_->Get(low).starts(), 2);
  EXPECT_EQ(weights, ended.result().weights_sha256()) << "the same job, not interrupted";
}

TEST_F(SharedDeviceTest, APausedJobHoldsNoMemoryAndGoesOnToTheSameWeights) {
  Start();
  const std::string undisturbed = WeightsOf(Submit(Spec(300)));
  const std::string id = Submit(Spec(300));
  client_->WaitForStep(id, 10);
  Pause(id);
  WaitForState(id, executor::v1::JOB_STATE_PAUSED);
  EXPECT_EQ(Cpu().promised_bytes(), 0);
  EXPECT_GE(client_->Get(id).checkpoint_step(), 10);
  Pause(id);  // has no effect
  Resume(id);
  EXPECT_EQ(WeightsOf(id), undisturbed);
  executor::v1::ResumeJobResponse response;
  EXPECT_EQ(Call(&executor::v1::ExecutorService::Stub::ResumeJob, executor::v1::ResumeJobRequest(), id, &response)
                .error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(SharedDeviceTest, MemoryChangesWhileAJobRunsAndTheWeightsDoNot) {
  Start();
  const std::string undisturbed = WeightsOf(Submit(Spec(600)));
  const std::string id = Submit(Spec(600));
  client_->WaitForStep(id, 10);
  const double before = client_->Get(id).plan().recompute_ratio();
  EXPECT_TRUE(ChangeMemory(id, 400'000).ok());
  EXPECT_EQ(WeightsOf(id), undisturbed);
  const Job ended = client_->Get(id);
  EXPECT_EQ(ended.starts(), 2);
  EXPECT_GT(ended.plan().recompute_ratio(), before);
  EXPECT_LE(ended.result().measured_peak_bytes(), 400'000);
  EXPECT_EQ(ChangeMemory(id, 400'000).error_code(), grpc::StatusCode::FAILED_PRECONDITION) << "it has ended";
  const std::string waiting = Submit(Endless());
  EXPECT_EQ(ChangeMemory(waiting, 0).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ChangeMemory(waiting, kBudget + 1).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  client_->Cancel(waiting);
}

TEST_F(SharedDeviceTest, TooLittleMemoryLosesNothingThatIsTrained) {
  Start();
  const std::string undisturbed = WeightsOf(Submit(Spec(300)));
  const std::string id = Submit(Spec(300));
  client_->WaitForStep(id, 10);
  EXPECT_TRUE(ChangeMemory(id, 1000).ok());
  WaitForState(id, executor::v1::JOB_STATE_PAUSED);
  EXPECT_THAT(client_->Get(id).reason(), HasSubstr("too little"));
  EXPECT_TRUE(ChangeMemory(id, 400'000).ok());
  Resume(id);
  EXPECT_EQ(WeightsOf(id), undisturbed);
}

TEST_F(SharedDeviceTest, DataThatIsAwayLosesNothingThatIsTrained) {
  Start();
  const std::string undisturbed = WeightsOf(Submit(Spec(300)));
  executor::v1::JobSpec spec = Spec(300);
  const std::string data = folder_.At("data"), away = folder_.At("away");
  std::filesystem::copy_file(folder_.text(), data);
  spec.mutable_language_model()->set_data_path(data);
  const std::string id = Submit(spec);
  client_->WaitForStep(id, 10);
  Pause(id);
  WaitForState(id, executor::v1::JOB_STATE_PAUSED);
  std::filesystem::rename(data, away);
  Resume(id);
  WaitForState(id, executor::v1::JOB_STATE_PAUSED);
  EXPECT_THAT(client_->Get(id).reason(), HasSubstr("resume the job once this is mended"));
  std::filesystem::rename(away, data);
  // Nor does it start afresh when its checkpoints are gone.
  const std::string checkpoints = daemon_->state_directory() + "/jobs/" + id;
  std::filesystem::rename(checkpoints, away);
  Resume(id);
  WaitForState(id, executor::v1::JOB_STATE_PAUSED);
  EXPECT_THAT(client_->Get(id).reason(), HasSubstr("has no checkpoint"));
  std::filesystem::rename(away, checkpoints);
  Resume(id);
  EXPECT_EQ(WeightsOf(id), undisturbed);
}

TEST_F(SharedDeviceTest, OnlyAModelThatTheJobSavedIsDeleted) {
  Start();
  const std::string model = folder_.At("model");
  const auto remove = [&](const std::string& id) {
    executor::v1::DeleteJobRequest request;
    request.set_delete_files(true);
    executor::v1::DeleteJobResponse response;
    return Call(&executor::v1::ExecutorService::Stub::DeleteJob, request, id, &response);
  };
  executor::v1::JobSpec spec = Spec(2);
  spec.set_save_path(model);
  const std::string saved = Submit(spec);
  EXPECT_EQ(client_->WaitForEnd(saved).state(), executor::v1::JOB_STATE_SUCCEEDED);
  spec.mutable_language_model()->set_data_path(folder_.At("nothing"));
  const std::string failed = Submit(spec);
  EXPECT_EQ(client_->WaitForEnd(failed).state(), executor::v1::JOB_STATE_FAILED);
  EXPECT_TRUE(remove(failed).ok());
  EXPECT_TRUE(std::filesystem::exists(model)) << "it is that of the first job";
  std::ofstream(model) << "something else";
  EXPECT_THAT(remove(saved).error_message(), HasSubstr("the job is deleted, but not all of its files"));
  EXPECT_TRUE(std::filesystem::exists(model)) << "it is no model any more";
}

TEST_F(SharedDeviceTest, AFailedJobIsRetriedAsANewOne) {
  Start();
  executor::v1::JobSpec spec = Spec(2);
  spec.mutable_language_model()->set_data_path(folder_.At("later"));
  const std::string failed = Submit(spec);
  EXPECT_EQ(client_->WaitForEnd(failed).state(), executor::v1::JOB_STATE_FAILED);
  std::ofstream(folder_.At("later")) << std::ifstream(folder_.text()).rdbuf();
  executor::v1::RetryJobResponse response;
  ASSERT_TRUE(
      Call(&executor::v1::ExecutorService::Stub::RetryJob, executor::v1::RetryJobRequest(), failed, &response).ok());
  EXPECT_NE(response.job().id(), failed);
  EXPECT_EQ(client_->WaitForEnd(response.job().id()).state(), executor::v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Call(&executor::v1::ExecutorService::Stub::RetryJob, executor::v1::RetryJobRequest(), response.job().id(),
                 &response)
                .error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace recurve
