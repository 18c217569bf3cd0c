// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class ProfileCommand : public ::testing::Test {
 protected:
  std::vector<std::string> Options(const std::vector<std::string>& more) const {
    std::vector<std::string> options = Plus(TinyTraining(text_), {"--memory", "50%"});
    options.front() = "profile";
    return Plus(options, more);
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
};

TEST_F(ProfileCommand, SharesAddUp) {
  const Json profile = JsonOf(Options({"--json"}));
  EXPECT_EQ(profile["type"], "profile");
  EXPECT_EQ(profile["batches"], 3);
  const double whole = profile["seconds_per_batch"];
  double shares = profile["outside_seconds"].get<double>() / whole;
  for (const Json& phase : profile["phases"]) {
    double seconds = 0;
    int64_t flops = 0;
    for (const Json& operation : phase["operations"]) {
      seconds += operation["seconds"].get<double>();
      flops += operation["flops"].get<int64_t>();
    }
    EXPECT_NEAR(phase["seconds"], seconds, 1e-12) << phase;
    EXPECT_EQ(phase["flops"], flops) << phase;
    EXPECT_NEAR(phase["of_peak"].get<double>() * profile["peak_flops_per_second"].get<double>(),
                phase["flops_per_second"].get<double>(), 1e-3 * (1 + phase["flops_per_second"].get<double>()));
    shares += phase["share"].get<double>();
  }
  EXPECT_NEAR(shares, 1, 1e-9);
  EXPECT_NEAR(profile["operation_seconds"].get<double>() + profile["outside_seconds"].get<double>(), whole, 1e-12);
  EXPECT_EQ(profile["links"], 10);
}

TEST_F(ProfileCommand, PrintsATable) {
  const Outcome outcome = RunRecurve(Options({"--steps", "1"}));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  for (const char* part : {"ceilings ", "plain forwards", "taped forwards", "backwards", "  cell backward", "head",
                           "embedding table", "optimizer", "outside of operations", "without the meter"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
  EXPECT_THAT(outcome.out, Not(HasSubstr("nan")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("inf")));
}

TEST_F(ProfileCommand, DrawsAPicture) {
  const std::string file = scratch_.File("roofline.svg");
  const Outcome outcome = RunRecurve(Options({"--steps", "1", "--svg", file}));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  const std::string svg = ReadFile(file);
  EXPECT_THAT(svg, HasSubstr("backwards: cell backward"));
  EXPECT_THAT(svg, HasSubstr("optimizer: adamw"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST_F(ProfileCommand, RefusesWhatItCannotDo) {
  ExpectRefused({"profile"}, 2, {"--data is required"});
  ExpectRefused(Options({"--steps", "0"}), 2, {"--steps is 0", "1 to 1000000"});
  ExpectRefused(Options({"--save", "x"}), 2, {"no such option"});
  ExpectRefused(Options({"--json", "--svg", "-"}), 2, {"--svg -"});
  ExpectRefused(Options({"--layers", "0"}), 2, {"--layers", "\"0\" is out of range; must be 1 to 64"});
  ExpectRefused(Options({"--memory", "1KiB"}), 3, {"memory is 1KiB"});
  ExpectRefused(Options({"--data", scratch_.File("none")}), 1, {"none"});
}

}  // namespace
}  // namespace recurve
