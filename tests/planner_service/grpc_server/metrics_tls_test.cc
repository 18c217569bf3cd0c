// SPDX-License-Identifier: Apache-2.0
//
// The metrics port with TLS and mTLS over real sockets, certificates that change, and clients that get stuck.
#include "planner_service/grpc_server/metrics_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/server.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/grpc_server/https_client.h"
#include "tests/planner_service/grpc_server/probes.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::chrono::milliseconds kReloadInterval{20};

class MetricsTlsTest : public ::testing::Test {
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
  void Start(const TlsFiles& files, bool metrics_public = false, const std::string& token_file = "") {
    prometheus::BuildCounter().Name("cookies_total").Help("Eaten.").Register(*registry_).Add({}).Increment(3);
    const ServerOptions options = {.tls = files,
                                   .metrics_public = metrics_public,
                                   .tls_reload_interval = kReloadInterval,
                                   .access = {.token_file = token_file, .client_role = Role::kRead}};
    auto access = OpenAccess(options);
    ASSERT_TRUE(access.ok()) << access.status();
    access_ = *std::move(access);
    auto server = Server::Start(options, {}, registry_, access_.get());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  HttpsConnection Connect(const std::string& trusted, const PemPair& own = {}, int version = 0) const {
    return {server_->metrics_port(), {.certificate = own.certificate, .key = own.key, .authorities = trusted}, version};
  }
  std::string Scrape(const TestAuthority& authority, const PemPair& own = {}, int version = 0) const {
    return Connect(authority.certificate(), own, version).Get("/metrics");
  }
  void WaitFor(const TestAuthority& authority, const PemPair& own = {}) const {
    while (Scrape(authority, own).find("cookies_total 3") == std::string::npos) {
      std::this_thread::sleep_for(kReloadInterval);
    }
  }

  const ScratchDirectory scratch_;
  const TestAuthority authority_{"authority"};
  const TestAuthority clients_{"authority of clients"};
  const TestAuthority other_{"another authority"};
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::unique_ptr<Access> access_;
  std::unique_ptr<Server> server_;
};

TEST_F(MetricsTlsTest, ServesHttpsWithTheCertificateOfTheGrpcPort) {
  Write(authority_.Issue());
  Start(Files());
  EXPECT_EQ(server_->metrics_address(), absl::StrCat("https://127.0.0.1:", server_->metrics_port(), "/metrics"));
  EXPECT_THAT(Scrape(authority_), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\ncookies_total 3\n")));
  EXPECT_THAT(Scrape(other_), HasSubstr("certificate verify failed"));
  EXPECT_THAT(Connect(authority_.certificate()).Get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(HttpGet(server_->metrics_port(), "/metrics").find("cookies"), std::string::npos);
}

TEST_F(MetricsTlsTest, PresentsTheWholeChain) {
  const TestAuthority intermediate = authority_.Intermediate("intermediate");
  PemPair pair = intermediate.Issue();
  pair.certificate += intermediate.certificate();
  Write(pair);
  Start(Files());
  EXPECT_THAT(Scrape(authority_), HasSubstr("cookies_total 3"));
}

TEST_F(MetricsTlsTest, OldVersionsOfTlsAreRefused) {
  Write(authority_.Issue());
  Start(Files());
  EXPECT_THAT(Scrape(authority_, {}, TLS1_1_VERSION), StartsWith("no answer"));
  EXPECT_THAT(Scrape(authority_, {}, TLS1_2_VERSION), HasSubstr("cookies_total 3"));
  EXPECT_THAT(Scrape(authority_, {}, TLS1_3_VERSION), HasSubstr("cookies_total 3"));
}

TEST_F(MetricsTlsTest, ClientsNeedACertificateWhenTheServerAsksForOne) {
  Write(authority_.Issue());
  Start(FilesWithClients());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto scrape = [&](const PemPair& own) { return Scrape(authority_, own, version); };
    EXPECT_THAT(scrape(clients_.Issue()), HasSubstr("cookies_total 3"));
    EXPECT_THAT(scrape(clients_.Issue({.usage = "clientAuth"})), HasSubstr("cookies_total 3"));
    EXPECT_THAT(scrape({}), StartsWith("no answer")) << "no certificate";
    EXPECT_THAT(scrape(authority_.Issue()), HasSubstr("unknown ca")) << "of another authority";
    EXPECT_THAT(scrape(clients_.Issue({.seconds_left = -60})), HasSubstr("certificate expired"));
    EXPECT_THAT(scrape(clients_.Issue({.seconds_old = -60})), HasSubstr("certificate expired")) << "not valid yet";
    EXPECT_THAT(scrape(clients_.Issue({.usage = "serverAuth"})), HasSubstr("bad certificate"));
  }
}

TEST_F(MetricsTlsTest, ClientsNeedATokenWhenTheServerHasATokenFile) {
  Write(authority_.Issue());
  const std::string token = "0123456789abcdef";
  const std::string tokens = scratch_.Write("tokens", token + " prometheus read\n");
  std::filesystem::permissions(tokens, std::filesystem::perms::owner_read);
  Start(Files(), false, tokens);
  HttpsConnection connection = Connect(authority_.certificate());
  const auto get = [&](const std::string& path, const std::string& headers) { return connection.Get(path, headers); };
  EXPECT_THAT(get("/metrics", "Authorization: Bearer " + token + "\r\n"), HasSubstr("\ncookies_total 3\n"));
  const auto refused =
      AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"), Not(HasSubstr("cookies")));
  EXPECT_THAT(get("/metrics", ""), refused);
  EXPECT_THAT(get("/", ""), refused);
  EXPECT_THAT(get("/metrics", "Authorization: Bearer " + token + "0\r\n"), refused);
  EXPECT_THAT(get("/metrics", "Authorization: Basic " + token + "\r\n"), refused);
  EXPECT_THAT(get("/metrics", "Authorization: Bearer " + token + "\r\nauthorization: Bearer " + token + "\r\n"),
              refused);
  EXPECT_THAT(get("/metrics", "Authorization: Bearer " + token + "\r\n"), HasSubstr("\ncookies_total 3\n"));
}

TEST_F(MetricsTlsTest, ATokenIsNeededInPlaintextTooUnlessTheMetricsArePublic) {
  const std::string tokens = scratch_.Write("tokens", "0123456789abcdef prometheus read\n");
  std::filesystem::permissions(tokens, std::filesystem::perms::owner_read);
  Start({}, false, tokens);
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"), StartsWith("HTTP/1.1 401 "));
  Start({}, true, tokens);
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsTlsTest, ACertificateIsAnIdentityToo) {
  Write(authority_.Issue());
  const std::string tokens = scratch_.Write("tokens", "0123456789abcdef alice read\n");
  std::filesystem::permissions(tokens, std::filesystem::perms::owner_read);
  Start(FilesWithClients(), false, tokens);
  HttpsConnection connection = Connect(authority_.certificate(), clients_.Issue());
  EXPECT_THAT(connection.Get("/metrics"), HasSubstr("\ncookies_total 3\n"));
  EXPECT_THAT(connection.Get("/metrics", "Authorization: Bearer fedcba9876543210\r\n"), StartsWith("HTTP/1.1 401 "))
      << "a token decides";
}

TEST_F(MetricsTlsTest, NewConnectionsGetChangedFilesWhileOldOnesGoOn) {
  Write(authority_.Issue());
  Start(Files());
  const std::string both = authority_.certificate() + other_.certificate();
  HttpsConnection before = Connect(authority_.certificate());
  ASSERT_THAT(before.Get("/metrics"), HasSubstr("cookies_total 3"));
  std::atomic<bool> stop = false;
  std::atomic<int> scrapes = 0;
  std::atomic<int> failures = 0;
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 4; ++i) {
    scrapers.emplace_back([&] {
      for (; !stop; ++scrapes) {
        failures += Connect(both).Get("/metrics").find("cookies_total 3") == std::string::npos ? 1 : 0;
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    const TestAuthority& next = i % 2 == 0 ? other_ : authority_;
    Write(next.Issue());
    WaitFor(next);
    EXPECT_THAT(before.Get("/metrics"), HasSubstr("cookies_total 3"));
  }
  EXPECT_THAT(Scrape(authority_), HasSubstr("certificate verify failed"));
  stop = true;
  for (std::thread& scraper : scrapers) scraper.join();
  EXPECT_GT(scrapes, 0);
  EXPECT_EQ(failures, 0);
}

TEST_F(MetricsTlsTest, ChangedAuthoritiesOfClientsAreUsed) {
  Write(authority_.Issue());
  Start(FilesWithClients());
  const PemPair client = other_.Issue();
  EXPECT_THAT(Scrape(authority_, client), StartsWith("no answer"));
  scratch_.Write("ca.crt", other_.certificate());
  WaitFor(authority_, client);
  EXPECT_THAT(Scrape(authority_, clients_.Issue()), StartsWith("no answer"));
}

TEST_F(MetricsTlsTest, BadFilesLeaveTheOldOnesInUse) {
  const PemPair good = authority_.Issue();
  Write(good);
  Start(Files());
  int failures = 0;
  const auto expect_kept = [&](const std::string& what) {
    const std::string line = absl::StrCat("\nrecurve_server_certificate_reload_failures_total ", ++failures, "\n");
    while (Scrape(authority_).find(line) == std::string::npos) std::this_thread::sleep_for(kReloadInterval);
    EXPECT_THAT(Scrape(authority_), HasSubstr("cookies_total 3")) << what;
    Write(good);
    std::this_thread::sleep_for(5 * kReloadInterval);
  };
  Write({good.certificate, other_.Issue().key});
  expect_kept("a key of another certificate");
  scratch_.Write("tls.crt", "garbage");
  expect_kept("garbage");
  Write(authority_.Issue({.seconds_left = -60}));
  expect_kept("an expired certificate");
  Write(other_.Issue());
  WaitFor(other_);
}

TEST_F(MetricsTlsTest, KeysThatOnlyTheGrpcPortCanUseAreRefused) {
  const CertificateWish wish = {.seconds_left = 7'000, .curve = "secp256k1"};
  Write(authority_.Issue());
  Start(Files());
  const std::string expiry = "\nrecurve_server_certificate_expiry_timestamp_seconds ";
  const auto expiry_of = [&](const std::string& metrics) { return metrics.substr(metrics.find(expiry), 80); };
  const std::string before = expiry_of(Scrape(authority_));
  Write(other_.Issue(wish));
  while (expiry_of(Scrape(authority_)) == before) std::this_thread::sleep_for(kReloadInterval);
  EXPECT_THAT(Scrape(authority_), HasSubstr("cookies_total 3"));

  const auto server = Server::Start({.tls = Files()}, {}, registry_);
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(HasSubstr("tls.crt"), HasSubstr("cannot be used for the metrics port")));
}

TEST_F(MetricsTlsTest, UnfinishedHandshakesKeepNobodyWaiting) {
  Write(authority_.Issue());
  Start(Files());
  const std::string hello = ClientHello();
  SilentConnections idle(server_->metrics_port(), 100);
  SilentConnections slow(server_->metrics_port(), 100);
  slow.Say(hello.substr(0, 20));
  SilentConnections stuck(server_->metrics_port(), 100);
  stuck.Say(hello);
  SilentConnections broken(server_->metrics_port(), 100);
  broken.Say(std::string(100'000, '\xff'));
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    SilentConnections more(server_->metrics_port(), 5);
    more.Say(i % 2 == 0 ? hello : hello.substr(0, hello.size() / 2));
    ASSERT_THAT(Scrape(authority_), HasSubstr("cookies_total 3"));
    slow.Say("x");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
}

TEST_F(MetricsTlsTest, MayBePublicBesideAProtectedGrpcPort) {
  Write(authority_.Issue());
  Start(FilesWithClients(), true);
  EXPECT_EQ(server_->security(), "mTLS");
  EXPECT_EQ(server_->metrics_address(), absl::StrCat("http://127.0.0.1:", server_->metrics_port(), "/metrics"));
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/metrics"), HasSubstr("\ncookies_total 3\n"));
}

}  // namespace
}  // namespace recurve
