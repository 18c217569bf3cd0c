// SPDX-License-Identifier: Apache-2.0
//
// Jobs over gRPC, from their creation to their end, with real training in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"

namespace recurve {
namespace {

using executor::v1::CreateJobRequest;
using executor::v1::Job;
using executor::v1::JobEvent;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr auto kQueued = executor::v1::JOB_STATE_QUEUED;
constexpr auto kPlanning = executor::v1::JOB_STATE_PLANNING;
constexpr auto kRunning = executor::v1::JOB_STATE_RUNNING;
constexpr auto kSucceeded = executor::v1::JOB_STATE_SUCCEEDED;
constexpr auto kFailed = executor::v1::JOB_STATE_FAILED;
constexpr auto kCancelled = executor::v1::JOB_STATE_CANCELLED;

class JobLifeTest : public testing::Test {
 protected:
  void Start(ExecutorDaemonOptions options = {}) {
    options.store.max_running = 1;  // so that others wait
    daemon_ = StartDaemon(std::move(options));
    client_ = std::make_unique<DaemonClient>(daemon_->port());
  }
  // The daemon must still do its work after whatever happened.
  void ExpectNextJobRuns() {
    const Job job = client_->WaitForEnd(client_->Submit(TinySpec(folder_.text(), 2)).id());
    EXPECT_EQ(job.state(), kSucceeded) << job.reason();
  }
  void ExpectFails(const executor::v1::JobSpec& spec, const std::string& reason) {
    const Job job = client_->WaitForEnd(client_->Submit(spec).id());
    EXPECT_EQ(job.state(), kFailed);
    EXPECT_THAT(job.reason(), HasSubstr(reason));
    EXPECT_THAT(job.reason(), Not(HasSubstr("\n")));
    EXPECT_TRUE(job.has_end_time());
    EXPECT_FALSE(job.has_result());
    ExpectNextJobRuns();
  }

  TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::unique_ptr<DaemonClient> client_;
};

TEST_F(JobLifeTest, TrainsEvaluatesAndSaves) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 6);
  spec.set_save_path(folder_.At("model.safetensors"));
  spec.set_checkpoint_every(2);
  const Job created = client_->Submit(spec);
  EXPECT_EQ(created.state(), kQueued);
  EXPECT_EQ(created.spec().language_model().model().hidden(), spec.language_model().model().hidden());
  EXPECT_TRUE(created.spec().has_seed()) << "defaults are filled in";
  EXPECT_EQ(created.spec().seed(), 1);
  EXPECT_TRUE(created.has_create_time());

