// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_ENGINE_DELAYED_TRANSFERS_H_
#define RECURVE_TESTS_EXECUTOR_ENGINE_DELAYED_TRANSFERS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "executor/backend/backend.h"

namespace recurve {

// The backend given, with transfers that take place at any moment that Backend allows: a transfer waits in a queue, and
// before each operation some of those in front are carried out, or none, as chance has it; or none until they are
// awaited. What a fetch is to write holds garbage meanwhile, unless a store has yet to read it. So whoever overwrites
// what is being stored, or reads what is being fetched, without an Await computes something else.
class DelayedTransfers final : public Backend {
 public:
  // Of the transfers in front of the queue each is carried out with this chance before each operation.
  DelayedTransfers(std::unique_ptr<Backend> inner, double chance, uint32_t seed)
      : inner_(std::move(inner)), happens_(chance), random_(seed) {}

  int64_t under_way() const { return static_cast<int64_t>(queue_.size()); }
  int64_t stores() const { return stores_; }
  int64_t fetches() const { return fetches_; }
  // Fetches that were awaited only after operations were called that may be done meanwhile.
  int64_t early_fetches() const { return early_fetches_; }

  std::string Describe() const override { return inner_->Describe(); }
  int64_t OwnBytes() const override { return inner_->OwnBytes(); }
  int64_t MostLinkRows() const override { return inner_->MostLinkRows(); }
  int64_t ChunkRows() const override { return inner_->ChunkRows(); }
  LinkRuns CountLinkRuns() const override { return inner_->CountLinkRuns(); }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override { return inner_->Allocate(bytes); }
  void Upload(const void* host, int64_t bytes, void* device) override { Next().Upload(host, bytes, device); }
  void Download(const void* device, int64_t bytes, void* host) override { Next().Download(device, bytes, host); }
  void Copy(const void* from, int64_t bytes, void* to) override { Next().Copy(from, bytes, to); }
  void Zero(void* device, int64_t bytes) override { Next().Zero(device, bytes); }
  void StopWhen(const std::function<bool()>* stop) override { inner_->StopWhen(stop); }
  absl::Status Synchronize() override {
    while (!queue_.empty()) CarryOutFirst();
    return inner_->Synchronize();
  }

  absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) override {
    return inner_->AllocateHost(bytes);
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

  int64_t PackedBytes(Packing packing, int64_t rows, int64_t cols) const override {
    return inner_->PackedBytes(packing, rows, cols);
  }
  void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) override {
    Next().Pack(packing, w, rows, cols, packed);
  }
  int64_t PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const override {
    return inner_->PackedRecurrentBytes(cell, packing, H);
  }
  void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) override {
    Next().PackRecurrent(cell, packing, w, H, packed);
  }
  void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward, const float* bias,
                     float* y, int64_t stride) override {
    Next().LinearForward(n, in, out, x, w_forward, bias, y, stride);
  }
  void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride, const void* w_backward,
                           float* dx) override {
    Next().LinearInputGradient(n, in, out, dy, stride, w_backward, dx);
  }
  void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, int64_t stride,
                            float* dw, float* dbias) override {
    Next().LinearWeightGradient(n, in, out, x, dy, stride, dw, dbias);
  }
  void ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x, int64_t stride,
                      float* table) override {
    Next().ScatterAddRows(n, width, V, tokens, x, stride, table);
  }
  void CellForward(const CellForwardArgs& args) override { Next().CellForward(args); }
  void CellBackward(const CellBackwardArgs& args) override { Next().CellBackward(args); }
  void CellWeightGradient(const CellWeightGradientArgs& args) override { Next().CellWeightGradient(args); }
  void LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                        float* y) override {
    Next().LayerNormForward(n, width, x, gamma, beta, y);
  }
  void LayerNormBackward(const LayerNormBackwardArgs& args) override { Next().LayerNormBackward(args); }
  void Add(int64_t n, const float* x, float* y) override { Next().Add(n, x, y); }
  void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) override {
    Next().Dropout(n, mask, x, y, add);
  }
  void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                           double* loss) override {
    Next().SoftmaxCrossEntropy(n, V, targets, gradient_scale, logits, loss);
  }
  void SumOfSquares(int64_t n, const float* x, double* sum) override { Next().SumOfSquares(n, x, sum); }
  void Sgd(const SgdArgs& args) override { Next().Sgd(args); }
  void AdamW(const AdamWArgs& args) override { Next().AdamW(args); }

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
  // The backend for the next operation.
  Backend& Next() {
    ++operations_;
    while (!queue_.empty() && happens_(random_)) CarryOutFirst();
    return *inner_;
  }

  const std::unique_ptr<Backend> inner_;
  std::bernoulli_distribution happens_;
  std::mt19937 random_;
  std::deque<Waiting> queue_;
  int64_t started_ = 0, stores_ = 0, fetches_ = 0, early_fetches_ = 0, operations_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_ENGINE_DELAYED_TRANSFERS_H_
