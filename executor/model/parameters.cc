// SPDX-License-Identifier: Apache-2.0
#include "executor/model/parameters.h"

#include <algorithm>

#include "executor/backend/pointwise.h"

namespace recurve {
namespace {

int64_t BytesOf(const std::vector<float>& values) { return static_cast<int64_t>(values.size() * sizeof(float)); }

}  // namespace

Parameters ZeroParameters(const ParameterLayout& layout) {
  Parameters parameters;
  parameters.reserve(layout.entries().size());
  for (const ParameterLayout::Entry& entry : layout.entries()) {
    parameters.push_back(
        {.name = entry.name, .shape = entry.shape, .values = std::vector<float>(static_cast<size_t>(entry.size))});
  }
  return parameters;
}

void FillUniform(float* begin, float* end, float bound, uint64_t seed, uint32_t stream) {
  const int64_t n = end - begin;
  for (int64_t i = 0; i < n; i += 4) {
    const uint64_t block = static_cast<uint64_t>(i) / 4;
    const PhiloxState words =
        Philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), stream, 0x696E6974},
               static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
    const uint32_t four[4] = {words.c0, words.c1, words.c2, words.c3};
    for (int64_t j = 0; j < std::min<int64_t>(4, n - i); ++j) {
      const float unit = (static_cast<float>(four[j] >> 8) + 0.5f) * 0x1p-24f;  // in (0, 1)
      begin[i + j] = bound * (2.0f * unit - 1.0f);
    }
  }
}

void Upload(const Parameters& parameters, const ParameterLayout& layout, Backend& backend, float* block) {
  for (size_t i = 0; i < layout.entries().size(); ++i) {
    const std::vector<float>& values = parameters[i].values;
    backend.Upload(values.data(), BytesOf(values), block + layout.entries()[i].offset);
  }
}

Parameters Download(const ParameterLayout& layout, Backend& backend, const float* block) {
  Parameters parameters = ZeroParameters(layout);
  for (size_t i = 0; i < layout.entries().size(); ++i) {
    std::vector<float>& values = parameters[i].values;
    backend.Download(block + layout.entries()[i].offset, BytesOf(values), values.data());
  }
  return parameters;
}

}  // namespace recurve
