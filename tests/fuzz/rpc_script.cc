// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/dynamic_message.h>

#include <algorithm>
#include <functional>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/rpc_fuzzer.h"

namespace recurve {
namespace {

using fuzz::RpcCall;
using fuzz::RpcScript;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

const MethodDescriptor& MethodOf(const RpcMethods& methods, const RpcCall& call) {
  for (const MethodDescriptor* method : methods) {
    if (method->full_name() == call.method()) return *method;
  }
  return *methods[std::hash<std::string>()(call.method()) % methods.size()];
}

std::unique_ptr<Message> NewRequest(const MethodDescriptor& method) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
}

// Changes the message in `request`, or the bytes where they are none.
void MutateRequest(const MethodDescriptor& method, std::string& request, Random& random) {
  const std::unique_ptr<Message> message = NewRequest(method);
  if (!message->ParseFromString(request)) {
    request = Damage(request, RandomBytes(random), random);
    return;
  }
  for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) MutateMessage(*message, random);
  message->SerializePartialToString(&request);
}

void MutateCall(const RpcMethods& methods, RpcCall& call, Random& random) {
  const MethodDescriptor& method = MethodOf(methods, call);
  if (call.requests().empty()) call.add_requests();
  std::string& request =
      *call.mutable_requests(static_cast<int>(random() % static_cast<uint64_t>(call.requests_size())));
  switch (random() % 12) {
    case 0:
      request = Damage(request, RandomBytes(random), random);
      return;
    case 1:
      *call.add_requests() = std::string(request);
      return;
    case 2:
      call.mutable_requests()->RemoveLast();
      return;
    case 3:
      call.set_cancel(!call.cancel());
      return;
    case 4:
      call.set_responses(static_cast<uint32_t>(random() % 4));
      return;
    case 5:
      (random() % 2 == 0 ? call.mutable_traceparent() : call.mutable_authorization())
          ->append(Damage("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Bearer ", random));
      return;
    default:
      MutateRequest(method, request, random);
  }
}

void AddCall(const RpcMethods& methods, RpcScript& script, Random& random) {
  RpcCall& call = *script.add_calls();
  const MethodDescriptor& method = *methods[random() % methods.size()];
  call.set_method(method.full_name());
  MutateRequest(method, *call.add_requests(), random);
}

size_t Write(RpcScript& script, uint8_t* data, size_t max_size) {
  while (script.ByteSizeLong() > max_size && script.calls_size() > 0) script.mutable_calls()->RemoveLast();
  const std::string bytes = script.SerializeAsString();
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

}  // namespace

RpcMethods MethodsOf(const std::vector<std::string>& services) {
  RpcMethods methods;
  for (const std::string& name : services) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    FuzzCheck(service != nullptr, "the service is linked");
    for (int index = 0; index < service->method_count(); ++index) methods.push_back(service->method(index));
  }
  return methods;
}

const MethodDescriptor& RpcFuzzer::MethodOf(const RpcCall& call) const { return recurve::MethodOf(methods_, call); }

size_t MutateScript(const RpcMethods& methods, uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  Random random(seed);
  RpcScript script;
  if (!script.ParseFromArray(data, static_cast<int>(size))) script.Clear();
  for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    if (script.calls_size() == 0 || random() % 8 == 0) AddCall(methods, script, random);
    const auto any = [&] { return static_cast<int>(random() % static_cast<uint64_t>(script.calls_size())); };
    switch (random() % 16) {
      case 0:
        if (script.calls_size() > 1) script.mutable_calls()->DeleteSubrange(any(), 1);
        break;
      case 1:
        script.mutable_calls()->SwapElements(any(), any());
        break;
      case 2:
        *script.add_calls() = RpcCall(script.calls(any()));
        break;
      default:
        MutateCall(methods, *script.mutable_calls(any()), random);
    }
  }
  return Write(script, data, max_size);
}

size_t CrossScripts(const uint8_t* one, size_t one_size, const uint8_t* other, size_t other_size, uint8_t* out,
                    size_t max_size) {
  RpcScript script;
  RpcScript rest;
  if (!script.ParseFromArray(one, static_cast<int>(one_size))) script.Clear();
  if (rest.ParseFromArray(other, static_cast<int>(other_size))) script.MergeFrom(rest);  // appends its calls
  return Write(script, out, max_size);
}

}  // namespace recurve
