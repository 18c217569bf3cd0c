// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_DOCTOR_FINDING_H_
#define RECURVE_CLIENT_DOCTOR_FINDING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace recurve {

// kWarning: works, but not as well, or not for long. kFailure: does not work.
enum class Severity : uint8_t { kOk, kWarning, kFailure };

// The result of a check: what was found and, if that is not ok, what to do.
struct Finding {
  Severity severity = Severity::kOk;
  std::string found;
  std::string remedy;  // empty if ok
};

inline constexpr char kPemFile[] = "give the path of a PEM file";

// A finding from an error of the form "what is wrong; what to do". `remedy` is for an error that does not say it.
Finding FindingOf(Severity severity, const absl::Status& error, const std::string& remedy);

}  // namespace recurve

#endif  // RECURVE_CLIENT_DOCTOR_FINDING_H_
