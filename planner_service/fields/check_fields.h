// SPDX-License-Identifier: Apache-2.0
//
// Range checks. Each INVALID_ARGUMENT names the field, its value and its range, in the same format everywhere.
#ifndef RECURVE_PLANNER_SERVICE_FIELDS_CHECK_FIELDS_H_
#define RECURVE_PLANNER_SERVICE_FIELDS_CHECK_FIELDS_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "planner_service/fields/field.h"

namespace recurve {

// "1 to 64", "at least 0"; "at least 0 and below 1", "above 0% and at most 100%", "finite and at least 0". Empty if
// unlimited.
std::string RangeText(const CountRange& range);
std::string RangeText(const RealRange& range, Notation notation = Notation::kPlain);

// "layers is 0; must be 1 to 64"
absl::Status CheckRange(absl::string_view field, int64_t value, const CountRange& range);
inline absl::Status CheckRange(absl::string_view field, int64_t value, int64_t least, int64_t most) {
  return CheckRange(field, value, CountRange{least, most});
}
absl::Status CheckReal(absl::string_view field, double value, const RealRange& range,
                       Notation notation = Notation::kPlain);
// Checks the number of entries of a list: "lengths has 0 entries; must have 1 to 10000".
absl::Status CheckCount(absl::string_view field, int64_t count, int64_t least, int64_t most);

absl::Status FirstError(std::initializer_list<absl::Status> statuses);

// Checks every field of a struct. `prefix` is prepended to field names: "workload.model.".
absl::Status CheckFields(const FieldsFunction& fields, absl::string_view prefix);
template <Described Struct>
absl::Status CheckFields(const Struct& value, absl::string_view prefix = "") {
  return CheckFields(FieldsOf(value), prefix);
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_FIELDS_CHECK_FIELDS_H_
