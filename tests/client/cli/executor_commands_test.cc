// SPDX-License-Identifier: Apache-2.0
//
// submit, jobs, watch and cancel against a daemon with real sockets.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "recurve/executor/v1/executor.grpc.pb.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class ExecutorCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    auto daemon = ExecutorDaemon::Start({.store = {.max_running = 1}, .threads = 1});
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    daemon_ = *std::move(daemon);
  }

  std::vector<std::string> AtDaemon(const std::vector<std::string>& arguments) const {
    return Plus(arguments, {"--executor", "127.0.0.1:" + std::to_string(daemon_->port())});
  }
  std::vector<std::string> Submit(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = TinyTraining(text_);
    arguments.front() = "submit";
    return AtDaemon(Plus(arguments, more));
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
  std::unique_ptr<ExecutorDaemon> daemon_;
};

TEST_F(ExecutorCommands, AJobFromSubmitToItsModel) {
  const std::string model = scratch_.File("model");
  const Outcome submitted = RunRecurve(Submit({"--memory", "50%", "--save", model}));
  ASSERT_EQ(submitted.exit, 0) << submitted.err;
  const std::string id = submitted.out.substr(0, submitted.out.find('\n'));
  EXPECT_EQ(submitted.out, id + "\n");

  const Outcome watched = RunRecurve(AtDaemon({"watch", id, "--json"}));
  EXPECT_EQ(watched.exit, 0) << watched.err;
  const std::vector<Json> events = JsonLines(watched.out);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front()["state"], "queued");
  EXPECT_EQ(events.back()["type"], "result");
  EXPECT_EQ(events.back()["id"], id);
  EXPECT_EQ(events.back()["state"], "succeeded");
  EXPECT_EQ(events.back()["reason"], "trained 3 steps");

  const Json job = JsonOf(AtDaemon({"jobs", "--json"}));
  EXPECT_EQ(job["id"], id);
  EXPECT_EQ(job["state"], "succeeded");
  EXPECT_EQ(job["result"]["planned_peak_bytes"], job["result"]["measured_peak_bytes"]);
  // The same job here gives the same weights.
  const Outcome here = RunRecurve(Plus(TinyTraining(text_), {"--memory", "50%", "--json"}));
  EXPECT_EQ(job["result"]["weights_sha256"], JsonLines(here.out).back()["weights_sha256"]);
  EXPECT_EQ(events.back()["weights_sha256"], job["result"]["weights_sha256"]);
  EXPECT_EQ(RunRecurve({"sample", "--model", model, "--bytes", "5"}).exit, 0);

  EXPECT_THAT(RunRecurve(AtDaemon({"jobs"})).out, HasSubstr(id));
  EXPECT_THAT(RunRecurve(AtDaemon({"jobs", "--state", "running"})).out, HasSubstr("no jobs"));
  const Outcome human = RunRecurve(AtDaemon({"watch", id}));
  for (const char* part : {"queued", "step 3/3", "succeeded"}) EXPECT_THAT(human.out, HasSubstr(part));
  const auto step = std::ranges::find(events, "step", [](const Json& event) { return event["type"]; });
  ASSERT_NE(step, events.end());
  EXPECT_EQ((*step)["metric"]["name"], "bits_per_byte");
  EXPECT_THAT(human.out, ContainsRegex("step 3/3  loss [0-9.]+ \\([1-9][0-9.]* bits per byte\\)"));
  EXPECT_THAT(human.out, ContainsRegex("held out: [1-9][0-9.]* bits per byte"));
  EXPECT_EQ(job["result"]["evaluation"]["name"], "bits_per_byte");
  EXPECT_GT(job["result"]["evaluation"]["value"], 0);
}

