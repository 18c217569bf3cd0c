// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_PRETENDING_BACKEND_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_PRETENDING_BACKEND_H_

#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "executor/backend/backend.h"

namespace recurve {

// What a device says of itself.
struct Pretence {
  bool on_host = true;
  int64_t own_bytes = 0;
  int64_t most_link_rows = 2048;
  int64_t chunk_rows = 128;
  LinkRuns link_runs;
  // From one packing of recurrent weights to the next, which is a round of calibration of a model of one layer, every
  // forward of a link waits; in the round after it, none does.
  bool stalls_every_other_round = false;
};

// The backend given, with what another device would say of itself, and with memory that held something before.
class PretendingBackend final : public Backend {
 public:
  PretendingBackend(std::unique_ptr<Backend> inner, const Pretence& pretence)
      : inner_(std::move(inner)), pretence_(pretence) {}

  std::string Describe() const override { return inner_->Describe(); }
  bool OnHost() const override { return pretence_.on_host; }
  int64_t OwnBytes() const override { return pretence_.own_bytes; }
  int64_t MostLinkRows() const override { return pretence_.most_link_rows; }
  int64_t ChunkRows() const override { return pretence_.chunk_rows; }
  LinkRuns CountLinkRuns() const override { return pretence_.link_runs; }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override {
    auto memory = inner_->Allocate(bytes);
    if (memory.ok()) std::memset((*memory)->data(), 0xFF, bytes);
    return memory;
  }
  void Upload(const void* host, int64_t bytes, void* device) override { inner_->Upload(host, bytes, device); }
  void Download(const void* device, int64_t bytes, void* host) override { inner_->Download(device, bytes, host); }
  void Copy(const void* from, int64_t bytes, void* to) override { inner_->Copy(from, bytes, to); }
  void Zero(void* device, int64_t bytes) override { inner_->Zero(device, bytes); }
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
    inner_->Pack(packing, w, rows, cols, packed);
  }
  int64_t PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const override {
    return inner_->PackedRecurrentBytes(cell, packing, H);
  }
  void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) override {
    inner_->PackRecurrent(cell, packing, w, H, packed);
    if (packing == Packing::kForward) ++rounds_;
  }
  void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward, const float* bias,
                     float* y, int64_t stride) override {
    inner_->LinearForward(n, in, out, x, w_forward, bias, y, stride);
  }
  void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride, const void* w_backward,
                           float* dx) override {
    inner_->LinearInputGradient(n, in, out, dy, stride, w_backward, dx);
  }
  void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, int64_t stride,
                            float* dw, float* dbias) override {
    inner_->LinearWeightGradient(n, in, out, x, dy, stride, dw, dbias);
  }
  void ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x, int64_t stride,
                      float* table) override {
    inner_->ScatterAddRows(n, width, V, tokens, x, stride, table);
  }
  void CellForward(const CellForwardArgs& args) override {
    if (pretence_.stalls_every_other_round && rounds_ % 2 == 0) std::this_thread::sleep_for(kStall);
    inner_->CellForward(args);
  }
  void CellBackward(const CellBackwardArgs& args) override { inner_->CellBackward(args); }
  void CellWeightGradient(const CellWeightGradientArgs& args) override { inner_->CellWeightGradient(args); }
  void LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                        float* y) override {
    inner_->LayerNormForward(n, width, x, gamma, beta, y);
  }
  void LayerNormBackward(const LayerNormBackwardArgs& args) override { inner_->LayerNormBackward(args); }
  void Add(int64_t n, const float* x, float* y) override { inner_->Add(n, x, y); }
  void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) override {
    inner_->Dropout(n, mask, x, y, add);
  }
  void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                           double* loss) override {
    inner_->SoftmaxCrossEntropy(n, V, targets, gradient_scale, logits, loss);
  }
  void SumOfSquares(int64_t n, const float* x, double* sum) override { inner_->SumOfSquares(n, x, sum); }
  void Sgd(const SgdArgs& args) override { inner_->Sgd(args); }
  void AdamW(const AdamWArgs& args) override { inner_->AdamW(args); }

 private:
  const std::unique_ptr<Backend> inner_;
  static constexpr std::chrono::microseconds kStall{500};

  const Pretence pretence_;
  int64_t rounds_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_PRETENDING_BACKEND_H_
