// SPDX-License-Identifier: Apache-2.0
#include "client/cli/build_info.h"

#include "absl/strings/str_cat.h"
#include "executor/backend/cpu/instruction_sets.h"

namespace recurve {
namespace {

#ifdef __clang__
constexpr char kCompiler[] = "clang " __clang_version__;
#else
constexpr char kCompiler[] = "GCC " __VERSION__;
#endif

std::string BestInstructionSet() {
  for (const cpu::InstructionSet& set : cpu::InstructionSets()) {
    if (set.kernels != nullptr) return std::string(set.name);
  }
  return "portable";
}

}  // namespace

std::string Version() { return RECURVE_VERSION; }

bool HasServices() { return RECURVE_SERVICES; }

bool HasCuda() { return RECURVE_CUDA_BUILD; }

std::string VersionText() {
  const std::string build = RECURVE_BUILD_TYPE;
  return absl::StrCat("recurve ", Version(), ", ", build.empty() ? "plain" : build, " build by ", kCompiler, ", runs ",
                      BestInstructionSet(), " here; ", HasServices() ? "with" : "without", " services, ",
                      HasCuda() ? "with" : "without", " CUDA");
}

}  // namespace recurve