TEST_F(ExecutorCommands, WatchingASubmittedJobEndsWithIt) {
  const Outcome good = RunRecurve(Submit({"--watch", "--json"}));
  EXPECT_EQ(good.exit, 0) << good.err;
  EXPECT_EQ(JsonLines(good.out).back()["state"], "succeeded");
  const Json failed =
      JsonLines(RunRecurve(Submit({"--watch", "--json", "--data", scratch_.File("missing")})).out).back();
  EXPECT_EQ(failed["state"], "failed");
  EXPECT_THAT(failed["reason"].get<std::string>(), HasSubstr("missing"));
  EXPECT_FALSE(failed.contains("weights_sha256"));
  const Outcome bad = RunRecurve(Submit({"--watch", "--data", scratch_.File("missing")}));
  EXPECT_EQ(bad.exit, 1);
  EXPECT_THAT(bad.err, HasSubstr("missing"));
  EXPECT_EQ(bad.err.find('\n'), bad.err.size() - 1) << bad.err;
}

// What ".." leads to depends on links, which are the kernel's to follow; `train` finds the same file.
TEST_F(ExecutorCommands, PathsMeanTheSameAsToTheKernel) {
  std::filesystem::create_directories(scratch_.File("far/deep"));
  std::filesystem::create_directory_symlink("far/deep", scratch_.File("link"));
  std::filesystem::copy(text_, scratch_.File("far/data.txt"));
  scratch_.Write("data.txt", "too short, and another file");
  for (const std::string& path : {scratch_.File("link/../data.txt"), std::string("link/../data.txt")}) {
    const Outcome outcome =
        RunInShell("cd " + scratch_.path() + " && \"$0\"" + Quoted(Submit({"--watch", "--data", path})));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
  }
}

TEST_F(ExecutorCommands, ADeletedDirectoryIsNoPlaceForARelativePath) {
  const std::string gone = scratch_.File("gone");
  std::filesystem::create_directory(gone);
  const auto submit = [&](const std::vector<std::string>& more) {
    return RunInShell("cd " + gone + " && rmdir " + gone + " && exec \"$0\"" + Quoted(Submit(more)));
  };
  const Outcome relative = submit({"--data", "text"});
  EXPECT_EQ(relative.exit, 2);
  EXPECT_THAT(relative.err, HasSubstr("--data text is relative to a directory that no longer exists"));
  std::filesystem::create_directory(gone);
  EXPECT_EQ(submit({"--watch"}).exit, 0) << "an absolute path needs no directory";
}

TEST_F(ExecutorCommands, RelativePathsStartInTheRootsWhenAsked) {
  std::filesystem::create_directory(scratch_.File("models"));
  auto daemon =
      ExecutorDaemon::Start({.threads = 1, .data_root = scratch_.path(), .model_root = scratch_.File("models")});
  ASSERT_TRUE(daemon.ok()) << daemon.status();
  std::vector<std::string> words = TinyTraining("text");
  words.front() = "submit";
  words = Plus(words, {"--save", "model", "--watch", "--executor", "127.0.0.1:" + std::to_string((*daemon)->port())});
  const Outcome below = RunRecurve(Plus(words, {"--relative-to-roots"}));
  EXPECT_EQ(below.exit, 0) << below.err;
  EXPECT_TRUE(std::filesystem::exists(scratch_.File("models/model")));
  EXPECT_THAT(RunRecurve(words).err, HasSubstr("spec.data_path ")) << "relative to where this test runs";
  // A daemon without roots runs in a directory that no client knows.
  const Outcome nowhere = RunRecurve(Submit({"--watch", "--data", "text", "--relative-to-roots"}));
  EXPECT_EQ(nowhere.exit, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("data_path text is relative; must be absolute"));
}

TEST_F(ExecutorCommands, NoModelReplacesItsData) {
  const std::string before = ReadFile(text_);
  ExpectRefused(Submit({"--save", text_}), 2, {"must not be the data_path"});
  const Outcome outcome = RunRecurve(Submit({"--watch", "--save", scratch_.path() + "/./text"}));
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err, HasSubstr("INVALID_ARGUMENT: save_path"));
  EXPECT_EQ(ReadFile(text_), before);
}

