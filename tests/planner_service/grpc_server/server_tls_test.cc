// SPDX-License-Identifier: Apache-2.0
//
// Servers with TLS and mTLS over real sockets, and certificates that change.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <prometheus/registry.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/grpc_server/tls_handshake.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/grpc_server/probes.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr milliseconds kTlsInterval{20};
constexpr milliseconds kTlsPatience{20'000};

class ServerTlsTest : public ::testing::Test {
 protected:
  void Write(const PemPair& pair) const {
    scratch_.Write("tls.crt", pair.certificate);
    scratch_.Write("tls.key", pair.key);
  }
  TlsFiles Files() const { return {.certificate = scratch_.File("tls.crt"), .key = scratch_.File("tls.key")}; }
  TlsFiles FilesWithClients() const {
    TlsFiles files = Files();
    files.authorities = scratch_.Write("ca.crt", clients_.certificate());
    return files;
  }
  void Start(const TlsFiles& files) {
    auto server = Server::Start(
        {.probe_interval = kTlsInterval, .tls = files, .metrics_public = true, .tls_reload_interval = kTlsInterval}, {},
        std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // A connection of its own that trusts `authority`.
  std::shared_ptr<grpc::Channel> Channel(const TestAuthority& authority, const PemPair& own = {}) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(
        absl::StrCat("127.0.0.1:", server_->port()),
        grpc::SslCredentials(
            {.pem_root_certs = authority.certificate(), .pem_private_key = own.key, .pem_cert_chain = own.certificate}),
        arguments);
  }
  std::string Health(const TestAuthority& authority, const PemPair& own = {}) const {
    return HealthOf(Channel(authority, own), "");
  }
  TlsAnswer Meet(const TlsCredentials& credentials) const {
    return MeetTls({.host = "127.0.0.1", .port = server_->port()}, credentials, kTlsPatience, nullptr).answer;
  }
  std::string Metrics() const { return HttpGet(server_->metrics_port(), "/metrics"); }
  void WaitForMetric(const std::string& line) const {
    while (Metrics().find("\n" + line) == std::string::npos) std::this_thread::sleep_for(kTlsInterval);
  }
  // Waits until new connections get a certificate of `authority`.
  void WaitFor(const TestAuthority& authority) const {
    while (Health(authority) != "SERVING") std::this_thread::sleep_for(kTlsInterval);
  }

  const ScratchDirectory scratch_;
  const TestAuthority authority_{"authority"};
  const TestAuthority clients_{"authority of clients"};
  const TestAuthority other_{"another authority"};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTlsTest, OnlyClientsThatTrustTheAuthorityConnect) {
  Write(authority_.Issue());
  Start(Files());
  EXPECT_EQ(server_->security(), "TLS");
  EXPECT_EQ(Health(authority_), "SERVING");
  EXPECT_THAT(Health(other_), HasSubstr("error 14"));
  EXPECT_THAT(HealthOf(PlainChannel(server_->port()), ""), HasSubstr("error 14"));
  EXPECT_EQ(Meet({.authorities = other_.certificate()}), TlsAnswer::kUntrusted);
  EXPECT_EQ(Meet({}), TlsAnswer::kAccepted);
}

TEST_F(ServerTlsTest, ClientsNeedACertificateWhenTheServerAsksForOne) {
  Write(authority_.Issue());
  Start(FilesWithClients());
  EXPECT_EQ(server_->security(), "mTLS");
  const PemPair right = clients_.Issue();
  EXPECT_EQ(Health(authority_, right), "SERVING");
  EXPECT_THAT(Health(authority_), HasSubstr("error 14"));
  EXPECT_THAT(Health(authority_, authority_.Issue()), HasSubstr("error 14"));
  EXPECT_THAT(Health(authority_, clients_.Issue({.seconds_left = -60})), HasSubstr("error 14"));
  TlsCredentials credentials = {.authorities = authority_.certificate()};
  EXPECT_EQ(Meet(credentials), TlsAnswer::kRejected);
  credentials.certificate = right.certificate;
  credentials.key = right.key;
  EXPECT_EQ(Meet(credentials), TlsAnswer::kAccepted);
}

TEST_F(ServerTlsTest, TheServerProbesItselfThroughTls) {
  Write(authority_.Issue());
  for (const TlsFiles& files : {Files(), FilesWithClients()}) {
    Start(files);
    const auto before = Channel(authority_, clients_.Issue());
    // The test's connection, and enough of the probe for a port without an answer to be bound again.
    EXPECT_EQ(HealthOf(before, ""), "SERVING");
    while (Metrics().find("connections_accepted_total{port=\"grpc\"} 8") == std::string::npos) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_THAT(Metrics(), HasSubstr("\nrecurve_server_grpc_port_answers 1\n"));
    EXPECT_THAT(Metrics(), HasSubstr("\nrecurve_server_rebinds_total{port=\"grpc\"} 0\n"));
    EXPECT_EQ(HealthOf(before, ""), "SERVING");
  }
}

TEST_F(ServerTlsTest, OldVersionsOfTlsAreRefused) {
  Write(authority_.Issue());
  Start(Files());
  for (const auto& [version, accepted] : {std::pair{TLS1_1_VERSION, 0}, {TLS1_2_VERSION, 1}, {TLS1_3_VERSION, 1}}) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);  // otherwise OpenSSL would not even try
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    BIO* const connection = BIO_new_ssl_connect(context.get());
    BIO_set_conn_hostname(connection, absl::StrCat("127.0.0.1:", server_->port()).c_str());
    EXPECT_EQ(BIO_do_handshake(connection) == 1, accepted == 1) << version;
    BIO_free_all(connection);
  }
}

