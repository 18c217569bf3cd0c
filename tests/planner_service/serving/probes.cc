// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/serving/probes.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

// A field of type string: key, length, text.
std::string StringField(int number, const std::string& text) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(text.size())} + text;
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

std::string ErrorName(const grpc::Status& status) {
  return absl::StrCat("error ", static_cast<int>(status.error_code()), ": ", status.error_message());
}

void WaitFor(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
}

// One message there, one back, over a stream in both directions (a unary call looks the same on the wire).
std::string Exchange(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                     const std::string& request, grpc::Status& status) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  WaitFor(queue);
  call->Write(ToBuffer(request), nullptr);
  WaitFor(queue);
  call->WritesDone(nullptr);
  WaitFor(queue);
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  WaitFor(queue);
  call->Finish(&status, nullptr);
  WaitFor(queue);
  return ToString(response);
}

std::string Reflect(const std::shared_ptr<grpc::Channel>& channel, const std::string& request) {
  grpc::Status status;
  std::string response =
      Exchange(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", request, status);
  return status.ok() ? response : ErrorName(status);
}

}  // namespace

std::shared_ptr<grpc::Channel> PlainChannel(int port) {
  return grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
}

std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  grpc::Status status;
  const std::string response = Exchange(channel, "/grpc.health.v1.Health/Check", StringField(1, service), status);
  if (!status.ok()) return ErrorName(status);
  if (response == std::string("\x08\x01", 2)) return "SERVING";
  return response == std::string("\x08\x02", 2) ? "NOT_SERVING" : "UNKNOWN";
}

std::string ReflectedServices(const std::shared_ptr<grpc::Channel>& channel) {
  return Reflect(channel, StringField(7, "*"));
}

std::string ReflectedFileOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& symbol) {
  return Reflect(channel, StringField(4, symbol));
}

std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return "";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/plain\r\nConnection: close\r\n\r\n");
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
      char block[4096];
      for (ssize_t n = 0; (n = recv(fd, block, sizeof(block), 0)) > 0;) answer.append(block, static_cast<size_t>(n));
    }
  }
  close(fd);
  return answer;
}

}  // namespace recurve
