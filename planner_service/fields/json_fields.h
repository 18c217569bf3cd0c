// SPDX-License-Identifier: Apache-2.0
//
// Conversion of structs to and from JSON objects, with fields in order of declaration.
#ifndef RECURVE_PLANNER_SERVICE_FIELDS_JSON_FIELDS_H_
#define RECURVE_PLANNER_SERVICE_FIELDS_JSON_FIELDS_H_

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/fields/field.h"

namespace recurve {

using Json = nlohmann::ordered_json;

Json FieldsJson(const FieldsFunction& fields);
template <Described Struct>
Json FieldsJson(const Struct& value) {
  return FieldsJson(FieldsOf(value));
}

// Reads a JSON object and detects missing, invalid and unknown keys. Keeps the first error, which names the key. A
// missing key leaves its field unchanged. Does not check ranges; see CheckFields. Keeps a reference to the object.
//
//   JsonReader reader(json, "workload");
//   VisitFields(workload, reader);
//   RETURN_IF_ERROR(reader.End());
class JsonReader final : public FieldVisitor {
 public:
  // `what` names the object in error messages. With `require_all`, every visited key must be present.
  JsonReader(const Json& json, std::string what, bool require_all = false);

  void Count(const Field& field, const CountRange& range, int64_t& value) override;  // bytes also as "64MiB"
  void Seed(const Field& field, uint64_t& value) override;
  void Real(const Field& field, const RealRange& range, double& value) override;
  void Flag(const Field& field, bool& value) override;
  void Text(const Field& field, std::string& value) override;
  void Texts(const Field& field, std::vector<std::string>& values) override;
  void Choice(const Field& field, const std::vector<std::string>& names, size_t index,
              const std::function<void(size_t)>& assign) override;
  void Part(const Field& field, const FieldsFunction& fields) override;
  void List(const Field& field, const CountRange& entries, size_t size, const std::function<void(size_t)>& resize,
            const std::function<void(size_t, FieldVisitor&)>& fields) override;
  bool Visits(const Field& field, bool present) override;

  const Json* Find(const std::string& key);  // null if missing
  void Fail(const std::string& key, const std::string& message);

  // Call after reading everything. Returns the first error, or an error for a key that was not read.
  absl::Status End();

 private:
  const Json* Find(const Field& field);

  const Json& json_;
  const std::string what_;
  const bool require_all_;
  std::set<std::string> known_;
  absl::Status status_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_FIELDS_JSON_FIELDS_H_
