// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/metrics_endpoint.h"

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/metrics_tls.h"
#include "planner_service/grpc_server/openmetrics.h"
#include "planner_service/process/mutex.h"
#include "planner_service/status/status_macros.h"

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
  if (code == MHD_HTTP_UNAUTHORIZED) MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
  const MHD_Result queued = MHD_queue_response(connection, code, response);
  MHD_destroy_response(response);
  return queued;
}

unsigned HttpCodeOf(absl::StatusCode refusal) {
  switch (refusal) {
    case absl::StatusCode::kUnauthenticated:
      return MHD_HTTP_UNAUTHORIZED;
    case absl::StatusCode::kPermissionDenied:
      return MHD_HTTP_FORBIDDEN;
    case absl::StatusCode::kResourceExhausted:
      return MHD_HTTP_TOO_MANY_REQUESTS;
    default:
      return MHD_HTTP_INTERNAL_SERVER_ERROR;
  }
}

// A header of the request; empty: it has none of that name.
std::string_view HeaderOf(MHD_Connection* connection, const char* name) {
  const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? "" : value;
}

int CountAuthorizations(MHD_Connection* connection) {
  int count = 0;
  const auto add = [](void* sum, MHD_ValueKind, const char* name, const char*) {
    if (absl::EqualsIgnoreCase(name, MHD_HTTP_HEADER_AUTHORIZATION)) ++*static_cast<int*>(sum);
    return MHD_YES;
  };
  MHD_get_connection_values(connection, MHD_HEADER_KIND, add, &count);
  return count;
}

// Leaves escapes as they are: "/metrics%00" is another path.
size_t KeepEscapes(void*, MHD_Connection*, char* text) { return std::strlen(text); }

// The host of the client; "unix" over a Unix socket.
std::string HostOf(MHD_Connection* connection) {
  const sockaddr* const peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  char host[NI_MAXHOST] = "unix";
  if (peer->sa_family == AF_INET || peer->sa_family == AF_INET6) {
    const socklen_t bytes = peer->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    getnameinfo(peer, bytes, host, sizeof(host), nullptr, 0, NI_NUMERICHOST);
  }
  return host;
}

// The TLS session of a connection; null: plaintext.
gnutls_session_t SessionOf(MHD_Connection* connection) {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  return info == nullptr ? nullptr : static_cast<gnutls_session_t>(info->tls_session);
}

// MetricsTls gives each session its certificate. One that got none, for lack of memory, fails here.
int NoCertificate(gnutls_session_t, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int, gnutls_pcert_st**,
                  unsigned*, gnutls_privkey_t*) {
  return -1;
}

