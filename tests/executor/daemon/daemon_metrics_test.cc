// SPDX-License-Identifier: Apache-2.0
//
// What Prometheus and a probe see of the daemon, over HTTP and gRPC.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/planner_service/grpc_server/probes.h"

namespace recurve {
namespace {

using executor::v1::Job;
using testing::HasSubstr;

constexpr char kService[] = "recurve.executor.v1.ExecutorService";

class DaemonMetricsTest : public testing::Test {
 protected:
  DaemonMetricsTest() : daemon_(StartDaemon()), client_(daemon_->port()) {}

  // What the metrics port answers, from the line break before its body on.
  std::string Scrape() {
    const std::string answer = HttpGet(daemon_->metrics_port(), "/metrics");
    const size_t body = answer.find("\r\n\r\n");
    return body == std::string::npos ? "" : answer.substr(body + 3);
  }
  static double OfJob(const std::string& text, const std::string& name, const Job& job) {
    return Sample(text, "recurve_executor_" + name + "{job_id=\"" + job.id() + "\"}");
  }

  TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  DaemonClient client_;
};

TEST_F(DaemonMetricsTest, ARunningJobShowsThatItKeepsItsPromise) {
  const Job before = client_.WaitForEnd(client_.Submit(TinySpec(folder_.text(), 1)).id());
  const double budget = static_cast<double>(before.result().planned_peak_bytes()) + 100;
  executor::v1::JobSpec spec = EndlessSpec(folder_.text());
  spec.set_memory_bytes(static_cast<int64_t>(budget));
  spec.set_save_path(folder_.At("model"));
  spec.set_checkpoint_every(1);
  const std::string id = client_.Submit(spec).id();
  client_.WaitForStep(id, 3);
  const std::string text = Scrape();
  const Job job = client_.Get(id);
  const executor::v1::MemoryLedger& planned = job.plan().ledger();
  const double planned_peak =
      static_cast<double>(planned.weights_bytes() + planned.gradients_bytes() + planned.optimizer_bytes() +
                          planned.batch_bytes() + planned.states_bytes() + planned.tapes_bytes() +
                          planned.workspace_bytes() + planned.backend_bytes() + planned.process_bytes());
  EXPECT_EQ(OfJob(text, "budget_bytes", job), budget);
  EXPECT_EQ(OfJob(text, "planned_peak_bytes", job), planned_peak);
  EXPECT_EQ(OfJob(text, "measured_peak_bytes", job), planned_peak);
  EXPECT_EQ(static_cast<double>(job.progress().measured_peak_bytes()), planned_peak);
  EXPECT_LE(planned_peak, budget);
  EXPECT_EQ(OfJob(text, "store_all_bytes", job), static_cast<double>(job.plan().store_all_bytes()));
  EXPECT_LT(planned_peak, static_cast<double>(job.plan().store_all_bytes()));
  // The text has fewer digits than a double.
  const double ratio =
      static_cast<double>(job.plan().forward_count_per_batch()) / static_cast<double>(job.plan().links());
  EXPECT_FLOAT_EQ(OfJob(text, "planned_recompute_ratio", job), ratio);
  EXPECT_FLOAT_EQ(OfJob(text, "measured_recompute_ratio", job), ratio);
  EXPECT_FLOAT_EQ(OfJob(text, "predicted_batch_seconds", job), job.plan().predicted_seconds_per_batch());
  EXPECT_GT(OfJob(text, "measured_batch_seconds", job), 0);
  EXPECT_GT(OfJob(text, "prediction_ratio", job), 0);
  EXPECT_GT(OfJob(text, "loss_nats", job), 0);
  EXPECT_GT(OfJob(text, "gradient_norm", job), 0);
  const double start = OfJob(text, "run_start_timestamp_seconds", job);
  EXPECT_GT(start, 1e9);
  EXPECT_GE(OfJob(text, "last_checkpoint_timestamp_seconds", job), start);
  EXPECT_GE(OfJob(text, "last_progress_timestamp_seconds", job), start);
  EXPECT_EQ(Sample(text, "recurve_executor_broken_promises_total"), 0);
  EXPECT_LE(Sample(text, "recurve_executor_device_budget_bytes{device=\"cpu\"}"),
            Sample(text, "recurve_executor_device_size_bytes{device=\"cpu\"}"));
  EXPECT_GT(Sample(text, "recurve_executor_state_disk_free_bytes"), 0);
  EXPECT_LE(Sample(text, "recurve_executor_state_disk_free_bytes"),
            Sample(text, "recurve_executor_state_disk_size_bytes"));

  EXPECT_GE(Sample(text, "recurve_executor_steps_total"), 3);
  EXPECT_GE(OfJob(text, "step", job), 3);
  double arena = 0;
  EXPECT_THAT(text, Not(HasSubstr("recurve_executor_link_runs{"))) << "the CPU has no graphs";
  for (const char* kind :
       {"weights", "gradients", "optimizer", "batch", "states", "tapes", "workspace", "backend", "process"}) {
    arena += Sample(text, "recurve_executor_arena_bytes{job_id=\"" + id + "\",kind=\"" + kind + "\"}");
  }
  EXPECT_EQ(arena, planned_peak) << "by kind at the peak, not at some other moment";
  EXPECT_EQ(Sample(text, "recurve_executor_jobs{state=\"running\"}"), 1);

  client_.Cancel(id);
  client_.WaitForEnd(id);
  const std::string after = Scrape();
  EXPECT_THAT(after, Not(HasSubstr(id))) << "gauges of a job go with it";
  EXPECT_EQ(Sample(after, "recurve_executor_jobs{state=\"running\"}"), 0);
  EXPECT_EQ(Sample(after, "recurve_executor_jobs{state=\"cancelled\"}"), 1);
  EXPECT_EQ(Sample(after, "recurve_executor_jobs_ended_total{state=\"cancelled\"}"), 1);
}

TEST_F(DaemonMetricsTest, CountersAddUpOverJobs) {
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 5);
  spec.set_save_path(folder_.At("model"));
  spec.set_checkpoint_every(2);
  const Job job = client_.WaitForEnd(client_.Submit(spec).id());
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  spec.clear_activation_share();
  spec.set_memory_bytes(1);
  client_.WaitForEnd(client_.Submit(spec).id());
  executor::v1::Job nobody;
  EXPECT_FALSE(client_.Get("nobody", &nobody).ok());

