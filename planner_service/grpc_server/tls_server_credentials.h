// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_TLS_SERVER_CREDENTIALS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_TLS_SERVER_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "planner_service/grpc_server/reloaded_tls.h"

namespace recurve {

// Makes a gRPC server speak TLS 1.2 or newer. Each new connection uses what `tls` has then; connections that exist keep
// theirs. If `tls` has authorities, clients must present a certificate that one of them signed. `tls` and the result
// must outlive the server.
std::shared_ptr<grpc::ServerCredentials> MakeTlsServerCredentials(const ReloadedTls& tls);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_TLS_SERVER_CREDENTIALS_H_
