// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/frame_guard.h"

#include <algorithm>

namespace recurve {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113, sections 4.1 and 6.
enum FrameType : uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kWindow = 8, kContinued = 9 };
constexpr uint8_t kEndStream = 0x1;
constexpr uint8_t kAck = 0x1;
constexpr uint8_t kEndOfBlock = 0x4;
constexpr uint8_t kPadded = 0x8;
constexpr uint8_t kHasPriority = 0x20;
constexpr size_t kPriorityBytes = 5;

constexpr int kMostIntegerBytes = 4;  // after the prefix; more are no length that a header block can have
constexpr int kMostTableSizes = 4;    // updates of the dynamic table's size in a block

// Takes an HPACK integer (RFC 7541, section 5.1). False if it is cut off or too long.
bool TakeInteger(std::string_view& block, int prefix_bits, size_t& value) {
  if (block.empty()) return false;
  const size_t most = (size_t{1} << prefix_bits) - 1;
  value = static_cast<uint8_t>(block.front()) & most;
  block.remove_prefix(1);
  if (value < most) return true;
  for (int i = 0; i < kMostIntegerBytes && !block.empty(); ++i) {
    const auto byte = static_cast<uint8_t>(block.front());
    block.remove_prefix(1);
    value += static_cast<size_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) return true;
  }
  return false;
}

bool SkipString(std::string_view& block) {
  size_t bytes = 0;
  if (!TakeInteger(block, 7, bytes) || bytes > block.size()) return false;
  block.remove_prefix(bytes);
  return true;
}

// Skips a header or an update of the table's size (RFC 7541, section 6). False if it is cut off.
bool SkipHeader(std::string_view& block, int& headers, int& table_sizes) {
  const auto first = static_cast<uint8_t>(block.front());
  size_t index = 0;
  if (first >= 0x80) {
    ++headers;
    return TakeInteger(block, 7, index);
  }
  if ((first & 0xE0) == 0x20) {
    ++table_sizes;
    return TakeInteger(block, 5, index);
  }
  ++headers;
  if (!TakeInteger(block, first >= 0x40 ? 6 : 4, index)) return false;
  return (index != 0 || SkipString(block)) && SkipString(block);
}

const char* ProblemOfBlock(std::string_view block) {
  int headers = 0;
  int table_sizes = 0;
  while (!block.empty()) {
    if (!SkipHeader(block, headers, table_sizes)) return "a header is cut off";
    if (headers > FrameGuard::kMostHeaders) return "a header block has too many headers";
    if (table_sizes > kMostTableSizes) return "a header block changes the size of the table too often";
  }
  return "";
}

}  // namespace

bool FrameGuard::Accept(std::string_view bytes, Clock::time_point now) {
  now_ = now;
  while (!bytes.empty() && *violation_ == '\0' && !not_http2_) {
    if (preface_ < kPreface.size()) {
      TakePreface(bytes);
    } else if (frame_bytes_ < kFrameHeaderBytes) {
      TakeFrameHeader(bytes);
    } else {
      TakePayload(bytes);
    }
  }
  return *violation_ == '\0';
}

void FrameGuard::TakePreface(std::string_view& bytes) {
  const size_t count = std::min(bytes.size(), kPreface.size() - preface_);
  not_http2_ = bytes.substr(0, count) != kPreface.substr(preface_, count);
  if (not_http2_) return;
  bytes.remove_prefix(count);
  preface_ += count;
}

void FrameGuard::TakeFrameHeader(std::string_view& bytes) {
  const size_t count = std::min(bytes.size(), kFrameHeaderBytes - frame_bytes_);
  std::copy_n(bytes.begin(), count, frame_.begin() + static_cast<std::ptrdiff_t>(frame_bytes_));
  bytes.remove_prefix(count);
  frame_bytes_ += count;
  if (frame_bytes_ < kFrameHeaderBytes) return;
  payload_left_ = static_cast<size_t>(frame_[0]) << 16 | static_cast<size_t>(frame_[1]) << 8 | frame_[2];
  BeginFrame();
  if (payload_left_ == 0) TakePayload(bytes);
}