  const std::vector<JobEvent> events = client_->EventsToTheEnd(created.id());
  EXPECT_THAT(States(events), ElementsAre(kQueued, kPlanning, kRunning, kSucceeded));
  EXPECT_THAT(Notes(events), ElementsAre(HasSubstr("planned by the embedded planner because no planner service")));
  std::vector<int64_t> steps, checkpoints, models, evaluations;
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].sequence(), static_cast<int64_t>(i) + 1);
    if (events[i].has_progress()) steps.push_back(events[i].progress().step());
    if (events[i].has_checkpoint()) {
      (events[i].checkpoint().resumable() ? checkpoints : models).push_back(events[i].checkpoint().step());
    }
    if (events[i].has_evaluation()) evaluations.push_back(events[i].evaluation().step());
  }
  EXPECT_THAT(steps, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(checkpoints, ElementsAre(2, 4, 6));
  EXPECT_THAT(models, ElementsAre(2, 4, 6));
  EXPECT_THAT(evaluations, ElementsAre(6));

  const Job ended = client_->Get(created.id());
  EXPECT_EQ(ended.state(), kSucceeded);
  EXPECT_EQ(ended.reason(), "trained 6 steps");
  EXPECT_TRUE(ended.has_start_time());
  EXPECT_TRUE(ended.has_end_time());
  EXPECT_EQ(ended.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_EQ(ended.plan().strategy(), planner::v1::STRATEGY_AUTO);
  EXPECT_EQ(ended.plan().links(), 16);
  EXPECT_GT(ended.plan().forward_count_per_batch(), 16);
  const executor::v1::MemoryLedger& planned = ended.plan().ledger();
  const int64_t planned_peak = planned.weights_bytes() + planned.gradients_bytes() + planned.optimizer_bytes() +
                               planned.batch_bytes() + planned.states_bytes() + planned.tapes_bytes() +
                               planned.workspace_bytes() + planned.process_bytes();
  EXPECT_EQ(ended.result().planned_peak_bytes(), planned_peak);
  EXPECT_EQ(ended.result().measured_peak_bytes(), planned_peak);
  EXPECT_LT(planned_peak, ended.plan().store_all_bytes());
  EXPECT_EQ(ended.result().forward_count_per_batch(), ended.plan().forward_count_per_batch());
  EXPECT_EQ(ended.result().steps(), 6);
  EXPECT_EQ(ended.progress().step(), 6);
  EXPECT_EQ(ended.result().loss(), ended.progress().loss());
  EXPECT_EQ(ended.progress().metric().name(), "bits_per_byte");
  EXPECT_EQ(ended.result().evaluation().name(), "bits_per_byte");
  EXPECT_EQ(ended.result().evaluation().unit(), "bits per byte");
  EXPECT_GT(ended.result().evaluation().value(), 0);
  EXPECT_THAT(ended.result().weights_sha256(), MatchesRegex("[0-9a-f]+"));
  EXPECT_GT(std::filesystem::file_size(folder_.At("model.safetensors")), 1000u);
}

// With a mapped file the daemon would die.
TEST_F(JobLifeTest, ATextThatBecomesShorterFailsItsJobOnly) {
  Start();
  const std::string text = folder_.At("shrinking");
  std::filesystem::copy_file(folder_.text(), text);
  const Job job = client_->Submit(EndlessSpec(text));
  client_->WaitForStep(job.id(), 2);
  std::filesystem::resize_file(text, 10);
  const Job ended = client_->WaitForEnd(job.id());
  EXPECT_EQ(ended.state(), kFailed);
  EXPECT_THAT(ended.reason(), HasSubstr("was truncated while it was read"));
  ExpectNextJobRuns();
}

TEST_F(JobLifeTest, ATextThatIsOverwrittenIsNoted) {
  Start();
  const std::string text = folder_.At("changing");
  std::filesystem::copy_file(folder_.text(), text);
  const Job job = client_->Submit(EndlessSpec(text));
  client_->WaitForStep(job.id(), 2);
  std::ofstream(text, std::ios::app) << "more";
  client_->Watch(job.id(), 0, [](const JobEvent& event) {
    return event.note().find("was modified while it was read") != std::string::npos;
  });
  client_->Cancel(job.id());
  EXPECT_THAT(Notes(client_->EventsToTheEnd(job.id())), testing::Contains(HasSubstr("was modified")));
}

// To read all of it takes minutes.
TEST_F(JobLifeTest, CancelsWhileLinesAreLookedFor) {
  Start();
  const std::string text = folder_.At("sparse");
  std::ofstream(text).close();
  std::error_code error;
  std::filesystem::resize_file(text, uintmax_t{1} << 40, error);
  if (error) GTEST_SKIP() << "this file system has no sparse files of 1 TiB";
  executor::v1::JobSpec spec = EndlessSpec(text);
  spec.mutable_language_model()->set_sequences(executor::v1::SEQUENCES_LINES);
  const Job job = client_->Submit(spec);
  client_->Watch(job.id(), 0, [](const JobEvent& event) { return event.state_change().state() == kPlanning; });
  client_->Cancel(job.id());
  EXPECT_EQ(client_->WaitForEnd(job.id()).state(), kCancelled);
  ExpectNextJobRuns();
}

TEST_F(JobLifeTest, SaysThatNothingIsHeldOut) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
  spec.mutable_language_model()->set_holdout(1e-9);
  const Job job = client_->WaitForEnd(client_->Submit(spec).id());
  EXPECT_EQ(job.state(), kSucceeded) << job.reason();
  EXPECT_THAT(Notes(client_->EventsToTheEnd(job.id())), testing::Contains(HasSubstr("nothing is evaluated")));
}

