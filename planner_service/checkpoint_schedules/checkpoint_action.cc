// SPDX-License-Identifier: Apache-2.0
#include "planner_service/checkpoint_schedules/checkpoint_action.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

using Json = nlohmann::json;
using Kind = CheckpointAction::Kind;
using Storage = CheckpointAction::Storage;

struct KindName {
  Kind kind;
  const char* name;
  size_t arguments;
  const char* usage;
};
constexpr KindName kKinds[] = {
    {Kind::kForward, "Forward", 5, R"(["Forward", n0, n1, write_ics, write_adj_deps, storage])"},
    {Kind::kReverse, "Reverse", 3, R"(["Reverse", n1, n0, clear_adj_deps])"},
    {Kind::kCopy, "Copy", 3, R"(["Copy", n, from_storage, to_storage])"},
    {Kind::kMove, "Move", 3, R"(["Move", n, from_storage, to_storage])"},
    {Kind::kEndForward, "EndForward", 0, R"(["EndForward"])"},
    {Kind::kEndReverse, "EndReverse", 0, R"(["EndReverse"])"},
};
constexpr const char* kStorages[] = {"RAM", "DISK", "WORK", "NONE"};  // in the order of Storage

// The arguments in the syntax of Python or JSON.
std::string Arguments(const CheckpointAction& action, const char* yes, const char* no, const char* quote) {
  const auto flag = [&](bool value) { return value ? yes : no; };
  const auto storage = [&](Storage value) { return absl::StrCat(quote, kStorages[static_cast<int>(value)], quote); };
  switch (action.kind) {
    case Kind::kForward:
      return absl::StrCat(action.n0, ", ", action.n1, ", ", flag(action.write_ics), ", ", flag(action.write_adj_deps),
                          ", ", storage(action.storage));
    case Kind::kReverse:
      return absl::StrCat(action.n1, ", ", action.n0, ", ", flag(action.clear_adj_deps));
    case Kind::kCopy:
    case Kind::kMove:
      return absl::StrCat(action.n0, ", ", storage(action.storage), ", ", storage(action.to_storage));
    case Kind::kEndForward:
    case Kind::kEndReverse:
      break;
  }
  return "";
}

// Reads arguments one by one and remembers whether all were valid.
class ArgumentReader {
 public:
  explicit ArgumentReader(const Json& array) : array_(array) {}

  int64_t Number() {
    const Json& json = array_[next_++];
    if (json.is_number_unsigned()) {
      const auto value = json.get<uint64_t>();
      if (value <= INT64_MAX) return static_cast<int64_t>(value);
    } else if (json.is_number_integer()) {
      return json.get<int64_t>();
    }
    ok_ = false;
    return 0;
  }

  bool Flag() {
    const Json& json = array_[next_++];
    ok_ = ok_ && json.is_boolean();
    return json.is_boolean() && json.get<bool>();
  }

  Storage Place() {
    const Json& json = array_[next_++];
    for (int i = 0; json.is_string() && i < 4; ++i) {
      if (json.get_ref<const std::string&>() == kStorages[i]) return static_cast<Storage>(i);
    }
    ok_ = false;
    return Storage::kNone;
  }

  bool ok() const { return ok_; }

 private:
  const Json& array_;
  size_t next_ = 1;  // after the name
  bool ok_ = true;
};

// nullopt if an argument has the wrong type or is out of range.
std::optional<CheckpointAction> ReadArguments(Kind kind, const Json& array) {
  CheckpointAction action{.kind = kind};
  ArgumentReader reader(array);
  switch (kind) {
    case Kind::kForward:
      action.n0 = reader.Number();
      action.n1 = reader.Number();
      action.write_ics = reader.Flag();
      action.write_adj_deps = reader.Flag();
      action.storage = reader.Place();
      break;
    case Kind::kReverse:
      action.n1 = reader.Number();
      action.n0 = reader.Number();
      action.clear_adj_deps = reader.Flag();
      break;
    case Kind::kCopy:
    case Kind::kMove:
      action.n0 = reader.Number();
      action.storage = reader.Place();
      action.to_storage = reader.Place();
      break;
    case Kind::kEndForward:
    case Kind::kEndReverse:
      break;
  }
  if (!reader.ok()) return std::nullopt;
  return action;
}

}  // namespace

std::string ToString(const CheckpointAction& action) {
  return absl::StrCat(kKinds[static_cast<int>(action.kind)].name, "(", Arguments(action, "True", "False", ""), ")");
}

std::string ToJson(const CheckpointAction& action) {
  const KindName& kind = kKinds[static_cast<int>(action.kind)];
  return absl::StrCat("[\"", kind.name, kind.arguments > 0 ? "\", " : "\"", Arguments(action, "true", "false", "\""),
                      "]");
}

absl::StatusOr<CheckpointAction> ParseCheckpointAction(absl::string_view line) {
  ASSIGN_OR_RETURN(const Json parsed, ParseStrictJson<Json>({line.data(), line.size()}));
  const Json& json = parsed;
  if (!json.is_array() || json.empty() || !json[0].is_string()) {
    return absl::InvalidArgumentError("must be an array that begins with the name of an action");
  }
  for (const KindName& kind : kKinds) {
    if (json[0].get_ref<const std::string&>() != kind.name) continue;
    std::optional<CheckpointAction> action;
    if (json.size() == 1 + kind.arguments) action = ReadArguments(kind.kind, json);
    if (action) return *action;
    return absl::InvalidArgumentError(absl::StrCat("must be ", kind.usage, " with integers below 2^63, true or ",
                                                   "false, and \"RAM\", \"DISK\", \"WORK\" or \"NONE\""));
  }
  return absl::InvalidArgumentError("must begin with Forward, Reverse, Copy, Move, EndForward or EndReverse");
}

}  // namespace recurve
