// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_METERED_BACKEND_H_
#define RECURVE_EXECUTOR_PROFILE_METERED_BACKEND_H_

#include <array>
#include <cstdint>
#include <memory>

#include "executor/backend/forwarding_backend.h"
#include "executor/profile/operation.h"

namespace recurve {

// The totals of one kind of operation in one phase.
struct MeterReading {
  int64_t calls = 0;
  OperationCost cost;
  double seconds = 0;
};

struct PhaseReading {
  int64_t begun = 0;  // how often the phase began
  std::array<MeterReading, kOperations> operations;

  MeterReading& operator[](Operation operation) { return operations[static_cast<size_t>(operation)]; }
  const MeterReading& operator[](Operation operation) const { return operations[static_cast<size_t>(operation)]; }
};

struct MeterReadings {
  std::array<PhaseReading, kPhases> phases;

  PhaseReading& operator[](Phase phase) { return phases[static_cast<size_t>(phase)]; }
  const PhaseReading& operator[](Phase phase) const { return phases[static_cast<size_t>(phase)]; }
};

// Measures the operations of another backend. While metering, it waits for each operation, so that nothing overlaps:
// neither operations with the caller nor transfers with operations. Otherwise it only forwards. The results are
// bit-identical either way.
class MeteredBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;

  void StartMeter();          // resets the readings
  MeterReadings StopMeter();  // the readings since StartMeter

  void BeginPhase(Phase phase) override;

  void Upload(const void* host, int64_t bytes, void* device) override;
  void Download(const void* device, int64_t bytes, void* host) override;
  void Copy(const void* from, int64_t bytes, void* to) override;
  void Zero(void* device, int64_t bytes) override;
  absl::Status Synchronize() override;

  Transfer StartStore(const void* device, int64_t bytes, void* host) override;
  Transfer StartFetch(const void* host, int64_t bytes, void* device) override;

  void Pack(Packing packing, const float* w, int64_t rows, int64_t cols, void* packed) override;
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

  bool metering_ = false;
  Phase phase_ = Phase::kPrepare;
  MeterReadings readings_;
  absl::Status failure_;  // the first failure of a metered operation, which the next Synchronize returns
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_METERED_BACKEND_H_
