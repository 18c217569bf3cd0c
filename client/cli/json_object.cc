// SPDX-License-Identifier: Apache-2.0
#include "client/cli/json_object.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/interrupt.h"
#include "executor/data/input_file.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr int64_t kMostBytes = 4 << 20;  // of a file; far more than any chain or split takes

// A value in a message. What has parts is only named: it may be nested deeper than dump() can follow.
std::string Shown(const Json& json) { return json.is_structured() ? json.type_name() : json.dump(); }

}  // namespace

JsonObject::JsonObject(const Json& json, std::string what) : json_(json), what_(std::move(what)) {
  if (!json_.is_object()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(what_, " is ", json_.type_name(), "; must be a JSON object"));
  }
}

void JsonObject::Fail(const std::string& key, const std::string& message) {
  status_.Update(absl::InvalidArgumentError(absl::StrCat(what_, ": \"", key, "\" ", message)));
}

void JsonObject::Fail(const absl::Status& status) { status_.Update(status); }

const Json* JsonObject::Find(const std::string& key) {
  known_.insert(key);
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

void JsonObject::Require(const std::string& key) {
  if (Find(key) == nullptr) Fail(key, "is missing");
}

void JsonObject::Count(const std::string& key, int64_t& value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  const bool whole = json->is_number_integer() && !(json->is_number_unsigned() && json->get<uint64_t>() > INT64_MAX);
  if (!whole) return Fail(key, absl::StrCat("is ", Shown(*json), "; must be a whole number below 2^63"));
  value = json->get<int64_t>();
}

void JsonObject::Bytes(const std::string& key, int64_t& value) {
  const Json* json = Find(key);
  if (json == nullptr || !json->is_string()) return Count(key, value);
  const absl::StatusOr<int64_t> bytes = ParseBytes(json->get<std::string>());
  if (!bytes.ok()) return Fail(key, absl::StrCat("is wrong: ", bytes.status().message()));
  value = *bytes;
}

void JsonObject::Real(const std::string& key, double& value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_number()) return Fail(key, absl::StrCat("is ", Shown(*json), "; must be a number"));
  value = json->get<double>();
}

void JsonObject::Flag(const std::string& key, bool& value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_boolean()) return Fail(key, absl::StrCat("is ", Shown(*json), "; must be true or false"));
  value = json->get<bool>();
}

void JsonObject::Text(const std::string& key, std::string& value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_string()) return Fail(key, absl::StrCat("is ", Shown(*json), "; must be a string"));
  value = json->get<std::string>();
}

absl::Status JsonObject::End() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : json_.items()) {
    if (known_.count(key) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(what_, ": \"", key, "\" is not known here"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Json> ReadJsonFile(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, InputFile::OpenArgument(path, WhenInterrupted()));
  const std::string& name = file->name();
  if (file->size() > kMostBytes) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is larger than ", kMostBytes, " bytes"));
  }
  std::string text(static_cast<size_t>(file->size()), '\0');
  RETURN_IF_ERROR(file->Read(0, text.data(), file->size()));
  absl::StatusOr<Json> json = ParseStrictJson<Json>(text);
  if (!json.ok()) return absl::InvalidArgumentError(absl::StrCat(name, " ", json.status().message()));
  return json;
}

}  // namespace recurve
