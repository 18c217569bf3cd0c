// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_GPU_RECURRENT_LAYER_H_
#define RECURVE_BENCHMARKS_GPU_RECURRENT_LAYER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

struct LayerShape {
  Cell cell = Cell::kLstm;
  int64_t batch = 0, hidden = 0, link = 0;
};

// A single recurrent layer over one link, on random values, without input product, planner and interpreter. As in
// training, the gate buffer holds the projected input, then the activations, then the gradients.
class RecurrentLayer {
 public:
  // RESOURCE_EXHAUSTED if the device has insufficient memory.
  static absl::StatusOr<std::unique_ptr<RecurrentLayer>> Create(const LayerShape& shape, Backend& backend);

  void TapedForward();
  void Forward();
  void Backward();
  void WeightGradient();

 private:
  RecurrentLayer(const LayerShape& shape, Backend& backend);
  // Places all tensors from `base` on, which may be null, and returns their bytes.
  int64_t Place(std::byte* base);
  void Fill();
  void Forward(float* gates);
  void FillUniform(float* data, int64_t n, float bound);

  LayerShape shape_;
  CellGeometry geometry_;
  Backend& backend_;
  std::unique_ptr<DeviceMemory> memory_;
  int64_t state_floats_ = 0, weight_floats_ = 0;
  float *gates_ = nullptr, *weights_ = nullptr, *weight_gradient_ = nullptr, *bias_ = nullptr;
  float *bias_gradient_ = nullptr, *dh_above_ = nullptr;
  float *first_[kMaxCellStates] = {}, *inner_[kMaxCellStates] = {}, *last_[kMaxCellStates] = {};
  float* d_[kMaxCellStates] = {};
  void *packed_forward_ = nullptr, *packed_backward_ = nullptr;
};

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_GPU_RECURRENT_LAYER_H_
