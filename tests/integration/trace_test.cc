// SPDX-License-Identifier: Apache-2.0
//
// One trace id from a client through recurve-executor, its disk, and recurve-planner.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "planner_service/trace/trace_context.h"
#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/integration/child_process.h"
#include "tests/integration/running_planner.h"

namespace recurve {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::IsSupersetOf;

constexpr char kClient[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kTraceId[] = "0af7651916cd43dd8448eb211c80319c";

// recurve-executor with a state directory, once it serves.
class TracedExecutor {
 public:
  TracedExecutor(const std::string& state, const RunningPlanner& planner)
      : process_({RECURVE_EXECUTOR_BINARY, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--state-dir",
                  state, "--planner", "127.0.0.1:" + std::to_string(planner.port()), "--log-format", "json"}) {
    EXPECT_TRUE(process_.WaitForOutput("serves gRPC")) << process_.output();
  }

  DaemonClient Client() const { return DaemonClient(NumberAfter(process_.output(), "serves gRPC on 127.0.0.1:")); }
  // Its log, once it has ended.
  std::string Stop() {
    process_.Signal(SIGTERM);
    EXPECT_EQ(process_.Wait(), 0);
    return process_.output();
  }

 private:
  ChildProcess process_;
};

// The entries of a log in JSON that have this value.
std::vector<json> EntriesWith(const std::string& log, const std::string& key, const std::string& value) {
  std::vector<json> entries;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(entry.is_object()) << line;
    if (entry.value(key, "") == value) entries.push_back(entry);
  }
  return entries;
}

// The messages of entries, up to their first colon.
std::set<std::string> Beginnings(const std::vector<json>& entries) {
  std::set<std::string> beginnings;
  for (const json& entry : entries) {
    const std::string message = entry["message"];
    beginnings.insert(message.substr(0, message.find(':')));
  }
  return beginnings;
}

// Creates a job with the traceparent of a client; the traceparent of the answer is that of the job.
executor::v1::Job CreateInTrace(DaemonClient client, const executor::v1::JobSpec& spec) {
  grpc::ClientContext context;
  context.AddMetadata(kTraceparent, kClient);
  executor::v1::CreateJobRequest request;
  request.set_request_id("traced");
  *request.mutable_spec() = spec;
  executor::v1::CreateJobResponse response;
  EXPECT_TRUE(client.stub().CreateJob(&context, request, &response).ok());
  const auto& answer = context.GetServerInitialMetadata();
  const auto found = answer.find(kTraceparent);
  if (found == answer.end()) {
    ADD_FAILURE() << "the answer has no traceparent";
  } else {
    EXPECT_EQ(response.job().traceparent(), std::string(found->second.data(), found->second.size()));
  }
  return response.job();
}

TEST(TraceTest, OneTraceIdFromTheClientToThePlannerAndThroughARestart) {
  const TrainingFolder folder;
  RunningPlanner planner({"--log-format", "json", "--log-level", "debug"});
  executor::v1::Job job;
  std::string before, after;
  {
    TracedExecutor executor(folder.At("state"), planner);
    job = CreateInTrace(executor.Client(), EndlessSpec(folder.text()));
    executor.Client().WaitForStep(job.id(), 1);
    before = executor.Stop();
  }
  {
    TracedExecutor executor(folder.At("state"), planner);
    const executor::v1::Job stored = executor.Client().Get(job.id());
    EXPECT_EQ(stored.traceparent(), job.traceparent());
    executor.Client().WaitForStep(job.id(), stored.progress().step() + 1);
    executor.Client().Cancel(job.id());
    executor.Client().WaitForEnd(job.id());
    after = executor.Stop();
  }
  const TraceContext trace = ParseTraceparent(job.traceparent()).value();
  EXPECT_EQ(trace.trace_id, kTraceId);
  EXPECT_NE(trace.span_id, ParseTraceparent(kClient)->span_id);

  EXPECT_THAT(Beginnings(EntriesWith(before, "trace_id", kTraceId)),
              IsSupersetOf({"CreateJob", "job is QUEUED", "job is PLANNING", "job is RUNNING"}));
  EXPECT_THAT(Beginnings(EntriesWith(before, "request_id", "traced")), Contains("CreateJob"));
  EXPECT_THAT(Beginnings(EntriesWith(after, "trace_id", kTraceId)),
              IsSupersetOf({"job is PLANNING", "job is RUNNING", "job is CANCELLED"}));
  EXPECT_THAT(Beginnings(EntriesWith(after, "job_id", job.id())), Contains("CancelJob")) << "in a trace of its own";
  for (const json& entry : EntriesWith(after, "trace_id", kTraceId)) {
    EXPECT_EQ(entry["span_id"], trace.span_id);
    EXPECT_EQ(entry["job_id"], job.id());
  }

  planner.process().Signal(SIGTERM);
  EXPECT_EQ(planner.process().Wait(), 0);
  const std::vector<json> calls = EntriesWith(planner.process().output(), "trace_id", kTraceId);
  EXPECT_GE(calls.size(), 2U) << "each start of the job";
  std::set<std::string> spans;
  for (const json& entry : calls) {
    EXPECT_EQ(entry["message"], "MakePlan: OK");
    EXPECT_NE(entry["span_id"], trace.span_id);
    spans.insert(entry["span_id"]);
  }
  EXPECT_EQ(spans.size(), calls.size());
}

}  // namespace
}  // namespace recurve
