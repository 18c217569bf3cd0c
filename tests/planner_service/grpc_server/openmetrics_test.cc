// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/openmetrics.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cmath>
#include <limits>
#include <string>

namespace recurve {
namespace {

TEST(OpenMetricsTest, IsPreferredByThoseWhoNameIt) {
  // As Prometheus 2.42 and 3 ask, and the simplest request.
  EXPECT_TRUE(
      PrefersOpenMetrics("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_TRUE(
      PrefersOpenMetrics("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/"
                         "plain;version=0.0.4;q=0.4,*/*;q=0.2"));
  EXPECT_TRUE(PrefersOpenMetrics("Application/OpenMetrics-Text ; Version = 1.0.0 ; Q = 0.5"));
  for (const char* accept : {"", "*/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8", ",;=,;;q",
                             "application/openmetrics-text;q=0", "application/openmetrics-text;q=much",
                             "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;version=2.0.0",
                             "application/openmetrics-text;q=0.4,text/plain;q=0.5"}) {
    EXPECT_FALSE(PrefersOpenMetrics(accept)) << accept;
  }
}

TEST(OpenMetricsTest, WritesEachKindAsTheFormatWantsIt) {
  prometheus::Registry registry;
  prometheus::BuildCounter()
      .Name("steps_total")
      .Help("Steps.")
      .Register(registry)
      .Add({{"kind", "plain"}})
      .Increment(3);
  prometheus::BuildGauge().Name("arena_bytes").Help("Live \"bytes\",\na \\.").Register(registry).Add({}).Set(1e15);
  auto& wait = prometheus::BuildHistogram()
                   .Name("wait_seconds")
                   .Help("Waiting.")
                   .Register(registry)
                   .Add({{"of", "a\"\\\nb"}}, prometheus::Histogram::BucketBoundaries{0.0001, 0.25, 1, 172800});
  wait.Observe(0.25);
  wait.Observe(7);
  EXPECT_EQ(ToOpenMetrics(registry.Collect()), R"(# TYPE steps counter
# HELP steps Steps.
steps_total{kind="plain"} 3
# TYPE arena_bytes gauge
# UNIT arena_bytes bytes
# HELP arena_bytes Live \"bytes\",\na \\.
arena_bytes 1e+15
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
# HELP wait_seconds Waiting.
wait_seconds_bucket{of="a\"\\\nb",le="0.0001"} 0
wait_seconds_bucket{of="a\"\\\nb",le="0.25"} 1
wait_seconds_bucket{of="a\"\\\nb",le="1.0"} 1
wait_seconds_bucket{of="a\"\\\nb",le="172800.0"} 2
wait_seconds_bucket{of="a\"\\\nb",le="+Inf"} 2
wait_seconds_count{of="a\"\\\nb"} 2
wait_seconds_sum{of="a\"\\\nb"} 7.25
# EOF
)");
}

TEST(OpenMetricsTest, NumbersReadBackExactly) {
  for (const double value :
       {0.0, -0.1, 1.0 / 3, 1e300, 5e-324, 9007199254740991.0, 1791234567.891, std::numeric_limits<double>::max()}) {
    prometheus::Registry registry;
    prometheus::BuildGauge().Name("x").Register(registry).Add({}).Set(value);
    const std::string text = ToOpenMetrics(registry.Collect());
    EXPECT_EQ(std::strtod(text.c_str() + text.find("\nx ") + 3, nullptr), value) << text;
  }
  prometheus::Registry registry;
  auto& family = prometheus::BuildGauge().Name("x").Register(registry);
  family.Add({{"n", "1"}}).Set(std::numeric_limits<double>::infinity());
  EXPECT_NE(ToOpenMetrics(registry.Collect()).find(" +Inf\n"), std::string::npos);
  family.Add({{"n", "1"}}).Set(-std::numeric_limits<double>::infinity());
  EXPECT_NE(ToOpenMetrics(registry.Collect()).find(" -Inf\n"), std::string::npos);
  family.Add({{"n", "1"}}).Set(std::nan(""));
  EXPECT_NE(ToOpenMetrics(registry.Collect()).find(" NaN\n"), std::string::npos);
}

TEST(OpenMetricsTest, NothingIsStillADocument) { EXPECT_EQ(ToOpenMetrics({}), "# EOF\n"); }

}  // namespace
}  // namespace recurve
