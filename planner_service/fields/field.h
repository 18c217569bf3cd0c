// SPDX-License-Identifier: Apache-2.0
//
// A configuration is described once: its struct has the defaults, and one function VisitFields names each field with
// its range and its meaning. The command line, the checks, JSON and protobuf messages all follow that function.
//
//   void VisitFields(OptimizerSpec& spec, FieldVisitor& visitor) {
//     visitor.Enum({"kind", "what turns gradients into steps", "--optimizer"}, kOptimizerNames, spec.kind);
//     visitor.Real({"learning_rate", "after warm-up"}, {.least = 0, .most = 1000, .above_least = true},
//     spec.learning_rate);
//   }
#ifndef RECURVE_PLANNER_SERVICE_FIELDS_FIELD_H_
#define RECURVE_PLANNER_SERVICE_FIELDS_FIELD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace recurve {

// How people write a value. It does not change the value itself.
enum class Notation : uint8_t {
  kPlain,
  kShare,    // 0.05, or 5%
  kSeconds,  // 90, or 1.5m
  kBytes,    // 65536, or 64KiB
};

struct Field {
  const char* name;              // as in JSON and in protobuf messages: lower_snake_case
  const char* help;              // one phrase without a full stop
  const char* option = nullptr;  // on the command line; null: "--" and the name with hyphens
  const char* kind = nullptr;    // of a text, such as FILE
  Notation notation = Notation::kPlain;
};

struct CountRange {
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
};

// A value in it is finite.
struct RealRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool above_least = false;  // the least itself is out of range
  bool below_most = false;   // so is the most
};

inline constexpr RealRange kRate{.least = 0, .most = 1, .below_most = true};  // of dropout

template <typename Kind>
struct Named {
  std::string_view name;
  Kind value;
};

// Does something with each field, in the order of their declaration. Values may be read or written.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  virtual void Count(const Field& field, const CountRange& range, int64_t& value) = 0;
  virtual void Seed(const Field& field, uint64_t& value) = 0;  // any value
  virtual void Real(const Field& field, const RealRange& range, double& value) = 0;
  virtual void Flag(const Field& field, bool& value) = 0;
  virtual void Text(const Field& field, std::string& value) = 0;
  virtual void Texts(const Field& field, std::vector<std::string>& values) = 0;
  // One of `names`, the one at `index` now; `assign` sets another, and may be kept as long as the struct lives.
  virtual void Choice(const Field& field, const std::vector<std::string_view>& names, size_t index,
                      const std::function<void(size_t)>& assign) = 0;
  // The fields of a part. `present`: whether there is such a part; null: always.
  virtual void Part(const Field& field, bool* present, const std::function<void(FieldVisitor&)>& fields) = 0;

  // `kinds` outlives the visit.
  template <typename Kind, size_t n>
  void Enum(const Field& field, const Named<Kind> (&kinds)[n], Kind& value) {
    std::vector<std::string_view> names;
    size_t index = 0;
    for (size_t i = 0; i < n; ++i) {
      names.push_back(kinds[i].name);
      if (kinds[i].value == value) index = i;
    }
    Choice(field, names, index, [&kinds, &value](size_t chosen) { value = kinds[chosen].value; });
  }
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_FIELDS_FIELD_H_
