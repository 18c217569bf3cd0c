// SPDX-License-Identifier: Apache-2.0
#include "client/cli/chain_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/json_object.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::Status ReadSegment(const Json& json, const std::string& what, ChainSegment& segment, std::string& name) {
  JsonObject object(json, what);
  for (const char* key : {"links", "state_bytes", "tape_bytes", "forward_cost", "backward_cost"}) object.Require(key);
  object.Text("name", name);
  object.Count("links", segment.links);
  object.Bytes("state_bytes", segment.state_bytes);
  object.Bytes("tape_bytes", segment.tape_bytes);
  object.Count("forward_cost", segment.forward_cost);
  segment.taped_forward_cost = segment.forward_cost;
  object.Count("taped_forward_cost", segment.taped_forward_cost);
  object.Count("backward_cost", segment.backward_cost);
  return object.End();
}

}  // namespace

absl::StatusOr<ChainFile> ReadChainFile(const std::string& path) {
  ASSIGN_OR_RETURN(const Json json, ReadJsonFile(path));
  ChainFile file;
  JsonObject object(json, path);
  object.Require("segments");
  const Json* segments = object.Find("segments");
  if (segments != nullptr && !segments->is_array()) object.Fail("segments", "must be a list");
  if (segments != nullptr && segments->is_array()) {
    for (const Json& entry : *segments) {
      std::string name = absl::StrCat("segment ", file.segments.size() + 1);
      ChainSegment segment;
      const std::string what = absl::StrCat(path, ": segments[", file.segments.size(), "]");
      RETURN_IF_ERROR(ReadSegment(entry, what, segment, name));
      file.segments.push_back(segment);
      file.names.push_back(std::move(name));
    }
  }
  if (!file.segments.empty()) file.final_state_bytes = file.segments.back().state_bytes;
  object.Bytes("final_state_bytes", file.final_state_bytes);
  RETURN_IF_ERROR(object.End());
  return file;
}

}  // namespace recurve
