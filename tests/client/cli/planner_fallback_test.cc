// SPDX-License-Identifier: Apache-2.0
//
// Commands that train, with a planner service that cannot be reached or gives bad plans; and those that ask it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/client/cli/run_recurve.h"
#include "tests/planner_service/client/spoiling_planner.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class PlannerFallback : public ::testing::Test {
 protected:
  std::vector<std::string> Training(const std::string& planner) const {
    return Plus(TinyTraining(text_), {"--memory", "50%", "--planner", planner});
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
};

TEST_F(PlannerFallback, TrainGoesOnWithoutThePlannerAndSaysSo) {
  const SpoilingPlanner worse({.plan = [](const auto& request, auto& plan) {
    plan = PlanIn(0, request);
    return grpc::Status::OK;
  }});
  const Json alone = JsonLines(RunRecurve(Plus(TinyTraining(text_), {"--memory", "50%", "--json"})).out).back();
  for (const std::string& planner : {worse.target(), std::string("127.0.0.1:1")}) {
    const Outcome text = RunRecurve(Training(planner));
    EXPECT_EQ(text.exit, 0) << text.err;
    EXPECT_THAT(text.err, AllOf(StartsWith("recurve: note: planned in this process because"), HasSubstr(planner)));
    EXPECT_EQ(text.err.find('\n'), text.err.size() - 1) << text.err;

    const Outcome json = RunRecurve(Plus(Training(planner), {"--json"}));
    EXPECT_EQ(json.err, "");
    const std::vector<Json> objects = JsonLines(json.out);
    EXPECT_EQ(objects.front()["type"], "note");
    EXPECT_THAT(objects.front()["note"].get<std::string>(), HasSubstr(planner));
    EXPECT_EQ(objects.back()["forward_count_per_batch"], alone["forward_count_per_batch"]);
    EXPECT_EQ(objects.back()["weights_sha256"], alone["weights_sha256"]);
  }
}

TEST_F(PlannerFallback, TrainSaysNothingOfAPlannerThatIsRight) {
  const SpoilingPlanner honest;
  const Outcome text = RunRecurve(Training(honest.target()));
  EXPECT_EQ(text.exit, 0);
  EXPECT_EQ(text.err, "");
  EXPECT_GE(honest.plan_calls(), 1);
}

TEST_F(PlannerFallback, ProfileGoesOnToo) {
  std::vector<std::string> arguments = Training("127.0.0.1:1");
  arguments.front() = "profile";
  const Outcome text = RunRecurve(Plus(arguments, {"--steps", "1"}));
  EXPECT_EQ(text.exit, 0);
  EXPECT_THAT(text.err, StartsWith("recurve: note: planned in this process because"));
}

// A plan that is asked for is not printed when it is none.
TEST_F(PlannerFallback, PlanAndOffloadRefuseABrokenPlan) {
  for (const Lie& lie : Lies()) {
    if (lie.reason != FallbackReason::kBroken || lie.name == "not feasible" || lie.name == "an empty answer") continue;
    const SpoilingPlanner planner(lie.spoil);
    ExpectRefused({"plan", "--length", "100", "--state-bytes", "64", "--tape-bytes", "256", "--memory", "2000",
                   "--forward-cost", "1", "--backward-cost", "2", "--strategy", "auto", "--planner", planner.target()},
                  1, {planner.target()});
  }
}

}  // namespace
}  // namespace recurve
