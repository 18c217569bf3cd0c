// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/message_errors.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace recurve {
namespace {

using grpc::experimental::InterceptionHookPoints;

// What gRPC answers, with INTERNAL, to a call that ends without the one request that its method takes.
constexpr char kNoRequest[] = "Couldn't initialize byte buffer reader";

// The field that is not UTF-8 in the message that this thread is parsing; empty: none.
std::string& FieldThatIsNotUtf8() {
  thread_local std::string name;
  return name;
}

// protobuf reports the field only in its log: "String field 'a.B.c' contains invalid UTF-8 data when parsing ...".
void TakeProtobufLog(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  if (absl::StrContains(message, "invalid UTF-8 data when parsing")) {
    const std::vector<std::string> parts = absl::StrSplit(message, '\'');
    FieldThatIsNotUtf8() = parts.size() > 2 ? parts[1] : "a field of text";
    return;
  }
  spdlog::warn("protobuf: {}", message);
}

// The method with the gRPC path "/package.Service/Name"; null if there is none.
const google::protobuf::MethodDescriptor* FindMethod(absl::string_view path) {
  absl::ConsumePrefix(&path, "/");
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(absl::StrReplaceAll(path, {{"/", "."}}));
}

grpc::Status Unreadable(const google::protobuf::MethodDescriptor& method) {
  const std::string field = std::exchange(FieldThatIsNotUtf8(), {});
  return grpc::Status(
      grpc::StatusCode::INVALID_ARGUMENT,
      absl::StrCat("the request of ", method.full_name(), " is not a valid ", method.input_type()->full_name(), ": ",
                   field.empty() ? "its bytes cannot be parsed" : field + " is not UTF-8"));
}

// Handles one call. The thread that fails to parse a request also sends the answer.
class MessageErrors final : public grpc::experimental::Interceptor {
 public:
  explicit MessageErrors(absl::string_view path) : path_(path) { FieldThatIsNotUtf8().clear(); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) {
      received_ = true;
      unreadable_ = batch->GetRecvMessage() == nullptr;
    }
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = batch->GetSendStatus();
      const bool by_grpc =
          status.error_code() == grpc::StatusCode::UNIMPLEMENTED || status.error_code() == grpc::StatusCode::INTERNAL;
      if (by_grpc && (status.error_message().empty() || status.error_message() == kNoRequest)) {
        batch->ModifySendStatus(WithMessage(status));
      }
    }
    batch->Proceed();
  }

 private:
  grpc::Status WithMessage(const grpc::Status& status) const {
    const google::protobuf::MethodDescriptor* method = FindMethod(path_);
    if (method == nullptr) return grpc::Status(status.error_code(), absl::StrCat("there is no method ", path_));
    if (status.error_message() == kNoRequest) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                          absl::StrCat("the call of ", method->full_name(), " has no request"));
    }
    if (unreadable_) return Unreadable(*method);
    if (!received_) {
      return grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                          absl::StrCat("this server does not offer ", method->service()->full_name(),
                                       "; is the address that of another service?"));
    }
    return grpc::Status(grpc::StatusCode::INTERNAL,  // the service threw an exception
                        absl::StrCat(method->full_name(), " failed, possibly for lack of memory"));
  }

  const absl::string_view path_;  // owned by gRPC, lives as long as the call
  bool received_ = false;         // a request was received, which happens only for methods of this server
  bool unreadable_ = false;
};

class MessageErrorsFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return new MessageErrors(info->method());  // gRPC owns it
  }
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMessageErrors() {
  google::protobuf::SetLogHandler(&TakeProtobufLog);
  return std::make_unique<MessageErrorsFactory>();
}

}  // namespace recurve
