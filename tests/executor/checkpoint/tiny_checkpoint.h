// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_CHECKPOINT_TINY_CHECKPOINT_H_
#define RECURVE_TESTS_EXECUTOR_CHECKPOINT_TINY_CHECKPOINT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "executor/checkpoint/checkpoint_directory.h"
#include "gtest/gtest.h"

namespace recurve {

// A checkpoint of a few values that depend on the step.
inline std::vector<std::vector<float>> TinyValues(int64_t step) {
  const auto of_step = static_cast<float>(step);
  return {{of_step, -0.5F * of_step, 1e-42F}, {3.0F / of_step}};
}

inline TensorSource TinySource(int64_t step) {
  return {.tensors = {{"parameters.weights", {3}}, {"optimizer.0.weights", {1, 1}}},
          .read = [step](size_t index, float* to) {
            const std::vector<float> values = TinyValues(step)[index];
            std::copy(values.begin(), values.end(), to);
          }};
}

inline Json TinyTrainingRecord(int64_t step) { return {{"seed", step * step}, {"name", "a \"tiny\" training\n"}}; }

inline absl::StatusOr<int64_t> WriteTiny(CheckpointDirectory& directory, int64_t step) {
  return directory.Write(step, TinyTrainingRecord(step), TinySource(step));
}

// Expects that it is the checkpoint of its step, bit for bit.
inline void ExpectTiny(const LoadedCheckpoint& loaded) {
  EXPECT_EQ(loaded.training, TinyTrainingRecord(loaded.step));
  const std::vector<std::vector<float>> expected = TinyValues(loaded.step);
  ASSERT_EQ(loaded.tensors->tensors().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(loaded.tensors->tensors()[i].name, TinySource(loaded.step).tensors[i].name);
    EXPECT_EQ(loaded.tensors->tensors()[i].shape, TinySource(loaded.step).tensors[i].shape);
    std::vector<float> values(expected[i].size());
    ASSERT_TRUE(loaded.tensors->Read(i, values.data()).ok());
    EXPECT_EQ(values, expected[i]);
  }
}

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_CHECKPOINT_TINY_CHECKPOINT_H_
