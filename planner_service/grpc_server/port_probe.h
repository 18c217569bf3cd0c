// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_PORT_PROBE_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_PORT_PROBE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// Connects periodically to a gRPC port of this process, as a client does, to detect a port that does not respond.
class PortProbe {
 public:
  // Calls `report` every `interval`, in its own thread, with whether a new connection was answered: with `tls`, by TLS,
  // which a server answers even if it rejects clients without a certificate.
  PortProbe(const Address& address, bool tls, std::chrono::milliseconds interval,
            std::function<void(bool answered)> report);
  ~PortProbe();
  PortProbe(const PortProbe&) = delete;
  PortProbe& operator=(const PortProbe&) = delete;

 private:
  void Run(std::chrono::milliseconds interval);
  bool Ask() const;
  bool AskHttp2() const;
  bool AskTls() const;
  bool Stopped(std::chrono::milliseconds wait) const;

  const Address address_;
  const bool tls_;
  const std::function<void(bool)> report_;
  mutable Mutex mutex_;
  mutable std::condition_variable_any changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_PORT_PROBE_H_
