// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/frame_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace recurve {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum Type : char { kData, kHeaders, kPriority, kReset, kSettings, kPush, kPing, kGoAway, kWindow, kContinuation };
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;

std::string Frame(char type, char flags, char stream, const std::string& payload = "") {
  const auto size = static_cast<unsigned>(payload.size());
  return std::string{static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)} +
         std::string{type, flags, 0, 0, 0, stream} + payload;
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// A literal header "a: b".
const std::string kHeader("\0\1a\1b", 5);
const FrameGuard::Clock::time_point kStart{std::chrono::hours(1)};

class FrameGuardTest : public ::testing::Test {
 protected:
  FrameGuardTest() {
    EXPECT_TRUE(guard_.Accept(kPreface, kStart));
    guard_.ServerSends();
  }

  // What the guard says to these frames: the limit that they break, or nothing.
  std::string Said(const std::string& bytes) {
    const bool accepted = guard_.Accept(bytes, kStart);
    EXPECT_EQ(accepted, std::string(guard_.violation()).empty());
    return guard_.violation();
  }

  FrameGuard guard_;
};

TEST_F(FrameGuardTest, AcceptsCallsHoweverTheyAreCutIntoPieces) {
  const std::string ping(8, 'x');
  std::string bytes = Frame(kSettings, 0, 0) + Frame(kSettings, 1, 0) + Frame(kPing, 0, 0, ping);
  for (int i = 0; i < 100; ++i) {
    bytes += Frame(kHeaders, 0, 1, kHeader) + Frame(kContinuation, kEndHeaders, 1, Repeat(kHeader, 20)) +
             Frame(kData, 0, 1, std::string(300, 'd')) + Frame(kWindow, 0, 0, "\0\0\1\1") +
             Frame(kData, kEndStream, 1, "");
  }
  for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
    FrameGuard guard;
    auto now = kStart;
    EXPECT_TRUE(guard.Accept(kPreface, now));
    guard.ServerSends();
    for (size_t i = 0; i < bytes.size(); i += piece) {
      now += std::chrono::microseconds(20 * piece);
      ASSERT_TRUE(guard.Accept(std::string_view(bytes).substr(i, piece), now)) << guard.violation();
    }
  }
}

TEST_F(FrameGuardTest, AcceptsPaddingAndPriorityOfHeaders) {
  const std::string priority(5, '\0');
  EXPECT_EQ(Said(Frame(kHeaders, kEndHeaders | 0x28, 1, "\2" + priority + kHeader + "pp")), "");
  EXPECT_THAT(Said(Frame(kHeaders, kEndHeaders | 0x8, 1, "\x7f" + kHeader)), HasSubstr("cut off"));
}

TEST_F(FrameGuardTest, LeavesWhatIsNotHttp2ToGrpc) {
  FrameGuard guard;
  EXPECT_TRUE(guard.Accept("GET / HTTP/1.1\r\n", kStart));
  EXPECT_TRUE(guard.Accept(kPreface, kStart));
}

TEST_F(FrameGuardTest, BoundsHeaderBlocks) {
  EXPECT_EQ(Said(Frame(kHeaders, kEndHeaders | kEndStream, 1, Repeat(kHeader, 128))), "");
  EXPECT_THAT(Said(Frame(kHeaders, kEndHeaders | kEndStream, 3, Repeat(kHeader, 129))), HasSubstr("too many headers"));
}

TEST_F(FrameGuardTest, BoundsReferencesToTheTable) {
  EXPECT_THAT(Said(Frame(kHeaders, kEndHeaders | kEndStream, 1, std::string(200, '\xbe'))),
              HasSubstr("too many headers"));
}

TEST_F(FrameGuardTest, BoundsABlockInManyFrames) {
  std::string bytes = Frame(kHeaders, 0, 1, kHeader);
  bytes += Repeat(Frame(kContinuation, 0, 1, std::string(8000, 'v')), 3);
  EXPECT_THAT(Said(bytes), HasSubstr("too large"));
}

TEST_F(FrameGuardTest, RejectsIntegersWithoutEnd) {
  EXPECT_THAT(Said(Frame(kHeaders, kEndHeaders, 1, std::string("\0\xff", 2) + std::string(100, '\x80'))),
              HasSubstr("cut off"));
}

TEST_F(FrameGuardTest, RejectsChangesOfTheTableWithoutEnd) {
  EXPECT_THAT(Said(Frame(kHeaders, kEndHeaders, 1, std::string(100, '\x20'))), HasSubstr("size of the table"));
}

TEST_F(FrameGuardTest, RejectsFramesWithinABlock) {
  EXPECT_THAT(Said(Frame(kHeaders, 0, 1, kHeader) + Frame(kData, 0, 1, "")), HasSubstr("interrupted"));
}

