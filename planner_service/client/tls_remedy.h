// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_TLS_REMEDY_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_TLS_REMEDY_H_

#include <string>

#include "absl/status/status.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// Why a call to `target` failed with `status`, and for UNAUTHENTICATED, which option gives an identity. gRPC's messages
// do not say why a TLS handshake failed. So this function connects once more, for at most two seconds, and returns the
// reason and the remedy if client and server disagree about TLS; otherwise it returns the message of `status`.
std::string WhyFailed(const absl::Status& status, const std::string& target, const TlsCredentials& tls);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_TLS_REMEDY_H_
