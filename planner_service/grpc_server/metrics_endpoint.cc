// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/metrics_endpoint.h"

#include <microhttpd.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "planner_service/grpc_server/openmetrics.h"
#include "planner_service/process/mutex.h"

namespace recurve {
namespace {

constexpr size_t kMostConnections = 32;
constexpr unsigned kLimitOfLibrary = 2 * kMostConnections;  // never reached
constexpr unsigned kIdleSeconds = 60;                       // longer than the usual interval between scrapes
constexpr std::chrono::milliseconds kMostPatience{1'000};
constexpr char kTextFormat[] = "text/plain; version=0.0.4; charset=utf-8";

// The connections of an endpoint. The HTTP library reports their beginning and end, in its own thread.
class LiveConnections {
 public:
  // Waits until there is room for another connection, shutting down the oldest.
  void MakeRoom() {
    MutexLock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kMostPatience;
    while (live_.size() + arriving_ + leaving_ >= kMostConnections) {
      for (; !live_.empty() && live_.size() + arriving_ >= kMostConnections; ++leaving_) {
        shutdown(live_.front(), SHUT_RDWR);
        live_.pop_front();
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
        arriving_ = 0;  // the library has dropped some before they began
        break;
      }
    }
    ++arriving_;
  }

  void Began(int fd) {
    const MutexLock lock(mutex_);
    if (arriving_ > 0) --arriving_;
    live_.push_back(fd);
    changed_.notify_one();
  }

  // Called before the descriptor is closed. -1 for a connection that never began.
  void Ended(int fd) {
    const MutexLock lock(mutex_);
    size_t& count = fd < 0 ? arriving_ : leaving_;
    if (std::erase(live_, fd) == 0 && count > 0) --count;
    changed_.notify_one();
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<int> live_ ABSL_GUARDED_BY(mutex_);  // the oldest first
  size_t arriving_ ABSL_GUARDED_BY(mutex_) = 0;   // passed to the library
  size_t leaving_ ABSL_GUARDED_BY(mutex_) = 0;    // shut down
};

MHD_Result AnswerWith(MHD_Connection* connection, unsigned code, std::string body, const char* type) {
  MHD_Response* response = MHD_create_response_from_buffer(body.size(), body.data(), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
  if (code == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  const MHD_Result queued = MHD_queue_response(connection, code, response);
  MHD_destroy_response(response);
  return queued;
}

class HttpEndpoint final : public MetricsEndpoint {
 public:
  HttpEndpoint(Listener& listener, Sources sources) : listener_(listener), sources_(std::move(sources)) {}
  ~HttpEndpoint() override {
    listener_.Stop();
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  bool Run();

 private:
  static MHD_Result Handle(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                           const char*, size_t*, void**);
  static void Notify(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code);

  std::vector<prometheus::MetricFamily> Collect() const;

  Listener& listener_;
  const Sources sources_;
  LiveConnections live_;
  MHD_Daemon* daemon_ = nullptr;
};

// Keeps the default stack size of the thread: glibc allocates the thread-local storage of all linked libraries on the
// stack, and that of cuBLAS alone exceeds a small stack.
bool HttpEndpoint::Run() {
  daemon_ = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr,
                             nullptr, &HttpEndpoint::Handle, this, MHD_OPTION_CONNECTION_LIMIT, kLimitOfLibrary,
                             MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_NOTIFY_CONNECTION,
                             &HttpEndpoint::Notify, this, MHD_OPTION_END);
  if (daemon_ == nullptr) return false;
  listener_.Start(kReserveOfMetrics, [this](int fd) {
    sockaddr_storage peer{};
    socklen_t bytes = sizeof(peer);
    getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &bytes);
    live_.MakeRoom();
    if (MHD_add_connection(daemon_, fd, reinterpret_cast<const sockaddr*>(&peer), bytes) != MHD_YES) live_.Ended(-1);
  });
  return true;
}

MHD_Result HttpEndpoint::Handle(void* self, MHD_Connection* connection, const char* url, const char* method,
                                const char*, const char*, size_t*, void**) {
  if (std::string_view(url) != "/metrics") {
    return AnswerWith(connection, MHD_HTTP_NOT_FOUND, "Not found. Use /metrics.\n", "text/plain");
  }
  const std::string_view verb = method;
  if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
    return AnswerWith(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed.\n", "text/plain");
  }
  try {
    const std::vector<prometheus::MetricFamily> families = static_cast<HttpEndpoint*>(self)->Collect();
    const char* accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    if (accept != nullptr && PrefersOpenMetrics(accept)) {
      return AnswerWith(connection, MHD_HTTP_OK, ToOpenMetrics(families), kOpenMetricsType);
    }
    return AnswerWith(connection, MHD_HTTP_OK, prometheus::TextSerializer().Serialize(families), kTextFormat);
  } catch (const std::exception&) {  // out of memory: fails this answer, not the process
    return AnswerWith(connection, MHD_HTTP_SERVICE_UNAVAILABLE, {}, "text/plain");
  }
}

void HttpEndpoint::Notify(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code) {
  LiveConnections& live = static_cast<HttpEndpoint*>(self)->live_;
  const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    live.Began(fd);
  } else {
    live.Ended(fd);
  }
}

std::vector<prometheus::MetricFamily> HttpEndpoint::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& source : sources_) {
    std::vector<prometheus::MetricFamily> more = source->Collect();
    families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return families;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(Listener& listener, Sources sources) {
  auto endpoint = std::make_unique<HttpEndpoint>(listener, std::move(sources));
  if (!endpoint->Run()) return absl::ResourceExhaustedError("cannot start the thread that serves /metrics");
  return endpoint;
}

}  // namespace recurve