void FrameGuard::BeginFrame() {
  const uint8_t type = frame_[3];
  const uint8_t flags = frame_[4];
  if (in_block_ != (type == kContinued)) return Break("a header block is interrupted");
  switch (type) {
    case kHeaders:
      return BeginHeaders();
    case kContinued:
      if (block_.size() + payload_left_ > kMostHeaderBytes) return Break("a header block is too large");
      return Charge(kOtherCost);
    case kData:
      if ((flags & kEndStream) == 0 && payload_left_ == 0) Charge(kOtherCost);
      return;
    case kReset:
      EndStream();
      return Charge(kResetCost);
    case kPing:
      return Charge(kPingCost);
    case kSettings:
      if ((flags & kAck) != 0) TakeAcknowledgement();
      return Charge((flags & kAck) != 0 ? kPingCost : kSettingsCost + static_cast<double>(payload_left_));
    case kWindow:
      return;
    default:
      return Charge(kOtherCost);
  }
}

void FrameGuard::BeginHeaders() {
  if (payload_left_ > kMostHeaderBytes) return Break("a header block is too large");
  in_block_ = true;
  if ((frame_[4] & kEndStream) == 0) messages_.try_emplace(Stream());
  if (messages_.size() > kMostUnendedStreams) Break("the client does not end its streams");
  if (!knows_settings_ && ++streams_before_settings_ > kMostStreamsBeforeSettings) {
    Break("the client has opened too many streams without acknowledging the server's settings");
  }
}

// gRPC takes an acknowledgement that precedes its settings as one of settings without limits.
void FrameGuard::TakeAcknowledgement() {
  if (!server_sent_) Break("the client acknowledges settings that it has not received");
  knows_settings_ = true;
}

void FrameGuard::TakePayload(std::string_view& bytes) {
  const size_t count = std::min(bytes.size(), payload_left_);
  if (in_block_) payload_.append(bytes.substr(0, count));
  if (frame_[3] == kData) TakeData(bytes.substr(0, count));
  bytes.remove_prefix(count);
  payload_left_ -= count;
  if (payload_left_ > 0) return;
  frame_bytes_ = 0;
  if (frame_[3] == kData && (frame_[4] & kEndStream) != 0) EndStream();
  if (in_block_) EndHeaders();
}

// gRPC takes padding in DATA for an error.
void FrameGuard::TakeData(std::string_view data) {
  const auto found = messages_.find(Stream());
  if (found == messages_.end()) return;
  Message& message = found->second;
  while (!data.empty()) {
    if (message.header_bytes < kMessageHeaderBytes) {
      message.left = message.header_bytes == 0 ? 0 : message.left << 8 | static_cast<uint8_t>(data.front());
      ++message.header_bytes;
      data.remove_prefix(1);
    }
    if (message.header_bytes < kMessageHeaderBytes) continue;
    const size_t count = std::min<size_t>(data.size(), message.left);
    data.remove_prefix(count);
    message.left -= static_cast<uint32_t>(count);
    message.held += static_cast<int64_t>(count);
    Hold(static_cast<int64_t>(count));
    if (message.left > 0) continue;
    Hold(-message.held);
    message = Message();
  }
  if (arriving_ != nullptr && held_ > kAlwaysArriving && *of_host_ > arriving_->most - arriving_->held) {
    Break("the messages that are arriving take too much memory");
  }
}

void FrameGuard::EndStream() {
  const auto found = messages_.find(Stream());
  if (found == messages_.end()) return;
  Hold(-found->second.held);
  messages_.erase(found);
}

void FrameGuard::Hold(int64_t bytes) {
  held_ += bytes;
  *of_host_ += bytes;
  if (arriving_ != nullptr) arriving_->held += bytes;
}

uint32_t FrameGuard::Stream() const {
  const auto byte = [this](size_t i) { return static_cast<uint32_t>(frame_[i]); };
  return byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
}

// At the end of a HEADERS or CONTINUATION frame.
void FrameGuard::EndHeaders() {
  std::string_view part = payload_;
  const uint8_t flags = frame_[4];
  if (frame_[3] == kHeaders) {
    const size_t padding = (flags & kPadded) != 0 && !part.empty() ? static_cast<uint8_t>(part.front()) : 0;
    const size_t before = ((flags & kPadded) != 0 ? 1 : 0) + ((flags & kHasPriority) != 0 ? kPriorityBytes : 0);
    if (before + padding > part.size()) return Break("a header is cut off");
    part = part.substr(before, part.size() - before - padding);
  }
  block_.append(part);
  payload_.clear();
  if ((flags & kEndOfBlock) == 0) return;
  in_block_ = false;
  Break(ProblemOfBlock(block_));
  block_.clear();
}

void FrameGuard::Charge(double cost) {
  const double seconds = std::chrono::duration<double>(now_ - charged_).count();
  charged_ = now_;
  budget_ = std::min(kBudget, budget_ + seconds * kBudgetPerSecond) - cost;
  if (budget_ < 0) Break("the client sends too many frames that carry nothing");
}

}  // namespace recurve
