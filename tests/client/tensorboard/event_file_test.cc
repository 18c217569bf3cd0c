// SPDX-License-Identifier: Apache-2.0
#include "client/tensorboard/event_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/tensorboard/crc32c.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using ::testing::StartsWith;

// RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, HasTheKnownValues) {
  std::string up, down;
  for (int i = 0; i < 32; ++i) up.push_back(static_cast<char>(i));
  down.assign(up.rbegin(), up.rend());
  EXPECT_EQ(Crc32c(""), 0U);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(up), 0x46DD794EU);
  EXPECT_EQ(Crc32c(down), 0x113FDB5CU);
}

// The framing of the record that TensorFlow writes first into every event file of version 2.
TEST(TfRecord, IsFramedAsTensorFlowDoes) {
  const std::string data =
      "\x1A\x0D"
      "brain.Event:2";
  const std::string record = TfRecord(data);
  ASSERT_EQ(record.size(), 8 + 4 + data.size() + 4);
  EXPECT_THAT(record, StartsWith(std::string("\x0F\0\0\0\0\0\0\0", 8)));
  EXPECT_EQ(record.substr(12, data.size()), data);
  EXPECT_EQ(MaskedCrc32c("123456789"), ((0xE3069283U >> 15) | (0xE3069283U << 17)) + 0xA282EAD8U);
}

TEST(EventFile, GrowsByCompleteRecords) {
  const ScratchDirectory scratch;
  auto file = EventFile::Create(scratch.File("runs/first"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->path(), StartsWith(scratch.File("runs/first/events.out.tfevents.")));
  const size_t begin = ReadFile(file->path()).size();
  ASSERT_TRUE(file->Start(12.5, 1).ok());
  ASSERT_TRUE(file->Add(13, 1, {{"loss", 2.5}, {"metric", 3}}).ok());
  EXPECT_EQ(ReadFile(file->path()).substr(begin),
            TfRecord(SessionStartEvent(12.5, 1)) + TfRecord(ScalarsEvent(13, 1, {{"loss", 2.5}, {"metric", 3}})));
  const auto second = EventFile::Create(scratch.File("runs/first"));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->path(), file->path());
}

TEST(EventFile, SaysWhatIsWrong) {
  const ScratchDirectory scratch;
  const std::string file = scratch.Write("file", "data");
  EXPECT_FALSE(EventFile::Create(file).ok());
  EXPECT_FALSE(EventFile::Create(file + "/below").ok());
}

}  // namespace
}  // namespace recurve
