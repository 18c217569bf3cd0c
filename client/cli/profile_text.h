// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_PROFILE_TEXT_H_
#define RECURVE_CLIENT_CLI_PROFILE_TEXT_H_

#include <string>

#include "client/cli/json.h"
#include "executor/profile/job_profile.h"

namespace recurve {

// The roofline ceilings, a table of phases with the operations that take at least 1 % of a batch, and the time of a
// batch outside them.
std::string JobProfileText(const JobProfile& profile);

// The same with every operation. Seconds, flops and bytes are per batch.
Json JobProfileJson(const JobProfile& profile);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PROFILE_TEXT_H_
