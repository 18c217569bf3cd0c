// SPDX-License-Identifier: Apache-2.0
#include "planner_service/trace/trace_context.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr size_t kTraceIdDigits = 32;
constexpr size_t kSpanIdDigits = 16;
constexpr size_t kSizeOfVersion00 = 55;

int ValueOf(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view text) { return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos; }

std::mt19937_64 SeededGenerator() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

std::string NewId(size_t digits) {
  // Every call of a daemon takes ids, and the device takes longer than all else that a trace costs.
  thread_local std::mt19937_64 random = SeededGenerator();
  std::string id;
  do {
    id.clear();
    while (id.size() < digits) absl::StrAppend(&id, absl::Hex(random(), absl::kZeroPad16));
  } while (!IsId(id));
  return id;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  // VERSION-TRACE_ID-SPAN_ID-FLAGS; a later version may append "-" and more.
  if (text.size() < kSizeOfVersion00) return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace_id = text.substr(3, kTraceIdDigits);
  const std::string_view span_id = text.substr(36, kSpanIdDigits);
  const std::string_view flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  if (!IsHex(version) || version == "ff" || !IsId(trace_id) || !IsId(span_id) || !IsHex(flags)) return std::nullopt;
  const bool longer = text.size() > kSizeOfVersion00;
  if (longer && (version == "00" || text[kSizeOfVersion00] != '-')) return std::nullopt;
  return TraceContext{std::string(trace_id), std::string(span_id), (ValueOf(flags[1]) & 1) != 0};
}

std::string FormatTraceparent(const TraceContext& context) {
  return absl::StrCat("00-", context.trace_id, "-", context.span_id, context.sampled ? "-01" : "-00");
}

TraceContext NewTrace() { return {NewId(kTraceIdDigits), NewId(kSpanIdDigits)}; }

TraceContext NewSpan(const TraceContext& parent) { return {parent.trace_id, NewId(kSpanIdDigits), parent.sampled}; }

const TraceContext& TraceOfProcess() {
  static const TraceContext trace = [] {
    const char* text = std::getenv(kTraceparentVariable);  // NOLINT(concurrency-mt-unsafe): nothing modifies it
    const std::optional<TraceContext> given = ParseTraceparent(text == nullptr ? "" : text);
    return given ? *given : NewTrace();
  }();
  return trace;
}

}  // namespace recurve
