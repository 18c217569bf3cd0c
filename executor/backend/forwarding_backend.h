// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_FORWARDING_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_FORWARDING_BACKEND_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "executor/backend/backend.h"

namespace recurve {

// Forwards every call to another backend. Derived classes override what they change.
class ForwardingBackend : public Backend {
 public:
  explicit ForwardingBackend(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  std::string Describe() const override { return inner_->Describe(); }
  absl::Status UseThreads(int threads) override { return inner_->UseThreads(threads); }
  bool OnHost() const override { return inner_->OnHost(); }
  int64_t OwnBytes() const override { return inner_->OwnBytes(); }
  int64_t MostLinkRows() const override { return inner_->MostLinkRows(); }
  int64_t ChunkRows() const override { return inner_->ChunkRows(); }
  LinkRuns CountLinkRuns() const override { return inner_->CountLinkRuns(); }
  void BeginPhase(Phase phase) override { inner_->BeginPhase(phase); }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override { return inner_->Allocate(bytes); }
  void Upload(const void* host, int64_t bytes, void* device) override { Next().Upload(host, bytes, device); }
  void Download(const void* device, int64_t bytes, void* host) override { Next().Download(device, bytes, host); }
  void Copy(const void* from, int64_t bytes, void* to) override { Next().Copy(from, bytes, to); }
  void Zero(void* device, int64_t bytes) override { Next().Zero(device, bytes); }
  absl::Status Synchronize() override { return inner_->Synchronize(); }
  void StopWhen(const std::function<bool()>* stop) override { inner_->StopWhen(stop); }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) override {
    return inner_->AllocateHost(bytes);
  }
  Transfer StartStore(const void* device, int64_t bytes, void* host) override {
    return inner_->StartStore(device, bytes, host);
  }
  Transfer StartFetch(const void* host, int64_t bytes, void* device) override {
    return inner_->StartFetch(host, bytes, device);
  }
  void Await(Transfer transfer) override { inner_->Await(transfer); }
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

 protected:
  Backend& inner() { return *inner_; }

  // The backend for the next operation. Called once per operation that reads or writes device memory, transfers apart.
  virtual Backend& Next() { return *inner_; }

 private:
  const std::unique_ptr<Backend> inner_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_FORWARDING_BACKEND_H_
