// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Sets an environment variable for the lifetime of the object.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* const name_;
};

TEST(CheckTarget, TakesWhatGrpcTakes) {
  for (const char* target :
       {"127.0.0.1:7401", "localhost:7401", "[::1]:7401", "planner.internal:1", "unix:here", "unix:/run/planner",
        "unix:///run/planner", "unix-abstract:planner", "dns:planner.internal:7401", "dns:///planner.internal:7401",
        "dns://10.0.0.53/planner.internal:7401", "ipv4:10.0.0.1:7401", "ipv4:10.0.0.1:7401,10.0.0.2:65535",
        "ipv6:[::1]:7401,[::2]:7401", "xds:///planner"}) {
    EXPECT_TRUE(CheckTarget(target).ok()) << CheckTarget(target);
  }
}

TEST(CheckTarget, RefusesTheRestSayingWhatIsExpected) {
  const struct {
    const char* target;
    const char* why;
  } cases[] = {{"", "is empty"},
               {"127.0.0.1", "has no port"},
               {"127.0.0.1:", "port that is not a number"},
               {"127.0.0.1:0", "has port 0"},
               {"127.0.0.1:74120", "port that is not a number from 0 to 65535"},
               {"127.0.0.1:-1", "port that is not a number"},
               {"127.0.0.1:7401/", "port that is not a number"},
               {":7401", "has no host"},
               {"::1:7401", "more than one colon"},
               {"http://127.0.0.1:7401", "is a URL"},
               {"https://planner", "is a URL"},
               {"dns:///planner", "has no port"},
               {"dns:///http://planner:1", "is a URL"},
               {"dns://planner:7401", "must have three"},
               {"unix:", "has no path"},
               {"ipv4:10.0.0.1:7401,10.0.0.2", "'10.0.0.2' has no port"},
               {"ipv4:planner:7401", "not an IPv4 address"},
               {"ipv6:10.0.0.1:7401", "not an IPv6 address"},
               {"10.0.0.1:7401,10.0.0.2:7401", "colon"},
               {"a b:1", "neither a name nor an address"}};
  for (const auto& c : cases) {
    const absl::Status status = CheckTarget(c.target);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.target;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(std::string("target '") + c.target + "' "),
                                                     HasSubstr(c.why), HasSubstr("; give HOST:PORT")));
  }
}

TEST(NameOfTarget, NamesTheProxyThatApplies) {
  EXPECT_EQ(NameOfTarget("planner.internal:7401"), "planner.internal:7401");
  const Variable http("http_proxy", "http://user:secret@proxy:3128");
  EXPECT_EQ(NameOfTarget("planner.internal:7401"),
            "planner.internal:7401 (through the proxy http://proxy:3128 of the environment's http_proxy)");
  EXPECT_EQ(NameOfTarget("dns:///planner.internal:7401"),
            "dns:///planner.internal:7401 (through the proxy http://proxy:3128 of the environment's http_proxy)");
  for (const char* here : {"127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/planner", "dns:///localhost:1",
                           "ipv4:127.0.0.1:1,127.0.0.2:2"}) {
    EXPECT_EQ(NameOfTarget(here), here);
  }
  {
    const Variable without("no_proxy", "example.org, .internal");
    EXPECT_EQ(NameOfTarget("planner.internal:7401"), "planner.internal:7401");
  }
  const Variable grpc("grpc_proxy", "");  // takes precedence; empty means no proxy
  EXPECT_EQ(NameOfTarget("planner.internal:7401"), "planner.internal:7401");
}

}  // namespace
}  // namespace recurve
