// SPDX-License-Identifier: Apache-2.0
//
// Structs as JSON objects, their fields in the order of their description.
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

// Reads one JSON object that somebody wrote and notices what is missing, wrong or unknown. The first error stays and
// names the key. A key that is missing leaves its field as it is. Ranges are CheckFields' business. Refers to the
// object.
//
//   JsonReader reader(json, "workload");
//   VisitFields(workload, reader);
//   RETURN_IF_ERROR(reader.End());
class JsonReader final : public FieldVisitor {
 public:
  // `what` is what the object is called in messages. With `require_all` every key that is asked for must be there.
  JsonReader(const Json& json, std::string what, bool require_all = false);

  void Count(const Field& field, const CountRange& range, int64_t& value) override;  // of bytes, "64MiB" too
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

  const Json* Find(const std::string& key);  // nothing when it is missing
  void Fail(const std::string& key, const std::string& message);

  // After everything was read: the first error, or a key that nobody asked for.
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
