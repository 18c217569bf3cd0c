// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/line_batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "executor/task/language_model/permutation.h"
#include "tests/executor/data/text_file.h"

namespace recurve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// The inputs and targets of each sequence of a batch.
struct Read {
  std::vector<std::pair<std::string, std::string>> sequences;
  int64_t steps;
};

Read ReadBatch(LineBatches& batches, int64_t index, int64_t size, int64_t padding = 0) {
  Read read{.steps = batches.StepsOf(index, {}).value()};
  const int64_t rows = read.steps + padding;
  std::vector<int32_t> inputs(static_cast<size_t>(rows * size), -7), targets(inputs),
      lengths(static_cast<size_t>(size));
  const TokenRows batch{.steps = rows,
                        .tokens = {.inputs = inputs.data(), .targets = targets.data(), .lengths = lengths.data()}};
  EXPECT_TRUE(batches.Fill(index, batch, {}).ok());
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

// A reference implementation: splits a text into lines character by character.
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

TEST(Permutation, IsBijectiveAndDependsOnItsKey) {
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

// Locates every line, in order or backwards.
std::vector<std::string> FoundLines(const Lines& lines, bool backwards) {
  TextView view(lines.text());
  std::vector<std::string> found(static_cast<size_t>(lines.count()));
  for (int64_t i = 0; i < lines.count(); ++i) {
    const int64_t line = backwards ? lines.count() - 1 - i : i;
    const auto sequence = lines.Locate(line, view);
    if (!sequence.ok()) return {sequence.status().ToString()};
    const auto bytes = view.Look(sequence->begin, sequence->steps + 1);
    found[static_cast<size_t>(line)] = std::string(bytes->begin(), bytes->end());
  }
  return found;
}

TEST(Lines, AreWhatIsBetweenNewlines) {
  for (const std::string text : {"", "\n", "a", "a\n", "\na", "ab\n\ncd", "ab\r\ncd\n\n\n", "\n\n"}) {
    const TextFile file(text);
    const std::vector<std::string> expected = SplitLines(text);
    for (const int64_t most : {1, 2, 100}) {
      const auto lines = Lines::Find(file.text(), most, {});
      ASSERT_TRUE(lines.ok()) << lines.status();
      ASSERT_EQ(lines->count(), static_cast<int64_t>(expected.size())) << text;
      const std::vector<std::string> found = FoundLines(*lines, most == 2);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(found[i], ("\n" + expected[i] + "\n").substr(0, static_cast<size_t>(most) + 1));
      }
    }
  }
  EXPECT_EQ(Lines::Find(TextFile("\na\n\nb\n\n").text(), 9, {})->empty(), 3);
  EXPECT_EQ(Lines::Find(TextFile("a\nb").text(), 9, {})->empty(), 0);
}

// Covers lines across blocks, blocks in which no line begins, and blocks with many lines.
TEST(Lines, AreFoundInEveryBlock) {
  std::string text;
  for (const int length : {1, 5000, 2, 20'000, 1, 1, 70'000, 4095, 4096, 4097, 3}) {
    for (int i = 0; i < 3000; ++i) text += "z\n\n";
    text += std::string(static_cast<size_t>(length), static_cast<char>('a' + length % 26)) + "\n";
  }
  text += "without an end";
  const TextFile file(text);
  std::vector<std::string> expected = SplitLines(text);
  for (std::string& line : expected) line = "\n" + line + "\n";
  const std::vector<std::string> long_lines = FoundLines(*Lines::Find(file.text(), 60'000, {}), false);
  ASSERT_EQ(long_lines.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(long_lines[i], expected[i].substr(0, 60'001)) << i;
}

// An index with 8 bytes per line would need 1 GiB for such a text of 256 MiB.
TEST(Lines, TakeLittleMemory) {
  std::string text;
  for (int i = 0; i < 4'000'000; ++i) text += "a\n";
  const TextFile file(text);
  const auto batches = LineBatches::Create(file.text(), 4, 100, 1, {});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->lines().count(), 4'000'000);
  EXPECT_LT(batches->HeldBytes(), 64 << 10);
}

TEST(Lines, FindStopsWhenCancelled) {
  const TextFile small("");
  if (truncate(small.path().c_str(), int64_t{1} << 40) != 0) GTEST_SKIP() << "this file system has no sparse files";
  const auto file = InputFile::Open(small.path()).value();
  int asked = 0;
  EXPECT_EQ(Lines::Find(Text(*file), 100, [&] { return ++asked == 5; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 5);
}

TEST(Lines, RefuseCarriageReturnsAsLineEnds) {
  const auto check = [](const std::string& text) {
    const TextFile file(text);
    return Lines::Find(file.text(), 100, {})->CheckLineEnds();
  };
  EXPECT_THAT(check("one\rtwo\rthree\r").ToString(), AllOf(HasSubstr("3 carriage returns"), HasSubstr("tr '\\r'")));
  EXPECT_TRUE(check("one\r\ntwo\r\n").ok());
  EXPECT_TRUE(check("one").ok());
  const TextFile file("one\rtwo\rthree\r");
  EXPECT_EQ(LineBatches::Create(file.text(), 1, 100, 1, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

// Plans depend on the lengths that were counted when the file was opened.
TEST(LineBatches, ReportAChangedFile) {
  const std::string text = SomeLines(3000);
  const TextFile shorter(text);
  auto batches = LineBatches::Create(shorter.text(), 4, 1000, 1, {});
  ASSERT_TRUE(batches.ok()) << batches.status();
  shorter.Truncate(10);
  EXPECT_THAT(batches->StepsOf(0, {}).status().ToString(), HasSubstr("was truncated"));

  const TextFile rewritten(text);
  batches = LineBatches::Create(rewritten.text(), 4, 1000, 1, {});
  ASSERT_TRUE(batches.ok()) << batches.status();
  std::ofstream(rewritten.path(), std::ios::binary) << std::string(text.size(), 'x');
  const absl::Status status = batches->StepsOf(0, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.ToString(), HasSubstr("was modified while it was read"));
}

TEST(LineBatches, StopWhileTheyAreDrawn) {
  const TextFile file(SomeLines(3000));
  auto batches = LineBatches::Create(file.text(), 4, 1000, 1, {});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->StepsOf(0, [] { return true; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(batches->StepsOf(0, {}).ok());
}

TEST(LineBatches, ReadALineFromItsStartAndPredictItsEnd) {
  const TextFile file("abc\nz");
  auto batches = LineBatches::Create(file.text(), 3, 100, 1, {});
  ASSERT_TRUE(batches.ok()) << batches.status();
  const Read read = ReadBatch(*batches, 0, 3, /*padding=*/2);
  EXPECT_EQ(read.steps, 4);
  EXPECT_THAT(read.sequences, ElementsAre(Pair("\nz", "z\n"), Pair("\nabc", "abc\n"), Pair("", "")));
}

TEST(LineBatches, TruncateLongLines) {
  const TextFile file("abc\nabcd\nabcde\n");
  auto batches = LineBatches::Create(file.text(), 3, 4, 1, {});
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_EQ(batches->lines().cut(), 2);
  EXPECT_EQ(batches->lines().longest(), 4);
  EXPECT_THAT(batches->lines().lengths(), ElementsAre(Pair(4, 3)));
  EXPECT_THAT(ReadBatch(*batches, 0, 3).sequences,
              ElementsAre(Pair("\nabc", "abc\n"), Pair("\nabc", "abcd"), Pair("\nabc", "abcd")));
}

TEST(LineBatches, EachEpochHasEveryLineOnce) {
  const std::string text = SomeLines(1000);
  std::vector<std::string> expected = SplitLines(text);
  std::sort(expected.begin(), expected.end());
  const TextFile file(text);
  for (const int64_t size : {1, 3, 64, 999, 5000}) {
    auto batches = LineBatches::Create(file.text(), size, 1000, 3, {});
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

TEST(LineBatches, DependOnlyOnTheirIndex) {
  const std::string text = SomeLines(2000);
  const TextFile file(text);
  auto forwards = LineBatches::Create(file.text(), 4, 1000, 9, {});
  auto backwards = LineBatches::Create(file.text(), 4, 1000, 9, {});
  auto other_seed = LineBatches::Create(file.text(), 4, 1000, 10, {});
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

// Batching by length reduces padding, even if neighboring lines differ in length.
TEST(LineBatches, HoldSequencesOfSimilarLength) {
  const std::string text = SomeLines(20000);
  const TextFile file(text);
  auto batches = LineBatches::Create(file.text(), 16, 1000, 1, {});
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
  const TextFile file(zeros);
  auto one_line = LineBatches::Create(file.text(), 2, 4000, 1, {});
  ASSERT_TRUE(one_line.ok()) << one_line.status();
  EXPECT_EQ(one_line->lines().cut(), 1);
  EXPECT_THAT(ReadBatch(*one_line, 0, 2).sequences,
              ElementsAre(Pair(std::string("\n").append(zeros, 0, 3999), zeros.substr(0, 4000)), Pair("", "")));
}

TEST(LineBatches, RefuseInvalidInput) {
  const auto message = [](std::string_view text, int64_t batch, int64_t length) {
    const TextFile file(text);
    const absl::Status status = LineBatches::Create(file.text(), batch, length, 1, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message("\n\n\n", 1, 1), HasSubstr("3 bytes of text to train on have 3 lines, all of them empty"));
  EXPECT_THAT(message("", 1, 1), HasSubstr("0 lines"));
  EXPECT_THAT(message("a", 0, 1), HasSubstr("batch is 0"));
  EXPECT_THAT(message("a", 1, 0), HasSubstr("length is 0"));
}

}  // namespace
}  // namespace recurve
