// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/inference.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/data/text_file.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/model.h"
#include "tests/executor/task/language_model/reference_language_model.h"

namespace recurve {
namespace {

using testing::HasSubstr;

class InferenceTest : public testing::TestWithParam<Cell> {
 protected:
  std::string Sampled(const SampleOptions& options) {
    std::string text;
    const absl::Status status = Sample(View(model_), options, *backend_, [&](char byte) {
      text.push_back(byte);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    return text;
  }
  // Nats of `byte` after `before`, computed by the reference.
  double ReferenceNats(std::string_view before, uint8_t byte) {
    const ReferenceLanguageModel reference(undropped_);
    auto state = reference.ZeroState(1);
    double nats = 0;
    for (size_t i = 0; i < before.size(); ++i) {
      const int32_t next = i + 1 < before.size() ? static_cast<uint8_t>(before[i + 1]) : byte;
      nats = reference.Loss({.length = 1, .size = 1, .inputs = {static_cast<uint8_t>(before[i])}, .targets = {next}},
                            &state);
    }
    return nats;
  }

  // The model of the last cell also has residual connections and layer norm.
  static Model MakeModel(double dropout) {
    const bool last = GetParam() == kCells[std::size(kCells) - 1];
    return InitialModel({.cell = GetParam(),
                         .layers = 2,
                         .hidden = 12,
                         .embedding = 6,
                         .residual = last,
                         .layer_norm = last,
                         .dropout = dropout,
                         .recurrent_dropout = dropout},
                        4);
  }

  const Model model_ = MakeModel(0.5);
  const Model undropped_ = MakeModel(0);  // the same weights
  std::unique_ptr<Backend> backend_ = MakeCpuBackend({.threads = 2}).value();
};

TEST_P(InferenceTest, EvaluationMatchesTheReference) {
  const ReferenceLanguageModel reference(undropped_);
  for (const size_t size : {2, 3, 32, 33, 34, 65, 333}) {
    const std::string_view text = kGenesis.substr(0, size);
    ReferenceLanguageModel::Batch batch{.length = static_cast<int64_t>(size) - 1, .size = 1};
    for (size_t i = 0; i + 1 < size; ++i) {
      batch.inputs.push_back(static_cast<uint8_t>(text[i]));
      batch.targets.push_back(static_cast<uint8_t>(text[i + 1]));
    }
    auto state = reference.ZeroState(1);
    const double expected = reference.Loss(batch, &state) / std::numbers::ln2;
    const TextFile file(text);
    const absl::StatusOr<double> bits = EvaluateText(View(model_), file.text(), Sequences::kWindows, *backend_, {});
    ASSERT_TRUE(bits.ok()) << bits.status();
    EXPECT_NEAR(*bits, expected, 1e-5) << size;
  }
}

TEST_P(InferenceTest, EvaluationNeedsTwoBytesAndCanBeCancelled) {
  const auto error = [&](std::string_view text, const CancelCheck& cancelled) {
    const TextFile file(text);
    return EvaluateText(View(model_), file.text(), Sequences::kWindows, *backend_, cancelled).status().code();
  };
  EXPECT_EQ(error("x", {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error("", {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error(kGenesis, [] { return true; }), absl::StatusCode::kCancelled);
}

// Lines are independent: the nats of a text are the sum over its lines.
TEST_P(InferenceTest, EvaluatesEachLineSeparately) {
  const std::vector<std::string> lines = {"In the beginning God created the heaven and the earth.",
                                          "x",
                                          std::string(31, 'a'),
                                          std::string(32, 'b'),
                                          std::string(33, 'c'),
                                          std::string(64, 'd'),
                                          "And the evening"};
  std::string text = "\n\n";
  double nats = 0;
  int64_t predictions = 0;
  for (const std::string& line : lines) {
    text += line + "\n\n";
    const TextFile alone("\n" + line + "\n");
    const auto bytes = static_cast<int64_t>(line.size()) + 1;
    nats += EvaluateText(View(model_), alone.text(), Sequences::kWindows, *backend_, {}).value() *
            static_cast<double>(bytes);
    predictions += bytes;
  }
  for (const std::string_view end : {"\n\n", "\n", ""}) {
    const TextFile file(text.substr(0, text.size() - 2).append(end));
    int64_t done = 0;
    const absl::StatusOr<double> bits = EvaluateText(View(model_), file.text(), Sequences::kLines, *backend_, {},
                                                     [&](int64_t so_far) { done = so_far; });
    ASSERT_TRUE(bits.ok()) << bits.status();
    EXPECT_NEAR(*bits, nats / static_cast<double>(predictions), 1e-5);
    EXPECT_EQ(done, predictions);
  }
  const TextFile empty("\n\n\n");
  EXPECT_EQ(EvaluateText(View(model_), empty.text(), Sequences::kLines, *backend_, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(InferenceTest, ReportsATruncatedFile) {
  const TextFile file(std::string(200'000, 'x'));
  const absl::Status status = EvaluateText(View(model_), file.text(), Sequences::kWindows, *backend_, {}, [&](int64_t) {
                                file.Truncate(1000);
                              }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("was truncated"));
}

// Finite weights may be so large that results are not finite.
TEST_P(InferenceTest, NamesTheTensorThatOverflows) {
  Model model = undropped_;
  for (NamedTensor& tensor : model.parameters) {
    for (size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] = i % 2 == 0 ? 3e38F : -3e38F;
  }
  model.parameters[1].values[0] = 3.2e38F;
  const std::string largest = model.parameters[1].name;
  const TextFile file(kGenesis);
  const absl::Status evaluated = EvaluateText(View(model), file.text(), Sequences::kWindows, *backend_, {}).status();
  EXPECT_THAT(evaluated.message(), HasSubstr("is not finite"));
  EXPECT_THAT(evaluated.message(), HasSubstr(largest));
  int64_t emitted = 0;
  const absl::Status sampled = Sample(View(model), {}, *backend_, [&](char) { return ++emitted > 0; });
  EXPECT_THAT(sampled.message(), HasSubstr(largest));
  EXPECT_EQ(emitted, 0);
}

TEST_P(InferenceTest, SamplesTheSameBytesForTheSameSeed) {
  const SampleOptions options{.prompt = "In the", .bytes = 50, .seed = 3};
  EXPECT_EQ(Sampled(options), Sampled(options));
  EXPECT_EQ(Sampled(options).size(), 50);
  SampleOptions other = options;
  other.seed = 4;
  EXPECT_NE(Sampled(options), Sampled(other));
  other = options;
  other.prompt = "";
  EXPECT_EQ(Sampled(other).size(), 50);
  other.bytes = 0;
  EXPECT_EQ(Sampled(other), "");
}

TEST_P(InferenceTest, TemperatureZeroPicksTheMostLikelyByte) {
  std::string text = "And God";
  const std::string sampled = Sampled({.prompt = text, .bytes = 3, .temperature = 0});
  for (const char byte : sampled) {
    const double nats = ReferenceNats(text, static_cast<uint8_t>(byte));
    for (int other = 0; other < 256; ++other) {
      EXPECT_LE(nats, ReferenceNats(text, static_cast<uint8_t>(other)) + 1e-5);
    }
    text.push_back(byte);
  }
}

TEST_P(InferenceTest, SamplesByTheModelsProbabilities) {
  // The mean surprise of the first byte after a prompt, over many seeds, is the entropy.
  double entropy = 0;
  double square = 0;
  std::vector<double> nats(256);
  for (int byte = 0; byte < 256; ++byte) {
    nats[byte] = ReferenceNats("Day", static_cast<uint8_t>(byte));
    entropy += nats[byte] * std::exp(-nats[byte]);
    square += nats[byte] * nats[byte] * std::exp(-nats[byte]);
  }
  double surprise = 0;
  constexpr int kSamples = 1500;
  for (int seed = 0; seed < kSamples; ++seed) {
    surprise +=
        nats[static_cast<uint8_t>(Sampled({.prompt = "Day", .bytes = 1, .seed = static_cast<uint64_t>(seed)})[0])];
  }
  EXPECT_NEAR(surprise / kSamples, entropy, 3 * std::sqrt((square - entropy * entropy) / kSamples));
}

TEST_P(InferenceTest, SamplingStopsIfEmitReturnsFalse) {
  int count = 0;
  EXPECT_TRUE(Sample(View(model_), {.bytes = 100}, *backend_, [&](char) { return ++count < 7; }).ok());
  EXPECT_EQ(count, 7);
}

TEST_P(InferenceTest, RefusesInvalidOptions) {
  const auto emit = [](char) { return true; };
  EXPECT_THAT(Sample(View(model_), {.temperature = -1}, *backend_, emit).message(), HasSubstr("temperature is -1"));
  EXPECT_THAT(Sample(View(model_), {.temperature = NAN}, *backend_, emit).message(), HasSubstr("temperature is nan"));
  EXPECT_THAT(Sample(View(model_), {.bytes = -1}, *backend_, emit).message(), HasSubstr("bytes is -1"));
  const Model small = InitialModel({.vocabulary = 10, .hidden = 4, .embedding = 4}, 1);
  EXPECT_THAT(Sample(View(small), {}, *backend_, emit).message(), HasSubstr("vocabulary is 10"));
}

INSTANTIATE_TEST_SUITE_P(Cells, InferenceTest, testing::ValuesIn(kCells), [](const auto& info) {
  std::string name(ToString(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace recurve
