// SPDX-License-Identifier: Apache-2.0
#include "planner_service/fields/json_fields.h"

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// A value for error messages. Structured values show only their type: nesting may be too deep for dump().
std::string Shown(const Json& json) { return json.is_structured() ? json.type_name() : json.dump(); }

bool IsCount(const Json& json) {
  return json.is_number_integer() && !(json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX);
}

class JsonWriter final : public FieldVisitor {
 public:
  Json Take() { return std::move(json_); }

  void Count(const Field& field, const CountRange&, int64_t& value) override { json_[field.name] = value; }
  void Seed(const Field& field, uint64_t& value) override { json_[field.name] = value; }
  void Real(const Field& field, const RealRange&, double& value) override { json_[field.name] = value; }
  void Flag(const Field& field, bool& value) override { json_[field.name] = value; }
  void Text(const Field& field, std::string& value) override { json_[field.name] = value; }
  void Texts(const Field& field, std::vector<std::string>& values) override { json_[field.name] = values; }
  void Choice(const Field& field, const std::vector<std::string>& names, size_t index,
              const std::function<void(size_t)>&) override {
    if (index < names.size()) json_[field.name] = names[index];
  }
  void Part(const Field& field, const FieldsFunction& fields) override { json_[field.name] = FieldsJson(fields); }
  void List(const Field& field, const CountRange&, size_t size, const std::function<void(size_t)>&,
            const std::function<void(size_t, FieldVisitor&)>& fields) override {
    Json& list = json_[field.name] = Json::array();
    for (size_t i = 0; i < size; ++i) {
      list.push_back(FieldsJson(FieldsFunction([&](FieldVisitor& visitor) { fields(i, visitor); })));
    }
  }
  bool Visits(const Field&, bool present) override { return present; }

 private:
  Json json_ = Json::object();
};

}  // namespace

Json FieldsJson(const FieldsFunction& fields) {
  JsonWriter writer;
  fields(writer);
  return writer.Take();
}

JsonReader::JsonReader(const Json& json, std::string what, bool require_all)
    : json_(json), what_(std::move(what)), require_all_(require_all) {
  if (!json_.is_object()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(what_, " is ", json_.type_name(), "; must be a JSON object"));
  }
}

void JsonReader::Fail(const std::string& key, const std::string& message) {
  status_.Update(absl::InvalidArgumentError(absl::StrCat(what_, ": \"", key, "\" ", message)));
}

const Json* JsonReader::Find(const std::string& key) {
  known_.insert(key);
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

const Json* JsonReader::Find(const Field& field) {
  const Json* json = Find(std::string(field.name));
  if (json == nullptr && (field.required || require_all_)) Fail(field.name, "is missing");
  return json;
}

void JsonReader::Count(const Field& field, const CountRange&, int64_t& value) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (field.notation == Notation::kBytes && json->is_string()) {
    const absl::StatusOr<int64_t> bytes = ParseBytes(json->get<std::string>());
    if (!bytes.ok()) return Fail(field.name, absl::StrCat("is invalid: ", bytes.status().message()));
    value = *bytes;
    return;
  }
  if (!IsCount(*json)) {
    return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be a whole number below 2^63"));
  }
  value = json->get<int64_t>();
}

void JsonReader::Seed(const Field& field, uint64_t& value) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (!json->is_number_unsigned()) {
    return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be a whole number from 0 to 2^64-1"));
  }
  value = json->get<uint64_t>();
}

void JsonReader::Real(const Field& field, const RealRange&, double& value) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (!json->is_number()) return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be a number"));
  value = json->get<double>();
}

void JsonReader::Flag(const Field& field, bool& value) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (!json->is_boolean()) return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be true or false"));
  value = json->get<bool>();
}

void JsonReader::Text(const Field& field, std::string& value) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (!json->is_string()) return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be a string"));
  value = json->get<std::string>();
}

void JsonReader::Texts(const Field& field, std::vector<std::string>& values) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (!json->is_array()) return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be a list of strings"));
  values.clear();
  for (const Json& entry : *json) {
    if (!entry.is_string()) {
      return Fail(field.name, absl::StrCat("has the entry ", Shown(entry), "; must have only strings"));
    }
    values.push_back(entry.get<std::string>());
  }
}

void JsonReader::Choice(const Field& field, const std::vector<std::string>& names, size_t,
                        const std::function<void(size_t)>& assign) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  for (size_t i = 0; i < names.size(); ++i) {
    if (json->is_string() && json->get_ref<const std::string&>() == names[i]) return assign(i);
  }
  Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be one of \"", absl::StrJoin(names, "\", \""), "\""));
}

void JsonReader::Part(const Field& field, const FieldsFunction& fields) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  JsonReader part(*json, field.name, require_all_);
  fields(part);
  status_.Update(part.End());
}

void JsonReader::List(const Field& field, const CountRange&, size_t, const std::function<void(size_t)>& resize,
                      const std::function<void(size_t, FieldVisitor&)>& fields) {
  const Json* json = Find(field);
  if (json == nullptr) return;
  if (!json->is_array()) return Fail(field.name, absl::StrCat("is ", Shown(*json), "; must be a list"));
  resize(json->size());
  for (size_t i = 0; i < json->size(); ++i) {
    JsonReader entry((*json)[i], absl::StrCat(field.name, "[", i, "]"), require_all_);
    fields(i, entry);
    status_.Update(entry.End());
  }
}

bool JsonReader::Visits(const Field& field, bool) { return Find(std::string(field.name)) != nullptr; }

absl::Status JsonReader::End() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : json_.items()) {
    if (known_.count(key) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(what_, ": \"", key, "\" is not a known key"));
    }
  }
  return absl::OkStatus();
}

}  // namespace recurve
