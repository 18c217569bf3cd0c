// SPDX-License-Identifier: Apache-2.0
#include "planner_service/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAlice[] = "alices-token-0123456789";
constexpr char kReader[] = "readers-token-0123456789";

class AccessTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) const {
    const std::string path = scratch_.Write("new", text);
    chmod(path.c_str(), 0600);
    std::filesystem::rename(path, scratch_.File("tokens"));
    return scratch_.File("tokens");
  }
  std::unique_ptr<Access> Open(const std::string& text, bool certificates = false,
                               std::optional<Role> client_role = std::nullopt) const {
    absl::StatusOr<std::unique_ptr<Access>> access = Access::Open({.token_file = text.empty() ? "" : Write(text),
                                                                   .client_role = client_role,
                                                                   .reload_interval = milliseconds(10)},
                                                                  certificates);
    EXPECT_TRUE(access.ok()) << access.status();
    return *std::move(access);
  }
  static std::string Lines() {
    return std::string(kAlice) + " alice submit\n" + kReader + " reader read\ncn:node7 node admin\n";
  }
  static absl::StatusOr<Caller> WithToken(const Access& access, const std::string& token, Role needed = Role::kRead) {
    const std::string authorization = "Bearer " + token;
    return access.Admit({.authorization = authorization, .host = "10.0.0.1"}, needed);
  }

  const ScratchDirectory scratch_;
};

TEST_F(AccessTest, WithoutIdentityEveryoneIsAnonymous) {
  const Access access;
  const absl::StatusOr<Caller> caller = access.Admit({.authorization = "Bearer x", .host = "127.0.0.1"}, Role::kAdmin);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->owner, "");
  EXPECT_EQ(caller->role, Role::kAdmin);
  EXPECT_EQ(caller->client, "127.0.0.1");
  EXPECT_FALSE(access.asks_for_identity());
}

TEST_F(AccessTest, TokensGiveOwnerAndRole) {
  const auto access = Open(Lines());
  const absl::StatusOr<Caller> alice = WithToken(*access, kAlice, Role::kSubmit);
  ASSERT_TRUE(alice.ok()) << alice.status();
  EXPECT_EQ(alice->owner, "alice");
  EXPECT_EQ(alice->client, "alice");
  EXPECT_TRUE(access->Admit({.authorization = "bearer alices-token-0123456789"}, Role::kRead).ok());
  const absl::Status denied = WithToken(*access, kReader, Role::kSubmit).status();
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(denied.message()), HasSubstr("reader has the role read; this call needs the role submit"));
}

TEST_F(AccessTest, OthersAreUnauthenticatedAndNothingQuotesTheirTokens) {
  const auto access = Open(Lines());
  for (const char* authorization : {"", "Bearer ", "Bearer alices-token-012345678", "Basic alices-token-0123456789",
                                    "alices-token-0123456789", "Bearer  alices-token-0123456789"}) {
    const absl::Status refused = access->Admit({.authorization = authorization}, Role::kRead).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated) << authorization;
    EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("alice")));
  }
}

