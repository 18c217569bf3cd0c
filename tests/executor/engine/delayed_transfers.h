// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_ENGINE_DELAYED_TRANSFERS_H_
#define RECURVE_TESTS_EXECUTOR_ENGINE_DELAYED_TRANSFERS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <utility>

#include "executor/backend/forwarding_backend.h"

namespace recurve {

// Delays transfers by as much as Backend allows. A transfer waits in a queue; before each operation a random number of
// those at the front are carried out, and Await carries out the rest. The target of a fetch holds garbage until then,
// unless a queued store has yet to read it. Code that overwrites a store's source or reads a fetch's target without an
// Await therefore computes wrong results.
class DelayedTransfers final : public ForwardingBackend {
 public:
  // `chance`: the probability that the transfer at the front is carried out before an operation; likewise the next.
  DelayedTransfers(std::unique_ptr<Backend> inner, double chance, uint32_t seed)
      : ForwardingBackend(std::move(inner)), happens_(chance), random_(seed) {}

  int64_t under_way() const { return static_cast<int64_t>(queue_.size()); }
  int64_t stores() const { return stores_; }
  int64_t fetches() const { return fetches_; }
  // Fetches awaited only after later operations, which they may overlap.
  int64_t early_fetches() const { return early_fetches_; }

  bool OnHost() const override { return false; }
  absl::Status Synchronize() override {
    while (!queue_.empty()) CarryOutFirst();
    return inner().Synchronize();
  }

  Transfer StartStore(const void* device, int64_t bytes, void* host) override {
    ++stores_;
    return Enqueue(device, bytes, host, /*fetch=*/false);
  }
  Transfer StartFetch(const void* host, int64_t bytes, void* device) override {
    ++fetches_;
    const bool read_before =
        std::any_of(queue_.begin(), queue_.end(), [&](const Waiting& w) { return w.from == device; });
    if (!read_before) std::memset(device, 0xFF, bytes);
    return Enqueue(host, bytes, device, /*fetch=*/true);
  }
  void Await(Transfer transfer) override {
    for (const Waiting& waiting : queue_) {
      if (waiting.transfer == transfer && waiting.fetch && waiting.operations < operations_) ++early_fetches_;
    }
    while (!queue_.empty() && queue_.front().transfer <= transfer) CarryOutFirst();
  }

 private:
  struct Waiting {
    Transfer transfer;
    const void* from;
    int64_t bytes;
    void* to;
    bool fetch;
    int64_t operations;  // called before it was started
  };

  Transfer Enqueue(const void* from, int64_t bytes, void* to, bool fetch) {
    const Transfer transfer{.number = ++started_};
    queue_.push_back({transfer, from, bytes, to, fetch, operations_});
    return transfer;
  }
  void CarryOutFirst() {
    std::memcpy(queue_.front().to, queue_.front().from, queue_.front().bytes);
    queue_.pop_front();
  }
  Backend& Next() override {
    ++operations_;
    while (!queue_.empty() && happens_(random_)) CarryOutFirst();
    return inner();
  }

  std::bernoulli_distribution happens_;
  std::mt19937 random_;
  std::deque<Waiting> queue_;
  int64_t started_ = 0, stores_ = 0, fetches_ = 0, early_fetches_ = 0, operations_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_ENGINE_DELAYED_TRANSFERS_H_
