// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/inference.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/model/parameters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/model/reference_language_model.h"

namespace recurve {
namespace {

using testing::HasSubstr;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class InferenceTest : public testing::TestWithParam<Cell> {
 protected:
  std::string Sampled(const SampleOptions& options) {
    std::string text;
    const absl::Status status = Sample(model_, options, *backend_, [&](char byte) {
      text.push_back(byte);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    return text;
  }
  // Nats of each byte in place of the last byte of `text`, by the reference.
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

  // The last of the cells has residual connections and layer norm besides.
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

TEST_P(InferenceTest, EvaluatesAsTheReferenceDoes) {
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
    const absl::StatusOr<double> bits = EvaluateBitsPerByte(model_, Bytes(text), *backend_, {});
    ASSERT_TRUE(bits.ok()) << bits.status();
    EXPECT_NEAR(*bits, expected, 1e-5) << size;
  }
}

TEST_P(InferenceTest, EvaluationNeedsTwoBytesAndCanBeCancelled) {
  EXPECT_EQ(EvaluateBitsPerByte(model_, Bytes("x"), *backend_, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EvaluateBitsPerByte(model_, {}, *backend_, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EvaluateBitsPerByte(model_, Bytes(kGenesis), *backend_, [] { return true; }).status().code(),
            absl::StatusCode::kCancelled);
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

TEST_P(InferenceTest, TemperatureZeroTakesTheLikeliestByte) {
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
  // The first byte after a prompt, over many seeds: its mean surprise is the entropy.
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

TEST_P(InferenceTest, SamplingStopsWhenToldTo) {
  int count = 0;
  EXPECT_TRUE(Sample(model_, {.bytes = 100}, *backend_, [&](char) { return ++count < 7; }).ok());
  EXPECT_EQ(count, 7);
}

TEST_P(InferenceTest, NamesWhatIsWrong) {
  const auto emit = [](char) { return true; };
  EXPECT_THAT(Sample(model_, {.temperature = -1}, *backend_, emit).message(), HasSubstr("temperature is -1"));
  EXPECT_THAT(Sample(model_, {.temperature = NAN}, *backend_, emit).message(), HasSubstr("temperature is nan"));
  EXPECT_THAT(Sample(model_, {.bytes = -1}, *backend_, emit).message(), HasSubstr("bytes is -1"));
  const Model small = InitialModel({.vocabulary = 10, .hidden = 4, .embedding = 4}, 1);
  EXPECT_THAT(Sample(small, {}, *backend_, emit).message(), HasSubstr("vocabulary is 10"));
}

INSTANTIATE_TEST_SUITE_P(Cells, InferenceTest, testing::ValuesIn(kCells), [](const auto& info) {
  std::string name(ToString(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace recurve