  const std::string text = Scrape();
  EXPECT_EQ(Sample(text, "recurve_executor_steps_total"), 5);
  EXPECT_EQ(Sample(text, "recurve_executor_tokens_total"), 5 * 2 * 32);
  EXPECT_EQ(Sample(text, "recurve_executor_forwards_total{kind=\"taped\"}"), 5 * 16);
  EXPECT_EQ(Sample(text, "recurve_executor_forwards_total{kind=\"plain\"}"),
            static_cast<double>(5 * (job.plan().forward_count_per_batch() - 16)));
  EXPECT_EQ(Sample(text, "recurve_executor_checkpoint_seconds_count"), 6) << "3 checkpoints, 3 models";
  EXPECT_EQ(Sample(text, "recurve_executor_queue_wait_seconds_count"), 2);
  EXPECT_EQ(Sample(text, "recurve_executor_budget_refusals_total"), 1);
  EXPECT_EQ(Sample(text, "recurve_executor_plans_total{source=\"embedded\"}"), 1);
  EXPECT_EQ(Sample(text, "recurve_executor_jobs_ended_total{state=\"succeeded\"}"), 1);
  EXPECT_EQ(Sample(text, "recurve_executor_jobs_ended_total{state=\"failed\"}"), 1);
  EXPECT_EQ(Sample(text, "recurve_executor_requests_total{code=\"OK\",method=\"CreateJob\"}"), 2);
  EXPECT_EQ(Sample(text, "recurve_executor_requests_total{code=\"NOT_FOUND\",method=\"GetJob\"}"), 1);
  EXPECT_EQ(Sample(text, "recurve_executor_requests_total{code=\"OK\",method=\"WatchJob\"}"), 2);
  EXPECT_EQ(Sample(text, "recurve_executor_build_info{version=\"test\"}"), 1);
}

// Lines of 10 to 100 steps, cut to 64: what is padding is no token, and a batch of short lines has few links.
TEST_F(DaemonMetricsTest, LinesCountWhatTheyPredict) {
  std::ofstream file(folder_.At("lines"));
  for (int i = 0; i < 300; ++i) file << std::string(static_cast<size_t>(10 + i * 90 / 299), 'x') << "\n";
  file.close();
  executor::v1::JobSpec spec = TinySpec(folder_.At("lines"), 40);
  spec.mutable_language_model()->set_sequences(executor::v1::SEQUENCES_LINES);
  spec.set_length(64);
  spec.mutable_language_model()->set_holdout(0);
  spec.set_activation_share(1);  // nothing is recomputed, however short a batch is
  const std::string id = client_.Submit(spec).id();
  double predictions = 0;
  for (const executor::v1::JobEvent& event : client_.EventsToTheEnd(id)) {
    predictions += static_cast<double>(event.progress().predictions());
  }
  ASSERT_EQ(client_.Get(id).state(), executor::v1::JOB_STATE_SUCCEEDED) << client_.Get(id).reason();
  EXPECT_LT(predictions, 40 * 2 * 64);
  EXPECT_EQ(Sample(Scrape(), "recurve_executor_tokens_total"), predictions);

  spec.set_steps(1'000'000'000);
  const std::string endless = client_.Submit(spec).id();
  for (int64_t step = 1; step < 40; step += 3) {
    client_.WaitForStep(endless, step);
    const Job job = client_.Get(endless);
    EXPECT_EQ(OfJob(Scrape(), "measured_recompute_ratio", job), 1);
  }
  client_.Cancel(endless);
}

TEST_F(DaemonMetricsTest, PrometheusFindsNothingToComplainAbout) {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  executor::v1::JobSpec spec = EndlessSpec(folder_.text());
  spec.set_save_path(folder_.At("model"));
  spec.set_checkpoint_every(1);
  const std::string id = client_.Submit(spec).id();
  client_.WaitForStep(id, 2);
  std::ofstream(folder_.At("metrics")) << Scrape().substr(1);
  const std::string command = "promtool check metrics <" + folder_.At("metrics") + " >" + folder_.At("lint") + " 2>&1";
  const int exit_status = std::system(command.c_str());
  std::ifstream lint(folder_.At("lint"));
  EXPECT_EQ(exit_status, 0) << std::string(std::istreambuf_iterator<char>(lint), {});
  client_.Cancel(id);
}

TEST_F(DaemonMetricsTest, HealthAndReflection) {
  const auto channel = PlainChannel(daemon_->port());
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  EXPECT_EQ(HealthOf(channel, kService), "SERVING");
  EXPECT_THAT(ReflectedServices(channel), HasSubstr(kService));
}

}  // namespace
}  // namespace recurve
