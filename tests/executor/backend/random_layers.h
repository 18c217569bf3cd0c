// SPDX-License-Identifier: Apache-2.0
//
// The layers that the conformance suite runs.
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_RANDOM_LAYERS_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_RANDOM_LAYERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/executor/backend/reference.h"

namespace recurve {

// What a layer does besides.
struct Extras {
  bool masked = false;  // has a recurrent mask
  bool ends = false;    // has sequences that end within the link, or before it
};
inline constexpr Extras kAllExtras[] = {{}, {.masked = true}, {.ends = true}, {.masked = true, .ends = true}};

std::string Describe(const reference::Layer& m);

// Weights small enough for gates that do not saturate. The inputs of steps that are not live are NaN. `random` gives so
// many numbers in [-1, 1).
reference::Layer RandomLayer(Cell cell, int64_t k, int64_t B, int64_t H, const Extras& extras,
                             const std::function<std::vector<float>(int64_t)>& random);

// A layer, what its backward begins with, and what the gradients of its weights are added to.
struct LayerCase {
  reference::Layer layer;
  std::vector<float> above;           // [k, B, H]; empty: nothing reads the layer's outputs
  std::vector<std::vector<float>> d;  // S times [B, H], of the state after the link
  std::vector<float> dw, dbias;       // [H, G H], [G H]
};

// Each cell, shape and extra: always the same cases.
void ForEachLayerCase(const std::function<void(LayerCase&)>& f);

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_RANDOM_LAYERS_H_