TEST_F(JobLifeTest, TrainsOnTheLinesOfAText) {
  Start();
  std::string text;
  for (int i = 0; i < 60; ++i) text += std::string(static_cast<size_t>(i % 30), 'a') + "\n";
  std::ofstream(folder_.At("lines")) << text << std::string(500, 'b') << "\n";
  executor::v1::JobSpec spec = TinySpec(folder_.At("lines"), 30);
  spec.mutable_language_model()->set_sequences(executor::v1::SEQUENCES_LINES);
  spec.mutable_language_model()->set_holdout(0);
  spec.set_length(400);
  const Job ended = client_->WaitForEnd(client_->Submit(spec).id());
  EXPECT_EQ(ended.state(), kSucceeded) << ended.reason();
  EXPECT_EQ(ended.plan().data().sequences().count(), 59);
  EXPECT_EQ(ended.plan().data().sequences().empty(), 2);
  EXPECT_EQ(ended.plan().data().sequences().cut(), 1);
  EXPECT_EQ(ended.plan().data().sequences().shortest(), 2);
  EXPECT_EQ(ended.plan().data().sequences().longest(), 400);
  EXPECT_EQ(ended.plan().links(), 200);
  EXPECT_EQ(ended.plan().plans(), 16);
  EXPECT_EQ(ended.result().measured_peak_bytes(), ended.result().planned_peak_bytes());
  EXPECT_GT(ended.result().predictions_per_second(), 0);
  EXPECT_GT(ended.result().padding_share(), 0);
  EXPECT_GT(ended.progress().predictions(), 0);
  EXPECT_GE(ended.progress().positions(), ended.progress().predictions());

  spec.set_carry_state(true);
  CreateJobRequest request;
  *request.mutable_spec() = spec;
  Job job;
  const grpc::Status refused = client_->Create(request, &job);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("carry_state is true; must be false"));
}

TEST_F(JobLifeTest, TheSameJobTwiceGivesTheSameWeights) {
  Start();
  const Job first = client_->Submit(TinySpec(folder_.text(), 4));
  const Job second = client_->Submit(TinySpec(folder_.text(), 4));
  EXPECT_NE(first.id(), second.id());
  const std::string digest = client_->WaitForEnd(first.id()).result().weights_sha256();
  EXPECT_EQ(client_->WaitForEnd(second.id()).result().weights_sha256(), digest);
}

