// SPDX-License-Identifier: Apache-2.0
//
// sample and eval, of models that train saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class ModelCommands : public ::testing::Test {
 protected:
  ModelCommands() {
    const Outcome outcome = RunRecurve(Plus(TinyTraining(text_), {"--hidden", "32", "--steps", "150", "--learning-rate",
                                                                  "0.02", "--save", model_, "--json"}));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    result_ = JsonLines(outcome.out).back();
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(4000));
  const std::string model_ = scratch_.File("model.safetensors");
  Json result_;
};

TEST_F(ModelCommands, SampleGoesOnFromThePrompt) {
  const Outcome outcome = RunRecurve({"sample", "--model", model_, "--prompt", "In the", "--bytes", "60"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("In the"));
  EXPECT_EQ(outcome.out.size(), 6u + 60 + 1);

  const std::vector<std::string> arguments = {"sample", "--model", model_, "--prompt", "", "--bytes", "60", "--json"};
  const Json sample = JsonOf(arguments);
  EXPECT_EQ(sample["bytes"], 60);
  EXPECT_EQ(JsonOf(arguments), sample);
  EXPECT_NE(JsonOf(Plus(arguments, {"--seed", "2"})), sample);
  const auto likeliest = Plus(arguments, {"--temperature", "0"});
  EXPECT_EQ(JsonOf(likeliest), JsonOf(Plus(likeliest, {"--seed", "2"})));
}

TEST_F(ModelCommands, EvalAgreesWithTraining) {
  // Training evaluates on the held-out end of the text; so does this, from a fresh state.
  const Json eval = JsonOf({"eval", "--model", model_, "--data", text_, "--last", "5%", "--json"});
  EXPECT_EQ(eval["bytes"], 200);
  EXPECT_NEAR(eval["bits_per_byte"].get<double>(), result_["bits_per_byte"].get<double>(), 0.2);
  EXPECT_LT(eval["bits_per_byte"], 5);
  const Json other =
      JsonOf({"eval", "--model", model_, "--data", scratch_.Write("other", std::string(300, '\xEE')), "--json"});
  EXPECT_GT(other["bits_per_byte"], eval["bits_per_byte"]);
  EXPECT_THAT(RunRecurve({"eval", "--model", model_, "--data", text_}).out, HasSubstr("bits a byte on 4,000 bytes"));
}

TEST_F(ModelCommands, RefuseWhatMakesNoSense) {
  ExpectRefused({"sample"}, 2, {"--model"});
  ExpectRefused({"sample", "--model", scratch_.File("missing")}, 1, {"missing"});
  ExpectRefused({"sample", "--model", text_}, 1, {"safetensors"});
  ExpectRefused({"sample", "--model", scratch_.Write("cut", ReadFile(model_).substr(0, 1000))}, 1, {"cut"});
  for (const char* bytes : {"0", "-1", "x", "1000000001"}) {
    ExpectRefused({"sample", "--model", model_, "--bytes", bytes}, 2, {"--bytes"});
  }
  for (const char* temperature : {"-1", "nan", "hot"}) {
    ExpectRefused({"sample", "--model", model_, "--temperature", temperature}, 2, {"--temperature"});
  }
  ExpectRefused({"eval", "--model", model_}, 2, {"--data"});
  ExpectRefused({"eval", "--data", text_}, 2, {"--model"});
  ExpectRefused({"eval", "--model", model_, "--data", scratch_.File("missing")}, 1, {"missing"});
  ExpectRefused({"eval", "--model", model_, "--data", scratch_.Write("one", "x")}, 1, {"1 byte"});
  ExpectRefused({"eval", "--model", model_, "--data", text_, "--last", "0.0001"}, 1, {"byte"});
  for (const char* last : {"0", "2", "-1", "x"}) {
    ExpectRefused({"eval", "--model", model_, "--data", text_, "--last", last}, 2, {"--last"});
  }
}

}  // namespace
}  // namespace recurve
