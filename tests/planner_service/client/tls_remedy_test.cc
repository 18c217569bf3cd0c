// SPDX-License-Identifier: Apache-2.0
//
// Clients and servers that disagree about TLS: the errors say why, and what to do.
#include "planner_service/client/tls_remedy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/client/remote_planner.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/service/planner_service.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TlsRemedyTest : public ::testing::Test {
 protected:
  void Start(const PemPair& pair, const std::string& authorities = "", const std::string& listen = "127.0.0.1:0") {
    TlsFiles files;
    if (!pair.key.empty()) {
      files.certificate = scratch_.Write("tls.crt", pair.certificate);
      files.key = scratch_.Write("tls.key", pair.key);
    }
    if (!authorities.empty()) files.authorities = scratch_.Write("ca.crt", authorities);
    auto server = Server::Start({.listen = listen, .metrics_listen = "", .tls = files}, {&service_},
                                std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  TlsCredentials Client(const PemPair& own = {}) const {
    return {.certificate = own.certificate, .key = own.key, .authorities = authority_.certificate()};
  }
  // Empty if a call succeeds.
  std::string ErrorOf(const TlsCredentials& tls) const {
    const PlanRequest request{.length = 10, .budget = ByteBudget{1, 1, 5}};
    const absl::StatusOr<Plan> plan =
        MakeRemotePlanner({.target = server_->address(), .tls = tls})->MakePlan(request, {});
    return plan.ok() ? "" : plan.status().ToString();
  }

  const ScratchDirectory scratch_;
  const TestAuthority authority_{"authority"};
  const TestAuthority other_{"another authority"};
  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  const Access access_;
  EmbeddedPlanner embedded_;
  PlannerService service_{embedded_, {.deadline = std::chrono::seconds(10), .metrics = metrics_, .access = access_}};
  std::unique_ptr<Server> server_;
};

TEST_F(TlsRemedyTest, CallsGoThroughTls) {
  Start(authority_.Issue());
  EXPECT_EQ(ErrorOf(Client()), "");
  Start(authority_.Issue(), other_.certificate());
  EXPECT_EQ(ErrorOf(Client(other_.Issue())), "");
  Start(authority_.Issue(), other_.certificate(), "unix:" + scratch_.File("socket"));
  EXPECT_EQ(ErrorOf(Client(other_.Issue())), "");
}

TEST_F(TlsRemedyTest, OneSideWithoutTls) {
  Start(authority_.Issue());
  EXPECT_THAT(ErrorOf({}), AllOf(HasSubstr("UNAVAILABLE: planner at 127.0.0.1:"), HasSubstr("accepts only TLS; give"),
                                 HasSubstr("--ca-file")));
  Start({});
  EXPECT_THAT(ErrorOf(Client()),
              AllOf(HasSubstr("does not use TLS; leave out --ca-file"), HasSubstr("--tls-cert-file")));
}

TEST_F(TlsRemedyTest, AServerThatIsNotTrusted) {
  Start(other_.Issue());
  EXPECT_THAT(ErrorOf(Client()), HasSubstr("the server's certificate is not signed by a CA in the CA file"));
  Start(authority_.Issue({.names = "DNS:elsewhere.example"}));
  EXPECT_THAT(ErrorOf(Client()), AllOf(HasSubstr("certificate is for other names"), HasSubstr("connect by a name")));
}

TEST_F(TlsRemedyTest, AServerWhoseCertificateExpiresWhileItRuns) {
  Start(authority_.Issue({.seconds_left = 2}));
  EXPECT_EQ(ErrorOf(Client()), "");
  sleep(3);
  EXPECT_THAT(ErrorOf(Client()), HasSubstr("not valid (certificate has expired); renew it on the server"));
}

TEST_F(TlsRemedyTest, AClientThatIsNotAccepted) {
  Start(authority_.Issue(), other_.certificate());
  EXPECT_THAT(ErrorOf(Client()), HasSubstr("accepts only clients with a certificate (mTLS); give --cert-file"));
  EXPECT_THAT(ErrorOf(Client(authority_.Issue())), HasSubstr("the server rejects the client's certificate"));
  EXPECT_THAT(ErrorOf({}), HasSubstr("accepts only TLS"));
}

// As one without room for another connection does, which may well speak TLS.
TEST_F(TlsRemedyTest, AServerThatClosesTheConnectionMayUseTls) {
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t bytes = sizeof(address);
  ASSERT_EQ(bind(listening, reinterpret_cast<const sockaddr*>(&address), bytes), 0);
  ASSERT_EQ(listen(listening, 1), 0);
  ASSERT_EQ(getsockname(listening, reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  std::thread closing([&] { close(accept(listening, nullptr, nullptr)); });
  const std::string target = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  EXPECT_EQ(WhyFailed(absl::UnavailableError("socket closed"), target, Client()), "socket closed");
  closing.join();
  close(listening);
}

TEST_F(TlsRemedyTest, OtherErrorsAreLeftAlone) {
  const absl::Status gone = absl::UnavailableError("connection refused");
  EXPECT_EQ(WhyFailed(gone, "127.0.0.1:1", Client()), "connection refused");
  EXPECT_EQ(WhyFailed(gone, "dns:///no.such.host.invalid:7401", {}), "connection refused");
  EXPECT_EQ(WhyFailed(gone, "xds:///planner", {}), "connection refused");
  Start(authority_.Issue());
  EXPECT_EQ(WhyFailed(gone, server_->address(), Client()), "connection refused");
  EXPECT_EQ(WhyFailed(absl::InternalError("other"), server_->address(), {}), "other");
}

}  // namespace
}  // namespace recurve
