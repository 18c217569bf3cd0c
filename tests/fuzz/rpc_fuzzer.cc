// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/rpc_fuzzer.h"

#include <google/protobuf/dynamic_message.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "planner_service/text/printable.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

using fuzz::RpcCall;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using grpc::StatusCode;

constexpr std::chrono::seconds kLongest{60};     // of a call; only a defect reaches it
constexpr std::chrono::milliseconds kIdle{200};  // a stream of responses that has none for so long is cancelled
constexpr size_t kLongestMessage = 2'100;        // grpc_status.cc shortens messages

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor& type) {
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  FuzzCheck(buffer.Dump(&slices).ok(), "a response can be read");
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// Of a value of metadata, since gRPC's client refuses others itself.
std::string VisibleAscii(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }), text.end());
  return text;
}

void FuzzCheckStatus(const MethodDescriptor& method, const grpc::Status& status, bool cancelled) {
  static const std::set<StatusCode> documented = {
      StatusCode::OK,           StatusCode::INVALID_ARGUMENT,    StatusCode::NOT_FOUND,
      StatusCode::ABORTED,      StatusCode::FAILED_PRECONDITION, StatusCode::ALREADY_EXISTS,
      StatusCode::OUT_OF_RANGE, StatusCode::PERMISSION_DENIED,   StatusCode::RESOURCE_EXHAUSTED,
      StatusCode::UNAVAILABLE,  StatusCode::UNAUTHENTICATED};
  const std::string& message = status.error_message();
  const std::string what =
      absl::StrCat(method.full_name(), " answered ", static_cast<int>(status.error_code()), ": ", Printable(message));
  const bool expected =
      documented.count(status.error_code()) > 0 || (cancelled && status.error_code() == StatusCode::CANCELLED);
  FuzzCheck(expected, absl::StrCat("a status is documented; ", what).c_str());
  FuzzCheck(message.size() <= kLongestMessage, absl::StrCat("a message has a limit; ", what).c_str());
  FuzzCheck(status.ok() || !message.empty(), absl::StrCat("an error has a message; ", what).c_str());
  FuzzCheck(Printable(message) == message, absl::StrCat("a message can be printed; ", what).c_str());
}

// The operations of one call, one after the other.
class RunningCall {
 public:
  RunningCall(grpc::GenericStub& stub, const MethodDescriptor& method, const RpcCall& call)
      : stream_(stub.PrepareCall(Prepare(call), PathOf(method), &queue_)) {
    stream_->StartCall(this);
    Wait();
  }
  ~RunningCall() {
    queue_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; queue_.Next(&tag, &ok);) continue;
  }
  RunningCall(const RunningCall&) = delete;
  RunningCall& operator=(const RunningCall&) = delete;

  bool Write(const std::string& request) {
    stream_->Write(ToBuffer(request), this);
    return Wait();
  }
  bool End() {
    stream_->WritesDone(this);
    return Wait();
  }
  void Cancel() {
    context_.TryCancel();
    cancelled_ = true;
  }
  // Cancels the call if there is no response for `idle`, if that is given.
  bool Read(grpc::ByteBuffer& response, std::optional<std::chrono::milliseconds> idle) {
    stream_->Read(&response, this);
    return Wait(idle);
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    return status;
  }
  bool cancelled() const { return cancelled_; }

 private:
  static std::string PathOf(const MethodDescriptor& method) {
    return absl::StrCat("/", method.service()->full_name(), "/", method.name());
  }
  grpc::ClientContext* Prepare(const RpcCall& call) {
    context_.set_deadline(std::chrono::system_clock::now() + kLongest);
    if (!call.traceparent().empty()) context_.AddMetadata("traceparent", VisibleAscii(call.traceparent()));
    if (!call.authorization().empty()) context_.AddMetadata("authorization", VisibleAscii(call.authorization()));
    return &context_;
  }
  bool Wait(std::optional<std::chrono::milliseconds> idle = std::nullopt) {
    void* tag = nullptr;
    bool ok = false;
    if (idle &&
        queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + *idle) == grpc::CompletionQueue::TIMEOUT) {
      Cancel();
      idle.reset();
      FuzzCheck(queue_.Next(&tag, &ok), "an operation ends");
    } else if (!idle) {
      FuzzCheck(queue_.Next(&tag, &ok), "an operation ends");
    }
    return ok;
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool cancelled_ = false;
};

}  // namespace

RpcFuzzer::RpcFuzzer(RpcMethods methods, const std::string& address)
    : methods_(std::move(methods)), stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {}

void RpcFuzzer::Run(const fuzz::RpcScript& script) {
  jobs_.clear();
  for (int index = 0; index < std::min(script.calls_size(), kMostCalls); ++index) Call(script.calls(index));
}

std::string RpcFuzzer::Complete(const MethodDescriptor& method, const std::string& request) const {
  const FieldDescriptor* id = method.input_type()->FindFieldByName("id");
  const std::unique_ptr<Message> message = NewMessage(*method.input_type());
  if (jobs_.empty() || id == nullptr || !message->ParseFromString(request)) return request;
  const std::string text = message->GetReflection()->GetString(*message, id);
  if (text.size() != 2 || text[0] != '$') return request;
  message->GetReflection()->SetString(message.get(), id, jobs_[static_cast<uint8_t>(text[1] - '0') % jobs_.size()]);
  return message->SerializeAsString();
}

void RpcFuzzer::TakeResponse(const MethodDescriptor& method, const grpc::ByteBuffer& bytes) {
  const std::unique_ptr<Message> response = NewMessage(*method.output_type());
  FuzzCheck(response->ParseFromString(ToString(bytes)), "a response is a message of its type, in UTF-8");
  const FieldDescriptor* job = method.output_type()->FindFieldByName("job");
  if (job == nullptr) return;
  const Message& created = response->GetReflection()->GetMessage(*response, job);
  const FieldDescriptor* id = created.GetDescriptor()->FindFieldByName("id");
  const std::string text = created.GetReflection()->GetString(created, id);
  FuzzCheck(!text.empty(), "a job has an id");
  if (std::find(jobs_.begin(), jobs_.end(), text) == jobs_.end()) jobs_.push_back(text);
}

void RpcFuzzer::Call(const RpcCall& call) {
  const MethodDescriptor& method = MethodOf(call);
  RunningCall running(stub_, method, call);
  bool open = true;
  for (int index = 0; open && index < std::min(call.requests_size(), kMostRequests); ++index) {
    open = running.Write(Complete(method, call.requests(index)));
  }
  if (call.cancel()) {
    running.Cancel();
  } else if (open) {
    running.End();
  }
  const uint32_t most = call.responses() == 0 ? kMostResponses : std::min(call.responses(), kMostResponses);
  const bool streams = method.server_streaming();
  grpc::ByteBuffer response;
  uint32_t responses = 0;
  while (responses < most && running.Read(response, streams ? std::optional(kIdle) : std::nullopt)) {
    TakeResponse(method, response);
    ++responses;
  }
  if (responses == most) running.Cancel();
  const grpc::Status status = running.Finish();
  FuzzCheckStatus(method, status, running.cancelled());
  fuzz_accepted += status.ok() ? 1 : 0;
}

}  // namespace recurve
