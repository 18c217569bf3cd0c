// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/check_range.h"
#include "planner_service/planning/mixed_chain.h"
#include "planner_service/planning/two_level.h"

namespace recurve {
namespace {

// Checks fields and keeps the first error.
class FieldCheck {
 public:
  void Range(const std::string& field, int64_t value, int64_t least, int64_t most) {
    status_.Update(CheckRange(field, value, least, most));
  }
  void Bytes(const std::string& field, int64_t value) { Range(field, value, 0, kMaxBytes); }
  void Cost(const std::string& field, int64_t value) { Range(field, value, 0, kMaxCost); }
  template <typename Costs>
  void LinkCosts(const std::string& prefix, const Costs& costs) {
    Cost(prefix + "forward_cost", costs.forward_cost);
    Cost(prefix + "taped_forward_cost", costs.taped_forward_cost);
    Cost(prefix + "backward_cost", costs.backward_cost);
  }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

void CheckStore(const std::string& prefix, const TwoLevelRequest::Store& store, FieldCheck& check) {
  check.Bytes(prefix + "bytes", store.bytes);
  check.Cost(prefix + "write_cost", store.write_cost);
  check.Cost(prefix + "read_cost", store.read_cost);
}

}  // namespace

absl::Status CheckRequest(const ChainRequest& request) {
  FieldCheck check;
  check.Range("number of segments", static_cast<int64_t>(request.segments.size()), 1, kMaxMixedLinks);
  int64_t links = 0;
  for (size_t i = 0; i < request.segments.size() && check.status().ok(); ++i) {
    const ChainSegment& segment = request.segments[i];
    const std::string prefix = absl::StrCat("segments[", i, "].");
    check.Range(prefix + "links", segment.links, 1, kMaxMixedLinks);
    check.Bytes(prefix + "state_bytes", segment.state_bytes);
    check.Bytes(prefix + "tape_bytes", segment.tape_bytes);
    check.LinkCosts(prefix, segment);
    if (check.status().ok()) links += segment.links;
  }
  check.Range("total links of all segments", links, 1, kMaxMixedLinks);
  check.Bytes("final_state_bytes", request.final_state_bytes);
  check.Bytes("budget_bytes", request.budget_bytes);
  check.Range("max_corners", request.max_corners, 0, kMaxCorners);
  if (!check.status().ok()) return check.status();
  const int64_t splits = CountSplits(request.segments);
  if (splits <= kMaxMixedSplits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("segments have ", splits, " ways to split their ", links,
                                                 " links; must be at most ", kMaxMixedSplits,
                                                 ": use more steps per link, or fewer segments"));
}

absl::Status CheckRequest(const TwoLevelRequest& request) {
  FieldCheck check;
  check.Range("length", request.length, 1, kMaxTwoLevelLinks);
  check.Range("state_bytes", request.state_bytes, 1, kMaxBytes);
  check.Bytes("tape_bytes", request.tape_bytes);
  check.LinkCosts("", request);
  CheckStore("device.", request.device, check);
  CheckStore("host.", request.host, check);
  if (!check.status().ok()) return check.status();
  const int64_t steps = CountTwoLevelSteps(request);
  if (steps <= kMaxTwoLevelSteps) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "length is ", request.length, " with ", request.device.bytes / request.state_bytes, " states on the device and ",
      request.host.bytes / request.state_bytes, " on the host; length * length * (device + 1) * (host + 1) is ", steps,
      ", must be at most ", kMaxTwoLevelSteps, ": use more steps per link, or less host memory"));
}

}  // namespace recurve
