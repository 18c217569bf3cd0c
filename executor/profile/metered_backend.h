// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_METERED_BACKEND_H_
#define RECURVE_EXECUTOR_PROFILE_METERED_BACKEND_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "executor/backend/backend.h"
#include "executor/profile/operation.h"

namespace recurve {

// What the operations of one kind took, in one phase.
struct MeterReading {
  int64_t calls = 0;
  OperationCost cost;
  double seconds = 0;
};

struct PhaseReading {
  int64_t begun = 0;  // times that the phase was begun
  std::array<MeterReading, kOperations> operations;

  MeterReading& operator[](Operation operation) { return operations[static_cast<size_t>(operation)]; }
  const MeterReading& operator[](Operation operation) const { return operations[static_cast<size_t>(operation)]; }
};

struct MeterReadings {
  std::array<PhaseReading, kPhases> phases;

  PhaseReading& operator[](Phase phase) { return phases[static_cast<size_t>(phase)]; }
  const PhaseReading& operator[](Phase phase) const { return phases[static_cast<size_t>(phase)]; }
};

// The backend given, and a clock. While it is metering, each operation is waited for, so that its time is its own:
// nothing overlaps, neither operations with the caller nor transfers with operations. Otherwise it passes on what it is
// told. Computes the same bits either way.
class MeteredBackend final : public Backend {
 public:
  explicit MeteredBackend(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  void StartMeter();          // from zero
  MeterReadings StopMeter();  // since StartMeter

  std::string Describe() const override { return inner_->Describe(); }
  bool OnHost() const override { return inner_->OnHost(); }
  int64_t OwnBytes() const override { return inner_->OwnBytes(); }
  int64_t MostLinkRows() const override { return inner_->MostLinkRows(); }
  int64_t ChunkRows() const override { return inner_->ChunkRows(); }
  LinkRuns CountLinkRuns() const override { return inner_->CountLinkRuns(); }
  void BeginPhase(Phase phase) override;

  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(int64_t bytes) override;
  void Upload(const void* host, int64_t bytes, void* device) override;
  void Download(const void* device, int64_t bytes, void* host) override;
  void Copy(const void* from, int64_t bytes, void* to) override;
  void Zero(void* device, int64_t bytes) override;
  absl::Status Synchronize() override;
  void StopWhen(const std::function<bool()>* stop) override { inner_->StopWhen(stop); }

  absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHost(int64_t bytes) override;
  Transfer StartStore(const void* device, int64_t bytes, void* host) override;
  Transfer StartFetch(const void* host, int64_t bytes, void* device) override;
  void Await(Transfer transfer) override;

  int64_t PackedBytes(Packing packing, int64_t rows, int64_t cols) const override;
  void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) override;
  int64_t PackedRecurrentBytes(Cell cell, Packing packing, int64_t H) const override;
  void PackRecurrent(Cell cell, Packing packing, const float* w, int64_t H, void* packed) override;

  void LinearForward(int64_t n, int64_t in, int64_t out, const float* x, const void* w_forward, const float* bias,
                     float* y, int64_t stride) override;
  void LinearInputGradient(int64_t n, int64_t in, int64_t out, const float* dy, int64_t stride, const void* w_backward,
                           float* dx) override;
  void LinearWeightGradient(int64_t n, int64_t in, int64_t out, const float* x, const float* dy, int64_t stride,
                            float* dw, float* dbias) override;
  void ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x, int64_t stride,
                      float* table) override;

  void CellForward(const CellForwardArgs& args) override;
  void CellBackward(const CellBackwardArgs& args) override;
  void CellWeightGradient(const CellWeightGradientArgs& args) override;

  void LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta,
                        float* y) override;
  void LayerNormBackward(const LayerNormBackwardArgs& args) override;
  void Add(int64_t n, const float* x, float* y) override;
  void Dropout(int64_t n, const DropoutMask& mask, const float* x, float* y, bool add) override;
  void SoftmaxCrossEntropy(int64_t n, int64_t V, const int32_t* targets, float gradient_scale, float* logits,
                           double* loss) override;
  void SumOfSquares(int64_t n, const float* x, double* sum) override;
  void Sgd(const SgdArgs& args) override;
  void AdamW(const AdamWArgs& args) override;

 private:
  template <class Function>
  void Meter(Operation operation, const OperationCost& cost, const Function& run);

  const std::unique_ptr<Backend> inner_;
  bool metering_ = false;
  Phase phase_ = Phase::kPrepare;
  MeterReadings readings_;
  absl::Status failure_;  // the first that waiting for an operation met, for the next Synchronize
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_METERED_BACKEND_H_
