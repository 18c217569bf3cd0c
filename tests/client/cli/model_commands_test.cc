// SPDX-License-Identifier: Apache-2.0
//
// sample and eval, of models that train saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::EndsWith;
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

TEST_F(ModelCommands, EvalShowsATerminalHowFarItIs) {
  const std::string longer = scratch_.Write("longer", SomeText(1'000'000));
  const Outcome outcome = RunInTerminal({"eval", "--model", model_, "--data", longer});
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr(" of 1,000,000 bytes  ETA "));
  EXPECT_THAT(outcome.out, HasSubstr("\r\033[K"));
  EXPECT_THAT(outcome.out, HasSubstr(" bits per byte on "));
}

TEST_F(ModelCommands, EvalAgreesWithTraining) {
  // Training evaluates on the held-out end of the text; so does this, from a fresh state.
  const Json eval = JsonOf({"eval", "--model", model_, "--data", text_, "--last", "5%", "--json"});
  EXPECT_EQ(eval["last"], 0.05);
  EXPECT_EQ(eval["metric"]["name"], "bits_per_byte");
  EXPECT_EQ(eval["metric"]["unit"], "bits per byte");
  const double bits = eval["metric"]["value"];
  EXPECT_NEAR(bits, result_["evaluation"]["value"].get<double>(), 0.2);
  EXPECT_LT(bits, 5);
  const std::string last = scratch_.Write("last", ReadFile(text_).substr(3800));
  EXPECT_EQ(JsonOf({"eval", "--model", model_, "--data", last, "--json"})["metric"], eval["metric"]);
  const Json other =
      JsonOf({"eval", "--model", model_, "--data", scratch_.Write("other", std::string(300, '\xEE')), "--json"});
  EXPECT_GT(other["metric"]["value"], bits);
  EXPECT_THAT(RunRecurve({"eval", "--model", model_, "--data", text_}).out,
              EndsWith(" bits per byte on " + text_ + "\n"));
  EXPECT_THAT(RunRecurve({"eval", "--model", model_, "--data", text_, "--last", "5%"}).out,
              EndsWith(" bits per byte on " + text_ + ", the last 5.0 %\n"));
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

// The weights of a model file, changed one by one.
std::string WithWeights(const std::string& model, const std::function<float(size_t index, float value)>& change) {
  std::string bytes = ReadFile(model);
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof(header));
  for (size_t at = sizeof(header) + header, i = 0; at < bytes.size(); at += sizeof(float), ++i) {
    float value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    value = change(i, value);
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  }
  return bytes;
}

TEST_F(ModelCommands, NameTheTensorThatIsNotFinite) {
  const std::string broken = scratch_.Write(
      "broken", WithWeights(model_, [](size_t i, float value) { return i == 5000 ? std::nanf("") : value; }));
  const std::string large =
      scratch_.Write("large", WithWeights(model_, [](size_t i, float value) { return i % 2 == 0 ? 3e38F : -value; }));
  for (const auto& [model, what] : {std::pair(broken, "has the value"), {large, "weights are too large"}}) {
    ExpectRefused({"sample", "--model", model, "--json"}, 1, {"tensor ", what});
    ExpectRefused({"eval", "--model", model, "--data", text_}, 1, {"tensor ", what});
  }
}

TEST_F(ModelCommands, ReadStandardInput) {
  const Outcome eval = RunRecurve({"eval", "--model", model_, "--data", "-"}, text_);
  EXPECT_EQ(eval.exit, 0) << eval.err;
  EXPECT_THAT(eval.out, HasSubstr("bits per byte on standard input"));
  const std::vector<std::string> sample = {"sample", "--bytes", "20", "--model"};
  EXPECT_EQ(RunRecurve(Plus(sample, {"-"}), model_).out, RunRecurve(Plus(sample, {model_})).out);
  ExpectRefused({"eval", "--model", model_, "--data", "-"}, 1, {"standard input"});  // is /dev/null
}

TEST_F(ModelCommands, RefuseADirectory) {
  ExpectRefused({"sample", "--model", scratch_.path()}, 1, {"is a directory; give a file"});
  ExpectRefused({"eval", "--model", model_, "--data", scratch_.path()}, 1, {"is a directory; give a file"});
}

TEST_F(ModelCommands, LinesEndInNewlines) {
  const std::string text = scratch_.Write("mac", "one\rtwo\rthree\r");
  ExpectRefused({"eval", "--model", model_, "--data", text, "--sequences", "lines"}, 1, {"3 carriage returns", "tr "});
}

// A terminal, or a program that reads lines, must not be led astray by a name.
TEST_F(ModelCommands, ShowNamesAsOnePrintableLine) {
  const std::string name = "a\nfake row\x1B[2K\xC2\x9B\xE2\x80\xAEtxt";
  const std::string shown = "a\\nfake row\\x1b[2K\\u009b\\u202etxt";
  const std::string data = scratch_.Write(name, SomeText(200));
  const Outcome eval = RunRecurve({"eval", "--model", model_, "--data", data});
  EXPECT_EQ(eval.exit, 0) << eval.err;
  EXPECT_THAT(eval.out, HasSubstr(shown + "\n"));
  EXPECT_EQ(std::count(eval.out.begin(), eval.out.end(), '\n'), 1);
  const Outcome json = RunRecurve({"eval", "--model", model_, "--data", data, "--json"});
  EXPECT_EQ(JsonLines(json.out).at(0)["data"], data);
  for (const char c : json.out) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7F));
  ExpectRefused({"eval", "--model", model_, "--data", data + "x"}, 1, {shown + "x"});
}

TEST_F(ModelCommands, WantUtf8) {
  ExpectRefused({"eval", "--model", model_, "--data", "caf\xE9.txt"}, 2, {"\"caf\\xe9.txt\" is not UTF-8"});
  ExpectRefused({"sample", "--model=\xFF"}, 2, {"not UTF-8"});
  ExpectRefused({"jobs", "--executor", "\xC0\x80"}, 2, {"not UTF-8"});
  // What a model reads is bytes.
  EXPECT_EQ(RunRecurve({"sample", "--model", model_, "--prompt", "\xE9", "--bytes", "5"}).exit, 0);
}

}  // namespace
}  // namespace recurve