TEST_F(JobLifeTest, ARetriedCreateMakesOneJob) {
  Start();
  CreateJobRequest request;
  request.set_request_id("retry");
  *request.mutable_spec() = TinySpec(folder_.text(), 1);
  Job first, again;
  ASSERT_TRUE(client_->Create(request, &first).ok());
  client_->WaitForEnd(first.id());
  ASSERT_TRUE(client_->Create(request, &again).ok());
  EXPECT_EQ(again.id(), first.id());
  EXPECT_EQ(again.state(), kSucceeded);
  request.mutable_spec()->set_seed(2);
  EXPECT_EQ(client_->Create(request, &again).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  executor::v1::ListJobsResponse list;
  ASSERT_TRUE(client_->List({}, &list).ok());
  EXPECT_EQ(list.jobs_size(), 1);
}

TEST_F(JobLifeTest, BadRequestsAreNamed) {
  Start();
  CreateJobRequest request;
  Job job;
  grpc::Status status = client_->Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("spec.task is unset"));

  request.mutable_spec()->mutable_language_model();
  status = client_->Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("spec.data_path"));

  *request.mutable_spec() = TinySpec(folder_.text(), 1);
  request.mutable_spec()->mutable_language_model()->mutable_model()->set_layers(65);
  status = client_->Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("layers is 65"));

  request.mutable_spec()->mutable_language_model()->mutable_model()->set_layers(1);
  request.set_request_id(std::string(129, 'r'));
  status = client_->Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("request_id has 129"));
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\u00e4";
  request.set_request_id(umlauts);
  EXPECT_TRUE(client_->Create(request, &job).ok()) << "128 characters are 128, whatever their bytes";

  EXPECT_EQ(client_->Get("nobody", &job).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(client_->Cancel("nobody", &job).error_code(), grpc::StatusCode::NOT_FOUND);
  const auto never = [](const JobEvent&) { return false; };
  EXPECT_EQ(client_->Watch("nobody", 0, never).error_code(), grpc::StatusCode::NOT_FOUND);
  status = client_->Watch(client_->Submit(TinySpec(folder_.text(), 1)).id(), -1, never);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("from_sequence is -1"));
  executor::v1::ListJobsRequest list;
  list.set_page_size(1001);
  executor::v1::ListJobsResponse response;
  EXPECT_EQ(client_->List(list, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(JobLifeTest, CancelsWaitingAndRunningJobs) {
  Start();
  const std::string running = client_->Submit(EndlessSpec(folder_.text())).id();
  const std::string waiting = client_->Submit(EndlessSpec(folder_.text())).id();
  client_->WaitForStep(running, 3);
  EXPECT_EQ(client_->Cancel(waiting).state(), kCancelled);
  client_->Cancel(running);
  const Job ended = client_->WaitForEnd(running);
  EXPECT_EQ(ended.state(), kCancelled);
  EXPECT_EQ(ended.reason(), "cancelled by request");
  EXPECT_GE(ended.progress().step(), 3);
  EXPECT_EQ(client_->Cancel(running).state(), kCancelled) << "cancelling what has ended is no error";
  ExpectNextJobRuns();
}

TEST_F(JobLifeTest, ACancelledJobSavesWhatItHasTrained) {
  Start();
  executor::v1::JobSpec spec = EndlessSpec(folder_.text());
  spec.set_save_path(folder_.At("model.safetensors"));
  const std::string id = client_->Submit(spec).id();
  client_->WaitForStep(id, 3);
  client_->Cancel(id);
  client_->WaitForEnd(id);
  EXPECT_GT(std::filesystem::file_size(folder_.At("model.safetensors")), 1000u);
  EXPECT_THAT(Notes(client_->EventsToTheEnd(id)),
              testing::Contains(HasSubstr("is saved as " + folder_.At("model.safetensors"))));
}

TEST_F(JobLifeTest, NoModelReplacesADataFile) {
  Start();
  const auto size = std::filesystem::file_size(folder_.text());
  std::filesystem::create_hard_link(folder_.text(), folder_.At("other-name"));
  executor::v1::JobSpec spec = EndlessSpec(folder_.text());
  spec.set_save_path(folder_.At("other-name"));
  ExpectFails(spec, "INVALID_ARGUMENT: save_path");
  EXPECT_EQ(std::filesystem::file_size(folder_.text()), size);
}

TEST_F(JobLifeTest, EvaluatesWhileItTrains) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 5);
  spec.set_evaluate_every(2);
  std::vector<int64_t> steps;
  for (const JobEvent& event : client_->EventsToTheEnd(client_->Submit(spec).id())) {
    if (!event.has_evaluation()) continue;
    steps.push_back(event.evaluation().step());
    EXPECT_EQ(event.evaluation().metric().name(), "bits_per_byte");
    EXPECT_GT(event.evaluation().metric().value(), 0);
  }
  EXPECT_THAT(steps, testing::ElementsAre(2, 4, 5));
}

TEST_F(JobLifeTest, MissingData) {
  Start();
  ExpectFails(TinySpec(folder_.At("nothing"), 1), "NOT_FOUND: ");
}

TEST_F(JobLifeTest, DataThatIsTooShortOrNoFile) {
  Start();
  std::ofstream(folder_.At("byte")) << "x";
  ExpectFails(TinySpec(folder_.At("byte"), 1), folder_.At("byte"));
  ExpectFails(TinySpec(folder_.At(""), 1), "INVALID_ARGUMENT: ");
}

TEST_F(JobLifeTest, UnwritablePlaceForTheModelIsFoundBeforeTraining) {
  Start();
  executor::v1::JobSpec spec = EndlessSpec(folder_.text());
  spec.set_save_path(folder_.At("no/such/folder/model"));
  ExpectFails(spec, "no/such/folder");
}

