// SPDX-License-Identifier: Apache-2.0
#include "planner_service/trace/trace_context.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace recurve {
namespace {

constexpr char kTraceId[] = "12345678901234567890123456789012";
constexpr char kSpanId[] = "1234567890123456";

// VERSION-TRACE_ID-SPAN_ID-FLAGS
std::string Joined(const std::string& version, const std::string& trace_id, const std::string& span_id,
                   const std::string& flags) {
  return version + "-" + trace_id + "-" + span_id + "-" + flags;
}

TEST(TraceContext, ParsesTheExamplesOfTheSpecification) {
  EXPECT_EQ(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            (TraceContext{"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true}));
  EXPECT_EQ(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
            (TraceContext{"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", false}));
  EXPECT_EQ(ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            (TraceContext{"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true}));
}

// The cases of the test suite at https://github.com/w3c/trace-context that concern one traceparent.
TEST(TraceContext, RefusesWhatTheSpecificationRefuses) {
  for (const std::string& invalid : {
           std::string(),
           std::string("00"),
           std::string(55, '0'),
           Joined("ff", kTraceId, kSpanId, "01"),
           Joined(".0", kTraceId, kSpanId, "01"),
           Joined("0.", kTraceId, kSpanId, "01"),
           Joined("000", kTraceId, kSpanId, "01"),
           Joined("0", kTraceId, kSpanId, "01"),
           Joined("CC", kTraceId, kSpanId, "01"),
           Joined("00", std::string(32, '0'), kSpanId, "01"),
           Joined("00", ".2345678901234567890123456789012", kSpanId, "01"),
           Joined("00", "1234567890123456789012345678901.", kSpanId, "01"),
           Joined("00", "1234567890123456789012345678901A", kSpanId, "01"),
           Joined("00", "123456789012345678901234567890123", kSpanId, "01"),
           Joined("00", "1234567890123456789012345678901", kSpanId, "01"),
           Joined("00", kTraceId, std::string(16, '0'), "01"),
           Joined("00", kTraceId, ".234567890123456", "01"),
           Joined("00", kTraceId, "123456789012345.", "01"),
           Joined("00", kTraceId, "ABCDEF7890123456", "01"),
           Joined("00", kTraceId, "12345678901234567", "01"),
           Joined("00", kTraceId, "123456789012345", "01"),
           Joined("00", kTraceId, kSpanId, ".0"),
           Joined("00", kTraceId, kSpanId, "0."),
           Joined("00", kTraceId, kSpanId, "0A"),
           Joined("00", kTraceId, kSpanId, "001"),
           Joined("00", kTraceId, kSpanId, "1"),
           Joined("00", kTraceId, kSpanId, "01-"),
           Joined("00", kTraceId, kSpanId, "01-what-the-future-will-be-like"),
           Joined("cc", kTraceId, kSpanId, "01.what-the-future-will-be-like"),
           Joined("cc", kTraceId, kSpanId, "012"),
           " " + Joined("00", kTraceId, kSpanId, "01"),
           Joined("00", kTraceId, kSpanId, "01") + " ",
           Joined("00", kTraceId, kSpanId, "01") + "," + Joined("00", kTraceId, kSpanId, "01"),
       }) {
    EXPECT_EQ(ParseTraceparent(invalid), std::nullopt) << invalid;
  }
  std::string separators = Joined("00", kTraceId, kSpanId, "01");
  for (const size_t dash : {2U, 35U, 52U}) {
    separators[dash] = '_';
    EXPECT_EQ(ParseTraceparent(separators), std::nullopt) << separators;
    separators[dash] = '-';
  }
}

TEST(TraceContext, ParsesLaterVersionsAsFarAsTheyAreKnown) {
  const TraceContext expected{kTraceId, kSpanId, true};
  EXPECT_EQ(ParseTraceparent(Joined("cc", kTraceId, kSpanId, "01")), expected);
  EXPECT_EQ(ParseTraceparent(Joined("cc", kTraceId, kSpanId, "01-")), expected);
  EXPECT_EQ(ParseTraceparent(Joined("01", kTraceId, kSpanId, "01-what-the-future-will-be-like")), expected);
}

// Of the flags, only "sampled" has a meaning in version 00; the others are set to 0.
TEST(TraceContext, PassesOnOnlyTheFlagThatItKnows) {
  EXPECT_EQ(FormatTraceparent(*ParseTraceparent(Joined("00", kTraceId, kSpanId, "ff"))),
            Joined("00", kTraceId, kSpanId, "01"));
  EXPECT_EQ(FormatTraceparent(*ParseTraceparent(Joined("cc", kTraceId, kSpanId, "fe-more"))),
            Joined("00", kTraceId, kSpanId, "00"));
}

TEST(TraceContext, MakesValidIdsThatDiffer) {
  std::set<std::string> traces, spans;
  for (int i = 0; i < 100; ++i) {
    const TraceContext trace = NewTrace();
    EXPECT_EQ(ParseTraceparent(FormatTraceparent(trace)), trace);
    const TraceContext span = NewSpan({.trace_id = kTraceId, .span_id = kSpanId, .sampled = true});
    EXPECT_EQ(ParseTraceparent(FormatTraceparent(span)), span);
    EXPECT_EQ(span.trace_id, kTraceId);
    EXPECT_TRUE(span.sampled);
    traces.insert(trace.trace_id);
    spans.insert({trace.span_id, span.span_id});
  }
  EXPECT_EQ(traces.size(), 100U);
  EXPECT_EQ(spans.size(), 200U);
}

}  // namespace
}  // namespace recurve
