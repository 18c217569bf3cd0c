// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/control_groups.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace recurve {
namespace {

// A mounted control group hierarchy, with the group `top` at `directory`.
struct Hierarchy {
  std::string top;
  std::string directory;
  bool unified = false;
};

// A line of mountinfo (proc(5)): "36 31 0:33 TOP DIRECTORY rw - cgroup cgroup rw,memory". Spaces in names are "\040".
std::optional<Hierarchy> ParseMount(const std::string& line, const std::string& controller) {
  const std::pair<std::string, std::string> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
  const std::vector<std::string> mount = absl::StrSplit(halves.first, ' ');
  const std::vector<std::string> system = absl::StrSplit(halves.second, ' ');
  if (mount.size() < 5 || system.size() < 3) return std::nullopt;
  const bool unified = system[0] == "cgroup2";
  const std::vector<std::string> options = absl::StrSplit(system[2], ',');
  const bool has_controller = std::find(options.begin(), options.end(), controller) != options.end();
  if (!unified && !(system[0] == "cgroup" && has_controller)) return std::nullopt;
  Hierarchy hierarchy{.unified = unified};
  if (!absl::CUnescape(mount[3], &hierarchy.top) || !absl::CUnescape(mount[4], &hierarchy.directory)) {
    return std::nullopt;
  }
  return hierarchy;
}

// The group of this process, from lines such as "4:memory:/batch/job7" (version 1) or "0::/batch/job7" (version 2).
std::optional<std::string> GroupIn(const Hierarchy& hierarchy, const std::string& controller, const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    const bool match = hierarchy.unified
                           ? parts[0] == "0"
                           : std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
    if (match) return parts[2];
  }
  return std::nullopt;
}

// The path of `group` relative to `top`, such as "/job7". In a container, only the top may be visible, under a name
// that is not a prefix of the group's; the path is then empty.
std::string BelowTop(const std::string& group, const std::string& top) {
  absl::string_view below = group;
  if (top != "/" && !absl::ConsumePrefix(&below, top)) return "";
  if (below == "/" || (!below.empty() && below.front() != '/') || absl::StrContains(below, "..")) return "";
  return std::string(below);
}

}  // namespace

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<ControlGroup> ControlGroupsOf(const std::string& controller, const std::string& root) {
  std::vector<ControlGroup> groups;
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const std::optional<Hierarchy> hierarchy = ParseMount(line, controller);
    if (!hierarchy) continue;
    const std::optional<std::string> group = GroupIn(*hierarchy, controller, root);
    if (!group) continue;
    for (std::string below = BelowTop(*group, hierarchy->top);; below.resize(below.rfind('/'))) {
      groups.push_back(
          {.directory = absl::StrCat(root, hierarchy->directory, below),
           .name = below.empty() ? hierarchy->top : absl::StrCat(hierarchy->top == "/" ? "" : hierarchy->top, below),
           .unified = hierarchy->unified});
      if (below.empty()) break;
    }
  }
  return groups;
}

}  // namespace recurve
