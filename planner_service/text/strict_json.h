// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_TEXT_STRICT_JSON_H_
#define RECURVE_PLANNER_SERVICE_TEXT_STRICT_JSON_H_

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// The one way in which JSON that somebody else wrote is read. What other parsers let pass is refused: a key that comes
// twice in an object, bytes after a NUL, values that are nested more than 32 deep. INVALID_ARGUMENT completes a
// sentence about the text: "is not JSON", "has the key \"a\" twice".
//
// Json is nlohmann::json or nlohmann::ordered_json.
template <typename Json>
absl::StatusOr<Json> ParseStrictJson(std::string_view text);

extern template absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);
extern template absl::StatusOr<nlohmann::ordered_json> ParseStrictJson(std::string_view text);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_STRICT_JSON_H_
