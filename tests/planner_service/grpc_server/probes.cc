// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/grpc_server/probes.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <netdb.h>
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

// One message in each direction, over a bidirectional stream (a unary call looks the same on the wire).
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

// A connection, or -1 on failure.
int ConnectTo(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) return -1;
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
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

std::string HttpGet(int port, const std::string& path) { return HttpAnswer("127.0.0.1", port, "GET", path); }

std::string HttpAnswer(const std::string& host, int port, const std::string& method, const std::string& path,
                       const std::string& accept) {
  const int fd = ConnectTo(host, port);
  if (fd < 0) return "";
  std::string answer;
  const std::string request = absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: ", host, "\r\nAccept: ", accept,
                                           "\r\nConnection: close\r\n\r\n");
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char block[4096];
    for (ssize_t n = 0; (n = recv(fd, block, sizeof(block), 0)) > 0;) answer.append(block, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

grpc::Status CallWithBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           const std::string& request) {
  grpc::Status status;
  Exchange(channel, method, request, status);
  return status;
}

SilentConnections::SilentConnections(int port, int count) {
  for (int i = 0; i < count; ++i) sockets_.push_back(ConnectTo("127.0.0.1", port));
}

SilentConnections::~SilentConnections() {
  for (const int fd : sockets_) close(fd);
}

void SilentConnections::Say(const std::string& bytes) {
  for (const int fd : sockets_) (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace recurve
