// SPDX-License-Identifier: Apache-2.0
#include "executor/data/line_batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "executor/data/permutation.h"

namespace recurve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A batch as the sequences in it: what each reads, and what it predicts.
struct Read {
  std::vector<std::pair<std::string, std::string>> sequences;
  int64_t steps;
};

Read ReadBatch(LineBatches& batches, int64_t index, int64_t size, int64_t padding = 0) {
  Read read{.steps = batches.StepsOf(index)};
  const int64_t rows = read.steps + padding;
  std::vector<int32_t> inputs(static_cast<size_t>(rows * size), -7), targets(inputs),
      lengths(static_cast<size_t>(size));
  batches.Fill(index, {.steps = rows, .inputs = inputs.data(), .targets = targets.data(), .lengths = lengths.data()});
  EXPECT_EQ(*std::max_element(lengths.begin(), lengths.end()), read.steps);
  for (int64_t b = 0; b < size; ++b) {
    auto& [reads, predicts] = read.sequences.emplace_back();
    for (int64_t t = 0; t < rows; ++t) {
      const int32_t input = inputs[static_cast<size_t>(t * size + b)];
      const int32_t target = targets[static_cast<size_t>(t * size + b)];
      EXPECT_TRUE(input >= 0 && input < 256) << input;
      if (t >= lengths[static_cast<size_t>(b)]) {
        EXPECT_EQ(target, kNoTarget);
        continue;
      }
      reads += static_cast<char>(input);
      predicts += static_cast<char>(target);
    }
  }
  return read;
}

// Lines of a text by another way: character by character.
std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  std::erase(lines, "");
  return lines;
}

std::string SomeLines(int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < i * i % 23; ++j) text += static_cast<char>('a' + (i + j) % 26);
    text += '\n';
  }
  return text;
}

TEST(Permutation, IsOneAndDependsOnItsKey) {
  for (int64_t n = 1; n <= 300; ++n) {
    std::set<int64_t> seen;
    int64_t moved_by_key = 0;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t to = Permutation(n, 5)(i);
      ASSERT_TRUE(to >= 0 && to < n);
      seen.insert(to);
      if (to != Permutation(n, 6)(i)) ++moved_by_key;
    }
    ASSERT_EQ(static_cast<int64_t>(seen.size()), n);
    if (n >= 20) {
      EXPECT_GT(moved_by_key, n / 2);
    }
  }
}

TEST(Lines, AreWhatIsBetweenNewlines) {
  for (const std::string text : {"", "\n", "a", "a\n", "\na", "ab\n\ncd", "ab\r\ncd\n\n\n", "\n\n"}) {
    const Lines lines(Bytes(text));
    const std::vector<std::string> expected = SplitLines(text);
    ASSERT_EQ(lines.count(), static_cast<int64_t>(expected.size())) << text;
    for (int64_t i = 0; i < lines.count(); ++i) {
      const std::string& line = expected[static_cast<size_t>(i)];
      for (const int64_t most : {int64_t{1}, int64_t{2}, int64_t{100}}) {
        const auto bytes = lines.Line(i, most);
        EXPECT_EQ(std::string(bytes.begin(), bytes.end()), line.substr(0, static_cast<size_t>(most)));
      }
    }
  }
  EXPECT_EQ(Lines(Bytes("\na\n\nb\n\n")).empty(), 3);
  EXPECT_EQ(Lines(Bytes("a\nb")).empty(), 0);
}

TEST(LineBatches, ReadALineFromItsStartAndPredictItsEnd) {
  auto batches = LineBatches::Create(Bytes("abc\nz"), 3, 100, 1);
  ASSERT_TRUE(batches.ok()) << batches.status();
  const Read read = ReadBatch(*batches, 0, 3, /*padding=*/2);
  EXPECT_EQ(read.steps, 4);
  EXPECT_THAT(read.sequences, ElementsAre(Pair("\nz", "z\n"), Pair("\nabc", "abc\n"), Pair("", "")));
}

TEST(LineBatches, CutWhatIsTooLong) {
  auto batches = LineBatches::Create(Bytes("abc\nabcd\nabcde\n"), 3, 4, 1);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->cut(), 2);
  EXPECT_EQ(batches->longest(), 4);
  EXPECT_THAT(batches->lengths(), ElementsAre(Pair(4, 3)));
  EXPECT_THAT(ReadBatch(*batches, 0, 3).sequences,
              ElementsAre(Pair("\nabc", "abc\n"), Pair("\nabc", "abcd"), Pair("\nabc", "abcd")));
}