TEST_F(ExecutorCommands, JobsAreShownAsTheyChange) {
  const std::string id = JsonOf(Submit({"--steps", "1000000000", "--json"}))["id"];
  RecurveProcess watch(AtDaemon({"jobs", "--watch", "--json"}));
  const auto wait_for = [&watch](const std::string& state) {
    while (watch.OutSoFar().find("\"state\":\"" + state) == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  };
  wait_for("running");
  EXPECT_EQ(RunRecurve(AtDaemon({"cancel", id})).exit, 0);
  wait_for("cancelled");
  watch.Signal(SIGINT);
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.err, "");
  const std::vector<Json> lines = JsonLines(outcome.out);
  EXPECT_LE(lines.size(), 4u) << "one for each state that was seen";
  EXPECT_EQ(lines.back()["state"], "cancelled");
}

TEST_F(ExecutorCommands, CancelEndsAJob) {
  const Json job = JsonOf(Submit({"--steps", "1000000000", "--json"}));
  const std::string id = job["id"];
  const std::string waiting = JsonOf(Submit({"--json"}))["id"];
  EXPECT_EQ(RunRecurve(AtDaemon({"cancel", waiting})).out, "cancelled\n");
  const Outcome cancelled = RunRecurve(AtDaemon({"cancel", id}));
  EXPECT_EQ(cancelled.exit, 0) << cancelled.err;
  EXPECT_THAT(cancelled.out, AnyOf("asked to stop; still running\n", "asked to stop; still planning\n", "cancelled\n"));
  const Outcome watched = RunRecurve(AtDaemon({"watch", id}));
  EXPECT_EQ(watched.exit, 1);
  EXPECT_THAT(watched.err, HasSubstr("cancelled"));
  EXPECT_EQ(RunRecurve(AtDaemon({"cancel", id})).out, "cancelled\n");
  EXPECT_EQ(JsonLines(RunRecurve(AtDaemon({"jobs", "--state", "cancelled", "--json"})).out).front()["id"], id);

  const std::string done = JsonOf(Submit({"--json"}))["id"];
  EXPECT_EQ(RunRecurve(AtDaemon({"watch", done})).exit, 0);
  EXPECT_EQ(RunRecurve(AtDaemon({"cancel", done})).out, "succeeded: it had already ended\n");
}

// As other clients than this one submit jobs.
TEST_F(ExecutorCommands, ShowJobsThatLeaveDefaultsUnset) {
  executor::v1::CreateJobRequest request;
  request.mutable_spec()->mutable_language_model()->set_data_path(text_);
  request.mutable_spec()->mutable_language_model()->mutable_model()->set_hidden(8);
  request.mutable_spec()->set_length(20);
  request.mutable_spec()->set_batch(2);
  const auto stub = executor::v1::ExecutorService::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(daemon_->port()), grpc::InsecureChannelCredentials()));
  executor::v1::CreateJobResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->CreateJob(&context, request, &response).ok());
  EXPECT_EQ(response.job().spec().steps(), 100);
  const std::string id = response.job().id();
  const Outcome watched = RunRecurve(AtDaemon({"watch", id}));
  EXPECT_EQ(watched.exit, 0) << watched.err;
  EXPECT_THAT(watched.out, HasSubstr("step 100/100"));
  EXPECT_THAT(RunRecurve(AtDaemon({"jobs"})).out, AllOf(HasSubstr("100/100"), ContainsRegex("T[0-9:]{8}Z ")));
  EXPECT_EQ(JsonOf(AtDaemon({"jobs", "--json"}))["steps"], 100);
}

