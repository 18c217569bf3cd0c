// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_TEXT_STRICT_JSON_H_
#define RECURVE_PLANNER_SERVICE_TEXT_STRICT_JSON_H_

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// Parses untrusted JSON; all such JSON must be read through it. Rejects what other parsers accept: duplicate keys in an
// object, bytes after a NUL, values nested more than 32 levels deep. INVALID_ARGUMENT with a predicate about the text:
// "is not JSON", "has the key \"a\" twice in an object".
//
// Json is nlohmann::json or nlohmann::ordered_json.
template <typename Json>
absl::StatusOr<Json> ParseStrictJson(std::string_view text);

extern template absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);
extern template absl::StatusOr<nlohmann::ordered_json> ParseStrictJson(std::string_view text);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_STRICT_JSON_H_
