// SPDX-License-Identifier: Apache-2.0
#include "client/cli/chain_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/json_file.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::Status ReadSegment(const Json& json, const std::string& what, ChainSegment& segment, std::string& name) {
  JsonReader reader(json, what);
  reader.Text({"name"}, name);
  VisitFields(segment, reader);
  return reader.End();
}

}  // namespace

absl::StatusOr<ChainFile> ReadChainFile(const std::string& path) {
  ASSIGN_OR_RETURN(const Json json, ReadJsonFile(path));
  ChainFile file;
  JsonReader reader(json, path);
  const Json* segments = reader.Find("segments");
  if (segments == nullptr) reader.Fail("segments", "is missing");
  if (segments != nullptr && !segments->is_array()) reader.Fail("segments", "must be a list");
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
  reader.Count({.name = "final_state_bytes", .notation = Notation::kBytes}, {0, kMaxBytes}, file.final_state_bytes);
  RETURN_IF_ERROR(reader.End());
  return file;
}

}  // namespace recurve
