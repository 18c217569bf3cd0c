// SPDX-License-Identifier: Apache-2.0
//
// Each configuration struct is described once: the struct has the defaults, and its function VisitFields gives the
// name, range and meaning of each field. The command line, checks, JSON and protobuf messages are all derived from it.
//
//   void VisitFields(OptimizerSpec& spec, FieldVisitor& visitor) {
//     visitor.Enum({"kind", "optimization algorithm", "--optimizer"}, kOptimizerNames, spec.kind);
//     visitor.Real({"learning_rate", "learning rate after warm-up"}, {.least = 0, .most = 1000, .above_least = true},
//                  spec.learning_rate);
//   }
#ifndef RECURVE_PLANNER_SERVICE_FIELDS_FIELD_H_
#define RECURVE_PLANNER_SERVICE_FIELDS_FIELD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "planner_service/fields/named.h"

namespace recurve {

// How users write a value. Does not affect the value itself.
enum class Notation : uint8_t {
  kPlain,
  kShare,    // 0.05, or 5%
  kSeconds,  // 90, or 1.5m
  kBytes,    // 65536, or 64KiB
};

struct Field {
  const char* name;       // in JSON and protobuf messages, in lower_snake_case
  const char* help = "";  // one phrase without a period; the range is appended
  // On the command line; null: "--" and the name with hyphens. A flag with prefix "!" sets the value to false.
  const char* option = nullptr;
  const char* kind = nullptr;     // placeholder for the value in the help, such as FILE
  const char* heading = nullptr;  // in the help, also of the fields of a part; null: that of the enclosing part
  Notation notation = Notation::kPlain;
  bool required = false;  // must be present in JSON and messages
};

struct CountRange {
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
};
inline constexpr CountRange kNotNegative{.least = 0};

// Values in the range are finite.
struct RealRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool above_least = false;  // excludes `least`
  bool below_most = false;   // excludes `most`
};
inline constexpr RealRange kRate{.least = 0, .most = 1, .below_most = true};  // such as dropout
inline constexpr RealRange kNotBelowZero{.least = 0};

// Visits each field of a struct in order of declaration. A visitor may read or write the values.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  virtual void Count(const Field& field, const CountRange& range, int64_t& value) = 0;
  virtual void Seed(const Field& field, uint64_t& value) = 0;  // any value
  virtual void Real(const Field& field, const RealRange& range, double& value) = 0;
  virtual void Flag(const Field& field, bool& value) = 0;
  virtual void Text(const Field& field, std::string& value) = 0;
  virtual void Texts(const Field& field, std::vector<std::string>& values) = 0;
  // A choice among `names`. `index` is the current one, names.size() if invalid. `assign` sets another and remains
  // valid for the lifetime of the struct.
  virtual void Choice(const Field& field, const std::vector<std::string>& names, size_t index,
                      const std::function<void(size_t)>& assign) = 0;
  // A nested struct.
  virtual void Part(const Field& field, const std::function<void(FieldVisitor&)>& fields) = 0;
  // A list of structs; `entries`: the range of its size.
  virtual void List(const Field& field, const CountRange& entries, size_t size,
                    const std::function<void(size_t)>& resize,
                    const std::function<void(size_t, FieldVisitor&)>& fields) = 0;
  // Whether to visit an optional field: writers return `present`, readers whether the source has it.
  virtual bool Visits(const Field& field, bool present) = 0;

  // `kinds` must outlive the visitor.
  template <typename Kind, size_t n>
  void Enum(const Field& field, const Named<Kind> (&kinds)[n], Kind& value) {
    std::vector<std::string> names;
    size_t index = n;
    for (size_t i = 0; i < n; ++i) {
      names.emplace_back(kinds[i].name);
      if (kinds[i].value == value) index = i;
    }
    Choice(field, names, index, [&kinds, &value](size_t chosen) { value = kinds[chosen].value; });
  }

  template <typename Struct>
  void Fields(const Field& field, Struct& part) {
    Part(field, [&part](FieldVisitor& visitor) { VisitFields(part, visitor); });
  }

  template <typename Struct>
  void Fields(const Field& field, std::optional<Struct>& part) {
    IfPresent(part, field, [&](Struct& present) { Fields(field, present); });
  }

  template <typename Struct>
  void Fields(const Field& field, const CountRange& entries, std::vector<Struct>& parts) {
    List(
        field, entries, parts.size(), [&parts](size_t size) { parts.resize(size); },
        [&parts](size_t index, FieldVisitor& visitor) { VisitFields(parts[index], visitor); });
  }

  void Flag(const Field& field, std::optional<bool>& value) {
    IfPresent(value, field, [&](bool& present) { Flag(field, present); });
  }

  void Count(const Field& field, const CountRange& range, std::optional<int64_t>& value) {
    IfPresent(value, field, [&](int64_t& present) { Count(field, range, present); });
  }

  // The alternative `Kind`, named `field`, if it is the one to visit; otherwise null.
  template <typename Kind, typename... Kinds>
  Kind* Alternative(const Field& field, std::variant<Kinds...>& value) {
    if (!Visits(field, std::holds_alternative<Kind>(value))) return nullptr;
    if (Kind* held = std::get_if<Kind>(&value)) return held;
    return &value.template emplace<Kind>();
  }

  void Real(const Field& field, const RealRange& range, std::optional<double>& value) {
    IfPresent(value, field, [&](double& present) { Real(field, range, present); });
  }

 private:
  template <typename Value, typename Visit>
  void IfPresent(std::optional<Value>& value, const Field& field, const Visit& visit) {
    if (Visits(field, value.has_value())) visit(value ? *value : value.emplace());
  }
};

// Visits all fields of one struct.
using FieldsFunction = std::function<void(FieldVisitor&)>;

// A struct with a VisitFields function.
template <typename Struct>
concept Described = requires(Struct& value, FieldVisitor& visitor) {
  VisitFields(value, visitor);
};

template <typename Struct>
FieldsFunction FieldsOf(Struct& value) {
  return [&value](FieldVisitor& visitor) { VisitFields(value, visitor); };
}
// Only for visitors that do not write.
template <typename Struct>
FieldsFunction FieldsOf(const Struct& value) {
  return FieldsOf(const_cast<Struct&>(value));
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_FIELDS_FIELD_H_
