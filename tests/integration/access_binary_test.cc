// SPDX-License-Identifier: Apache-2.0
//
// Both daemons with identity of callers: who gets in, and that no secret gets out.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "planner_service/client/channel.h"
#include "planner_service/tls/tls_credentials.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/integration/child_process.h"
#include "tests/planner_service/grpc_server/probes.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kSubmitter[] = "submitters-token-0123456789";
constexpr char kReader[] = "readers-token-0123456789";

struct DaemonProgram {
  std::string name;
  std::string binary;
  size_t methods;  // that the daemon has at least
  std::vector<std::string> arguments;
};

const DaemonProgram kPlanner{"planner", RECURVE_PLANNER_BINARY, 10, {}};
const DaemonProgram kExecutor{"executor", RECURVE_EXECUTOR_BINARY, 18, {"--state-dir", "none"}};

// The contents of the fields with this number in a message, which are strings or messages.
std::vector<std::string> FieldsOf(const std::string& message, int number) {
  google::protobuf::UnknownFieldSet fields;
  EXPECT_TRUE(fields.ParseFromString(message));
  std::vector<std::string> contents;
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() == number) contents.push_back(fields.field(i).length_delimited());
  }
  return contents;
}

// "/package.Service/Method" for each method of the daemon, except those of gRPC's own services.
std::vector<std::string> MethodsOf(const std::shared_ptr<grpc::Channel>& channel) {
  std::vector<std::string> methods;
  for (const std::string& service : FieldsOf(FieldsOf(ReflectedServices(channel), 6).at(0), 1)) {
    const std::string name = FieldsOf(service, 1).at(0);
    if (absl::StartsWith(name, "grpc.")) continue;
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(file.ParseFromString(FieldsOf(FieldsOf(ReflectedFileOf(channel, name), 4).at(0), 1).at(0)));
    for (const auto& described : file.service()) {
      if (absl::StrCat(file.package(), ".", described.name()) != name) continue;
      for (const auto& method : described.method()) methods.push_back(absl::StrCat("/", name, "/", method.name()));
    }
  }
  return methods;
}

class AccessBinaryTest : public testing::TestWithParam<DaemonProgram> {
 protected:
  AccessBinaryTest() {
    WriteTokens(absl::StrCat(kSubmitter, " alice submit\n", kReader, " bob read\ncn:test carol read\n"));
  }

  void WriteTokens(const std::string& text) const {
    chmod(scratch_.Write("new", text).c_str(), 0600);
    std::filesystem::rename(scratch_.File("new"), tokens_);
  }
  std::vector<std::string> Command(const std::vector<std::string>& more) const {
    std::vector<std::string> command{GetParam().binary};
    for (const char* flag : {"--listen", "--metrics-listen"}) {
      if (std::find(more.begin(), more.end(), flag) != more.end()) continue;
      command.insert(command.end(), {flag, "127.0.0.1:0"});
    }
    for (const std::vector<std::string>& arguments : {GetParam().arguments, more}) {
      command.insert(command.end(), arguments.begin(), arguments.end());
    }
    return command;
  }
  void Start(const std::vector<std::string>& more) {
    std::vector<std::string> command = Command(more);
    command.insert(command.end(), {"--metrics-public", "true"});
    process_ = std::make_unique<ChildProcess>(command);
    ASSERT_TRUE(process_->WaitForOutput("serves gRPC on")) << process_->output();
    ASSERT_TRUE(process_->WaitForOutput("\n"));
    port_ = NumberAfter(process_->output(), "serves gRPC on 127.0.0.1:");
    metrics_port_ = NumberAfter(process_->output(), "metrics http://127.0.0.1:");
  }
  std::string Exit(const std::vector<std::string>& more, int exit_status) const {
    ChildProcess process(Command(more));
    EXPECT_EQ(process.Wait(), exit_status) << process.output();
    return process.output();
  }
  std::shared_ptr<grpc::Channel> Channel(const std::string& token) const {
    return MakeChannel(absl::StrCat("127.0.0.1:", port_), {.token = token});
  }
  // A call that only reads, and fails with INVALID_ARGUMENT or NOT_FOUND if it is admitted.
  grpc::StatusCode Read(const std::shared_ptr<grpc::Channel>& channel) const {
    const bool planner = GetParam().name == "planner";
    return CallWithBytes(
               channel,
               planner ? "/recurve.planner.v1.PlannerService/MakePlan" : "/recurve.executor.v1.ExecutorService/GetJob",
               "")
        .error_code();
  }
  // The same with a certificate.
  grpc::StatusCode ReadWith(const CertificateWish& wish, const std::string& token) const {
    const PemPair pair = authority_.Issue(wish);
    return Read(MakeChannel(
        absl::StrCat("127.0.0.1:", port_),
        {.certificate = pair.certificate, .key = pair.key, .authorities = authority_.certificate(), .token = token}));
  }
  static bool Admitted(grpc::StatusCode code) {
    return code == grpc::StatusCode::OK || code == grpc::StatusCode::INVALID_ARGUMENT ||
           code == grpc::StatusCode::NOT_FOUND;
  }

