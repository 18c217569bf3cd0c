// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/port_probe.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <utility>

#include "planner_service/grpc_server/tls_handshake.h"

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kAnswerTime{10'000};
constexpr std::chrono::milliseconds kPollTime{100};

}  // namespace

PortProbe::PortProbe(const Address& address, bool tls, std::chrono::milliseconds interval,
                     std::function<void(bool)> report)
    : address_(Reachable(address)),
      tls_(tls),
      report_(std::move(report)),
      thread_([this, interval] { Run(interval); }) {}

PortProbe::~PortProbe() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PortProbe::Run(std::chrono::milliseconds interval) {
  while (!Stopped(interval)) {
    const bool answered = Ask();
    if (Stopped(std::chrono::milliseconds(0))) return;
    report_(answered);
  }
}

bool PortProbe::Ask() const { return tls_ ? AskTls() : AskHttp2(); }

bool PortProbe::AskTls() const {
  const TlsAnswer answer =
      MeetTls(address_, {}, kAnswerTime, [this] { return Stopped(std::chrono::milliseconds(0)); }).answer;
  return answer == TlsAnswer::kAccepted || answer == TlsAnswer::kRejected;
}

// A channel is ready when the server has completed the HTTP/2 handshake.
bool PortProbe::AskHttp2() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a new connection each time
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto channel = grpc::CreateCustomChannel(ToString(address_), grpc::InsecureChannelCredentials(), arguments);
  const auto deadline = std::chrono::steady_clock::now() + kAnswerTime;
  grpc_connectivity_state state = channel->GetState(true);
  while (state != GRPC_CHANNEL_READY && state != GRPC_CHANNEL_TRANSIENT_FAILURE) {
    if (Stopped(std::chrono::milliseconds(0)) || std::chrono::steady_clock::now() > deadline) return false;
    channel->WaitForStateChange(state, std::chrono::system_clock::now() + kPollTime);
    state = channel->GetState(true);
  }
  return state == GRPC_CHANNEL_READY;
}

// Waits for the given time or until destruction begins; returns whether it has.
bool PortProbe::Stopped(std::chrono::milliseconds wait) const {
  MutexLock lock(mutex_);
  return changed_.wait_for(lock, wait, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_; });
}

}  // namespace recurve
