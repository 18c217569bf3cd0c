// SPDX-License-Identifier: Apache-2.0
//
// Owners of jobs and files on a daemon whose callers have tokens: each RPC by the owner, by others, by an administrator
// and by a reader; uploads; quotas; restarts; the log.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "executor/data/sha256.h"
#include "planner_service/grpc_server/log_entry.h"
#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;
namespace fs = std::filesystem;
using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kAliceToken[] = "token-of-alice-0123456789";
constexpr char kBobToken[] = "token-of-bob-0123456789";
constexpr char kReaderToken[] = "token-of-reader-0123456789";
constexpr char kRootToken[] = "token-of-root-0123456789";

std::unique_ptr<grpc::ClientContext> As(const std::string& token) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(100));
  context->AddMetadata("authorization", "Bearer " + token);
  return context;
}

class OwnersTest : public testing::Test {
 protected:
  OwnersTest() {
    const std::string tokens = folder_.At("tokens");
    std::ofstream(tokens) << kAliceToken << " alice submit\n"
                          << kBobToken << " bob submit\n"
                          << kReaderToken << " reader read\n"
                          << kRootToken << " root admin\n";
    fs::permissions(tokens, fs::perms::owner_read | fs::perms::owner_write);
    fs::create_directory(folder_.At("data"));
    fs::create_directory(folder_.At("models"));
    fs::copy_file(folder_.text(), folder_.At("data/text"));
    options_.server.access.token_file = tokens;
    options_.server.metrics_public = true;
    options_.state_directory = folder_.At("state");
    options_.data_root = folder_.At("data");
    options_.model_root = folder_.At("models");
  }

