// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_FRAME_GUARD_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_FRAME_GUARD_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace recurve {

// What the connections of a process hold of messages that have not arrived completely. Thread-safe.
struct ArrivingBytes {
  std::atomic<int64_t> most{0};
  std::atomic<int64_t> held{0};
};

// Checks what a client sends over an HTTP/2 connection before gRPC parses it. gRPC 1.51 has no limit on what some
// frames cost: header blocks without end, headers that expand, streams that are reset at once, and frames that must be
// answered take gigabytes and all processors within seconds. The limits here are far above what clients need. Of
// messages, it counts what has arrived of those that are not complete: gRPC grants each of them a window of its size,
// and when they exceed its memory quota, drops calls and connections of any client. Not thread-safe, except
// ServerSends.
class FrameGuard {
 public:
  static constexpr size_t kMostHeaderBytes = 16 << 10;  // of a header block, encoded; gRPC accepts 8 KiB decoded
  static constexpr int kMostHeaders = 128;              // of a header block
  // Streams before the client has acknowledged the server's settings: until then, gRPC does not apply its limit on
  // concurrent streams. Clients assume a limit of about 100 until they know the server's.
  static constexpr int kMostStreamsBeforeSettings = 128;
  // What frames that carry nothing may cost: this much at once, and this much more per second.
  static constexpr double kBudget = 1500;
  static constexpr double kBudgetPerSecond = 2000;
  static constexpr double kPingCost = 1;  // many, because some clients measure the connection with them
  static constexpr double kResetCost = 10;
  static constexpr double kSettingsCost = 40;
  static constexpr double kOtherCost = 8;  // empty DATA, CONTINUATION, PRIORITY, unknown types

  // Streams that the client has not ended. Those that the server has ended remain among them.
  static constexpr size_t kMostUnendedStreams = 1024;
  // The connections of a host may hold as much as all connections leave free of ArrivingBytes::most, and each of them
  // always this much.
  static constexpr int64_t kAlwaysArriving = 16 << 10;

  using Clock = std::chrono::steady_clock;

  // `arriving` must outlive the guard; null: messages are not counted. `of_host`: what the connections of the client's
  // host hold of it; null: this connection alone counts.
  explicit FrameGuard(ArrivingBytes* arriving = nullptr, std::shared_ptr<std::atomic<int64_t>> of_host = nullptr)
      : arriving_(arriving),
        of_host_(of_host != nullptr ? std::move(of_host) : std::make_shared<std::atomic<int64_t>>(0)) {}
  ~FrameGuard() { Hold(-held_); }
  FrameGuard(const FrameGuard&) = delete;
  FrameGuard& operator=(const FrameGuard&) = delete;

  // Takes the next bytes of the connection. If they do not begin as HTTP/2, accepts all: gRPC tells the client so.
  // False, from then on, when a limit is broken: the bytes must be dropped and
  // the connection closed.
  bool Accept(std::string_view bytes, Clock::time_point now = Clock::now());

  // To be called before the server sends anything, which begins with its settings. Thread-safe.
  void ServerSends() { server_sent_ = true; }

  // Which limit was broken, such as "a header block has more than 128 headers"; empty: none.
  const char* violation() const { return violation_; }

 private:
  static constexpr size_t kFrameHeaderBytes = 9;
  static constexpr size_t kMessageHeaderBytes = 5;  // a flag and the size

  // The message of a stream that is arriving.
  struct Message {
    size_t header_bytes = 0;  // received of its header
    uint32_t left = 0;        // bytes that have not arrived
    int64_t held = 0;
  };

  void TakePreface(std::string_view& bytes);
  void TakeFrameHeader(std::string_view& bytes);
  void BeginFrame();
  void BeginHeaders();
  void TakeAcknowledgement();
  void TakePayload(std::string_view& bytes);
  void EndHeaders();
  void TakeData(std::string_view data);
  void EndStream();
  void Hold(int64_t bytes);
  uint32_t Stream() const;
  void Charge(double cost);
  void Break(const char* violation) { violation_ = violation; }

  ArrivingBytes* const arriving_;
  const std::shared_ptr<std::atomic<int64_t>> of_host_;
  std::map<uint32_t, Message> messages_;  // by stream
  int64_t held_ = 0;                      // by messages_
  Clock::time_point now_;
  const char* violation_ = "";
  size_t preface_ = 0;  // bytes received of it
  bool not_http2_ = false;
  std::array<uint8_t, kFrameHeaderBytes> frame_{};
  size_t frame_bytes_ = 0;  // received of the frame's header
  size_t payload_left_ = 0;
  bool in_block_ = false;  // between HEADERS and the frame that ends the block
  std::string payload_;    // of a HEADERS or CONTINUATION frame
  std::string block_;      // from the frames before
  int streams_before_settings_ = 0;
  bool knows_settings_ = false;  // the client has acknowledged them
  std::atomic<bool> server_sent_ = false;
  double budget_ = kBudget;
  Clock::time_point charged_{};
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_FRAME_GUARD_H_
