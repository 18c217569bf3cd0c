// SPDX-License-Identifier: Apache-2.0
#include "executor/model/model_file.h"

#include <algorithm>
#include <limits>
#include <string>

#include "executor/data/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

using testing::HasSubstr;

constexpr ModelConfig kConfig{.vocabulary = 256, .layers = 2, .hidden = 5, .embedding = 3, .dropout = 0.25};
constexpr const char* kMetadata =
    R"({"format":"byte-rnn-1","vocabulary":256,"cell":"lstm","layers":2,"hidden":5,"embedding":3,"residual":false,"layer_norm":false,"recurrent_dropout":0,"dropout":0.25})";

class ModelFileTest : public testing::Test {
 protected:
  absl::Status LoadWith(const std::map<std::string, std::string>& metadata, std::vector<NamedTensor> tensors) {
    EXPECT_TRUE(WriteSafetensors(path_, {.metadata = metadata, .tensors = std::move(tensors)}).ok());
    return LoadModel(path_).status();
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("model.safetensors");
  const Model model_ = InitialModel(kConfig, 1);
};

TEST_F(ModelFileTest, RoundTrips) {
  ASSERT_TRUE(SaveModel(path_, model_).ok());
  const absl::StatusOr<Model> loaded = LoadModel(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.vocabulary, 256);
  EXPECT_EQ(loaded->config.layers, 2);
  EXPECT_EQ(loaded->config.hidden, 5);
  EXPECT_EQ(loaded->config.embedding, 3);
  EXPECT_EQ(loaded->config.dropout, 0.25);
  EXPECT_EQ(Sha256Hex(loaded->parameters), Sha256Hex(model_.parameters));
  for (size_t i = 0; i < model_.parameters.size(); ++i) {
    EXPECT_EQ(loaded->parameters[i].name, model_.parameters[i].name);
    EXPECT_EQ(loaded->parameters[i].shape, model_.parameters[i].shape);
  }
}

TEST_F(ModelFileTest, ReplacesOnlyModels) {
  ASSERT_TRUE(SaveModel(path_, model_).ok());
  EXPECT_TRUE(SaveModel(path_, InitialModel(kConfig, 2)).ok());
  EXPECT_TRUE(CheckModelCanBeSaved(path_, kConfig).ok());
  ASSERT_TRUE(WriteSafetensors(directory_.File("theirs"), {.tensors = model_.parameters}).ok());
  directory_.Write("notes", "my diary, in which the first eight bytes are a large number");
  directory_.Write("deep", std::string("\x10\x00\x00\x00\x00\x00\x00\x00", 8) + std::string(16, '['));
  for (const char* name : {"theirs", "notes", "deep"}) {
    const std::string path = directory_.File(name);
    const std::string before = ReadFile(path);
    EXPECT_EQ(SaveModel(path, model_).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(CheckModelCanBeSaved(path, kConfig).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReadFile(path), before);
  }
}

TEST_F(ModelFileTest, ChecksFreeSpaceBeforehand) {
  constexpr ModelConfig kHuge{.layers = 64, .hidden = 16384, .embedding = 16384};  // 550 GB
  const absl::Status status = CheckModelCanBeSaved(path_, kHuge);
  if (!status.ok()) {  // not every file system reports its free space
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  }
  EXPECT_EQ(directory_.Count(), 0);
}

TEST_F(ModelFileTest, TakesTensorsInAnyOrder) {
  std::vector<NamedTensor> tensors = model_.parameters;
  std::reverse(tensors.begin(), tensors.end());
  ASSERT_TRUE(LoadWith({{"recurve", kMetadata}}, tensors).ok());
  EXPECT_EQ(Sha256Hex(LoadModel(path_)->parameters), Sha256Hex(model_.parameters));
}

TEST_F(ModelFileTest, RefusesOtherFiles) {
  EXPECT_EQ(LoadModel(directory_.File("none")).status().code(), absl::StatusCode::kNotFound);
  const auto expect = [&](const std::map<std::string, std::string>& metadata, const char* message) {
    const absl::Status status = LoadWith(metadata, model_.parameters);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(message));
    EXPECT_THAT(status.message(), HasSubstr(path_));
  };
  expect({}, "no `recurve` metadata");
  expect({{"recurve", "{"}}, "is not JSON");
  expect({{"recurve", R"({"format":"byte-rnn-1","format":"byte-rnn-1"})"}}, "\"format\" twice");
  expect({{"recurve", std::string(kMetadata) + '\0' + "more"}}, "NUL");
  expect({{"recurve", "[]"}}, "not a JSON object");
  expect({{"recurve", R"({"format":"gru-1"})"}}, "recurve.format");
  expect({{"recurve", R"({"format":"byte-rnn-1","vocabulary":256})"}}, "metadata recurve: \"cell\" is missing");
  expect({{"recurve", R"({"format":"byte-rnn-1","vocabulary":256,"cell":"lstm","layers":1e300})"}},
         "\"layers\" is 1e+300");
  const std::string sizes = R"({"format":"byte-rnn-1","vocabulary":256,"layers":2,"hidden":5,"embedding":3)";
  const std::string cell = sizes + R"(,"cell":"lstm")";
  const std::string options = cell + R"(,"residual":false,"layer_norm":false)";
  expect({{"recurve", sizes + "}"}}, "\"cell\" is missing");
  expect({{"recurve", sizes + R"(,"cell":"mamba"})"}}, "\"cell\" is \"mamba\"");
  expect({{"recurve", cell + "}"}}, "\"residual\" is missing");
  expect({{"recurve", options + "}"}}, "\"dropout\" is missing");
  expect({{"recurve", options + R"(,"dropout":0})"}}, "\"recurrent_dropout\" is missing");
  const std::string dropped = options + R"(,"dropout":1.0,"recurrent_dropout":0)";
  expect({{"recurve", dropped + "}"}}, "metadata recurve.dropout is 100%; must be at least 0% and below 100%");
  expect({{"recurve", dropped + R"(,"colour":1})"}}, "\"colour\" is not a known key");
}

TEST_F(ModelFileTest, RefusesTensorsThatDisagreeWithTheConfiguration) {
  const std::map<std::string, std::string> metadata = {{"recurve", kMetadata}};
  std::vector<NamedTensor> tensors = model_.parameters;
  tensors.pop_back();
  EXPECT_THAT(LoadWith(metadata, tensors).message(), HasSubstr("has 8 tensors"));
  tensors = model_.parameters;
  tensors[2].name = "layers.0.other";
  EXPECT_THAT(LoadWith(metadata, tensors).message(), HasSubstr("has no tensor layers.0.recurrent_weight"));
  tensors = model_.parameters;
  tensors[3].shape = {4, 5};
  EXPECT_THAT(LoadWith(metadata, tensors).message(), HasSubstr("layers.0.bias has shape [4, 5]"));
}

// From divergence or damage. Sampling from such a model would yield only zero bytes.
TEST_F(ModelFileTest, RefusesValuesThatAreNotFinite) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<NamedTensor> tensors = model_.parameters;
    tensors[3].values[7] = value;
    const absl::Status status = LoadWith({{"recurve", kMetadata}}, tensors);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("tensor layers.0.bias has the value"));
    EXPECT_THAT(status.message(), HasSubstr("at index 7"));
  }
}

}  // namespace
}  // namespace recurve
