// SPDX-License-Identifier: Apache-2.0
//
// --token-file of the real program, against a daemon that asks for identity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TokenOptions : public ::testing::Test {
 protected:
  TokenOptions() {
    ExecutorDaemonOptions options;
    options.server.access.token_file =
        Private("tokens", "alices-token-0123456789 alice submit\nbobs-token-0123456789 bob read\n");
    daemon_ = ExecutorDaemon::Start(options).value();
  }
  std::string Private(const std::string& name, const std::string& text) const {
    const std::string path = scratch_.Write(name, text);
    chmod(path.c_str(), 0600);
    return path;
  }
  std::vector<std::string> To(const std::vector<std::string>& words, const std::vector<std::string>& more = {}) const {
    return Plus(Plus(words, {"--executor", daemon_->server().address()}), more);
  }

  const ScratchDirectory scratch_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  const std::string alice_ = Private("alice", "alices-token-0123456789\n");
  const std::string bob_ = Private("bob", "bobs-token-0123456789");
};

TEST_F(TokenOptions, AreTakenFromTheCommandLineOrTheEnvironment) {
  EXPECT_EQ(RunRecurve(To({"devices"}, {"--token-file", alice_})).exit, 0);
  EXPECT_EQ(RunInShell("RECURVE_TOKEN_FILE=" + alice_ + " \"$0\" " + Quoted(To({"jobs"}))).exit, 0);
  EXPECT_EQ(RunRecurve({"health", daemon_->server().address()}).exit, 0) << "health needs no token";
  EXPECT_EQ(RunRecurve({"health", daemon_->server().address(), "--token-file", alice_}).exit, 0);
}

TEST_F(TokenOptions, ErrorsSayWhichOptionToGive) {
  ExpectRefused(To({"devices"}), 1, {"the call has no token", "--token-file"});
  const std::string wrong = Private("wrong", "no-such-token-0123456789\n");
  ExpectRefused(To({"devices"}, {"--token-file", wrong}), 1, {"not one that this daemon knows", "check the token in"});
  ExpectRefused(To({"cancel", "some-job"}, {"--token-file", bob_}), 1,
                {"bob has the role read; this call needs the role submit"});
}

TEST_F(TokenOptions, TokensAreSentOnlyOverTlsOrToThisMachine) {
  ExpectRefused({"devices", "--executor", "192.0.2.1:7402", "--token-file", alice_}, 2,
                {"would be sent unencrypted to 192.0.2.1:7402", "--ca-file"});
  ExpectRefused({"plan", "--length", "10", "--slots", "2", "--token-file", alice_}, 2,
                {"--token-file has no effect without --planner"});
}

TEST_F(TokenOptions, BadFilesAreNamedAndNotQuoted) {
  ExpectRefused(To({"devices"}, {"--token-file", "/no/such/file"}), 2, {"cannot read /no/such/file"});
  const std::string shared = Private("shared", "shared-token-0123456789\n");
  chmod(shared.c_str(), 0644);
  ExpectRefused(To({"devices"}, {"--token-file", shared}), 2, {"every user of this machine", "chmod 600 " + shared});
  const std::string blanks = Private("blanks", "secret words in a line\n");
  const Outcome refused = RunRecurve(To({"devices"}, {"--token-file", blanks}));
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace recurve
