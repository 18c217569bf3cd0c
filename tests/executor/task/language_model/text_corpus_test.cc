// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/text_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/executor/data/text_file.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;

std::vector<uint8_t> SomeText(int64_t size) {
  std::vector<uint8_t> text(static_cast<size_t>(size));
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<uint8_t>(i * i % 251 + i % 5);
  return text;
}

std::string AsString(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::string TextBytes(const Text& text, int64_t begin, int64_t bytes) {
  std::vector<uint8_t> to(static_cast<size_t>(bytes), '?');
  const absl::Status status = text.Read(begin, to);
  return status.ok() ? AsString(to) : status.ToString();
}

TEST(Text, ReadsEveryByteUnchanged) {
  std::string bytes(256 * 3, '\0');
  std::iota(bytes.begin(), bytes.end(), 0);
  const TextFile file(bytes);
  EXPECT_EQ(file.text().size(), 768);
  EXPECT_EQ(TextBytes(file.text(), 0, 768), bytes);
}

TEST(Text, IsBetweenTwoLineEnds) {
  const TextFile file("abcdefgh");
  EXPECT_EQ(TextBytes(file.text(), -1, 10), "\nabcdefgh\n");
  EXPECT_EQ(TextBytes(file.text(), -1, 1), "\n");
  EXPECT_EQ(TextBytes(file.text(), 8, 1), "\n");
  EXPECT_EQ(TextBytes(file.text().First(5), 3, 3), "de\n");
  EXPECT_EQ(TextBytes(file.text().Last(5).First(2), -1, 4), "\nde\n");
}

TEST(Text, NeedsTwoBytes) {
  EXPECT_TRUE(CheckText(TextFile("ab").file()).ok());
  EXPECT_THAT(CheckText(TextFile("").file()).ToString(), HasSubstr("has 0 bytes"));
  EXPECT_THAT(CheckText(TextFile("x").file()).ToString(), HasSubstr("has 1 byte;"));
}

TEST(Text, MayBeLargerThanAnyMemory) {
  const TextFile small("");
  constexpr int64_t kSize = int64_t{1} << 36;
  if (truncate(small.path().c_str(), kSize) != 0) GTEST_SKIP() << "this file system has no sparse files of 64 GiB";
  const auto file = InputFile::Open(small.path()).value();
  EXPECT_EQ(TextBytes(Text(*file), kSize - 1, 1), std::string(1, '\0'));
}

TEST(TextView, MatchesTheText) {
  const std::string bytes = AsString(SomeText(200'000));
  const TextFile file(bytes);
  const std::string framed = "\n" + bytes + "\n";
  for (const int64_t ahead : {int64_t{1}, int64_t{100}, TextView::kMost}) {
    TextView view(file.text(), ahead);
    for (const int64_t begin : {0, 7, 50'000, 49'990, 130'000, 3, 134'466}) {
      for (const int64_t size : {1, 30, 5000, 65'536}) {
        const auto shown = view.Look(begin - 1, size);
        ASSERT_TRUE(shown.ok()) << shown.status();
        ASSERT_EQ(std::string(shown->begin(), shown->end()),
                  framed.substr(static_cast<size_t>(begin), static_cast<size_t>(size)));
      }
    }
  }
}

// Compares every window of many shapes with the definition.
TEST(WindowBatches, AgreeWithTheDefinition) {
  for (int64_t size = 2; size <= 40; ++size) {
    const std::vector<uint8_t> text = SomeText(size);
    const TextFile file(AsString(text));
    for (int64_t batch = 1; batch <= 5; ++batch) {
      for (int64_t length = 1; length <= 7; ++length) {
        auto batches = WindowBatches::Create(file.text(), batch, length);
        ASSERT_EQ(batches.ok(), size >= batch * length + 1) << size << " " << batch << " " << length;
        if (!batches.ok()) continue;

        const int64_t stream = (size - 1) / batch;
        std::vector<std::vector<uint8_t>> reads, predicts;
        for (int64_t b = 0; b < batch; ++b) {
          const auto start = text.begin() + b * stream;
          reads.emplace_back(start, start + stream);
          predicts.emplace_back(start + 1, start + stream + 1);
        }
        ASSERT_EQ(batches->windows_per_epoch(), stream / length);
        for (int64_t index = 0; index < 2 * batches->windows_per_epoch() + 1; ++index) {
          std::vector<int32_t> inputs(static_cast<size_t>(length * batch), -1), targets(inputs);
          const TokenRows to{.steps = length,
                             .tokens = {.inputs = inputs.data(), .targets = targets.data(), .lengths = nullptr}};
          ASSERT_TRUE(batches->Fill(index, to, {}).ok());
          ASSERT_EQ(batches->StepsOf(index, {}).value(), length);
          const int64_t window = index % batches->windows_per_epoch();
          EXPECT_EQ(batches->StartsAfresh(index), window == 0);
          for (int64_t t = 0; t < length; ++t) {
            for (int64_t b = 0; b < batch; ++b) {
              const auto at = static_cast<size_t>(window * length + t);
              ASSERT_EQ(inputs[static_cast<size_t>(t * batch + b)], reads[static_cast<size_t>(b)][at]);
              ASSERT_EQ(targets[static_cast<size_t>(t * batch + b)], predicts[static_cast<size_t>(b)][at]);
            }
          }
        }
      }
    }
  }
}

// Several tiles in both directions, with sequences that end within tiles.
TEST(WindowBatches, FillLargeBatches) {
  constexpr int64_t kBatch = 37, kLength = 5000;
  const std::vector<uint8_t> text = SomeText(kBatch * kLength + 1);
  const TextFile file(AsString(text));
  auto batches = WindowBatches::Create(file.text(), kBatch, kLength);
  ASSERT_TRUE(batches.ok()) << batches.status();
  std::vector<int32_t> inputs(kBatch * kLength, -7), targets(inputs);
  const TokenRows batch{.steps = kLength,
                        .tokens = {.inputs = inputs.data(), .targets = targets.data(), .lengths = nullptr}};
  ASSERT_TRUE(batches->Fill(0, batch, {}).ok());
  for (int64_t t = 0; t < kLength; ++t) {
    for (int64_t b = 0; b < kBatch; ++b) {
      const auto at = static_cast<size_t>(t * kBatch + b);
      ASSERT_EQ(inputs[at], text[static_cast<size_t>(b * kLength + t)]);
      ASSERT_EQ(targets[at], text[static_cast<size_t>(b * kLength + t + 1)]);
    }
  }
}

// Filling a batch may take seconds and must be cancellable.
TEST(WindowBatches, StopWhileTheyFill) {
  constexpr int64_t kBatch = 64, kLength = 100'000;
  const TextFile file(std::string(kBatch * kLength + 1, 'x'));
  auto batches = WindowBatches::Create(file.text(), kBatch, kLength);
  ASSERT_TRUE(batches.ok()) << batches.status();
  std::vector<int32_t> inputs(kBatch * kLength), targets(inputs);
  const TokenRows batch{.steps = kLength,
                        .tokens = {.inputs = inputs.data(), .targets = targets.data(), .lengths = nullptr}};
  int asked = 0;
  EXPECT_EQ(batches->Fill(0, batch, [&] { return ++asked == 10; }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(inputs.back(), 0);  // not filled
}

TEST(WindowBatches, ReportATruncatedFile) {
  const TextFile file(AsString(SomeText(1000)));
  auto batches = WindowBatches::Create(file.text(), 2, 400);
  ASSERT_TRUE(batches.ok()) << batches.status();
  file.Truncate(700);
  std::vector<int32_t> inputs(800), targets(800);
  const absl::Status status = batches->Fill(
      0, {.steps = 400, .tokens = {.inputs = inputs.data(), .targets = targets.data(), .lengths = nullptr}}, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.ToString(), HasSubstr("was truncated"));
}

TEST(WindowBatches, SayHowMuchTextIsNeeded) {
  const TextFile file(AsString(SomeText(100)));
  const auto message = [&](int64_t batch, int64_t length) {
    const absl::Status status = WindowBatches::Create(file.text(), batch, length).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message(10, 10), AllOf(HasSubstr("at least 101 bytes"), HasSubstr("there are 100")));
  EXPECT_THAT(message(0, 10), HasSubstr("batch is 0"));
  EXPECT_THAT(message(1, -1), HasSubstr("length is -1"));
  EXPECT_THAT(message(INT64_MAX, INT64_MAX), HasSubstr("more than 2^63"));
  EXPECT_THAT(message(1, INT64_MAX), HasSubstr("at least 9223372036854775808"));
  EXPECT_FALSE(WindowBatches::Create(TextFile("").text(), 1, 1).ok());
}

}  // namespace
}  // namespace recurve