TEST_F(AccessTest, CertificatesGiveOwnerAndRoleUnlessThereIsAToken) {
  const auto access = Open(Lines(), /*certificates=*/true, Role::kSubmit);
  const auto admitted = [&](const Presented& presented) {
    const absl::StatusOr<Caller> caller = access->Admit(presented, Role::kRead);
    return caller.ok() ? caller->owner + " " + std::string(NameOf(caller->role))
                       : std::string(absl::StatusCodeToString(caller.status().code()));
  };
  EXPECT_EQ(admitted({.certificate = "node7"}), "node admin");
  EXPECT_EQ(admitted({.certificate = "someone"}), "someone submit") << "the role of --client-role";
  EXPECT_EQ(admitted({.authorization = "Bearer readers-token-0123456789", .certificate = "node7"}), "reader read");
  EXPECT_EQ(admitted({.authorization = "Bearer no-such-token-0123456789", .certificate = "node7"}), "UNAUTHENTICATED");
  EXPECT_EQ(admitted({}), "UNAUTHENTICATED");
  EXPECT_EQ(admitted({.certificate = "line\nbreak"}), "UNAUTHENTICATED");
  EXPECT_EQ(Access::Open({.token_file = Write("cn:node7 node admin")}, false).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AccessTest, CertificatesThatNoLineNamesAreRefusedUnlessTheyHaveARole) {
  const auto status = [](const Access& access, const std::string& name) {
    return access.Admit({.certificate = name}, Role::kRead).status();
  };
  const auto listed = Open(Lines(), /*certificates=*/true);
  EXPECT_TRUE(status(*listed, "node7").ok());
  const absl::Status refused = status(*listed, "someone");
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("does not know the certificate of the client, with the name someone"), HasSubstr("cn:")));
  Write(std::string(kAlice) + " alice submit\n");  // the last line with a certificate has gone
  while (status(*listed, "node7").ok()) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(status(*listed, "node7").code(), absl::StatusCode::kUnauthenticated) << "revoked";
  EXPECT_TRUE(WithToken(*listed, kAlice).ok());
  EXPECT_TRUE(status(*Open("", /*certificates=*/true), "someone").ok()) << "no file lists certificates";
  EXPECT_EQ(status(*Open(Lines(), true, Role::kNone), "someone").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(Access::Open({.client_role = Role::kNone}, true).status().message()),
              HasSubstr("--client-role none refuses all certificates"));
}

TEST_F(AccessTest, TheFileIsReadAgainAndTheLastGoodOneStays) {
  const auto access = Open(Lines());
  Write("bobs-token-0123456789 bob submit\n");
  while (!WithToken(*access, "bobs-token-0123456789").ok()) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_FALSE(WithToken(*access, kAlice).ok()) << "revoked";
  EXPECT_EQ(access->reload_failures(), 0);
  Write("bobs-token-0123456789 bob boss\n");
  while (access->reload_failures() == 0) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(WithToken(*access, "bobs-token-0123456789").ok());
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(access->reload_failures(), 1) << "one failure, however often it is seen";
}

TEST_F(AccessTest, RequestsAboveTheRateOfAClientAreRefused) {
  const auto access = Access::Open({.token_file = Write(Lines()), .max_requests_per_second = 2}, false).value();
  absl::Status refused;
  for (int i = 0; i < 100 && refused.ok(); ++i) refused = WithToken(*access, kAlice).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("alice makes more than 2 requests per second"), HasSubstr("--max-requests-per-second")));
  EXPECT_TRUE(WithToken(*access, kReader).ok()) << "each client has its own limit";
}

TEST(HostOfPeer, IsTheHostOrUnix) {
  EXPECT_EQ(HostOfPeer("ipv4:127.0.0.1:40312"), "127.0.0.1");
  EXPECT_EQ(HostOfPeer("ipv6:[::1]:40312"), "::1");
  EXPECT_EQ(HostOfPeer("ipv6:%5Bfe80::1%25eth0%5D:40312"), "fe80::1%eth0");
  EXPECT_EQ(HostOfPeer("unix:/run/recurve/socket"), "unix");
  EXPECT_EQ(HostOfPeer(""), "unix");
}

TEST(RateLimit, HoldsTheRequestsOfASecond) {
  RateLimit limit(10);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.Take("a", start)) << i;
  EXPECT_FALSE(limit.Take("a", start));
  EXPECT_TRUE(limit.Take("b", start));
  EXPECT_FALSE(limit.Take("a", start + milliseconds(99)));
  EXPECT_TRUE(limit.Take("a", start + milliseconds(100)));
  EXPECT_FALSE(limit.Take("a", start + milliseconds(100)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.Take("a", start + milliseconds(10'000)));
  EXPECT_FALSE(limit.Take("a", start + milliseconds(10'000)));
}

TEST(RateLimit, RemembersABoundedNumberOfClients) {
  RateLimit limit(1);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_TRUE(limit.Take("first", now));
  EXPECT_FALSE(limit.Take("first", now));
  for (size_t i = 0; i < RateLimit::kMostClients; ++i) EXPECT_TRUE(limit.Take(std::to_string(i), now));
  EXPECT_TRUE(limit.Take("first", now)) << "it was forgotten";
  RateLimit none(0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(none.Take("a", now));
}

}  // namespace
}  // namespace recurve
