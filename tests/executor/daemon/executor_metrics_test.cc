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

}  // namespace
}  // namespace recurve
