// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_FAIR_QUEUE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_FAIR_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <string>

namespace recurve {

// Items that wait, by client. Clients take turns; the items of one client are served in the order of their arrival.
// Does not own the items. Not thread-safe.
template <typename Item>
class FairQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  void Push(const std::string& client, Item& item) {
    clients_[client].push_back(&item);
    ++size_;
  }

  // The item whose turn it is. The queue must not be empty.
  Item& Next() const { return *Turn()->second.front(); }

  // Removes and returns that item.
  Item& Pop() {
    const auto turn = Turn();
    Item& item = *turn->second.front();
    last_ = turn->first;
    Remove(last_, item);
    return item;
  }

  // The item to reject when there is one too many, of `client`, which has items: the newest of the client that has the
  // most, of `client` if that is one of several.
  Item& Excess(const std::string& client) const {
    auto most = clients_.find(client);
    for (auto other = clients_.begin(); other != clients_.end(); ++other) {
      if (other->second.size() > most->second.size()) most = other;
    }
    return *most->second.back();
  }

  void Remove(const std::string& client, Item& item) {
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    const auto at = std::find(found->second.begin(), found->second.end(), &item);
    if (at == found->second.end()) return;
    found->second.erase(at);
    --size_;
    if (found->second.empty()) clients_.erase(found);
  }

  // Calls `visit` with the items that are served before a further one of `client`: all of its own, and of each other
  // client as many as that are, and one.
  template <typename Visit>
  void VisitBefore(const std::string& client, Visit visit) const {
    const auto own = clients_.find(client);
    const size_t turns = own == clients_.end() ? 1 : own->second.size() + 1;
    for (const auto& [other, items] : clients_) {
      const size_t count = other == client ? items.size() : std::min(turns, items.size());
      for (size_t i = 0; i < count; ++i) visit(*items[i]);
    }
  }

 private:
  using Clients = std::map<std::string, std::deque<Item*>>;

  typename Clients::const_iterator Turn() const {
    const auto next = clients_.upper_bound(last_);
    return next == clients_.end() ? clients_.begin() : next;
  }

  Clients clients_;   // those with items
  std::string last_;  // the client that was served last
  size_t size_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_FAIR_QUEUE_H_