TEST(LineBatches, EveryLineComesOnceInEveryPass) {
  const std::string text = SomeLines(1000);
  std::vector<std::string> expected = SplitLines(text);
  std::sort(expected.begin(), expected.end());
  for (const int64_t size : {1, 3, 64, 999, 5000}) {
    auto batches = LineBatches::Create(Bytes(text), size, 1000, 3);
    ASSERT_TRUE(batches.ok()) << batches.status();
    EXPECT_EQ(batches->batches_per_epoch(), (batches->lines().count() + size - 1) / size);
    std::vector<std::string> passes[2];
    for (int64_t pass = 0; pass < 2; ++pass) {
      for (int64_t i = 0; i < batches->batches_per_epoch(); ++i) {
        EXPECT_TRUE(batches->StartsAfresh(i));
        for (const auto& [reads, predicts] :
             ReadBatch(*batches, pass * batches->batches_per_epoch() + i, size).sequences) {
          if (predicts.empty()) continue;  // missing in the last batch
          EXPECT_EQ("\n" + predicts, reads + "\n");
          passes[pass].push_back(predicts.substr(0, predicts.size() - 1));
        }
      }
    }
    if (size < 500) {
      EXPECT_NE(passes[0], passes[1]);
    }
    for (std::vector<std::string>& pass : passes) {
      std::sort(pass.begin(), pass.end());
      EXPECT_EQ(pass, expected);
    }
  }
}

TEST(LineBatches, AreTheSameByTheirNumberInAnyOrder) {
  const std::string text = SomeLines(2000);
  auto forwards = LineBatches::Create(Bytes(text), 4, 1000, 9);
  auto backwards = LineBatches::Create(Bytes(text), 4, 1000, 9);
  auto other_seed = LineBatches::Create(Bytes(text), 4, 1000, 10);
  const int64_t n = forwards->batches_per_epoch() + 5;
  std::map<int64_t, Read> read;
  for (int64_t i = 0; i < n; ++i) read[i] = ReadBatch(*forwards, i, 4);
  int64_t differ = 0;
  for (int64_t i = n - 1; i >= 0; --i) {
    EXPECT_EQ(ReadBatch(*backwards, i, 4).sequences, read[i].sequences);
    if (ReadBatch(*other_seed, i, 4).sequences != read[i].sequences) ++differ;
  }
  EXPECT_GT(differ, n / 2);
}

// What batching by length is for: little padding, though neighbours in the text have nothing in common.
TEST(LineBatches, HoldSequencesOfSimilarLength) {
  const std::string text = SomeLines(20000);
  auto batches = LineBatches::Create(Bytes(text), 16, 1000, 1);
  int64_t steps = 0, predictions = 0;
  for (int64_t i = 0; i < batches->batches_per_epoch(); ++i) {
    const Read read = ReadBatch(*batches, i, 16);
    steps += 16 * read.steps;
    for (const auto& [reads, predicts] : read.sequences) predictions += static_cast<int64_t>(predicts.size());
  }
  EXPECT_EQ(predictions, static_cast<int64_t>(text.size()) - batches->lines().empty());
  EXPECT_LT(static_cast<double>(steps), 1.03 * static_cast<double>(predictions));
}

TEST(LineBatches, TakeAnyBytes) {
  const std::string zeros(5000, '\0');
  auto one_line = LineBatches::Create(Bytes(zeros), 2, 4000, 1);
  ASSERT_TRUE(one_line.ok()) << one_line.status();
  EXPECT_EQ(one_line->cut(), 1);
  EXPECT_THAT(ReadBatch(*one_line, 0, 2).sequences,
              ElementsAre(Pair(std::string("\n").append(zeros, 0, 3999), zeros.substr(0, 4000)), Pair("", "")));
}

TEST(LineBatches, SayWhatIsWrong) {
  const auto message = [](std::string_view text, int64_t batch, int64_t length) {
    const absl::Status status = LineBatches::Create(Bytes(text), batch, length, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message("\n\n\n", 1, 1), HasSubstr("3 bytes of text to train on have 3 lines and all are empty"));
  EXPECT_THAT(message("", 1, 1), HasSubstr("0 lines"));
  EXPECT_THAT(message("a", 0, 1), HasSubstr("batch is 0"));
  EXPECT_THAT(message("a", 1, 0), HasSubstr("length is 0"));
}

}  // namespace
}  // namespace recurve
