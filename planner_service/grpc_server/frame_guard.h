// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_FRAME_GUARD_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_FRAME_GUARD_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recurve {

// Checks what a client sends over an HTTP/2 connection before gRPC parses it. gRPC 1.51 has no limit on what some
// frames cost: header blocks without end, headers that expand, streams that are reset at once, and frames that must be
// answered take gigabytes and all processors within seconds. The limits here are far above what clients need. DATA
// passes unchecked, because flow control and the memory quota limit it. Not thread-safe, except ServerSends.
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

  using Clock = std::chrono::steady_clock;

  // Takes the next bytes of the connection. False, from then on, when a limit is broken: the bytes must be dropped and
  // the connection closed.
  bool Accept(std::string_view bytes, Clock::time_point now = Clock::now());

  // To be called before the server sends anything, which begins with its settings. Thread-safe.
  void ServerSends() { server_sent_.store(true, std::memory_order_relaxed); }

  // Which limit was broken, such as "a header block has more than 128 headers"; empty: none.
  const char* violation() const { return violation_; }

 private:
  static constexpr size_t kFrameHeaderBytes = 9;

  void TakePreface(std::string_view& bytes);
  void TakeFrameHeader(std::string_view& bytes);
  void BeginFrame();
  void BeginHeaders();
  void TakeAcknowledgement();
  void TakePayload(std::string_view& bytes);
  void EndHeaders();
  void Charge(double cost);
  void Break(const char* violation) { violation_ = violation; }

  Clock::time_point now_;
  const char* violation_ = "";
  size_t preface_ = 0;  // bytes received of it
  std::array<uint8_t, kFrameHeaderBytes> frame_{};
  size_t frame_bytes_ = 0;  // received of the frame's header
  size_t payload_left_ = 0;
  bool in_block_ = false;  // between HEADERS and the frame that ends the block
  std::string payload_;    // of a HEADERS or CONTINUATION frame
  std::string block_;      // from the frames before
  int streams_before_settings_ = 0;
  bool knows_settings_ = false;  // the client has acknowledged them
  std::atomic<bool> server_sent_{false};
  double budget_ = kBudget;
  Clock::time_point charged_{};
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_FRAME_GUARD_H_
