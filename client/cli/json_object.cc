// SPDX-License-Identifier: Apache-2.0
#include "client/cli/json_object.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planner_service/units/units.h"

namespace recurve {

JsonObject::JsonObject(const Json& json, std::string what) : json_(json), what_(std::move(what)) {
  if (!json_.is_object()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(what_, " is ", json_.type_name(), "; must be a JSON object"));
  }
}

void JsonObject::Fail(const std::string& key, const std::string& message) {
  status_.Update(absl::InvalidArgumentError(absl::StrCat(what_, ": \"", key, "\" ", message)));
}

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
  if (!whole) return Fail(key, absl::StrCat("is ", json->dump(), "; must be a whole number below 2^63"));
  value = json->get<int64_t>();
}

void JsonObject::Bytes(const std::string& key, int64_t& value) {
  const Json* json = Find(key);
  if (json == nullptr || !json->is_string()) return Count(key, value);
  const absl::StatusOr<int64_t> bytes = ParseBytes(json->get<std::string>());
  if (!bytes.ok()) return Fail(key, absl::StrCat("is wrong: ", bytes.status().message()));
  value = *bytes;
}

void JsonObject::Text(const std::string& key, std::string& value) {
  const Json* json = Find(key);
  if (json == nullptr) return;
  if (!json->is_string()) return Fail(key, absl::StrCat("is ", json->dump(), "; must be a string"));
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

}  // namespace recurve
