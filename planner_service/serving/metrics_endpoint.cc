// SPDX-License-Identifier: Apache-2.0
#include "planner_service/serving/metrics_endpoint.h"

#include <dlfcn.h>
#include <netdb.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

// Overrides the C library's function for the whole process, so that every thread stack whose size is set has at least
// 1 MiB. The HTTP server asks for 100 KiB, from which glibc also takes the thread-local storage of all linked
// libraries; cuBLAS's alone is larger, so that no HTTP thread would start and an executor built with CUDA could not
// serve metrics.
extern "C" __attribute__((visibility("default"))) int pthread_attr_setstacksize(pthread_attr_t* attributes,
                                                                                size_t bytes) noexcept {
  constexpr size_t kLeastBytes = size_t{1} << 20;
  static const auto next =
      reinterpret_cast<int (*)(pthread_attr_t*, size_t)>(dlsym(RTLD_NEXT, "pthread_attr_setstacksize"));
  return next(attributes, std::max(bytes, kLeastBytes));
}

namespace recurve {
namespace {

// A scrape and a person with a browser.
constexpr size_t kThreads = 2;

constexpr std::chrono::milliseconds kWakeInterval{2};

// Connects and hangs up.
void Knock(const Address& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    (void)connect(fd, found->ai_addr, found->ai_addrlen);
    close(fd);
  }
  freeaddrinfo(found);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(
    const Address& address, std::shared_ptr<prometheus::Registry> registry) {
  Address bound = address;
  if (bound.host == "localhost") bound.host = "127.0.0.1";  // the HTTP server takes no names
  std::unique_ptr<prometheus::Exposer> exposer;
  try {
    exposer = std::make_unique<prometheus::Exposer>(ToString(bound), kThreads);
  } catch (const std::exception&) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", ToString(address),
                     " for metrics: the port is in use, or the host is not an address of this "
                     "machine; choose another address"));
  }
  bound.port = exposer->GetListeningPorts().front();
  exposer->RegisterCollectable(registry);
  return std::unique_ptr<MetricsEndpoint>(
      new MetricsEndpoint(std::move(exposer), std::move(registry), std::move(bound)));
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer,
                                 std::shared_ptr<prometheus::Registry> registry, Address bound)
    : registry_(std::move(registry)), exposer_(std::move(exposer)), bound_(std::move(bound)) {}

// The HTTP server looks every two seconds, or when somebody connects, whether it is to stop; a process that ends should
// not wait for that.
MetricsEndpoint::~MetricsEndpoint() {
  std::atomic<bool> stopped = false;
  std::thread visitor([&] {
    for (; !stopped; std::this_thread::sleep_for(kWakeInterval)) Knock(bound_);
  });
  exposer_.reset();
  stopped = true;
  visitor.join();
}

}  // namespace recurve
