// SPDX-License-Identifier: Apache-2.0
#include "executor/data/text_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <numeric>
#include <vector>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;

std::vector<uint8_t> SomeText(int64_t size) {
  std::vector<uint8_t> text(static_cast<size_t>(size));
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<uint8_t>(i * i % 251 + i % 5);
  return text;
}

TEST(TextCorpus, MapsEveryByteAsItIs) {
  const ScratchDirectory scratch;
  std::string bytes(256 * 3, '\0');
  std::iota(bytes.begin(), bytes.end(), 0);
  auto corpus = TextCorpus::Open(scratch.Write("binary", bytes));
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  const auto mapped = (*corpus)->bytes();
  EXPECT_EQ(std::string(mapped.begin(), mapped.end()), bytes);
}

TEST(TextCorpus, TwoBytesAreEnough) {
  const ScratchDirectory scratch;
  auto corpus = TextCorpus::Open(scratch.Write("two", "ab"));
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  EXPECT_EQ((*corpus)->bytes().size(), 2u);
}

TEST(TextCorpus, OpensAFileLargerThanAnyMemory) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("sparse", "");
  constexpr int64_t kSize = int64_t{1} << 36;
  if (truncate(path.c_str(), kSize) != 0) GTEST_SKIP() << "this file system has no sparse files of 64 GiB";
  auto corpus = TextCorpus::Open(path);
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  EXPECT_EQ((*corpus)->bytes().size(), static_cast<size_t>(kSize));
  EXPECT_EQ((*corpus)->bytes().back(), 0);
}

TEST(TextCorpus, SaysWhatIsWrongWithTheFile) {
  const ScratchDirectory scratch;
  const auto error = [](const std::string& path) { return TextCorpus::Open(path).status(); };

  EXPECT_EQ(error(scratch.File("missing")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(error(scratch.Write("file", "text") + "/below").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(error("").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(error(scratch.path()).ToString(), HasSubstr("is a directory"));
  EXPECT_THAT(error(scratch.Write("empty", "")).ToString(), HasSubstr("has 0 bytes"));
  EXPECT_THAT(error(scratch.Write("one", "x")).ToString(), HasSubstr("has 1 byte;"));
  EXPECT_THAT(error("/dev/null").ToString(), HasSubstr("not a regular file"));
  const std::string pipe = scratch.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(error(pipe).ToString(), HasSubstr("not a regular file"));
  for (const char* name : {"empty", "one"}) {
    EXPECT_EQ(error(scratch.File(name)).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(TextCorpus, SaysWhenItMayNotRead) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("secret", "text");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  EXPECT_EQ(TextCorpus::Open(path).status().code(), absl::StatusCode::kPermissionDenied);
}

// Every window of every shape against the definition, written out with none of the arithmetic of the class.
TEST(WindowBatches, AgreeWithTheDefinition) {
  for (int64_t size = 2; size <= 40; ++size) {
    const std::vector<uint8_t> text = SomeText(size);
    for (int64_t batch = 1; batch <= 5; ++batch) {
      for (int64_t length = 1; length <= 7; ++length) {
        auto batches = WindowBatches::Create(text, batch, length);
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
          batches->Fill(index,
                        {.steps = length, .inputs = inputs.data(), .targets = targets.data(), .lengths = nullptr});
          ASSERT_EQ(batches->StepsOf(index), length);
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

TEST(WindowBatches, SayHowMuchTextIsNeeded) {
  const std::vector<uint8_t> text = SomeText(100);
  const auto message = [&](int64_t batch, int64_t length) {
    const absl::Status status = WindowBatches::Create(text, batch, length).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message(10, 10), AllOf(HasSubstr("at least 101 bytes"), HasSubstr("there are 100")));
  EXPECT_THAT(message(0, 10), HasSubstr("batch is 0"));
  EXPECT_THAT(message(1, -1), HasSubstr("length is -1"));
  EXPECT_THAT(message(INT64_MAX, INT64_MAX), HasSubstr("more than 2^63"));
  EXPECT_THAT(message(1, INT64_MAX), HasSubstr("at least 9223372036854775808"));
  EXPECT_FALSE(WindowBatches::Create({}, 1, 1).ok());
}

}  // namespace
}  // namespace recurve