// A daemon of before defaults were filled in, with a job that is running, and steps beyond those that there are.
class OlderDaemon final : public executor::v1::ExecutorService::Service {
 public:
  OlderDaemon() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status GetJob(grpc::ServerContext*, const executor::v1::GetJobRequest*,
                      executor::v1::GetJobResponse* response) override {
    Fill(*response->mutable_job());
    return grpc::Status::OK;
  }
  grpc::Status ListJobs(grpc::ServerContext*, const executor::v1::ListJobsRequest*,
                        executor::v1::ListJobsResponse* response) override {
    Fill(*response->add_jobs());
    return grpc::Status::OK;
  }
  grpc::Status WatchJob(grpc::ServerContext*, const executor::v1::WatchJobRequest*,
                        grpc::ServerWriter<executor::v1::WatchJobResponse>* writer) override {
    int64_t sequence = 0;
    for (const int64_t step : {int64_t{1}, int64_t{100}, int64_t{1'000'000}, int64_t{-5}}) {
      executor::v1::WatchJobResponse response;
      response.mutable_event()->set_sequence(++sequence);
      response.mutable_event()->mutable_progress()->set_step(step);
      writer->Write(response);
    }
    executor::v1::WatchJobResponse end;
    end.mutable_event()->set_sequence(++sequence);
    end.mutable_event()->mutable_state_change()->set_state(executor::v1::JOB_STATE_SUCCEEDED);
    writer->Write(end);
    return grpc::Status::OK;
  }

