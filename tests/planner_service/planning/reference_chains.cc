// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/planning/reference_chains.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

namespace recurve {
namespace {

class MixedSearch {
 public:
  explicit MixedSearch(const ChainRequest& request) {
    for (const ChainSegment& segment : request.segments) links_.insert(links_.end(), segment.links, segment);
  }

  int links() const { return static_cast<int>(links_.size()); }

  // The cost of forwards without tape of links [begin, end), with the state before them stored and `room` bytes free.
  int64_t Cost(int begin, int end, int64_t room) {
    const auto [entry, is_new] = known_.try_emplace({begin, end, room}, INT64_MAX);
    if (!is_new) return entry->second;
    int64_t least = INT64_MAX;
    const int last = end - 1;
    const int patterns = 1 << (last - begin);
    for (int states = 0; states < patterns; ++states) {
      for (int tapes = 0; tapes < patterns; ++tapes)
        least = std::min(least, CostOfPattern(begin, end, room, states, tapes));
    }
    return known_[{begin, end, room}] = least;
  }

 private:
  // Bit k of `tapes`: the tape of link begin + k is stored. Bit k of `states`: state begin + 1 + k is.
  int64_t CostOfPattern(int begin, int end, int64_t room, int states, int tapes) {
    const int last = end - 1;
    const auto taped = [&](int link) { return (tapes >> (link - begin) & 1) != 0; };
    const auto stored = [&](int state) { return state == begin || (states >> (state - begin - 1) & 1) != 0; };
    int64_t cost = 0;
    for (int link = begin; link < last; ++link) {
      if (!taped(link)) {
        cost += links_[link].forward_cost;
      } else {
        room -= links_[link].tape_bytes;
        // The backward of the link reads these. The state before the last link is still running.
        if (!stored(link) || (link + 1 < last && !stored(link + 1))) return INT64_MAX;
      }
      if (stored(link + 1)) room -= links_[link + 1].state_bytes;
    }
    if (room < 0) return INT64_MAX;
    for (int at = last; at > begin;) {  // links [begin, at) are left
      if (at < end && stored(at)) room += links_[at].state_bytes;
      if (taped(at - 1)) {
        --at;
        room += links_[at].tape_bytes;
        continue;
      }
      int from = at - 1;
      while (!stored(from)) --from;
      cost += Cost(from, at, room);
      at = from;
    }
    return cost;
  }

  std::vector<ChainSegment> links_;
  std::map<std::tuple<int, int, int64_t>, int64_t> known_;
};

class TwoLevelSearch {
 public:
  explicit TwoLevelSearch(const TwoLevelRequest& request) : request_(request) {}

  // The cost of transfers and forwards without tape of `links` links, with the state before them stored at `start`.
  int64_t Cost(int links, Level start, int64_t device_room, int64_t host_room) {
    const auto [entry, is_new] = known_.try_emplace({links, start, device_room, host_room}, INT64_MAX);
    if (!is_new) return entry->second;
    int64_t least = INT64_MAX;
    std::vector<int> stores(links, 0);  // of the states inside: 0 nowhere, 1 device, 2 host
    while (true) {
      least = std::min(least, CostOfPattern(stores, start, device_room, host_room));
      int k = 1;
      while (k < links && ++stores[k] == 3) stores[k++] = 0;
      if (k >= links) break;
    }
    if (start == Level::kHost && device_room >= request_.state_bytes) {
      least = std::min(least, request_.device.write_cost +
                                  Cost(links, Level::kDevice, device_room - request_.state_bytes, host_room));
    }
    return known_[{links, start, device_room, host_room}] = least;
  }

 private:
  int64_t CostOfPattern(const std::vector<int>& stores, Level start, int64_t device_room, int64_t host_room) {
    const int links = static_cast<int>(stores.size());
    int64_t cost = 0;
    int tail = 0;  // the last stored state
    for (int state = 1; state < links; ++state) {
      if (stores[state] == 0) continue;
      cost += stores[state] == 1 ? request_.device.write_cost : request_.host.write_cost;
      (stores[state] == 1 ? device_room : host_room) -= request_.state_bytes;
      tail = state;
    }
    if (device_room < 0 || host_room < 0) return INT64_MAX;
    // After the last stored state: taped whole if that state is on the device, otherwise only the last link.
    const int64_t tail_links = links - tail;
    const int64_t tape_all =
        (tail_links - 1) * request_.tape_bytes + std::max<int64_t>(0, tail_links - 2) * request_.state_bytes;
    const bool on_device = tail == 0 ? start == Level::kDevice : stores[tail] == 1;
    int64_t least = INT64_MAX;
    for (const bool whole : {false, true}) {
      if (whole && (!on_device || tape_all > device_room)) continue;
      const int at = whole ? tail : links - 1;
      least = std::min(least, at * request_.forward_cost + CostOfRest(stores, at, start, device_room, host_room));
    }
    return least == INT64_MAX ? least : cost + least;
  }

  // Links [0, at) remain.
  int64_t CostOfRest(const std::vector<int>& stores, int at, Level start, int64_t device_room, int64_t host_room) {
    int64_t cost = 0;
    while (at > 0) {
      if (stores[at] != 0) (stores[at] == 1 ? device_room : host_room) += request_.state_bytes;
      int from = at - 1;
      while (from > 0 && stores[from] == 0) --from;
      const Level level = from == 0 ? start : stores[from] == 1 ? Level::kDevice : Level::kHost;
      cost += (level == Level::kDevice ? request_.device : request_.host).read_cost;
      cost += Cost(at - from, level, device_room, host_room);
      at = from;
    }
    return cost;
  }

  const TwoLevelRequest& request_;
  std::map<std::tuple<int, Level, int64_t, int64_t>, int64_t> known_;
};

}  // namespace

int64_t BruteForceCost(const ChainRequest& request) {
  MixedSearch search(request);
  int64_t cost = search.Cost(0, search.links(), request.budget_bytes);
  for (const ChainSegment& segment : request.segments) {
    cost += segment.links * (segment.taped_forward_cost + segment.backward_cost);
  }
  return cost;
}

int64_t BruteForceCost(const TwoLevelRequest& request) {
  TwoLevelSearch search(request);
  return request.length * (request.taped_forward_cost + request.backward_cost) +
         search.Cost(static_cast<int>(request.length), request.start, request.device.bytes, request.host.bytes);
}

}  // namespace recurve
