// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/metered_backend.h"

#include <chrono>
#include <utility>

namespace recurve {

void MeteredBackend::StartMeter() {
  readings_ = {};
  metering_ = true;
}

MeterReadings MeteredBackend::StopMeter() {
  metering_ = false;
  return readings_;
}

void MeteredBackend::BeginPhase(Phase phase) {
  phase_ = phase;
  ++readings_[phase].begun;
  inner().BeginPhase(phase);
}

template <class Function>
void MeteredBackend::Meter(Operation operation, const OperationCost& cost, const Function& run) {
  if (!metering_) return run();
  const auto begin = std::chrono::steady_clock::now();
  run();
  failure_.Update(inner().Synchronize());
  MeterReading& reading = readings_[phase_][operation];
  reading.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  reading.cost += cost;
  ++reading.calls;
}

void MeteredBackend::Upload(const void* host, int64_t bytes, void* device) {
  Meter(Operation::kUpload, CopyCost(bytes), [&] { inner().Upload(host, bytes, device); });
}

void MeteredBackend::Download(const void* device, int64_t bytes, void* host) {
  Meter(Operation::kDownload, CopyCost(bytes), [&] { inner().Download(device, bytes, host); });
}

void MeteredBackend::Copy(const void* from, int64_t bytes, void* to) {
  Meter(Operation::kCopy, CopyCost(bytes), [&] { inner().Copy(from, bytes, to); });
}

void MeteredBackend::Zero(void* device, int64_t bytes) {
  Meter(Operation::kZero, ZeroCost(bytes), [&] { inner().Zero(device, bytes); });
}

absl::Status MeteredBackend::Synchronize() {
  failure_.Update(inner().Synchronize());
  return std::exchange(failure_, absl::OkStatus());
}

Transfer MeteredBackend::StartStore(const void* device, int64_t bytes, void* host) {
  Transfer transfer;
  Meter(Operation::kStore, CopyCost(bytes), [&] { transfer = inner().StartStore(device, bytes, host); });
  return transfer;
}

Transfer MeteredBackend::StartFetch(const void* host, int64_t bytes, void* device) {
  Transfer transfer;
  Meter(Operation::kFetch, CopyCost(bytes), [&] { transfer = inner().StartFetch(host, bytes, device); });
  return transfer;
}

void MeteredBackend::Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) {
  Meter(Operation::kPack, PackCost(rows, cols), [&] { inner().Pack(packing, w, rows, cols, packed); });
}

void MeteredBackend::PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) {
  Meter(Operation::kPackRecurrent, PackCost(H, GeometryOf(cell).gates * H),
        [&] { inner().PackRecurrent(cell, packing, w, H, packed); });
}

void MeteredBackend::LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward,
                                   const float* bias, float* y, int64_t stride) {
  Meter(Operation::kLinearForward, LinearForwardCost(n, in, out, bias != nullptr),
        [&] { inner().LinearForward(n, in, out, x, w_forward, bias, y, stride); });
}

void MeteredBackend::LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride,
                                         const void* w_backward, float* dx) {
  Meter(Operation::kLinearInputGradient, LinearInputGradientCost(n, in, out),
        [&] { inner().LinearInputGradient(n, in, out, dy, stride, w_backward, dx); });
}

void MeteredBackend::LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy,
                                          int64_t stride, float* dw, float* dbias) {
  Meter(Operation::kLinearWeightGradient, LinearWeightGradientCost(n, in, out, dbias != nullptr),
        [&] { inner().LinearWeightGradient(n, in, out, x, dy, stride, dw, dbias); });
}

void MeteredBackend::ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x,
                                    int64_t stride, float* table) {
  Meter(Operation::kScatterAddRows, ScatterAddRowsCost(n, width),
        [&] { inner().ScatterAddRows(n, width, V, tokens, x, stride, table); });
}

void MeteredBackend::CellForward(const CellForwardArgs& args) {
  Meter(Operation::kCellForward, CostOf(args), [&] { inner().CellForward(args); });
}

void MeteredBackend::CellBackward(const CellBackwardArgs& args) {
  Meter(Operation::kCellBackward, CostOf(args), [&] { inner().CellBackward(args); });
}

void MeteredBackend::CellWeightGradient(const CellWeightGradientArgs& args) {
  Meter(Operation::kCellWeightGradient, CostOf(args), [&] { inner().CellWeightGradient(args); });
}

void MeteredBackend::LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                                      float* y) {
  Meter(Operation::kLayerNormForward, LayerNormForwardCost(n, width),
        [&] { inner().LayerNormForward(n, width, x, gamma, beta, y); });
}

void MeteredBackend::LayerNormBackward(const LayerNormBackwardArgs& args) {
  Meter(Operation::kLayerNormBackward, CostOf(args), [&] { inner().LayerNormBackward(args); });
}

void MeteredBackend::Add(int64_t n, const float* x, float* y) {
  Meter(Operation::kAdd, AddCost(n), [&] { inner().Add(n, x, y); });
}

void MeteredBackend::Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) {
  Meter(Operation::kDropout, DropoutCost(n, x != nullptr, add), [&] { inner().Dropout(n, mask, x, y, add); });
}

void MeteredBackend::SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale,
                                         float* logits, double* loss) {
  Meter(Operation::kSoftmaxCrossEntropy, SoftmaxCrossEntropyCost(n, V),
        [&] { inner().SoftmaxCrossEntropy(n, V, targets, gradient_scale, logits, loss); });
}

void MeteredBackend::SumOfSquares(int64_t n, const float* x, double* sum) {
  Meter(Operation::kSumOfSquares, SumOfSquaresCost(n), [&] { inner().SumOfSquares(n, x, sum); });
}

void MeteredBackend::Sgd(const SgdArgs& args) {
  Meter(Operation::kSgd, CostOf(args), [&] { inner().Sgd(args); });
}

void MeteredBackend::AdamW(const AdamWArgs& args) {
  Meter(Operation::kAdamW, CostOf(args), [&] { inner().AdamW(args); });
}

}  // namespace recurve