TEST_F(FrameGuardTest, BoundsFramesThatCarryNothing) {
  const std::string error(4, '\0');
  const std::string eight(8, '\0');
  for (const std::string& frame :
       {Frame(kPing, 0, 0, eight), Frame(kSettings, 0, 0), Frame(kReset, 0, 1, error), Frame(kData, 0, 1),
        Frame(kPriority, 0, 1, std::string(5, '\0')), Frame('\x77', 0, 0, "?"), Frame(kGoAway, 0, 0, eight)}) {
    FrameGuard guard;
    EXPECT_TRUE(guard.Accept(kPreface, kStart));
    EXPECT_TRUE(guard.Accept(Repeat(frame, 30), kStart)) << guard.violation();
    EXPECT_FALSE(guard.Accept(Repeat(frame, 3000), kStart));
    EXPECT_THAT(guard.violation(), HasSubstr("carry nothing"));
  }
}

TEST_F(FrameGuardTest, ABudgetComesBackWithTime) {
  const std::string ping = Frame(kPing, 0, 0, std::string(8, '\0'));
  auto now = kStart;
  for (int i = 0; i < 100; ++i, now += std::chrono::seconds(1)) {
    ASSERT_TRUE(guard_.Accept(Repeat(ping, 1000), now)) << guard_.violation();
  }
}

TEST_F(FrameGuardTest, AllStreamsMayBeResetAtOnce) {
  const std::string call = Frame(kHeaders, kEndHeaders, 1, kHeader);
  EXPECT_EQ(Said(Repeat(call, 128) + Repeat(Frame(kReset, 0, 1, std::string(4, '\0')), 128)), "");
}

TEST_F(FrameGuardTest, BoundsStreamsUntilTheClientAcknowledgesTheSettings) {
  const std::string calls = Repeat(Frame(kHeaders, kEndHeaders | kEndStream, 1, kHeader), 128);
  EXPECT_EQ(Said(calls + Frame(kSettings, 1, 0) + calls), "") << "from then on, gRPC limits them";
  FrameGuard other;
  EXPECT_TRUE(other.Accept(kPreface, kStart));
  EXPECT_TRUE(other.Accept(calls, kStart));
  EXPECT_FALSE(other.Accept(Frame(kHeaders, kEndHeaders | kEndStream, 1, kHeader), kStart));
  EXPECT_THAT(other.violation(), HasSubstr("too many streams"));
}

// A message of 2 MiB, of which `bytes` arrive.
std::string PartOfMessage(char stream, size_t bytes) {
  const std::string header("\0\0\x20\0\0", 5);
  std::string frames = Frame(kHeaders, kEndHeaders, stream, kHeader) + Frame(kData, 0, stream, header);
  for (; bytes > 0; bytes -= 16'384) frames += Frame(kData, 0, stream, std::string(16'384, 'm'));
  return frames;
}

TEST(FrameGuard, BoundsMessagesThatArriveByWhatTheyLeaveFree) {
  ArrivingBytes arriving{.most = 8 << 20};
  FrameGuard one(&arriving);
  EXPECT_TRUE(one.Accept(std::string(kPreface) + PartOfMessage(1, 2 << 20) + PartOfMessage(3, 2 << 20), kStart));
  EXPECT_EQ(arriving.held, 0) << "complete messages are the service's";
  EXPECT_TRUE(one.Accept(PartOfMessage(5, 1 << 20) + PartOfMessage(7, 1 << 20) + PartOfMessage(9, 2 << 20), kStart));
  EXPECT_EQ(arriving.held, 2 << 20);
  EXPECT_FALSE(
      one.Accept(PartOfMessage(11, 1 << 20) + PartOfMessage(13, 1 << 20) + PartOfMessage(15, 1 << 20), kStart));
  EXPECT_THAT(one.violation(), HasSubstr("too much memory"));
}

TEST(FrameGuard, ConnectionsOfAHostCountTogether) {
  ArrivingBytes arriving{.most = 4 << 20};
  const auto host = std::make_shared<std::atomic<int64_t>>(0);
  FrameGuard one(&arriving, host);
  FrameGuard second(&arriving, host);
  FrameGuard other(&arriving);
  EXPECT_TRUE(one.Accept(std::string(kPreface) + PartOfMessage(1, 1 << 20), kStart));
  EXPECT_TRUE(second.Accept(std::string(kPreface) + PartOfMessage(1, 1 << 20), kStart));
  EXPECT_FALSE(second.Accept(PartOfMessage(3, 1 << 20), kStart));
  EXPECT_TRUE(other.Accept(std::string(kPreface) + PartOfMessage(1, 512 << 10), kStart));
}

TEST(FrameGuard, EveryConnectionMayReceiveSmallMessages) {
  ArrivingBytes arriving{.most = 0};
  {
    FrameGuard guard(&arriving);
    EXPECT_TRUE(guard.Accept(std::string(kPreface) + PartOfMessage(1, 16 << 10), kStart));
    EXPECT_TRUE(guard.Accept(Frame(kReset, 0, 1, std::string(4, '\0')) + PartOfMessage(3, 16 << 10), kStart));
    EXPECT_EQ(arriving.held, 16 << 10);
  }
  EXPECT_EQ(arriving.held, 0);
}

TEST_F(FrameGuardTest, RejectsAnAcknowledgementBeforeTheSettings) {
  FrameGuard other;
  EXPECT_TRUE(other.Accept(kPreface, kStart));
  EXPECT_FALSE(other.Accept(Frame(kSettings, 1, 0), kStart));
  EXPECT_THAT(other.violation(), HasSubstr("has not received"));
}

}  // namespace
}  // namespace recurve
