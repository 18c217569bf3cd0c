// SPDX-License-Identifier: Apache-2.0
//
// The names of enumeration values in options, JSON and error messages: lower case, with hyphens.
#ifndef RECURVE_PLANNER_SERVICE_FIELDS_NAMED_H_
#define RECURVE_PLANNER_SERVICE_FIELDS_NAMED_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace recurve {

template <typename Kind>
struct Named {
  std::string_view name;
  Kind value;
};

template <typename Kind, size_t n>
constexpr std::string_view NameOf(const Named<Kind> (&kinds)[n], Kind kind) {
  for (const Named<Kind>& named : kinds) {
    if (named.value == kind) return named.name;
  }
  return "unknown";
}

template <typename Kind, size_t n>
constexpr std::optional<Kind> ValueOf(const Named<Kind> (&kinds)[n], std::string_view name) {
  for (const Named<Kind>& named : kinds) {
    if (named.name == name) return named.value;
  }
  return std::nullopt;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_FIELDS_NAMED_H_
