// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ParseAddress, TakesNamesAndAddresses) {
  const struct {
    const char* text;
    const char* host;
    int port;
  } cases[] = {{"127.0.0.1:7401", "127.0.0.1", 7401},
               {"localhost:0", "localhost", 0},
               {"[::1]:65535", "::1", 65535},
               {"0.0.0.0:1", "0.0.0.0", 1},
               {"node-1.cluster_a:80", "node-1.cluster_a", 80}};
  for (const auto& c : cases) {
    const absl::StatusOr<Address> address = ParseAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(ToString(*address), c.text);
  }
}

TEST(ParseAddress, TakesUnixSockets) {
  for (const char* text : {"unix:/run/planner.sock", "unix:///run/planner.sock"}) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->path, "/run/planner.sock");
    EXPECT_EQ(ToString(*address), "unix:/run/planner.sock");
  }
  EXPECT_EQ(ParseAddress("unix:here")->path, "here");
  for (const std::string& text : {std::string("unix:"), std::string("unix://"), std::string("unix://host/path"),
                                  "unix:/" + std::string(107, 'x'), std::string("unix:/a\0b", 9)}) {
    EXPECT_EQ(ParseAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(IsLoopback, KnowsEveryForm) {
  for (const char* text :
       {"127.0.0.1:1", "127.8.9.10:1", "localhost:1", "LOCALHOST:1", "a.localhost:1", "[::1]:1", "unix:x"}) {
    EXPECT_TRUE(IsLoopback(*ParseAddress(text))) << text;
  }
  for (const char* text : {"128.0.0.1:1", "0.0.0.0:1", "[::2]:1", "localhost.org:1", "127.0.0.1.org:1"}) {
    EXPECT_FALSE(IsLoopback(*ParseAddress(text))) << text;
  }
}

TEST(ParseAddress, RefusesTheRestNamingIt) {
  for (const char* text : {"", "7401", "localhost", "localhost:", ":7401", "[]:7401", "::1:7401", "[::1]", "host:65536",
                           "host:-1", "host:+1", "host:1x", "host: 1", "host:99999999999999999999", "ho st:1",
                           "http://host:1", "host:1,other:2", "a[b]:1"}) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(address.status().message()),
                AllOf(HasSubstr(std::string("address '") + text + "'"), HasSubstr("give HOST:PORT")));
  }
}

}  // namespace
}  // namespace recurve
