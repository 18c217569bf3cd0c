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
  inner_->BeginPhase(phase);
}

template <class Function>
void MeteredBackend::Meter(Operation operation, const OperationCost& cost, const Function& run) {
  if (!metering_) return run();
  const auto begin = std::chrono::steady_clock::now();
  run();
  failure_.Update(inner_->Synchronize());
  MeterReading& reading = readings_[phase_][operation];
  reading.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  reading.cost += cost;
  ++reading.calls;
}

absl::StatusOr<std::unique_ptr<DeviceMemory>> MeteredBackend::Allocate(int64_t bytes) {
  return inner_->Allocate(bytes);
}

void MeteredBackend::Upload(const void* host, int64_t bytes, void* device) {
  Meter(Operation::kUpload, CopyCost(bytes), [&] { inner_->Upload(host, bytes, device); });
}

void MeteredBackend::Download(const void* device, int64_t bytes, void* host) {
  Meter(Operation::kDownload, CopyCost(bytes), [&] { inner_->Download(device, bytes, host); });
}

void MeteredBackend::Copy(const void* from, int64_t bytes, void* to) {
  Meter(Operation::kCopy, CopyCost(bytes), [&] { inner_->Copy(from, bytes, to); });
}

void MeteredBackend::Zero(void* device, int64_t bytes) {
  Meter(Operation::kZero, ZeroCost(bytes), [&] { inner_->Zero(device, bytes); });
}

absl::Status MeteredBackend::Synchronize() {
  failure_.Update(inner_->Synchronize());
  return std::exchange(failure_, absl::OkStatus());
}

absl::StatusOr<std::unique_ptr<DeviceMemory>> MeteredBackend::AllocateHost(int64_t bytes) {
  return inner_->AllocateHost(bytes);
}

Transfer MeteredBackend::StartStore(const void* device, int64_t bytes, void* host) {
  Transfer transfer;
  Meter(Operation::kStore, CopyCost(bytes), [&] { transfer = inner_->StartStore(device, bytes, host); });
  return transfer;
}

Transfer MeteredBackend::StartFetch(const void* host, int64_t bytes, void* device) {
  Transfer transfer;
  Meter(Operation::kFetch, CopyCost(bytes), [&] { transfer = inner_->StartFetch(host, bytes, device); });
  return transfer;
}

void MeteredBackend::Await(Transfer transfer) { inner_->Await(transfer); }

int64_t MeteredBackend::PackedBytes(Packing packing, int64_t rows, int64_t cols) const {
  return inner_->PackedBytes(packing, rows, cols);
}

void MeteredBackend::Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) {
  Meter(Operation::kPack, PackCost(rows, cols), [&] { inner_->Pack(packing, w, rows, cols, packed); });
}

int64_t MeteredBackend::PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const {
  return inner_->PackedRecurrentBytes(cell, packing, H);
}

void MeteredBackend::PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) {
  Meter(Operation::kPackRecurrent, PackCost(H, GeometryOf(cell).gates * H),
        [&] { inner_->PackRecurrent(cell, packing, w, H, packed); });
}

void MeteredBackend::LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward,
                                   const float* bias, float* y, int64_t stride) {
  Meter(Operation::kLinearForward, LinearForwardCost(n, in, out, bias != nullptr),
        [&] { inner_->LinearForward(n, in, out, x, w_forward, bias, y, stride); });
}

void MeteredBackend::LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride,
                                         const void* w_backward, float* dx) {
  Meter(Operation::kLinearInputGradient, LinearInputGradientCost(n, in, out),
        [&] { inner_->LinearInputGradient(n, in, out, dy, stride, w_backward, dx); });
}

void MeteredBackend::LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy,
                                          int64_t stride, float* dw, float* dbias) {
  Meter(Operation::kLinearWeightGradient, LinearWeightGradientCost(n, in, out, dbias != nullptr),
        [&] { inner_->LinearWeightGradient(n, in, out, x, dy, stride, dw, dbias); });
}

void MeteredBackend::ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x,
                                    int64_t stride, float* table) {
  Meter(Operation::kScatterAddRows, ScatterAddRowsCost(n, width),
        [&] { inner_->ScatterAddRows(n, width, V, tokens, x, stride, table); });
}

void MeteredBackend::CellForward(const CellForwardArgs& args) {
  Meter(Operation::kCellForward, CostOf(args), [&] { inner_->CellForward(args); });
}

void MeteredBackend::CellBackward(const CellBackwardArgs& args) {
  Meter(Operation::kCellBackward, CostOf(args), [&] { inner_->CellBackward(args); });
}

void MeteredBackend::CellWeightGradient(const CellWeightGradientArgs& args) {
  Meter(Operation::kCellWeightGradient, CostOf(args), [&] { inner_->CellWeightGradient(args); });
}

void MeteredBackend::LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                                      float* y) {
  Meter(Operation::kLayerNormForward, LayerNormForwardCost(n, width),
        [&] { inner_->LayerNormForward(n, width, x, gamma, beta, y); });
}

void MeteredBackend::LayerNormBackward(const LayerNormBackwardArgs& args) {
  Meter(Operation::kLayerNormBackward, CostOf(args), [&] { inner_->LayerNormBackward(args); });
}

void MeteredBackend::Add(int64_t n, const float* x, float* y) {
  Meter(Operation::kAdd, AddCost(n), [&] { inner_->Add(n, x, y); });
}

void MeteredBackend::Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) {
  Meter(Operation::kDropout, DropoutCost(n, x != nullptr, add), [&] { inner_->Dropout(n, mask, x, y, add); });
}

void MeteredBackend::SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale,
                                         float* logits, double* loss) {
  Meter(Operation::kSoftmaxCrossEntropy, SoftmaxCrossEntropyCost(n, V),
        [&] { inner_->SoftmaxCrossEntropy(n, V, targets, gradient_scale, logits, loss); });
}

void MeteredBackend::SumOfSquares(int64_t n, const float* x, double* sum) {
  Meter(Operation::kSumOfSquares, SumOfSquaresCost(n), [&] { inner_->SumOfSquares(n, x, sum); });
}

void MeteredBackend::Sgd(const SgdArgs& args) {
  Meter(Operation::kSgd, CostOf(args), [&] { inner_->Sgd(args); });
}

void MeteredBackend::AdamW(const AdamWArgs& args) {
  Meter(Operation::kAdamW, CostOf(args), [&] { inner_->AdamW(args); });
}

}  // namespace recurve
