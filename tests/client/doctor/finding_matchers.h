// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_CLIENT_DOCTOR_FINDING_MATCHERS_H_
#define RECURVE_TESTS_CLIENT_DOCTOR_FINDING_MATCHERS_H_

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "client/doctor/finding.h"

namespace recurve {

inline void PrintTo(const Finding& finding, std::ostream* out) {
  *out << "(" << static_cast<int>(finding.severity) << ", \"" << finding.found << "\", \"" << finding.remedy << "\")";
}

using TextMatcher = testing::Matcher<std::string>;

inline testing::Matcher<Finding> FindingIs(Severity severity, const TextMatcher& found, const TextMatcher& remedy) {
  return testing::AllOf(testing::Field("severity", &Finding::severity, severity),
                        testing::Field("found", &Finding::found, found),
                        testing::Field("remedy", &Finding::remedy, remedy));
}
inline testing::Matcher<Finding> Ok(const TextMatcher& found) { return FindingIs(Severity::kOk, found, ""); }
inline testing::Matcher<Finding> Warning(const TextMatcher& found, const TextMatcher& remedy) {
  return FindingIs(Severity::kWarning, found, remedy);
}
inline testing::Matcher<Finding> Failure(const TextMatcher& found, const TextMatcher& remedy) {
  return FindingIs(Severity::kFailure, found, remedy);
}

}  // namespace recurve

#endif  // RECURVE_TESTS_CLIENT_DOCTOR_FINDING_MATCHERS_H_
