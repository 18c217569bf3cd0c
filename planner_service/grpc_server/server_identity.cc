// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/server_identity.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

constexpr std::string_view kHealthCheck = "/grpc.health.v1.Health/Check";

class ServerIdentity final : public grpc::experimental::Interceptor {
 public:
  explicit ServerIdentity(const std::string& program) : program_(program) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      auto* metadata = batch->GetSendInitialMetadata();
      metadata->emplace(kProgramKey, program_);
      metadata->emplace(kTimeKey, absl::StrCat(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
    }
    batch->Proceed();
  }

 private:
  const std::string& program_;  // of the factory, which lives as long as the server
};

class ServerIdentityFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit ServerIdentityFactory(std::string program) : program_(std::move(program)) {}

  // Null: the call is not intercepted.
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return info->method() == kHealthCheck ? new ServerIdentity(program_) : nullptr;  // gRPC owns it
  }

 private:
  const std::string program_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerIdentity(std::string program) {
  return std::make_unique<ServerIdentityFactory>(std::move(program));
}

}  // namespace recurve