class HttpEndpoint final : public MetricsEndpoint {
 public:
  HttpEndpoint(Listener& listener, Sources sources, const Access* access, std::unique_ptr<MetricsTls> tls)
      : listener_(listener), sources_(std::move(sources)), access_(access), tls_(std::move(tls)) {}
  ~HttpEndpoint() override {
    listener_.Stop();
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  bool Run();

 private:
  static MHD_Result Handle(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                           const char*, size_t*, void**);
  static void Notify(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code);

  absl::Status Admit(MHD_Connection* connection) const;
  std::vector<prometheus::MetricFamily> Collect() const;

  Listener& listener_;
  const Sources sources_;
  const Access* const access_;             // null: everybody is admitted
  const std::unique_ptr<MetricsTls> tls_;  // of the library's thread; null: plaintext
  LiveConnections live_;
  MHD_Daemon* daemon_ = nullptr;
};

// Keeps the default stack size of the thread: glibc allocates the thread-local storage of all linked libraries on the
// stack, and that of cuBLAS alone exceeds a small stack.
bool HttpEndpoint::Run() {
  const bool plaintext = tls_ == nullptr;
  const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET;
  daemon_ = MHD_start_daemon(plaintext ? flags : flags | MHD_USE_TLS, 0, nullptr, nullptr, &HttpEndpoint::Handle, this,
                             MHD_OPTION_CONNECTION_LIMIT, kLimitOfLibrary, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,
                             MHD_OPTION_NOTIFY_CONNECTION, &HttpEndpoint::Notify, this, MHD_OPTION_UNESCAPE_CALLBACK,
                             &KeepEscapes, nullptr, plaintext ? MHD_OPTION_END : MHD_OPTION_HTTPS_CERT_CALLBACK,
                             &NoCertificate, MHD_OPTION_HTTPS_PRIORITIES, kMetricsTlsPriorities, MHD_OPTION_END);
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

// The library closes a connection that is answered at the first call for a request, rather than after its body.
MHD_Result HttpEndpoint::Handle(void* self, MHD_Connection* connection, const char* url, const char* method,
                                const char*, const char*, size_t* body_bytes, void** called) {
  if (std::exchange(*called, self) == nullptr) return MHD_YES;
  if (std::exchange(*body_bytes, 0) != 0) return MHD_YES;
  try {
    const auto& endpoint = *static_cast<const HttpEndpoint*>(self);
    if (const absl::Status admitted = endpoint.Admit(connection); !admitted.ok()) {
      return AnswerWith(connection, HttpCodeOf(admitted.code()), absl::StrCat(admitted.message(), "\n"), "text/plain");
    }
    if (std::string_view(url) != "/metrics") {
      return AnswerWith(connection, MHD_HTTP_NOT_FOUND, "Not found. Use /metrics.\n", "text/plain");
    }
    const std::string_view verb = method;
    if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
      return AnswerWith(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed.\n", "text/plain");
    }
    const std::vector<prometheus::MetricFamily> families = endpoint.Collect();
    if (PrefersOpenMetrics(HeaderOf(connection, MHD_HTTP_HEADER_ACCEPT))) {
      return AnswerWith(connection, MHD_HTTP_OK, ToOpenMetrics(families), kOpenMetricsType);
    }
    return AnswerWith(connection, MHD_HTTP_OK, prometheus::TextSerializer().Serialize(families), kTextFormat);
  } catch (const std::exception&) {  // out of memory: fails this answer, not the process
    return AnswerWith(connection, MHD_HTTP_SERVICE_UNAVAILABLE, {}, "text/plain");
  }
}

void HttpEndpoint::Notify(void* self, MHD_Connection* connection, void** held, MHD_ConnectionNotificationCode code) {
  auto& endpoint = *static_cast<HttpEndpoint*>(self);
  const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    endpoint.live_.Began(fd);
    if (endpoint.tls_ == nullptr) return;
    try {
      *held = new GnuTlsCredentials(endpoint.tls_->Begin(SessionOf(connection)));
    } catch (const std::exception&) {  // out of memory: fails this handshake, not the process
    }
  } else {
    endpoint.live_.Ended(fd);
    delete static_cast<GnuTlsCredentials*>(*held);
  }
}

absl::Status HttpEndpoint::Admit(MHD_Connection* connection) const {
  if (access_ == nullptr) return absl::OkStatus();
  if (CountAuthorizations(connection) > 1) {
    return absl::UnauthenticatedError("the request has more than one authorization");
  }
  const gnutls_session_t session = SessionOf(connection);
  const std::string certificate = session == nullptr ? "" : NameOfClient(session);
  const std::string host = HostOf(connection);
  return access_
      ->Admit({.authorization = HeaderOf(connection, MHD_HTTP_HEADER_AUTHORIZATION),
               .certificate = certificate,
               .host = host},
              Role::kRead)
      .status();
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

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(Listener& listener, Sources sources,
                                                                        const MetricsProtection& protection) {
  std::unique_ptr<MetricsTls> tls;
  if (protection.tls != nullptr) {
    ASSIGN_OR_RETURN(tls, MetricsTls::Open(*protection.tls));
  }
  auto endpoint = std::make_unique<HttpEndpoint>(listener, std::move(sources), protection.access, std::move(tls));
  if (!endpoint->Run()) return absl::ResourceExhaustedError("cannot start the thread that serves /metrics");
  return endpoint;
}

}  // namespace recurve
