// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVICE_REPORTS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVICE_REPORTS_H_

#include <chrono>
#include <string>

#include "planner_service/grpc_server/server.h"
#include "planner_service/process/service_manager.h"

namespace recurve {

// Reports to the service manager how a server does: that it is ready, once health is SERVING; that it is alive, as long
// as its gRPC port answers; and that it is stopping. Not thread-safe.
class ServiceReports {
 public:
  // `server` is not owned and must outlive this object.
  explicit ServiceReports(const Server& server) : server_(server) {}

  // How often Report must be called.
  std::chrono::milliseconds interval() const;
  void Report();
  // That the server stops within `limit`, doing `what_follows`, and is not to be killed earlier. The
  // watchdog of systemd does not apply from then on.
  void Stopping(const std::string& what_follows, std::chrono::milliseconds limit) const;

 private:
  const Server& server_;
  const ServiceManager manager_;
  bool ready_ = false;
  std::chrono::steady_clock::time_point last_alive_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVICE_REPORTS_H_
