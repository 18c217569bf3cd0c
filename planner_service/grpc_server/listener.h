// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_LISTENER_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_LISTENER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/grpc_server/address.h"

namespace recurve {

// Servers of this kind do not need more connections than about this number, and each takes memory.
inline constexpr uint64_t kMostDescriptors = 16'384;

// Minimum number of file descriptors for a server, and the numbers that its ports reserve for everything else: files of
// jobs, connections to a planner. The metrics port may use those between the two reserves, so that it still answers
// when gRPC connections have reached their limit.
inline constexpr int kLeastDescriptors = 256;
inline constexpr int kReserveOfMetrics = 96;
inline constexpr int kReserveOfGrpc = 192;

// Raises this process's soft limit on open files to what a server can use and the hard limit allows. RESOURCE_EXHAUSTED
// when it is then still below kLeastDescriptors.
absl::Status RaiseDescriptorLimit();

// The host at the other end of a connection: an IPv4 address, an IPv6 network of 64 bits, of which a host has any
// address it wants, or the same for all Unix sockets. In binary form, for comparison. Empty: not a connection.
std::string HostOf(int fd);

// A port: its listening sockets, and a thread that accepts connections until destruction. Unlike gRPC's listener, it
// survives every error of accept(): it waits while descriptors or memory are exhausted, and binds again when a socket
// is broken. Thread-safe.
class Listener {
 public:
  struct Counts {
    std::atomic<int64_t> accepted{0};
    std::atomic<int64_t> refused{0};          // to keep descriptors for the rest of the process, or for other hosts
    std::atomic<int64_t> refused_of_host{0};  // of these, because their host had its share
    std::atomic<int64_t> rebinds{0};
  };

  // Binds `address` and listens; clients that connect wait until Start. `purpose` ("gRPC") appears in errors.
  // UNAVAILABLE names the address when it is in use, belongs to another machine, or its host name cannot be resolved.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(const Address& address, std::string purpose);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Passes each connection, non-blocking and close-on-exec, to `take`, which takes ownership. Connections beyond the
  // descriptor limit minus `reserve` are closed immediately, and so are those of a host beyond half of that. A host is
  // an IPv4 address, an IPv6 network of 64 bits, or all clients of a Unix socket. Must be called once.
  void Start(int reserve, std::function<void(int fd)> take);

  // Ends the thread and closes the listening sockets, but no connections.
  void Stop();

  // Binds again, in the thread; connections waiting to be accepted are lost. Retried until it succeeds.
  void Rebind();

  const Address& address() const { return address_; }  // with the port that was bound
  const Counts& counts() const { return counts_; }

 private:
  Listener(Address address, std::string purpose) : address_(std::move(address)), purpose_(std::move(purpose)) {}

  absl::Status Open();
  absl::Status OpenUnix();
  absl::Status OpenTcp();
  void Close();
  void Run();
  void Wait(int milliseconds);
  bool AcceptFrom(int socket);
  void TakeOrRefuse(int fd);
  bool HostHasItsShare(int fd, int most_descriptors);

  Address address_;
  const std::string purpose_;
  std::vector<int> sockets_;
  int wake_ = -1;  // an eventfd
  int reserve_ = 0;
  std::function<void(int)> take_;
  Counts counts_;
  // Connections by host, counted at that time. Only of the thread.
  std::map<std::string, int> by_host_;
  std::chrono::steady_clock::time_point counted_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> broken_ = false;
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_LISTENER_H_
