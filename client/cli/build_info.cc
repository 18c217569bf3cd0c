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

bool HasServices() { return RECURVE_SERVICES; }

std::string VersionText() {
  const std::string build = RECURVE_BUILD_TYPE;
  return absl::StrCat("recurve ", RECURVE_VERSION, ", ", build.empty() ? "plain" : build, " build by ", kCompiler,
                      ", runs ", BestInstructionSet(), " here; ", HasServices() ? "with" : "without", " services, ",
                      RECURVE_CUDA_BUILD ? "with" : "without", " CUDA");
}

}  // namespace recurve
