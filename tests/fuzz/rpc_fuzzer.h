// SPDX-License-Identifier: Apache-2.0
//
// Calls every method of some services with messages that are mostly well formed, through a real socket, and checks the
// answers: each call ends, with a status that is documented and a message that can be printed.
#ifndef RECURVE_TESTS_FUZZ_RPC_FUZZER_H_
#define RECURVE_TESTS_FUZZ_RPC_FUZZER_H_

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rpc_script.pb.h"
#include "tests/fuzz/damage.h"

namespace recurve {

// The methods of services by their full names, such as "recurve.planner.v1.PlannerService".
using RpcMethods = std::vector<const google::protobuf::MethodDescriptor*>;
RpcMethods MethodsOf(const std::vector<std::string>& services);

// For LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver: `data` is a serialized RpcScript, and stays one.
size_t MutateScript(const RpcMethods& methods, uint8_t* data, size_t size, size_t max_size, unsigned int seed);
size_t CrossScripts(const uint8_t* one, size_t one_size, const uint8_t* other, size_t other_size, uint8_t* out,
                    size_t max_size);

// Not thread-safe.
class RpcFuzzer {
 public:
  // Of the server at `address`.
  RpcFuzzer(RpcMethods methods, const std::string& address);

  // Makes the calls of a script, at most kMostCalls.
  void Run(const fuzz::RpcScript& script);
  // The ids of the jobs that the last script has created.
  const std::vector<std::string>& jobs() const { return jobs_; }

 private:
  static constexpr int kMostCalls = 12;
  static constexpr int kMostRequests = 8;
  static constexpr uint32_t kMostResponses = 64;

  const google::protobuf::MethodDescriptor& MethodOf(const fuzz::RpcCall& call) const;
  std::string Complete(const google::protobuf::MethodDescriptor& method, const std::string& request) const;
  void Call(const fuzz::RpcCall& call);
  void TakeResponse(const google::protobuf::MethodDescriptor& method, const grpc::ByteBuffer& bytes);

  const RpcMethods methods_;
  grpc::GenericStub stub_;
  std::vector<std::string> jobs_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_FUZZ_RPC_FUZZER_H_