 private:
  static void Fill(executor::v1::Job& job) {
    job.set_id("old");
    job.mutable_spec()->mutable_language_model()->set_data_path("/data");
    job.set_state(executor::v1::JOB_STATE_RUNNING);
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(ExecutorCommandsWithAnOlderDaemon, TakeUnsetFieldsForTheirDefaults) {
  const OlderDaemon daemon;
  const Outcome watched = RunRecurve({"watch", "old", "--executor", daemon.target()});
  EXPECT_EQ(watched.exit, 0) << watched.err;
  EXPECT_THAT(watched.out, HasSubstr("step 100/100"));
  EXPECT_THAT(RunRecurve({"jobs", "--executor", daemon.target()}).out, HasSubstr("0/100"));
  const Json job = JsonOf({"jobs", "--json", "--executor", daemon.target()});
  EXPECT_EQ(job["steps"], 100);
  EXPECT_EQ(job["create_time"], nullptr);
}

TEST_F(ExecutorCommands, TheSameRequestIsOneJob) {
  const Json first = JsonOf(Submit({"--request-id", "nightly", "--json"}));
  EXPECT_EQ(JsonOf(Submit({"--request-id", "nightly", "--json"}))["id"], first["id"]);
  EXPECT_NE(JsonOf(Submit({"--json"}))["id"], first["id"]);
  ExpectRefused(Submit({"--request-id", "nightly", "--seed", "2"}), 1, {"nightly"});
}

TEST_F(ExecutorCommands, AJobBelongsToTheTraceOfTheEnvironment) {
  const std::string trace_id = "0af7651916cd43dd8448eb211c80319c";
  const auto submit = [&](const std::string& traceparent, const std::vector<std::string>& more) {
    return RunInShell("TRACEPARENT=" + traceparent + " \"$0\" " + Quoted(Submit(Plus({"--watch"}, more)))).out;
  };
  const std::vector<Json> lines = JsonLines(submit("00-" + trace_id + "-b7ad6b7169203331-01", {"--json"}));
  EXPECT_EQ(lines.front()["trace_id"], trace_id);
  EXPECT_EQ(lines.back()["trace_id"], trace_id);
  EXPECT_EQ(JsonOf(AtDaemon({"jobs", "--json"}))["trace_id"], trace_id);
  EXPECT_THAT(submit("00-" + trace_id + "-b7ad6b7169203331-01", {}), HasSubstr("\ntrace id " + trace_id + "\n"));
  EXPECT_THAT(submit("nonsense", {}), AllOf(ContainsRegex("\ntrace id [0-9a-f]{32}\n"), Not(HasSubstr(trace_id))));
}

TEST_F(ExecutorCommands, NoPathForgesARow) {
  const std::string data = scratch_.File("x\n  forged   succeeded\x1B[1A\xC2\x9B\xE2\x80\xAE");
  const Outcome submitted = RunRecurve(Submit({"--data", data, "--watch"}));
  EXPECT_EQ(submitted.exit, 1);
  const Outcome jobs = RunRecurve(AtDaemon({"jobs"}));
  EXPECT_THAT(jobs.out, HasSubstr("x\\n  forged   succeeded\\x1b[1A\\u009b\\u202e\n"));
  EXPECT_EQ(std::count(jobs.out.begin(), jobs.out.end(), '\n'), 2);  // the heading and the job
  for (const std::string& text :
       {submitted.out, submitted.err, jobs.out, RunRecurve(AtDaemon({"jobs", "--json"})).out}) {
    for (const char* bytes : {"\x1B", "\xC2\x9B", "\xE2\x80\xAE"}) EXPECT_THAT(text, Not(HasSubstr(bytes)));
  }
}

TEST_F(ExecutorCommands, TheWorkingDirectoryIsUtf8) {
  const std::filesystem::path before = std::filesystem::current_path();
  const std::string here = scratch_.File("caf\xE9");
  std::filesystem::create_directory(here);
  std::filesystem::current_path(here);
  ExpectRefused(Submit({"--data", "text"}), 2, {"the working directory is not UTF-8", "caf\\xe9"});
  std::filesystem::current_path(before);
}

TEST_F(ExecutorCommands, SayWhatIsWrong) {
  ExpectRefused(AtDaemon({"watch", "nobody"}), 1, {"nobody"});
  ExpectRefused(AtDaemon({"cancel", "nobody"}), 1, {"nobody"});
  ExpectRefused(AtDaemon({"watch"}), 2, {"recurve watch --help"});
  ExpectRefused(AtDaemon({"jobs", "--state", "asleep"}), 2, {"asleep", "running", "paused"});
  ExpectRefused(AtDaemon({"jobs", "--label", "team"}), 2, {"--label", "\"team\"", "KEY=VALUE"});
  ExpectRefused(Submit({"--label", "=speech"}), 2, {"KEY=VALUE"});
  ExpectRefused(Submit({"--label", "a=1", "--label", "a=2"}), 2, {"\"a\" has two values"});
  ExpectRefused(Submit({"--priority", "1001"}), 2, {"1001", "out of range"});
  ExpectRefused(Submit({"--upload", "--data", scratch_.File("missing")}), 1, {"missing"});
  ExpectRefused(AtDaemon({"priority", "x", "-1001"}), 2, {"-1001", "out of range"});
  ExpectRefused(AtDaemon({"priority", "x"}), 2, {"priority is required"});
  ExpectRefused(AtDaemon({"memory", "x", "5"}), 2, {"did you mean 5%?"});
  ExpectRefused(AtDaemon({"download", "x"}), 2, {"--output is missing"});
  ExpectRefused(AtDaemon({"download", "x", "--output", text_}), 2, {"is not a model"});
  ExpectRefused(AtDaemon({"upload", scratch_.File("missing")}), 1, {"missing"});
  ExpectRefused(AtDaemon({"submit"}), 2, {"--data"});
  ExpectRefused(Submit({"--hidden", "0"}), 2, {"hidden"});
  ExpectRefused(Submit({"--strategy", "msm"}), 2, {"msm"});
}

TEST(ExecutorCommandsWithoutDaemon, SayThatNobodyAnswers) {
  for (const auto& command : std::vector<std::vector<std::string>>{{"jobs"},
                                                                   {"watch", "x"},
                                                                   {"cancel", "x"},
                                                                   {"submit", "--data", "text"},
                                                                   {"pause", "x"},
                                                                   {"resume", "x"},
                                                                   {"retry", "x"},
                                                                   {"delete", "x"},
                                                                   {"priority", "x", "-5"},
                                                                   {"memory", "x", "free"},
                                                                   {"log", "x"},
                                                                   {"checkpoints", "x"},
                                                                   {"download", "x", "--output", "model.safetensors"},
                                                                   {"upload", RECURVE_BINARY},
                                                                   {"devices"}}) {
    ExpectRefused(Plus(command, {"--executor", "127.0.0.1:1"}), 1, {"127.0.0.1:1"});
  }
}

}  // namespace
}  // namespace recurve