  void Start() {
    stub_.reset();
    daemon_.reset();
    daemon_ = StartDaemon(options_);
    stub_ = v1::ExecutorService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(daemon_->port()), grpc::InsecureChannelCredentials()));
  }

  static v1::JobSpec Tiny(int64_t steps = 2, const std::string& data = "text") {
    v1::JobSpec spec = TinySpec(data, steps);
    spec.set_save_path("model");
    return spec;
  }
  grpc::Status Create(const std::string& token, const v1::CreateJobRequest& request, v1::Job* job) {
    v1::CreateJobResponse response;
    const grpc::Status status = stub_->CreateJob(As(token).get(), request, &response);
    if (job != nullptr) *job = response.job();
    return status;
  }
  v1::Job Submit(const std::string& token, const v1::JobSpec& spec) {
    v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    request.set_display_name("secret-name");
    (*request.mutable_labels())["team"] = "secret-team";
    v1::Job job;
    const grpc::Status status = Create(token, request, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job;
  }
  v1::Job Get(const std::string& token, const std::string& id) {
    v1::GetJobRequest request;
    request.set_id(id);
    v1::GetJobResponse response;
    const grpc::Status status = stub_->GetJob(As(token).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job();
  }
  // The events of a job until it ends, or until `enough`.
  std::vector<v1::JobEvent> Watch(const std::string& token, const std::string& id,
                                  const std::function<bool(const v1::JobEvent&)>& enough = nullptr) {
    v1::WatchJobRequest request;
    request.set_id(id);
    const auto context = As(token);
    const auto reader = stub_->WatchJob(context.get(), request);
    std::vector<v1::JobEvent> events;
    for (v1::WatchJobResponse response; reader->Read(&response);) {
      events.push_back(response.event());
      if (enough && enough(response.event())) context->TryCancel();
    }
    const grpc::Status status = reader->Finish();
    if (!enough) EXPECT_TRUE(status.ok()) << status.error_message();
    return events;
  }
  void WaitForStep(const std::string& id) {
    Watch(kRootToken, id, [](const v1::JobEvent& event) { return event.has_progress(); });
  }
  v1::Job WaitForEnd(const std::string& id) {
    Watch(kRootToken, id);
    return Get(kRootToken, id);
  }
  // The path of the uploaded file.
  grpc::Status Upload(const std::string& token, const std::string& name, const std::string& bytes,
                      std::string* path = nullptr, size_t part = std::string::npos) {
    const auto context = As(token);
    v1::UploadDataResponse response;
    const auto writer = stub_->UploadData(context.get(), &response);
    v1::UploadDataRequest request;
    *request.mutable_file() = Describe(name, bytes);
    request.set_data(bytes.substr(0, part));
    writer->Write(request);
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    if (path != nullptr) *path = response.path();
    return status;
  }
  static v1::FileDescription Describe(const std::string& name, const std::string& bytes) {
    v1::FileDescription file;
    file.set_name(name);
    file.set_size_bytes(static_cast<int64_t>(bytes.size()));
    file.set_sha256(Sha256Of(bytes));
    return file;
  }
  int64_t Received(const std::string& token, const v1::FileDescription& file) {
    v1::GetUploadRequest request;
    *request.mutable_file() = file;
    v1::GetUploadResponse response;
    const grpc::Status status = stub_->GetUpload(As(token).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.received_bytes();
  }
  grpc::Status Download(const std::string& token, const std::string& id) {
    v1::DownloadModelRequest request;
    request.set_id(id);
    const auto context = As(token);
    const auto reader = stub_->DownloadModel(context.get(), request);
    for (v1::DownloadModelResponse response; reader->Read(&response);) {
    }
    return reader->Finish();
  }
  double QuotaRefusals(const std::string& quota) {
    return Sample(HttpGet(daemon_->metrics_port(), "/metrics"),
                  "recurve_executor_quota_refusals_total{quota=\"" + quota + "\"}");
  }

  TrainingFolder folder_;
  ExecutorDaemonOptions options_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::unique_ptr<v1::ExecutorService::Stub> stub_;
};

// A call about a job, as the owner of `token`.
template <typename Request, typename Response>
std::function<grpc::Status(const std::string&, const std::string&)> CallOf(
    v1::ExecutorService::Stub& stub,
    grpc::Status (v1::ExecutorService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    Request request = {}) {
  return [&stub, method, request](const std::string& token, const std::string& id) mutable {
    request.set_id(id);
    Response response;
    return (stub.*method)(As(token).get(), request, &response);
  };
}

TEST_F(OwnersTest, OnlyTheOwnerAndAdministratorsChangeAJobOrReadItsFiles) {
  Start();
  using Stub = v1::ExecutorService::Stub;
  v1::ChangeJobMemoryRequest memory;
  memory.set_activation_share(0.6);
  v1::SetPriorityRequest priority;
  priority.set_priority(-1);
  const std::string id = Submit(kAliceToken, Tiny(1'000'000'000)).id();
  WaitForStep(id);
  const std::vector<std::pair<const char*, std::function<grpc::Status(const std::string&, const std::string&)>>> calls =
      {{"GetJobLog", CallOf(*stub_, &Stub::GetJobLog)},
       {"ListCheckpoints", CallOf(*stub_, &Stub::ListCheckpoints)},
       {"SetPriority", CallOf(*stub_, &Stub::SetPriority, priority)},
       {"ChangeJobMemory", CallOf(*stub_, &Stub::ChangeJobMemory, memory)},
       {"PauseJob", CallOf(*stub_, &Stub::PauseJob)},
       {"ResumeJob", CallOf(*stub_, &Stub::ResumeJob)},
       {"CancelJob", CallOf(*stub_, &Stub::CancelJob)}};
  for (const auto& [name, call] : calls) {
    const grpc::Status other = call(kBobToken, id);
    EXPECT_EQ(other.error_code(), StatusCode::PERMISSION_DENIED) << name;
    EXPECT_THAT(other.error_message(), HasSubstr("belongs to alice, not to bob")) << name;
    EXPECT_EQ(call(kReaderToken, id).error_code(), StatusCode::PERMISSION_DENIED) << name;
    EXPECT_EQ(call(kAliceToken, "nothing").error_code(), StatusCode::NOT_FOUND) << name;
    EXPECT_TRUE(call(kRootToken, id).ok()) << name;
    EXPECT_TRUE(call(kAliceToken, id).ok()) << name;
  }
  ASSERT_EQ(WaitForEnd(id).state(), v1::JOB_STATE_CANCELLED);
  const auto retry = CallOf(*stub_, &Stub::RetryJob);
  const auto remove = CallOf(*stub_, &Stub::DeleteJob);
  EXPECT_EQ(retry(kBobToken, id).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(remove(kBobToken, id).error_code(), StatusCode::PERMISSION_DENIED);
  const std::string done = Submit(kAliceToken, Tiny()).id();
  ASSERT_EQ(WaitForEnd(done).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Download(kBobToken, done).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Download(kReaderToken, done).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Download(kAliceToken, done).ok());
  EXPECT_TRUE(Download(kRootToken, done).ok());
  EXPECT_TRUE(retry(kRootToken, id).ok());
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(stub_->ListJobs(As(kRootToken).get(), {}, &jobs).ok());
  ASSERT_EQ(jobs.jobs_size(), 3);
  EXPECT_EQ(jobs.jobs(2).owner(), "alice") << "a job that an administrator repeats stays with its owner";
  EXPECT_TRUE(CallOf(*stub_, &Stub::CancelJob)(kAliceToken, jobs.jobs(2).id()).ok());
  EXPECT_TRUE(remove(kAliceToken, id).ok());
}

TEST_F(OwnersTest, OthersSeeWhoUsesWhatButNothingOfTheTraining) {
  Start();
  const std::string id = Submit(kAliceToken, Tiny(3)).id();
  const v1::Job whole = WaitForEnd(id);
  ASSERT_EQ(whole.state(), v1::JOB_STATE_SUCCEEDED) << whole.reason();
  for (const char* token : {kBobToken, kReaderToken}) {
    const v1::Job job = Get(token, id);
    EXPECT_TRUE(job.redacted());
    EXPECT_EQ(job.owner(), "alice");
    EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(job.plan().planned_peak_bytes(), whole.plan().planned_peak_bytes());
    EXPECT_EQ(job.progress().step(), 3);
    EXPECT_EQ(job.progress().loss(), 0);
    EXPECT_FALSE(job.spec().has_language_model());
    EXPECT_EQ(job.spec().save_path(), "");
    EXPECT_EQ(job.result().weights_sha256(), "");
    EXPECT_EQ(job.reason(), "");
    EXPECT_THAT(job.DebugString(), Not(HasSubstr("secret")));
    const std::vector<v1::JobEvent> events = Watch(token, id);
    EXPECT_EQ(States(events), States(Watch(kAliceToken, id)));
    for (const v1::JobEvent& event : events) {
      EXPECT_FALSE(event.has_note() || event.has_evaluation());
      EXPECT_EQ(event.progress().loss(), 0);
      EXPECT_EQ(event.state_change().reason(), "");
    }
    v1::ListJobsRequest by_label;
    (*by_label.mutable_labels())["team"] = "secret-team";
    v1::ListJobsResponse none;
    ASSERT_TRUE(stub_->ListJobs(As(token).get(), by_label, &none).ok());
    EXPECT_EQ(none.jobs_size(), 0);
    v1::ListJobsResponse all;
    ASSERT_TRUE(stub_->ListJobs(As(token).get(), {}, &all).ok());
    ASSERT_EQ(all.jobs_size(), 1);
    EXPECT_TRUE(all.jobs(0).redacted());
  }
  EXPECT_FALSE(Get(kAliceToken, id).redacted());
  EXPECT_EQ(Get(kRootToken, id).display_name(), "secret-name");
}

TEST_F(OwnersTest, MetricsDoNotTellLosses) {
  Start();
  const std::string id = Submit(kAliceToken, Tiny(1'000'000'000)).id();
  WaitForStep(id);
  const std::string text = HttpGet(daemon_->metrics_port(), "/metrics");
  EXPECT_GE(Sample(text, "recurve_executor_step{job_id=\"" + id + "\"}"), 1);
  for (const char* name :
       {"recurve_executor_loss_nats", "recurve_executor_gradient_norm", "recurve_executor_evaluation"}) {
    EXPECT_THAT(text, Not(HasSubstr(name)));
  }
}

TEST_F(OwnersTest, AJobBelongsToWhoSubmitsIt) {
  Start();
  v1::CreateJobRequest request;
  *request.mutable_spec() = Tiny();
  request.set_owner("alice");
  EXPECT_EQ(Create(kBobToken, request, nullptr).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Create(kReaderToken, request, nullptr).error_code(), StatusCode::PERMISSION_DENIED);
  v1::Job job;
  ASSERT_TRUE(Create(kRootToken, request, &job).ok());
  EXPECT_EQ(job.owner(), "alice");
  EXPECT_FALSE(Get(kAliceToken, job.id()).redacted());
  EXPECT_EQ(Submit(kBobToken, Tiny()).owner(), "bob");
  EXPECT_EQ(Submit(kRootToken, Tiny()).owner(), "root");
}

TEST_F(OwnersTest, OnlyAdministratorsPutAJobBeforeThoseOfOthers) {
  Start();
  v1::CreateJobRequest request;
  *request.mutable_spec() = Tiny(1'000'000'000);
  request.set_priority(1);
  const grpc::Status refused = Create(kAliceToken, request, nullptr);
  EXPECT_EQ(refused.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("priority is 1; only administrators"));
  request.set_priority(-1);
  v1::Job job;
  ASSERT_TRUE(Create(kAliceToken, request, &job).ok());
  const auto with_priority = [&](int32_t priority) {
    v1::SetPriorityRequest request;
    request.set_priority(priority);
    return CallOf(*stub_, &v1::ExecutorService::Stub::SetPriority, request);
  };
  EXPECT_EQ(with_priority(1)(kAliceToken, job.id()).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(with_priority(0)(kAliceToken, job.id()).ok());
  EXPECT_TRUE(with_priority(1)(kRootToken, job.id()).ok());
}

TEST_F(OwnersTest, RequestIdsAreEachCallersOwn) {
  Start();
  v1::CreateJobRequest request;
  request.set_request_id("night");
  *request.mutable_spec() = Tiny();
  v1::Job of_alice, of_bob, again;
  ASSERT_TRUE(Create(kAliceToken, request, &of_alice).ok());
  request.mutable_spec()->set_steps(3);
  ASSERT_TRUE(Create(kBobToken, request, &of_bob).ok());
  EXPECT_NE(of_alice.id(), of_bob.id());
  EXPECT_EQ(Create(kAliceToken, request, nullptr).error_code(), StatusCode::ALREADY_EXISTS);
  Start();
  ASSERT_TRUE(Create(kBobToken, request, &again).ok());
  EXPECT_EQ(again.id(), of_bob.id());
  EXPECT_TRUE(Get(kAliceToken, of_bob.id()).redacted()) << "owners outlive the daemon";
}

TEST_F(OwnersTest, RequestIdsFromBeforeTheDaemonAskedForIdentityStandInNobodysWay) {
  const std::string tokens = std::exchange(options_.server.access.token_file, "");
  Start();
  v1::CreateJobRequest request;
  request.set_request_id("5:alice:night");
  *request.mutable_spec() = Tiny();
  v1::Job anonymous, of_alice;
  ASSERT_TRUE(Create("", request, &anonymous).ok());
  options_.server.access.token_file = tokens;
  Start();
  request.set_request_id("night");
  ASSERT_TRUE(Create(kAliceToken, request, &of_alice).ok());
  EXPECT_NE(of_alice.id(), anonymous.id());
}

TEST_F(OwnersTest, ModelsOfOwnersAreInFoldersOfTheirOwn) {
  Start();
  const std::string of_alice = Submit(kAliceToken, Tiny()).id();
  ASSERT_EQ(WaitForEnd(of_alice).state(), v1::JOB_STATE_SUCCEEDED) << WaitForEnd(of_alice).reason();
  EXPECT_TRUE(fs::exists(folder_.At("models/alice/model")));
  for (const std::string& path : {std::string("../alice/model"), folder_.At("models/alice/model")}) {
    v1::JobSpec spec = Tiny();
    spec.set_save_path(path);
    v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    v1::Job job;
    if (!Create(kBobToken, request, &job).ok()) continue;  // refused at once
    job = WaitForEnd(job.id());
    EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
    EXPECT_THAT(job.reason(), HasSubstr("PERMISSION_DENIED"));
  }
}

// Someone who may write in the roots renames and links while the daemon runs.
TEST_F(OwnersTest, NoLinkLeadsToTheFilesOfOthers) {
  Start();
  const std::string of_alice = Submit(kAliceToken, Tiny()).id();
  ASSERT_EQ(WaitForEnd(of_alice).state(), v1::JOB_STATE_SUCCEEDED) << WaitForEnd(of_alice).reason();
  ASSERT_EQ(WaitForEnd(Submit(kBobToken, Tiny()).id()).state(), v1::JOB_STATE_SUCCEEDED);
  const fs::file_time_type written = fs::last_write_time(folder_.At("models/bob/model"));
  fs::rename(folder_.At("models/alice"), folder_.At("alice"));
  fs::create_directory_symlink("bob", folder_.At("models/alice"));
  v1::CreateJobRequest request;
  *request.mutable_spec() = Tiny();
  const grpc::Status refused = Create(kAliceToken, request, nullptr);
  EXPECT_EQ(refused.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("models/alice is a link or a file; must be a directory"));
  EXPECT_EQ(Download(kAliceToken, of_alice).error_code(), StatusCode::PERMISSION_DENIED);
  v1::DeleteJobRequest with_files;
  with_files.set_delete_files(true);
  const grpc::Status left = CallOf(*stub_, &v1::ExecutorService::Stub::DeleteJob, with_files)(kAliceToken, of_alice);
  EXPECT_EQ(left.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(left.error_message(), HasSubstr("the job is deleted, but not all of its files: "));
  EXPECT_EQ(fs::last_write_time(folder_.At("models/bob/model")), written);
  // A root that is replaced stays the directory that it was.
  fs::rename(folder_.At("data"), folder_.At("data.old"));
  fs::create_directory_symlink("/etc", folder_.At("data"));
  const v1::Job job = WaitForEnd(Submit(kBobToken, Tiny(2, "hostname")).id());
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(WaitForEnd(Submit(kBobToken, Tiny()).id()).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(OwnersTest, UploadsBelongToTheirUploader) {
  Start();
  const std::string text(4000, 'a');
  EXPECT_FALSE(Upload(kAliceToken, "text", text, nullptr, 1000).ok()) << "breaks off";
  EXPECT_EQ(Received(kAliceToken, Describe("text", text)), 1000);
  EXPECT_EQ(Received(kBobToken, Describe("text", text)), 0);
  EXPECT_EQ(Upload(kReaderToken, "text", text).error_code(), StatusCode::PERMISSION_DENIED);
  std::string path;
  ASSERT_TRUE(Upload(kAliceToken, "mine", std::string(4000, 'b'), &path).ok());
  v1::JobSpec spec = Tiny(2, path);
  const v1::Job own = WaitForEnd(Submit(kAliceToken, spec).id());
  EXPECT_EQ(own.state(), v1::JOB_STATE_SUCCEEDED) << own.reason();
  v1::CreateJobRequest request;
  *request.mutable_spec() = spec;
  v1::Job job;
  if (Create(kBobToken, request, &job).ok()) {
    job = WaitForEnd(job.id());
    EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
    EXPECT_THAT(job.reason(), HasSubstr("PERMISSION_DENIED"));
  }
}

// Without roots, jobs must not read or write anywhere: the files of others are there, too.
TEST_F(OwnersTest, WithoutRootsJobsReadUploadsAndSaveInTheStateDirectory) {
  options_.data_root.clear();
  options_.model_root.clear();
  Start();
  std::string path;
  ASSERT_TRUE(Upload(kAliceToken, "mine", std::string(4000, 'a'), &path).ok());
  const v1::Job own = WaitForEnd(Submit(kAliceToken, Tiny(2, path)).id());
  EXPECT_EQ(own.state(), v1::JOB_STATE_SUCCEEDED) << own.reason();
  EXPECT_TRUE(fs::exists(folder_.At("state/models/alice/model")));
  EXPECT_TRUE(Download(kAliceToken, own.id()).ok());
  for (const std::string& data : {folder_.At("data/text"), folder_.At("state/jobs.sqlite"), path}) {
    v1::CreateJobRequest request;
    *request.mutable_spec() = Tiny(2, data);
    v1::Job job;
    if (!Create(kBobToken, request, &job).ok()) continue;
    EXPECT_EQ(WaitForEnd(job.id()).state(), v1::JOB_STATE_FAILED) << data;
  }
}

TEST_F(OwnersTest, NoRootContainsTheFilesOfOthers) {
  options_.version = "test";
  options_.data_root = folder_.At("");
  absl::Status refused = ExecutorDaemon::Start(options_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--data-root"));
  options_.data_root = folder_.At("models");
  EXPECT_EQ(ExecutorDaemon::Start(options_).status().code(), absl::StatusCode::kInvalidArgument);
  options_.data_root = folder_.At("data");
  options_.model_root = "/";
  refused = ExecutorDaemon::Start(options_).status();
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--model-root / contains"));
}

TEST_F(OwnersTest, OneOwnerCannotTakeAllStreams) {
  options_.max_watchers = 2;  // hence one each
  options_.max_transfers = 2;
  Start();
  const std::string id = Submit(kAliceToken, Tiny(1'000'000'000)).id();
  v1::WatchJobRequest request;
  request.set_id(id);
  const auto context = As(kAliceToken);
  const auto reader = stub_->WatchJob(context.get(), request);
  v1::WatchJobResponse response;
  ASSERT_TRUE(reader->Read(&response));
  const auto second_context = As(kAliceToken);
  const auto second = stub_->WatchJob(second_context.get(), request);
  EXPECT_FALSE(second->Read(&response));
  const grpc::Status refused = second->Finish();
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(), HasSubstr("--max-watchers-per-owner"));
  EXPECT_EQ(QuotaRefusals("watchers"), 1);
  WaitForStep(id);  // an administrator has room

  const auto upload_context = As(kAliceToken);
  v1::UploadDataResponse uploaded;
  const auto upload = stub_->UploadData(upload_context.get(), &uploaded);
  v1::UploadDataRequest begin;
  *begin.mutable_file() = Describe("a", "0123456789");
  begin.set_data("0");
  ASSERT_TRUE(upload->Write(begin));
  while (Received(kAliceToken, begin.file()) == 0) {
  }
  const grpc::Status full = Upload(kAliceToken, "b", "01");
  EXPECT_EQ(full.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(full.error_message(), HasSubstr("alice has 1 transfers open"));
  EXPECT_TRUE(Upload(kBobToken, "b", "01").ok());
  upload_context->TryCancel();
  upload->Finish();
  context->TryCancel();
  while (reader->Read(&response)) {
  }
  reader->Finish();
}

TEST_F(OwnersTest, QuotasOfJobsHoldAcrossARestart) {
  options_.store.max_queued = 4;
  options_.store.max_running = 2;  // hence one of each owner
  Start();
  const std::string running = Submit(kAliceToken, Tiny(1'000'000'000)).id();
  WaitForStep(running);
  const std::string waiting = Submit(kAliceToken, Tiny(1'000'000'000)).id();
  const v1::Job other = WaitForEnd(Submit(kBobToken, Tiny()).id());
  EXPECT_EQ(other.state(), v1::JOB_STATE_SUCCEEDED) << other.reason() << "; it does not wait for alice's job";
  EXPECT_EQ(Get(kAliceToken, waiting).state(), v1::JOB_STATE_QUEUED);
  Submit(kAliceToken, Tiny());
  v1::CreateJobRequest request;
  *request.mutable_spec() = Tiny();
  EXPECT_EQ(Create(kAliceToken, request, nullptr).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(QuotaRefusals("queued"), 1);
  Start();
  WaitForStep(running);
  EXPECT_EQ(Create(kAliceToken, request, nullptr).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Create(kBobToken, request, nullptr).ok());
}

TEST_F(OwnersTest, StoredBytesAreBounded) {
  options_.max_stored_bytes_per_owner = 20'000;
  Start();
  EXPECT_TRUE(Upload(kAliceToken, "a", std::string(6000, 'a')).ok());
  const grpc::Status full = Upload(kAliceToken, "b", std::string(6000, 'b'));
  EXPECT_EQ(full.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(full.error_message(), HasSubstr("file.size_bytes is 6000, and 12288 of 20000 bytes are in use already "
                                              "(--max-stored-bytes-per-owner)"));
  EXPECT_TRUE(Upload(kBobToken, "b", std::string(6000, 'b')).ok());
  EXPECT_EQ(Upload(kBobToken, "c", "c").error_code(), StatusCode::RESOURCE_EXHAUSTED) << "small files are not free";
  const v1::Job job = WaitForEnd(Submit(kAliceToken, Tiny()).id());
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(job.reason(), HasSubstr("alice stores 12288 of 20000 bytes (--max-stored-bytes-per-owner)"));
  EXPECT_EQ(QuotaRefusals("stored_bytes"), 3);
  Start();
  EXPECT_EQ(Upload(kAliceToken, "b", std::string(6000, 'b')).error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(OwnersTest, EachChangeHasOneEntryInTheLogAndEachRefusalAWarning) {
  std::ostringstream log;
  const auto logger = spdlog::default_logger();
  const auto capture = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
  capture->set_formatter(MakeLogFormatter(LogFormat::kJson));
  spdlog::set_default_logger(capture);
  Start();
  using Stub = v1::ExecutorService::Stub;
  const std::string id = Submit(kAliceToken, Tiny(1'000'000'000)).id();
  WaitForStep(id);
  v1::SetPriorityRequest priority;
  priority.set_priority(-1);
  EXPECT_TRUE(CallOf(*stub_, &Stub::SetPriority, priority)(kAliceToken, id).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // refusals are logged at a bounded rate
  EXPECT_FALSE(CallOf(*stub_, &Stub::CancelJob)(kBobToken, id).ok());
  EXPECT_TRUE(Upload(kAliceToken, "a", "bytes").ok());
  EXPECT_TRUE(CallOf(*stub_, &Stub::CancelJob)(kAliceToken, id).ok());
  WaitForEnd(id);
  EXPECT_TRUE(CallOf(*stub_, &Stub::DeleteJob)(kAliceToken, id).ok());
  daemon_.reset();
  spdlog::set_default_logger(logger);
  // The entries that contain all of these.
  const auto count = [&](const std::vector<std::string>& parts) {
    int found = 0;
    std::istringstream lines(log.str());
    for (std::string line; std::getline(lines, line);) {
      found += std::all_of(parts.begin(), parts.end(),
                           [&](const std::string& part) { return line.find(part) != std::string::npos; });
    }
    return found;
  };
  for (const char* change : {"CreateJob", "SetPriority", "UploadData", "CancelJob", "DeleteJob"}) {
    EXPECT_EQ(count({std::string(change) + ": OK"}), 1) << log.str();
    EXPECT_EQ(count({std::string(change) + ": OK", "\"info\"", "\"owner\":\"alice\""}), 1) << log.str();
  }
  EXPECT_EQ(
      count({"CancelJob: PERMISSION_DENIED: job " + id + " belongs to alice", "\"warning\"", "\"owner\":\"bob\""}), 1)
      << log.str();
  EXPECT_EQ(count({"token-of-"}), 0) << "no token is logged";
}

}  // namespace
}  // namespace recurve