TEST_F(JobLifeTest, TooSmallABudgetSaysWhatWouldDo) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 1);
  spec.set_memory_bytes(1);
  const Job refused = client_->WaitForEnd(client_->Submit(spec).id());
  EXPECT_EQ(refused.state(), kFailed);
  EXPECT_THAT(refused.reason(), HasSubstr("FAILED_PRECONDITION: "));
  // The number of bytes that the reason asks for is enough, and one byte less is not.
  const size_t at = refused.reason().find(" (", refused.reason().find("give at least "));
  ASSERT_NE(at, std::string::npos) << refused.reason();
  const int64_t enough = std::stoll(refused.reason().substr(at + 2));
  spec.set_memory_bytes(enough);
  const Job runs = client_->WaitForEnd(client_->Submit(spec).id());
  EXPECT_EQ(runs.state(), kSucceeded) << runs.reason();
  EXPECT_LE(runs.result().measured_peak_bytes(), enough);
  spec.set_memory_bytes(enough - 1);
  ExpectFails(spec, std::to_string(enough));
}

TEST_F(JobLifeTest, AJobThatDivergesFails) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 2000);
  spec.mutable_optimizer()->set_kind(model::v1::OPTIMIZER_SGD);
  spec.mutable_optimizer()->set_learning_rate(1000);
  spec.mutable_optimizer()->set_momentum(0.999);
  spec.mutable_optimizer()->set_warmup_steps(0);
  spec.mutable_optimizer()->set_clip_norm(0);
  spec.mutable_optimizer()->set_weight_decay(1000);
  ExpectFails(spec, "ABORTED: ");
}

TEST_F(JobLifeTest, ReasonsAreOneLineWhateverIsInAPath) {
  Start();
  ExpectFails(TinySpec(folder_.At("two\nlines\x1b[31m"), 1), "two\\nlines\\x1b[31m");
  ExpectFails(TinySpec(folder_.At("no\xC2\x9B\xE2\x80\xAE"), 2), "no\\u009b\\u202e");
}

TEST_F(JobLifeTest, AFullQueueRefusesWithARetryDelay) {
  ExecutorDaemonOptions options;
  options.store.max_queued = 1;
  Start(std::move(options));
  const std::string running = client_->Submit(EndlessSpec(folder_.text())).id();
  client_->WaitForStep(running, 1);
  const std::string waiting = client_->Submit(EndlessSpec(folder_.text())).id();
  CreateJobRequest request;
  *request.mutable_spec() = TinySpec(folder_.text(), 1);
  grpc::ClientContext context;
  executor::v1::CreateJobResponse response;
  const grpc::Status status = client_->stub().CreateJob(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("--max-queued"));
  EXPECT_EQ(context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 1u);
  client_->Cancel(waiting);
  client_->Cancel(running);
  ExpectNextJobRuns();
}

TEST_F(JobLifeTest, ListsByStateAndPage) {
  Start();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(client_->Submit(TinySpec(folder_.text(), 1)).id());
    client_->WaitForEnd(ids.back());
  }
  const std::string failed = client_->Submit(TinySpec(folder_.At("nothing"), 1)).id();
  client_->WaitForEnd(failed);
  executor::v1::ListJobsRequest request;
  request.set_page_size(2);
  request.add_states(kSucceeded);
  executor::v1::ListJobsResponse page;
  ASSERT_TRUE(client_->List(request, &page).ok());
  ASSERT_EQ(page.jobs_size(), 2);
  EXPECT_EQ(page.jobs(0).id(), ids[0]);
  EXPECT_EQ(page.jobs(1).id(), ids[1]);
  request.set_page_token(page.next_page_token());
  page.Clear();
  ASSERT_TRUE(client_->List(request, &page).ok());
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).id(), ids[2]);
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(JobLifeTest, DeletesAJobThatHasEndedAndItsFiles) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 4);
  spec.set_save_path(folder_.At("model"));
  spec.set_checkpoint_every(2);
  const std::string id = client_->Submit(spec).id();
  client_->WaitForEnd(id);
  const std::string checkpoints = daemon_->state_directory() + "/jobs/" + id;
  EXPECT_TRUE(std::filesystem::exists(checkpoints));
  executor::v1::DeleteJobRequest request;
  request.set_id(id);
  request.set_delete_files(true);
  executor::v1::DeleteJobResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(client_->stub().DeleteJob(&context, request, &response).ok());
  Job job;
  EXPECT_EQ(client_->Get(id, &job).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_FALSE(std::filesystem::exists(checkpoints));
  EXPECT_FALSE(std::filesystem::exists(folder_.At("model")));
}