  const ScratchDirectory scratch_;
  const std::string tokens_ = scratch_.File("tokens");
  const TestAuthority authority_{"authority"};
  std::unique_ptr<ChildProcess> process_;
  int port_ = 0;
  int metrics_port_ = 0;
};

TEST_P(AccessBinaryTest, NoMethodAnswersWithoutAToken) {
  Start({"--token-file", tokens_});
  const std::vector<std::string> methods = MethodsOf(Channel(""));
  EXPECT_THAT(methods, SizeIs(testing::Ge(GetParam().methods)));
  for (const std::string& token : {std::string(), std::string("submitters-token-012345678")}) {
    const auto channel = Channel(token);
    for (const std::string& method : methods) {
      EXPECT_EQ(CallWithBytes(channel, method, "").error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
    }
    EXPECT_EQ(HealthOf(channel, ""), "SERVING") << "health is open";
  }
  const auto channel = Channel(kSubmitter);
  for (const std::string& method : methods) {
    EXPECT_NE(CallWithBytes(channel, method, "").error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
  }
}

TEST_P(AccessBinaryTest, ReadersOnlyRead) {
  Start({"--token-file", tokens_});
  const auto channel = Channel(kReader);
  EXPECT_TRUE(Admitted(Read(channel)));
  for (const std::string& method : MethodsOf(channel)) {
    const std::string name = method.substr(method.rfind('/') + 1);
    const bool reads = GetParam().name == "planner" || absl::StartsWith(name, "Get") ||
                       absl::StartsWith(name, "List") || name == "WatchJob";
    EXPECT_EQ(CallWithBytes(channel, method, "").error_code() == grpc::StatusCode::PERMISSION_DENIED, !reads) << method;
  }
}

TEST_P(AccessBinaryTest, CertificatesGiveIdentity) {
  const PemPair own = authority_.Issue();
  Start({"--token-file", tokens_, "--tls-cert-file", scratch_.Write("tls.crt", own.certificate), "--tls-key-file",
         scratch_.Write("tls.key", own.key), "--client-ca-file", scratch_.Write("ca.crt", authority_.certificate()),
         "--client-role", "read", "--log-level", "debug"});
  const auto read = [&](const CertificateWish& wish, const std::string& token) { return ReadWith(wish, token); };
  EXPECT_TRUE(Admitted(read({}, "")));
  EXPECT_TRUE(process_->WaitForOutput("owner=carol peer=127.0.0.1")) << "by the line cn:test";
  EXPECT_TRUE(Admitted(read({.common_name = "dave"}, "")));
  EXPECT_TRUE(process_->WaitForOutput("owner=dave peer=127.0.0.1")) << "by the common name";
  EXPECT_TRUE(Admitted(read({.names = "DNS:node7.example", .common_name = ""}, "")));
  EXPECT_TRUE(process_->WaitForOutput("owner=node7.example peer=127.0.0.1")) << "by the first alternative name";
  EXPECT_TRUE(Admitted(read({}, kSubmitter)));
  EXPECT_TRUE(process_->WaitForOutput("owner=alice peer=127.0.0.1")) << "by the token";
  EXPECT_EQ(read({}, "no-such-token-0123456789"), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_P(AccessBinaryTest, RemovedLinesRevokeCertificates) {
  const PemPair own = authority_.Issue();
  Start({"--token-file", tokens_, "--tls-cert-file", scratch_.Write("tls.crt", own.certificate), "--tls-key-file",
         scratch_.Write("tls.key", own.key), "--client-ca-file", scratch_.Write("ca.crt", authority_.certificate())});
  EXPECT_TRUE(Admitted(ReadWith({}, "")));
  EXPECT_EQ(ReadWith({.common_name = "dave"}, ""), grpc::StatusCode::UNAUTHENTICATED) << "no line names him";
  WriteTokens(absl::StrCat(kReader, " bob read\n"));
  while (Admitted(ReadWith({}, ""))) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(ReadWith({}, ""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Admitted(ReadWith({}, kReader)));
}

TEST_P(AccessBinaryTest, RefusesSettingsThatAdmitNobody) {
  EXPECT_THAT(Exit({"--client-role", "none", "--check-config"}, 2), HasSubstr("--token-file"));
  EXPECT_THAT(Exit({"--client-role", "none"}, 1), HasSubstr("--token-file"));
  EXPECT_THAT(Exit({"--client-role", "king"}, 2), HasSubstr("read, submit, admin or none"));
}

TEST_P(AccessBinaryTest, ChangedTokensAreUsedAndBadOnesCounted) {
  Start({"--token-file", tokens_});
  const auto channel = Channel("carols-token-0123456789");
  EXPECT_EQ(Read(channel), grpc::StatusCode::UNAUTHENTICATED);
  WriteTokens("carols-token-0123456789 carol read\n");
  while (!Admitted(Read(channel))) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(Read(Channel(kReader)), grpc::StatusCode::UNAUTHENTICATED);
  WriteTokens("carols-token-0123456789 carol king\n");
  EXPECT_TRUE(process_->WaitForOutput("line 1: the role, the third word, must be")) << process_->output();
  EXPECT_TRUE(Admitted(Read(channel)));
  EXPECT_THAT(HttpGet(metrics_port_, "/metrics"), HasSubstr("\nrecurve_server_token_file_reload_failures_total 1\n"));
}

TEST_P(AccessBinaryTest, RequestsAboveTheRateAreRefused) {
  Start({"--token-file", tokens_, "--max-requests-per-second", "5"});
  const auto channel = Channel(kReader);
  grpc::StatusCode code = grpc::StatusCode::OK;
  for (int i = 0; i < 1000 && code != grpc::StatusCode::RESOURCE_EXHAUSTED; ++i) code = Read(channel);
  EXPECT_EQ(code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Admitted(Read(Channel(kSubmitter)))) << "each client has its own limit";
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
}

TEST_P(AccessBinaryTest, RefusesToServeOtherMachinesUnprotected) {
  const PemPair own = authority_.Issue();
  const std::vector<std::string> tls = {"--tls-cert-file", scratch_.Write("tls.crt", own.certificate), "--tls-key-file",
                                        scratch_.Write("tls.key", own.key)};
  const auto with = [](std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  std::vector<std::string> open = {"--listen", "0.0.0.0:0"};
  if (GetParam().name == "executor") {
    std::filesystem::create_directory(scratch_.File("data"));
    std::filesystem::create_directory(scratch_.File("models"));
    open = with(open, {"--data-root", scratch_.File("data"), "--model-root", scratch_.File("models")});
  }
  for (const bool check : {false, true}) {
    const std::vector<std::string> checked = check ? with(open, {"--check-config"}) : open;
    const int status = check ? 2 : 1;
    EXPECT_THAT(Exit(checked, status), AllOf(HasSubstr("--listen 0.0.0.0:0 is an address beyond this machine"),
                                             HasSubstr("neither TLS (--tls-cert-file and --tls-key-file) nor identity"),
                                             HasSubstr("--allow-plaintext true")));
    EXPECT_THAT(Exit(with(checked, tls), status), HasSubstr("no identity of clients (--token-file"));
    EXPECT_THAT(Exit(with(checked, {"--token-file", tokens_}), status), HasSubstr("no TLS (--tls-cert-file"));
    EXPECT_THAT(Exit(with({"--metrics-listen", "[::]:0"},
                          check ? std::vector<std::string>{"--check-config"} : std::vector<std::string>{}),
                     status),
                HasSubstr("--metrics-listen [::]:0 is an address beyond this machine"));
    if (GetParam().name == "executor") {
      std::vector<std::string> anywhere = {"--listen", "0.0.0.0:0", "--allow-plaintext", "true"};
      if (check) anywhere.emplace_back("--check-config");
      EXPECT_THAT(Exit(anywhere, status), AllOf(HasSubstr("--data-root"), HasSubstr("(/ for all,")));
      EXPECT_THAT(Exit(with(anywhere, {"--data-root", "/"}), status), HasSubstr("--model-root"));
    }
  }
  Exit(with(with(open, tls), {"--token-file", tokens_, "--check-config"}), 0);
  Exit(with(open, {"--allow-plaintext", "true", "--check-config"}), 0);
}

TEST_P(AccessBinaryTest, RefusesRootsThatContainEachOther) {
  if (GetParam().name != "executor") return;  // a planner has no roots
  for (const char* name : {"data", "models"}) std::filesystem::create_directory(scratch_.File(name));
  const auto exit = [&](const std::string& data, const std::string& models, int status) {
    std::string output;
    for (const bool check : {true, false}) {
      if (!check && status == 0) continue;  // it would serve
      std::vector<std::string> arguments = {"--token-file", tokens_,
                                            "--data-root",  scratch_.File(data),
                                            "--model-root", models == "/" ? models : scratch_.File(models)};
      if (check) arguments.emplace_back("--check-config");
      output += Exit(arguments, status);
    }
    return output;
  };
  exit("data", "models", 0);
  EXPECT_THAT(exit("data", "/", 2), HasSubstr("--model-root / contains --data-root"));
  EXPECT_THAT(exit("models", "models", 2), HasSubstr("contains --model-root"));
}

TEST_P(AccessBinaryTest, CheckConfigReadsTheTokenFileAndPrintConfigNamesIt) {
  const std::string good = Exit({"--token-file", tokens_, "--check-config", "--print-config"}, 0);
  EXPECT_THAT(good, AllOf(HasSubstr("token-file = \"" + tokens_ + "\""), Not(HasSubstr("submitters-token"))));
  chmod(tokens_.c_str(), 0644);
  EXPECT_THAT(Exit({"--token-file", tokens_, "--check-config"}, 2),
              AllOf(HasSubstr("chmod 600"), Not(HasSubstr("submitters-token"))));
  EXPECT_THAT(Exit({"--token-file", tokens_}, 1), HasSubstr("chmod 600"));
}

// Where the bytes of `text` are in the memory of a process.
std::vector<std::string> MappingsWith(int pid, const std::string& text) {
  std::vector<std::string> found;
  std::ifstream maps(absl::StrCat("/proc/", pid, "/maps"));
  std::ifstream memory(absl::StrCat("/proc/", pid, "/mem"), std::ios::binary);
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx rw", &begin, &end) != 2 || line.find(" rw") == std::string::npos) continue;
    std::string bytes(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    for (size_t at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1)) {
      found.push_back(absl::StrCat(absl::Hex(begin + at), " in ", line));
    }
  }
  return found;
}

TEST_P(AccessBinaryTest, TheTokensOfTheFileAreNeitherInMemoryNorInAnyOutput) {
  // Otherwise only root could read its memory.
  Start({"--token-file", tokens_, "--log-level", "debug", "--core-dumps", "true"});
  ASSERT_TRUE(std::ifstream(absl::StrCat("/proc/", process_->pid(), "/mem")));
  EXPECT_TRUE(Admitted(Read(Channel(kReader))));
  EXPECT_EQ(Read(Channel("readers-token-0123456780")), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(MappingsWith(process_->pid(), kSubmitter), testing::IsEmpty()) << "which nobody has sent";
  const std::string metrics = HttpGet(metrics_port_, "/metrics");
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 0);
  for (const std::string& output : {process_->output(), metrics}) EXPECT_THAT(output, Not(HasSubstr("-token-0")));
}

INSTANTIATE_TEST_SUITE_P(Daemons, AccessBinaryTest, testing::Values(kPlanner, kExecutor),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace recurve
