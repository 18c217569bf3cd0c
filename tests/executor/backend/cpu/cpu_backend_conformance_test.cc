// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/cpu_backend.h"
#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

BackendUnderTest Cpu(const std::string& instruction_set, int threads) {
  return {.name = instruction_set + "_" + std::to_string(threads),
          .make = [=] { return MakeCpuBackend({.threads = threads, .instruction_set = instruction_set}); }};
}

const auto kEveryInstructionSet = ::testing::Values(Cpu("avx512", 1), Cpu("avx512", 2), Cpu("avx2", 1), Cpu("avx2", 3),
                                                    Cpu("portable", 1), Cpu("portable", 2));

INSTANTIATE_TEST_SUITE_P(Cpu, BackendConformance, kEveryInstructionSet, BackendUnderTest::Name);
INSTANTIATE_TEST_SUITE_P(Cpu, RowBitsConformance, kEveryInstructionSet, BackendUnderTest::Name);

}  // namespace
}  // namespace recurve
