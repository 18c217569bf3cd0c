// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ParseBytes, TakesNumbersWithAndWithoutUnits) {
  const struct {
    const char* text;
    int64_t bytes;
  } cases[] = {
      {"0", 0},
      {"1048576", 1 << 20},
      {"1B", 1},
      {"64MiB", 64 << 20},
      {"64mib", 64 << 20},
      {"64M", 64 << 20},
      {"1.5GiB", int64_t{3} << 29},
      {" 1.5 GiB ", int64_t{3} << 29},
      {".5KiB", 512},
      {"64Mi", 64 << 20},
      {"1.5Gi", int64_t{3} << 29},
      {"2Ki", 2048},
      {"1Ti", int64_t{1} << 40},
      {"1.3KiB", 1331},  // rounded down from 1331.2
      {"2.KiB", 2048},
      {"1KB", 1000},
      {"1TiB", int64_t{1} << 40},
      {"8191PiB", int64_t{8191} << 50},
      {"9223372036854775807", std::numeric_limits<int64_t>::max()},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<int64_t> bytes = ParseBytes(c.text);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(ParseBytes, RefusesJunkNamingIt) {
  for (const char* text : {"", " ", "MiB", "-1", "+1", "-64MiB", "64 XiB", "64MiBs", "1e6", "0x10", "1..5", "1.5.2",
                           "nan", "inf", ".", "1,5GiB", "5%", "1 2"}) {
    const absl::StatusOr<int64_t> bytes = ParseBytes(text);
    ASSERT_FALSE(bytes.ok()) << text;
    EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(bytes.status().message()),
                AllOf(HasSubstr(std::string("size '") + text + "'"), HasSubstr("such as 1048576, 64MiB")));
  }
}

TEST(ParseBytes, KeepsMessagesOnOneLine) {
  EXPECT_THAT(std::string(ParseBytes("64\n65").status().message()), HasSubstr("size '64\\n65'"));
}

TEST(ParseBytes, RefusesWhatOverflowsOrIsNotWhole) {
  for (const char* text : {"9223372036854775808", "8192PiB", "99999999999999999999999", "8EiB", "0.5", "0.5B",
                           "0.00000000000000000001GiB"}) {
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
  }
  EXPECT_THAT(std::string(ParseBytes("8192PiB").status().message()), HasSubstr("exceeds 8 EiB"));
  EXPECT_THAT(std::string(ParseBytes("0.5").status().message()), HasSubstr("not a whole number of bytes"));
}

TEST(FormatBytes, IsShortAndExact) {
  EXPECT_EQ(FormatBytes(0), "0B");
  EXPECT_EQ(FormatBytes(1023), "1023B");
  EXPECT_EQ(FormatBytes(1024), "1KiB");
  EXPECT_EQ(FormatBytes(64 << 20), "64MiB");
  EXPECT_EQ(FormatBytes(int64_t{3} << 29), "1.5GiB");
  EXPECT_EQ(FormatBytes(1'000'001), "1000001B");
  EXPECT_EQ(FormatBytes(-5), "-5B");
}

TEST(FormatBytes, ReadsBackAsTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    int64_t bytes = static_cast<int64_t>(random() >> (1 + random() % 63));
    if (i % 2 == 0) bytes &= ~((int64_t{1} << (random() % 40)) - 1);
    const absl::StatusOr<int64_t> back = ParseBytes(FormatBytes(bytes));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, bytes);
  }
}

TEST(FormatBytesRounded, KeepsThreeDigits) {
  EXPECT_EQ(FormatBytesRounded(12), "12B");
  EXPECT_EQ(FormatBytesRounded(12'900'000), "12.3MiB");
  EXPECT_EQ(FormatBytesRounded(1 << 20), "1.00MiB");
  EXPECT_EQ(FormatBytesRounded(1023 << 10), "1023KiB");
  EXPECT_EQ(FormatBytesRounded((1 << 30) - 1), "1.00GiB");
  EXPECT_EQ(FormatBytesRounded((1 << 20) - 600), "1023KiB");
  EXPECT_EQ(FormatBytesRounded((1 << 20) - 400), "1.00MiB");
  EXPECT_EQ(FormatBytesRounded(1023), "1023B");
}

TEST(AtLeastText, IsEnoughHoweverItIsRead) {
  EXPECT_EQ(AtLeastText(1), "1 byte");
  EXPECT_EQ(AtLeastText(937), "937 bytes");
  EXPECT_EQ(AtLeastText(1024), "1.00KiB (1024 bytes)");
  EXPECT_EQ(AtLeastText(16'672'359), "16.0MiB (16672359 bytes)");
  EXPECT_EQ(AtLeastText(1025), "1.01KiB (1025 bytes)");
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto bytes = static_cast<int64_t>(random() >> (4 + random() % 50));
    const std::string text = AtLeastText(bytes);
    if (bytes < 1024) continue;
    const absl::StatusOr<int64_t> back = ParseBytes(text.substr(0, text.find(' ')));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_GE(*back, bytes);
    EXPECT_LE(static_cast<double>(*back), 1.0101 * static_cast<double>(bytes));
  }
}

TEST(ShareUpText, IsEnough) {
  EXPECT_EQ(ShareUpText(0.5), "50%");
  EXPECT_EQ(ShareUpText(0.0026731), "0.268%");
  EXPECT_EQ(ShareUpText(0.27111), "27.2%");
  EXPECT_EQ(ShareUpText(0.99999), "100%");
}

TEST(ParseDuration, TakesUnits) {
  EXPECT_EQ(*ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(*ParseDuration("10s"), milliseconds(10'000));
  EXPECT_EQ(*ParseDuration("1.5m"), milliseconds(90'000));
  EXPECT_EQ(*ParseDuration("2 H"), milliseconds(7'200'000));
  EXPECT_EQ(*ParseDuration("0s"), milliseconds(0));
  EXPECT_EQ(*ParseDuration("87600h"), std::chrono::hours(87'600));
}

TEST(ParseDuration, RefusesJunkNamingIt) {
  for (const char* text :
       {"", "10", "s", "-1s", "1d", "0.5ms", "99999999999999999h", "2562047h", "87600.001h", "1s2"}) {
    const absl::StatusOr<milliseconds> duration = ParseDuration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_THAT(std::string(duration.status().message()), HasSubstr(std::string("duration '") + text + "'"));
  }
}

TEST(FormatDuration, ReadsBackAsTheSame) {
  EXPECT_EQ(FormatDuration(milliseconds(500)), "500ms");
  EXPECT_EQ(FormatDuration(milliseconds(10'000)), "10s");
  EXPECT_EQ(FormatDuration(milliseconds(1'500)), "1.5s");
  EXPECT_EQ(FormatDuration(milliseconds(120'000)), "2m");
  EXPECT_EQ(FormatDuration(milliseconds(3'600'000)), "1h");
  std::mt19937_64 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const milliseconds duration(static_cast<int64_t>(random() >> (26 + random() % 36)));
    EXPECT_EQ(*ParseDuration(FormatDuration(duration)), duration);
  }
}

}  // namespace
}  // namespace recurve