TEST_F(ServerTlsTest, BadFilesStopTheStart) {
  Write({authority_.Issue().certificate, authority_.Issue().key});
  const auto server = Server::Start({.tls = Files()}, {}, std::make_shared<prometheus::Registry>());
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("does not belong to the certificate"));
}

TEST_F(ServerTlsTest, PlaintextClientsHoldNothing) {
  Write(authority_.Issue());
  Start(Files());
  const auto open = [&] {
    const std::string metrics = Metrics();
    const size_t at = metrics.find("\nprocess_open_fds ");
    return std::stoi(metrics.substr(at + std::string("\nprocess_open_fds ").size()));
  };
  const int before = open();
  {
    SilentConnections plain(server_->port(), 50);
    plain.Say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    WaitForMetric("recurve_server_grpc_port_answers 1");
    // Descriptors of the test's own ends remain, and those of the probe come and go.
    while (open() > before + 50 + 10) std::this_thread::sleep_for(kTlsInterval);
  }
  EXPECT_EQ(Health(authority_), "SERVING");
}

TEST_F(ServerTlsTest, ChangedFilesAreUsedByNewConnectionsWhileOldOnesGoOn) {
  Write(authority_.Issue());
  Start(Files());
  const auto before = Channel(authority_);
  ASSERT_EQ(HealthOf(before, ""), "SERVING");
  std::atomic<bool> stop = false;
  std::atomic<int> failures = 0;
  std::thread caller([&] {
    while (!stop) failures += HealthOf(before, "") == "SERVING" ? 0 : 1;
  });
  Write(other_.Issue());
  WaitFor(other_);
  EXPECT_THAT(Health(authority_), HasSubstr("error 14"));
  stop = true;
  caller.join();
  EXPECT_EQ(failures, 0);
  EXPECT_THAT(Metrics(), HasSubstr("\nrecurve_server_certificate_reload_failures_total 0\n"));
}

TEST_F(ServerTlsTest, ChangedAuthoritiesOfClientsAreUsed) {
  Write(authority_.Issue());
  Start(FilesWithClients());
  const PemPair client = other_.Issue();
  EXPECT_THAT(Health(authority_, client), HasSubstr("error 14"));
  scratch_.Write("ca.crt", clients_.certificate() + other_.certificate());
  while (Health(authority_, client) != "SERVING") std::this_thread::sleep_for(kTlsInterval);
  EXPECT_EQ(Health(authority_, clients_.Issue()), "SERVING");
}

TEST_F(ServerTlsTest, BadFilesAreCountedAndTheOldOnesStayInUse) {
  const PemPair good = authority_.Issue();
  Write(good);
  Start(Files());
  int failures = 0;
  const auto expect_kept = [&](const std::string& what) {
    WaitForMetric(absl::StrCat("recurve_server_certificate_reload_failures_total ", ++failures, "\n"));
    EXPECT_EQ(Health(authority_), "SERVING") << what;
    Write(good);
    std::this_thread::sleep_for(5 * kTlsInterval);
  };
  Write({good.certificate, other_.Issue().key});
  expect_kept("a key of another certificate");
  scratch_.Write("tls.crt", "garbage");
  expect_kept("garbage");
  scratch_.Write("tls.crt", good.certificate.substr(0, good.certificate.size() / 2));
  expect_kept("half a certificate");
  Write(authority_.Issue({.seconds_left = -60}));
  expect_kept("an expired certificate");
  fs::remove(scratch_.File("tls.key"));
  expect_kept("no key");
  Write(other_.Issue());
  WaitFor(other_);
  EXPECT_THAT(Metrics(), HasSubstr(absl::StrCat("\nrecurve_server_certificate_reload_failures_total ", failures)));
}

TEST_F(ServerTlsTest, KubernetesSwapsALink) {
  const auto folder = [&](const std::string& name, const PemPair& pair) {
    fs::create_directory(scratch_.File(name));
    scratch_.Write(name + "/tls.crt", pair.certificate);
    scratch_.Write(name + "/tls.key", pair.key);
  };
  folder("..2026_1", authority_.Issue());
  fs::create_directory_symlink("..2026_1", scratch_.File("..data"));
  fs::create_symlink("..data/tls.crt", scratch_.File("tls.crt"));
  fs::create_symlink("..data/tls.key", scratch_.File("tls.key"));
  Start(Files());
  EXPECT_EQ(Health(authority_), "SERVING");
  folder("..2026_2", other_.Issue());
  fs::create_directory_symlink("..2026_2", scratch_.File("..data_tmp"));
  fs::rename(scratch_.File("..data_tmp"), scratch_.File("..data"));
  fs::remove_all(scratch_.File("..2026_1"));
  WaitFor(other_);
  EXPECT_THAT(Metrics(), HasSubstr("\nrecurve_server_certificate_reload_failures_total 0\n"));
}

TEST_F(ServerTlsTest, MetricsSayWhenTheCertificateExpires) {
  const double now = static_cast<double>(std::time(nullptr));
  Write(authority_.Issue({.seconds_left = 7'000}));
  Start(Files());
  const std::string name = "\nrecurve_server_certificate_expiry_timestamp_seconds ";
  const auto expiry = [&] {
    const std::string metrics = Metrics();
    return std::stod(metrics.substr(metrics.find(name) + name.size()));
  };
  EXPECT_NEAR(expiry(), now + 7'000, 60);
  Write(authority_.Issue({.seconds_left = 70'000}));
  while (expiry() < now + 69'000) std::this_thread::sleep_for(kTlsInterval);

  Start({});
  EXPECT_EQ(server_->security(), "no TLS");
  EXPECT_THAT(Metrics(), Not(HasSubstr("recurve_server_certificate")));
  EXPECT_EQ(Meet({}), TlsAnswer::kNotTls);
}

}  // namespace
}  // namespace recurve
