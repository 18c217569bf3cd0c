// SPDX-License-Identifier: Apache-2.0
#include "planner_service/checkpoint_schedules/schedule_file.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

constexpr char kFormat[] = "recurve-schedule";
constexpr int kVersion = 1;

struct Field {
  const char* name;
  std::optional<int64_t> ScheduleHeader::*value;
};
constexpr Field kFields[] = {
    {"length", &ScheduleHeader::length},
    {"state_bytes", &ScheduleHeader::state_bytes},
    {"tape_bytes", &ScheduleHeader::tape_bytes},
    {"budget_bytes", &ScheduleHeader::budget_bytes},
    {"claimed_peak_bytes", &ScheduleHeader::claimed_peak_bytes},
    {"claimed_forward_count", &ScheduleHeader::claimed_forward_count},
};

}  // namespace

std::string ToJson(const ScheduleHeader& header) {
  nlohmann::ordered_json json = {{"format", kFormat}, {"version", kVersion}};
  for (const Field& field : kFields) {
    if (header.*field.value) json[field.name] = *(header.*field.value);
  }
  return json.dump();
}

absl::StatusOr<ScheduleHeader> ScheduleFileReader::ReadHeader() {
  ASSIGN_OR_RETURN(const bool read, ReadLine());
  const absl::StatusOr<nlohmann::json> parsed = ParseStrictJson<nlohmann::json>(text_);
  if (read && !parsed.ok()) return Named(parsed.status().message());
  const nlohmann::json json = read ? *parsed : nlohmann::json();
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat) {
    return Named(absl::StrCat("must be the header, an object with \"format\": \"", kFormat, "\""));
  }
  if (json.value("version", nlohmann::json()) != kVersion) {
    return Named(absl::StrCat("version must be ", kVersion));
  }
  ScheduleHeader header;
  for (const Field& field : kFields) {
    const auto found = json.find(field.name);
    if (found == json.end()) continue;
    if (!found->is_number_integer() || (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX)) {
      return Named(absl::StrCat(field.name, " must be an integer below 2^63"));
    }
    header.*field.value = found->get<int64_t>();
  }
  return header;
}

absl::StatusOr<std::optional<CheckpointAction>> ScheduleFileReader::ReadAction() {
  ASSIGN_OR_RETURN(const bool read, ReadLine());
  if (!read) return std::nullopt;
  absl::StatusOr<CheckpointAction> action = ParseCheckpointAction(text_);
  if (!action.ok()) return Named(action.status().message());
  return *action;
}

absl::StatusOr<bool> ScheduleFileReader::ReadLine() {
  text_.clear();
  std::streambuf& bytes = *in_.rdbuf();
  for (int c = bytes.sbumpc(); c != std::char_traits<char>::eof(); c = bytes.sbumpc()) {
    if (text_.empty() && (c == '\n' || c == '\r')) {
      line_ += c == '\n' ? 1 : 0;
      continue;
    }
    if (c == '\n') {
      ++line_;
      return true;
    }
    text_.push_back(static_cast<char>(c));
    if (text_.size() <= static_cast<size_t>(kMaxScheduleLine)) continue;
    ++line_;
    return Named(absl::StrCat("is longer than ", kMaxScheduleLine, " bytes"));
  }
  ++line_;
  return !text_.empty();
}

absl::Status ScheduleFileReader::Named(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat("line ", line_, ": ", what));
}

}  // namespace recurve