// A job that is cancelled leaves its model beside one that was there.
TEST_F(JobLifeTest, DeletesTheModelOfACancelledJobAndNoOther) {
  Start();
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
  spec.set_save_path(folder_.At("model"));
  client_->WaitForEnd(client_->Submit(spec).id());
  spec = EndlessSpec(folder_.text());
  spec.set_save_path(folder_.At("model"));
  const std::string id = client_->Submit(spec).id();
  client_->WaitForStep(id, 2);
  client_->Cancel(id);
  client_->WaitForEnd(id);
  EXPECT_TRUE(std::filesystem::exists(folder_.At("model.partial")));
  executor::v1::DeleteJobRequest request;
  request.set_id(id);
  request.set_delete_files(true);
  executor::v1::DeleteJobResponse response;
  grpc::ClientContext context;
  const grpc::Status deleted = client_->stub().DeleteJob(&context, request, &response);
  EXPECT_TRUE(deleted.ok()) << deleted.error_message();
  EXPECT_FALSE(std::filesystem::exists(folder_.At("model.partial")));
  EXPECT_TRUE(std::filesystem::exists(folder_.At("model")));
}

TEST_F(JobLifeTest, PathsOutsideTheRootsFailNamingTheRoot) {
  std::filesystem::create_directories(folder_.At("data"));
  std::filesystem::create_directories(folder_.At("models"));
  std::filesystem::copy_file(folder_.text(), folder_.At("data/text"));
  std::filesystem::create_symlink(folder_.text(), folder_.At("data/link"));
  ExecutorDaemonOptions options;
  options.data_root = folder_.At("data");
  options.model_root = folder_.At("models");
  Start(std::move(options));

  executor::v1::JobSpec spec = TinySpec("text", 1);
  spec.set_save_path("model");
  const Job inside = client_->WaitForEnd(client_->Submit(spec).id());
  EXPECT_EQ(inside.state(), kSucceeded) << inside.reason();
  EXPECT_TRUE(std::filesystem::exists(folder_.At("models/model")));

  const auto expect_refused = [&](const std::string& message) {
    executor::v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    Job job;
    const grpc::Status status = client_->Create(request, &job);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  };
  for (const std::string& path : {folder_.text(), std::string("../text")}) {
    spec.mutable_language_model()->set_data_path(path);
    expect_refused("spec.data_path " + path + " is outside " + folder_.At("data"));
  }
  spec.mutable_language_model()->set_data_path("link");
  const Job outside = client_->WaitForEnd(client_->Submit(spec).id());
  EXPECT_EQ(outside.state(), kFailed);
  EXPECT_THAT(outside.reason(), HasSubstr("PERMISSION_DENIED: link is outside " + folder_.At("data")));
  spec.mutable_language_model()->set_data_path("text");
  spec.set_save_path("../model");
  expect_refused("spec.save_path ../model is outside " + folder_.At("models"));
  EXPECT_FALSE(std::filesystem::exists(folder_.At("model")));
}

TEST_F(JobLifeTest, MoreThreadsThanTheDaemonGivesIsSaid) {
  ExecutorDaemonOptions options;
  options.threads = 1;
  Start(std::move(options));
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 1);
  spec.set_threads(7);
  const std::string id = client_->Submit(spec).id();
  EXPECT_THAT(
      Notes(client_->EventsToTheEnd(id)),
      testing::Contains("runs on 1 threads instead of the requested 7: the daemon was started with --threads 1"));
  EXPECT_EQ(client_->Get(id).state(), kSucceeded);
}

TEST_F(JobLifeTest, ShutDownStopsJobsAndEndsStreams) {
  Start();
  const std::string running = client_->Submit(EndlessSpec(folder_.text())).id();
  client_->WaitForStep(running, 2);
  std::vector<JobEvent> events;
  std::atomic<bool> open{false};
  std::thread watcher([&] {
    const grpc::Status status = client_->Watch(running, 0, [&](const JobEvent& event) {
      open = true;
      events.push_back(event);
      return false;
    });
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  });
  while (!open) std::this_thread::yield();
  EXPECT_TRUE(daemon_->ShutDown());
  watcher.join();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().state_change().state(), executor::v1::JOB_STATE_QUEUED);
  EXPECT_THAT(events.back().state_change().reason(), HasSubstr("the daemon was stopped"));
}

}  // namespace
}  // namespace recurve
