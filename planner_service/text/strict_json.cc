// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr int kMostJsonDepth = 32;
constexpr size_t kMostShown = 80;  // bytes of a key

std::string ShownKey(const std::string& key) {
  return absl::StrCat("\"", Printable(key.substr(0, kMostShown)), key.size() > kMostShown ? "...\"" : "\"");
}

}  // namespace

template <typename Json>
absl::StatusOr<Json> ParseStrictJson(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("has a NUL byte, which JSON does not allow");
  }
  std::vector<std::set<std::string>> keys;  // per open object
  std::string repeated;
  bool deep = false;
  bool twice = false;
  const auto check = [&](int depth, typename Json::parse_event_t event, Json& parsed) {
    deep = deep || depth > kMostJsonDepth;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !twice) {
      const auto& key = parsed.template get_ref<const std::string&>();
      twice = !keys.back().insert(key).second;
      if (twice) repeated = key;
    }
    return !deep;
  };
  Json json = Json::parse(text, check, /*allow_exceptions=*/false);
  if (deep) return absl::InvalidArgumentError("is nested too deeply");
  if (json.is_discarded()) return absl::InvalidArgumentError("is not JSON");
  if (twice) return absl::InvalidArgumentError(absl::StrCat("has the key ", ShownKey(repeated), " twice in an object"));
  return json;
}

template absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);
template absl::StatusOr<nlohmann::ordered_json> ParseStrictJson(std::string_view text);

}  // namespace recurve
