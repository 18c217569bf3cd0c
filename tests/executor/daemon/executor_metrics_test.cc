// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <string>

namespace recurve {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(JobMetrics, ShowHowLinksWereRunUntilTheJobEnds) {
  prometheus::Registry registry;
  ExecutorMetrics metrics(registry, "test");
  const auto scrape = [&] { return prometheus::TextSerializer().Serialize(registry.Collect()); };
  const JobPlan plan{.links = 1};
  auto job = metrics.StartJob("j1", {}, plan);
  EXPECT_THAT(scrape(), Not(HasSubstr("recurve_executor_link_")));  // none on a device without graphs
  job->OnLinkRuns({.graphs = 1, .failed_graphs = 0, .graph_launches = 2, .one_by_one = 3});
  job->OnLinkRuns({.persistent = 50, .graphs = 4, .failed_graphs = 1, .graph_launches = 30, .one_by_one = 7});
  const std::string of_job = "{job_id=\"j1\",kind=\"";
  EXPECT_THAT(scrape(), AllOf(HasSubstr("recurve_executor_link_graphs" + of_job + "captured\"} 4\n"),
                              HasSubstr("recurve_executor_link_graphs" + of_job + "failed\"} 1\n"),
                              HasSubstr("recurve_executor_link_runs" + of_job + "persistent\"} 50\n"),
                              HasSubstr("recurve_executor_link_runs" + of_job + "graph\"} 30\n"),
                              HasSubstr("recurve_executor_link_runs" + of_job + "steps\"} 7\n")));
  job.reset();
  EXPECT_THAT(scrape(), Not(HasSubstr("recurve_executor_link_")));
}

TEST(JobMetrics, LossesCanBeHidden) {
  using Losses = ExecutorMetrics::Losses;
  for (const Losses losses : {Losses::kShown, Losses::kHidden}) {
    prometheus::Registry registry;
    ExecutorMetrics metrics(registry, "test", losses);
    const auto job = metrics.StartJob("j1", {}, JobPlan{.links = 1});
    job->OnStep({.step = 7, .loss = 1.5, .gradient_norm = 2.5, .taped_forwards = 1});
    job->OnEvaluation(7, {.value = 3.5});
    const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
    EXPECT_THAT(text, HasSubstr("recurve_executor_step{job_id=\"j1\"} 7\n"));
    for (const char* sample :
         {"loss_nats{job_id=\"j1\"} 1.5\n", "gradient_norm{job_id=\"j1\"} 2.5\n", "evaluation{job_id=\"j1\"} 3.5\n"}) {
      EXPECT_EQ(text.find(sample) != std::string::npos, losses == Losses::kShown) << sample;
    }
  }
}

TEST(JobMetrics, ABrokenPromiseCountsOncePerRun) {
  prometheus::Registry registry;
  ExecutorMetrics metrics(registry, "test");
  const auto scrape = [&] { return prometheus::TextSerializer().Serialize(registry.Collect()); };
  JobPlan plan{.links = 1};
  plan.ledger[MemoryKind::kWeights] = 100;
  plan.host_bytes = 10;
  auto job = metrics.StartJob("j1", {}, plan);
  StepRecord step{.measured_peak_bytes = 100, .measured_host_peak_bytes = 10, .taped_forwards = 1};
  job->OnStep(step);
  EXPECT_THAT(scrape(), HasSubstr("\nrecurve_executor_broken_promises_total 0\n"));
  step.measured_peak_bytes = 101;
  job->OnStep(step);
  job->OnStep(step);
  EXPECT_THAT(scrape(), HasSubstr("\nrecurve_executor_broken_promises_total 1\n"));
  job = metrics.StartJob("j2", {}, plan);
  step.measured_peak_bytes = 100;
  step.measured_host_peak_bytes = 11;
  job->OnStep(step);
  EXPECT_THAT(scrape(), HasSubstr("\nrecurve_executor_broken_promises_total 2\n"));
}

TEST(JobMetrics, ProgressIsEveryStepEvaluationAndCheckpoint) {
  prometheus::Registry registry;
  absl::Time now = absl::FromUnixSeconds(1000);
  ExecutorMetrics metrics(registry, "test", ExecutorMetrics::Losses::kShown, [&now] { return now; });
  const auto time = [&](const std::string& name) {
    const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
    const std::string start = "\nrecurve_executor_" + name + "_timestamp_seconds{job_id=\"j1\"} ";
    const size_t at = text.find(start);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + start.size()));
  };
  const auto job = metrics.StartJob("j1", {}, JobPlan{.links = 1});
  EXPECT_EQ(time("run_start"), 1000);
  EXPECT_EQ(time("last_progress"), 1000);
  EXPECT_EQ(time("last_checkpoint"), -1);
  now += absl::Seconds(1);
  job->OnStep({.taped_forwards = 1});
  EXPECT_EQ(time("last_progress"), 1001);
  now += absl::Seconds(1);
  job->OnEvaluationProgress(1, 2);
  EXPECT_EQ(time("last_progress"), 1002);
  now += absl::Milliseconds(1500);
  job->OnCheckpoint({});
  EXPECT_EQ(time("last_progress"), 1003.5);
  EXPECT_EQ(time("last_checkpoint"), 1003.5);
  now += absl::Seconds(1);
  job->OnCheckpointFailed(1, absl::DataLossError("disk full"));
  EXPECT_EQ(time("last_checkpoint"), 1003.5);
  EXPECT_EQ(time("run_start"), 1000);
}

}  // namespace
}  // namespace recurve
